"""Priority queues to which elements are put many times: an order in which few takes are wrong, mended until none is.

Every order of all operations that keeps to the time is a start; this one goes by the middle of their intervals. A move
(`order`) that makes less wrong is made, another one by chance: the seldomer, the more it makes wrong and the colder it
is (Kirkpatrick, Gelatt and Vecchi, "Optimization by Simulated Annealing", Science 220, 1983). In the end few takes are
wrong. Then a stretch around one of them is heated and cooled again, and kept if no more takes are wrong than before,
until none is.

A search that decides from left to right must say when each of many equal elements was put. It learns only at the take
of a greater element that it should have been otherwise. Here this is changed as soon as it is in the way.

*Sound.* An order in which nothing is wrong is a linearization. It never finds out that there is none.

*Unknown outcomes.* An operation of unknown outcome is left out at first. It comes in, and is left out again, where that
makes less wrong (`unknown`). It has a price, so that what no longer helps is left out and can come in elsewhere. Before
every second repair a few changes near it are made that need not be for the better: the best change is not always the
true one.

Measured on histories of 10,000 operations and 5 values, processor time on a busy machine: without unknown outcomes
fifteen of fifteen are decided: of 5 and 10 clients in 1.2 to 2.5 s, of 30 in 2.5 to 5.7 s. With 2 % ten of ten are, of
5 and 10 clients, in 3.1 to 5.4 s, and two of five of 30 clients, in 5 s.
"""

from __future__ import annotations

import itertools
import random

import numpy as np

from clew.checkers.deadline import Deadline
from clew.checkers.decision import Decision
from clew.checkers.encoding import NEVER, Problem
from clew.checkers.forms import Ints, Mask
from clew.checkers.least.order import FINE, REGISTERS, Order, anneal, begin, chances, count
from clew.checkers.least.unknown import change, look, release
from clew.checkers.models.model import EMPTY, PUT, TAKE, TAKE_ANY, Model
from clew.checkers.replay import state_after
from clew.checkers.wrong_list import NOBODY

MOVES_PER_VISIT = 100_000
"""Moves until Python may look at the deadline: some 20 milliseconds."""
MOST_COUNTS = 4_000_000
"""Operations times different elements, at most: what is there is counted for each."""
_FIRST, _SLICES = 1_000, 20
"""Moves for each operation until repairs begin, and how often operations of unknown outcome come in meanwhile."""
_AGAIN = 3_000
"""Moves for each operation of a stretch that is repaired."""
_REACHES = (25, 50, 100, 200)
"""How many places to each side a repair reaches: one of these."""
_HOT, _COLD, _DEGREES = 1.0, 0.15, 20
"""The temperatures between which it cools, and in how many steps."""
_FAR, _FARTHER = 20, 100
"""How many places a move takes an operation at most, at first and in a repair. Some operations of 10,000 must go far:
with 20 places in a repair, two of three histories that 100 decide are not decided in 20 s."""
_WIDTHS = (100, 300, 1_000)
"""How many places to each side of what is wrong operations of unknown outcome come in or are left out: one of these."""
_PRICE = 0.05
"""What it costs in a repair that an operation of unknown outcome comes in: then it is not there for others. While all
is annealed, it costs as much as the temperature."""
_MOST_CHANGES = 3
"""How many changes of what comes in are made for chance, at most, before every second repair."""
_NOISE = (64, 128, 256)
"""Such a change may be worse than the best one by about this, in `FINE`th."""
_COSTS = 256
"""Who is off by more costs no more."""


def decide(problem: Problem, model: Model, deadline: Deadline, steps: int, *, seed: int = 0) -> Decision | None:
    """Look for an order of a problem; "unknown" if none is found, and None if it is no priority queue or too large.

    `steps` bounds the moves by something that is the same on every machine. With another `seed` it goes another way.
    Memory: O(operations times different elements).
    """
    t = _start(problem, model, seed)
    if t is None:
        return None
    rng, left = random.Random(seed), steps - _anneal_all(t, min(_FIRST * len(problem), steps), deadline)
    wrong, kept = _wrong(t), _copied(t)
    for number in itertools.count():
        if not len(wrong):
            order = _taken(t)
            # The model has the last word: an operation may do more than the element tells.
            if state_after(order, problem, model, deadline) is not None:
                return Decision("valid", order=order, engine="least")
            break
        if left <= 0 or deadline.passed():
            break
        place, wide = int(rng.choice(wrong)), rng.choice(_WIDTHS)
        t.at.price = _PRICE
        t.at.left, t.at.right = max(0, place - wide), min(len(t.order), place + wide)
        if len(t.unknown) and number % 2:
            for _ in range(rng.randint(1, _MOST_CHANGES)):
                _let_come_in(t, deadline, noise=rng.choice(_NOISE))
            _let_come_in(t, deadline)
        left -= _repair(t, place, rng, left, deadline)
        _let_come_in(t, deadline)
        now = _wrong(t)
        if len(now) <= len(wrong):
            wrong, kept = now, _copied(t)
        else:
            _restore(t, kept)
    return Decision("unknown", why="time", engine="least")


def _anneal_all(t: Order, moves: int, deadline: Deadline) -> int:
    """Anneal the whole order, and let operations of unknown outcome come in. Returns how many moves there were."""
    t.at.begin, t.at.end, t.at.far = 0, len(t.order), _FAR
    temperatures = [_HOT * (_COLD / _HOT) ** (degree / (_SLICES * _DEGREES)) for degree in range(_SLICES * _DEGREES)]
    done = 0
    for number in range(_SLICES):
        # What is wrong because it is hot is no reason to let something come in.
        t.at.price = temperatures[number * _DEGREES]
        _let_come_in(t, deadline)
        done += _cool(t, temperatures[number * _DEGREES : (number + 1) * _DEGREES], moves // _SLICES, deadline)
        if t.at.wrongs == 0 or deadline.passed():
            break
    return done


def _repair(t: Order, wrong: int, rng: random.Random, most: int, deadline: Deadline) -> int:
    """Heat and cool a stretch around a place that is wrong. Returns how many moves there were."""
    at, reach = t.at, rng.choice(_REACHES)
    middle = wrong + rng.randint(-reach // 2, reach // 2)
    at.begin, at.end, at.far = max(0, middle - reach), min(len(t.order), middle + reach), _FARTHER
    temperatures = [_HOT * (_COLD / _HOT) ** (degree / _DEGREES) for degree in range(_DEGREES)]
    return _cool(t, temperatures, min(_AGAIN * int(at.end - at.begin), most), deadline)


def _cool(t: Order, temperatures: list[float], moves: int, deadline: Deadline) -> int:
    """Make moves in a stretch, equally many at each temperature, until nothing is wrong there. Returns how many."""
    done, share = 0, -(-moves // len(temperatures))
    begin(t)
    for temperature in temperatures:
        t.at.coldness = FINE / temperature
        for rest in range(share, 0, -MOVES_PER_VISIT):
            if t.at.wrongs == 0 or deadline.passed():
                return done
            anneal(t, min(rest, MOVES_PER_VISIT))
            done += min(rest, MOVES_PER_VISIT)
    return done


def _copied(t: Order) -> list[Ints]:
    """What changes when moves are made."""
    return [part.copy() for part in (t.order, t.place, t.there, t.adds, t.element, t.demands)]


def _restore(t: Order, kept: list[Ints]) -> None:
    """Let everything be as it was when it was copied."""
    for part, old in zip((t.order, t.place, t.there, t.adds, t.element, t.demands), kept, strict=True):
        part[:] = old


def _let_come_in(t: Order, deadline: Deadline, noise: int = 0) -> None:
    """Let operations of unknown outcome come in, or leave them out, as long as that makes less wrong.

    With `noise` one such change is made, and it need not be for the better.
    """
    t.at.noise = noise
    ways = [(element, more) for element in range(len(t.now)) for more in (-1, 1)]
    # A change may be less good than it looked, if one operation takes the place of another: so there is an end to them.
    for _ in range(2 * len(t.unknown)):
        t.at.least, t.at.found = 0.0, NOBODY
        release(t)
        for element, more in ways:
            if deadline.passed():
                return
            look(t, element, more)
        if t.at.found == NOBODY:
            return
        change(t)
        if noise:
            return


def _wrong(t: Order) -> Ints:
    """The places of the operations that are wrong."""
    demands, there = t.demands[t.order], t.there[t.order]
    elements = np.arange(len(t.now))
    too_many: Mask = ((there != 0) & (elements < demands[:, None])).any(1)
    missing: Mask = ((there < 1) & (elements == demands[:, None])).any(1)
    return np.flatnonzero(too_many | missing)


def _start(problem: Problem, model: Model, seed: int) -> Order | None:
    """The first order: by the middle of the intervals. What is of unknown outcome is left out."""
    if model.discipline != "least":
        return None
    accesses = [model.container_access(op) for op in problem.classes]
    elements = sorted({access[1] for access in accesses if access is not None and access[0] in (PUT, TAKE)})
    total, kinds = len(problem), len(elements)
    if None in accesses or total * kinds > MOST_COUNTS:
        return None
    numbers = {element: number for number, element in enumerate(elements)}
    rows = list[tuple[int, int, int, bool]]()
    for access in accesses:
        assert access is not None
        name, what, _ = access
        number = numbers.get(what, 0)
        demands = number if name == TAKE else kinds if name == EMPTY else NOBODY
        side = 1 if name == PUT else 0 if name == EMPTY else -1
        rows.append((number, side, demands, name == TAKE_ANY))
    element, sides, all_demands, any_ = np.array(rows, np.int64).reshape(-1, 4)[problem.cls].T.copy()
    lost = problem.ret == NEVER
    adds, all_demands[lost] = np.where(lost, 0, sides), NOBODY
    at = np.zeros(1, REGISTERS)[0]
    at.random, at.right = seed, total
    middles = np.where(lost, problem.call, (problem.call + problem.ret) // 2)
    t = Order(
        at=at,
        call=problem.call,
        ret=problem.ret,
        element=element,
        adds=adds,
        demands=all_demands,
        takes=sides < 0,
        any=any_ == 1,
        unknown=np.flatnonzero(lost & (sides != 0)),
        order=np.argsort(middles, kind="stable").astype(np.int64),
        place=np.empty(total, np.int64),
        there=np.empty((total, kinds), np.int64),
        now=np.empty(kinds, np.int64),
        wrong=np.empty(total, np.int64),
        place_of_wrong=np.full(total, NOBODY, np.int64),
        cost=np.sqrt(np.arange(_COSTS)),
        chance=chances(),
        first_return=np.empty(total, np.int64),
    )
    count(t)
    return t


def _taken(t: Order) -> list[int]:
    """The operations that are not left out, in order; those of unknown outcome at the end need not happen."""
    happens = (t.ret[t.order] != NEVER) | (t.adds[t.order] != 0)
    taken: Ints = t.order[happens]
    known = np.flatnonzero(t.ret[taken] != NEVER)
    return [int(op) for op in taken[: known[-1] + 1]] if len(known) else []
