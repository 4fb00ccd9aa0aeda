"""Counters: an order in which few results are wrong, repaired until none is.

    order     add 3   read 4   add 1   read 4   add-and-get 2, 6
    wrong              -1                0             0            what the sum before it is off by

Every order of all operations that keeps to the time is a start. A move takes an operation some places to the left or to
the right, as far as time lets it. It changes what is wrong only in the operations that it passes, by what they add. So
a move costs tens of nanoseconds, and a history of 1,000 operations gets millions of them.

*Annealing.* A move that makes less wrong is made, another one by chance: the seldomer, the more it makes wrong and the
colder it is (Kirkpatrick, Gelatt and Vecchi, "Optimization by Simulated Annealing", Science 220, 1983). What is wrong
counts with its square root: so it is better to have one result that is off by 4 than four that are off by 1, and the
rest of the way is short. In the end some tens of results of 500 are wrong. Then a stretch around one of them is heated
and cooled again, and kept if no more results of it are wrong than before; and so on until none is, or until a sweep
along the order repairs the rest (see `clew.checkers.counters`).

*Sound.* An order in which nothing is wrong is a linearization, and nothing else is answered: it never finds out that
there is none. It suits small values, where there are very many linearizations and a sweep drops them all: with thirty
clients most sums can be reached in many ways. With unique values there are few, and `clew.checkers.linear.gaps` is
better.

*Unknown outcomes.* An operation of unknown outcome may stand behind everything else, and is then left out. Where it
stands decides about all results behind it. So such adds move more often than others, and far, and the first annealing
is slower if there are any.
"""

from __future__ import annotations

import random
from typing import Any, NamedTuple

import numpy as np

from clew.checkers.deadline import Deadline
from clew.checkers.encoding import NEVER, Problem
from clew.checkers.forms import Ints
from clew.checkers.kernel import inlined, raw_kernel
from clew.checkers.sums import Sums

MOVES_PER_VISIT = 500_000
"""Moves until Python may look at the deadline: 30 to 70 milliseconds."""
_FIRST, _FIRST_UNKNOWN, _AGAIN = 5_000, 10_000, 12_000
"""Moves for each operation: of the whole history at first, also with adds of unknown outcome, and of a stretch that is
repaired. Once a stretch is repaired at a time, adds of unknown outcome hardly get far any more: of 1,000 operations of
30 clients with 2 % of these, 5,000 moves left 29 to 32 results wrong, 10,000 left 14 to 26, and 40,000 left 4 to 13."""
_MOST = 150_000
"""Moves for each operation of the history, after which it gives up."""
_REACH = 25
"""How many places to each side a repair reaches."""
_HOT, _COLD = 1.0, 0.15
"""Temperatures, between which it cools. Above the first nearly every move is made, below the second hardly any."""
_FAR, _NEAR = 20, 15
"""How many places a move takes an operation at most, and how far from something wrong every second move begins."""
_OFTEN, _FARTHEST = 8, 1_000
"""One move of so many is of an add of unknown outcome, and how many places that takes it at most."""
_FINE = 64
"""Steps for each factor e of a chance."""


class Tables(NamedTuple):
    """What the kernel works on. The first four have an entry for each operation, `order` one for each place."""

    call: Any
    ret: Any
    delta: Any
    told: Any
    order: Any
    """The operation in each place."""
    off: Any
    """For each operation what the sum before it is greater than it should be, if it tells the sum."""
    place: Any
    """For each operation its place. This and the next two hold for the stretch that is annealed."""
    wrong: Any
    """The operations that are wrong."""
    place_of_wrong: Any
    """For each operation its place in `wrong`; -1 if it is not wrong."""
    cost: Any
    """What being off by so much costs."""
    chance: Any
    """The chance of a move that costs so many `_FINE`th of the temperature."""
    unknown: Any
    """The adds of unknown outcome."""
    random: Any
    """One number of 64 bits: the state of the random numbers."""


@inlined
def _draw(t):  # type: ignore[no-untyped-def]
    """64 random bits (Marsaglia, "Xorshift RNGs", Journal of Statistical Software 8(14), 2003)."""
    bits = t.random[0]
    bits ^= bits << np.uint64(13)
    bits ^= bits >> np.uint64(7)
    bits ^= bits << np.uint64(17)
    t.random[0] = bits
    return bits


@raw_kernel
def _below(bits, shift, bound):  # type: ignore[no-untyped-def]
    """A number below `bound`, from 16 of the bits."""
    return np.int64((bits >> np.uint64(shift)) & np.uint64(0xFFFF)) * bound >> 16


@raw_kernel
def _cost(t, off):  # type: ignore[no-untyped-def]
    off = abs(off)
    return t.cost[off] if off < len(t.cost) else np.sqrt(float(off))


@raw_kernel
def anneal(t, begin, end, done, until, total):  # type: ignore[no-untyped-def]
    """Make the moves `done` to `until` of `total` in the places from `begin` to before `end`.

    Returns how many operations there are wrong. It ends early if none is.
    """
    wrongs = 0
    for i in range(begin, end):
        op = t.order[i]
        t.place[op] = i
        t.place_of_wrong[op] = -1
        if t.told[op] and t.off[op] != 0:
            t.wrong[wrongs] = op
            t.place_of_wrong[op] = wrongs
            wrongs += 1
    for move in range(done, until):
        if wrongs == 0:
            break
        bits, more = _draw(t), _draw(t)
        if bits & np.uint64(1):
            away = _below(bits, 1, _NEAR + 1)
            source = t.place[t.wrong[_below(bits, 17, wrongs)]] + (away if bits >> np.uint64(63) else -away)
            if source < begin or source >= end:
                continue
        else:
            source = begin + np.int64((bits >> np.uint64(1)) % np.uint64(end - begin))
        far = 1 + _below(more, 0, 1 + _below(more, 16, _FAR))
        if len(t.unknown) and not _below(more, 32, _OFTEN):
            source = t.place[t.unknown[_below(bits, 1, len(t.unknown))]]
            if source < begin or source >= end or t.ret[t.order[source]] != NEVER:
                continue  # it is not in this stretch, and its place is an old one
            far = 1 + (_below(more, 0, min(end - begin, _FARTHEST)) >> _below(more, 16, 10))
        op = np.int64(t.order[source])
        step = 1 if (more >> np.uint64(61)) & np.uint64(1) else -1
        adds, off, change = t.delta[op], t.off[op], 0.0
        target = source
        for _ in range(far):
            behind = target + step
            if behind < begin or behind >= end:
                break
            other = np.int64(t.order[behind])
            if t.ret[op] < t.call[other] if step > 0 else t.ret[other] < t.call[op]:
                break
            if t.told[other] and adds != 0:
                change += _cost(t, t.off[other] - step * adds) - _cost(t, t.off[other])
            off += step * t.delta[other]
            target = behind
        if target == source:
            continue
        if t.told[op]:
            change += _cost(t, off) - _cost(t, t.off[op])
        if change > 0:
            coldness = 1 / _HOT + (1 / _COLD - 1 / _HOT) * move / total
            worse = np.int64(change * coldness * _FINE)
            if worse >= len(t.chance) or float(_draw(t) >> np.uint64(11)) >= t.chance[worse] * 9007199254740992.0:
                continue
        t.off[op] = off
        place = source
        while place != target:
            other = np.int64(t.order[place + step])
            t.order[place] = other
            t.place[other] = place
            t.off[other] -= step * adds
            wrongs = _count(t, other, wrongs)
            place += step
        t.order[target] = op
        t.place[op] = target
        wrongs = _count(t, op, wrongs)
    return wrongs


@raw_kernel
def _count(t, op, wrongs):  # type: ignore[no-untyped-def]
    """Put an operation into the list of those that are wrong, or take it off; returns how many there are."""
    if not t.told[op]:
        return wrongs
    place = t.place_of_wrong[op]
    if t.off[op] != 0 and place < 0:
        t.wrong[wrongs] = op
        t.place_of_wrong[op] = wrongs
        return wrongs + 1
    if t.off[op] == 0 and place >= 0:
        last = t.wrong[wrongs - 1]
        t.wrong[place] = last
        t.place_of_wrong[last] = place
        t.place_of_wrong[op] = -1
        return wrongs - 1
    return wrongs


class Annealing:
    """An order of all operations, in which fewer and fewer results are wrong. Nothing is done before `cool`.

    With the same `seed` it is the same search each time, unless the deadline passes.
    """

    def __init__(self, problem: Problem, sums: Sums, deadline: Deadline, seed: int) -> None:
        self._problem, self._deadline = problem, deadline
        self._t = _tables(problem, sums, seed)
        self._rng = random.Random(seed)
        self.left = _MOST * len(problem)
        """Moves that may still be made."""

    @property
    def all_order(self) -> Ints:
        """The order as it is, of all operations."""
        order: Ints = self._t.order.copy()
        return order

    def order(self) -> list[int]:
        """The order without the operations of unknown outcome at its end: if nothing is wrong, a linearization."""
        known = np.flatnonzero(self._problem.ret[self._t.order] != NEVER)
        return [int(op) for op in self._t.order[: known[-1] + 1]] if len(known) else []

    def wrong(self) -> Ints:
        """The places of wrong results."""
        t = self._t
        return np.flatnonzero(t.told[t.order] & (t.off[t.order] != 0))

    def cool(self) -> None:
        """Anneal the whole history."""
        count = len(self._problem)
        self._heated(0, count, (_FIRST_UNKNOWN if len(self._t.unknown) else _FIRST) * count)

    def repair(self, times: int) -> None:
        """Anneal stretches around wrong results, so many times at most. Each is kept if it has no more wrong ones."""
        t, count = self._t, len(self._problem)
        for _ in range(times):
            wrong = self.wrong()
            if not len(wrong) or self.left <= 0 or self._deadline.passed():
                return
            middle = int(wrong[self._rng.randrange(len(wrong))]) + self._rng.randint(-_REACH // 2, _REACH // 2)
            begin, end = max(0, middle - _REACH), min(count, middle + _REACH)
            stretch = t.order[begin:end].copy()
            off = t.off[stretch]
            if self._heated(begin, end, _AGAIN * (end - begin)) > np.count_nonzero((wrong >= begin) & (wrong < end)):
                t.order[begin:end] = stretch
                t.off[stretch] = off

    def _heated(self, begin: int, end: int, total: int) -> int:
        """How many are wrong in a stretch after it was annealed, or when the deadline or the moves are over."""
        wrong, most = end - begin, min(total, self.left)
        for done in range(0, most, MOVES_PER_VISIT):
            wrong = int(anneal(self._t, begin, end, done, min(most, done + MOVES_PER_VISIT), total))
            if wrong == 0 or self._deadline.passed():
                break
        self.left -= most
        return wrong


def _tables(problem: Problem, sums: Sums, seed: int) -> Tables:
    """The tables at first: operations are ordered by the middle of their intervals, unknown outcomes come last."""
    count = len(problem)
    order = np.argsort(np.where(problem.ret == NEVER, NEVER, (problem.call + problem.ret) // 2), kind="stable")
    off = np.zeros(count, np.int64)
    off[order] = np.cumsum(sums.delta[order]) - sums.delta[order] - sums.before[order]
    chance = np.full(16 * _FINE, 1 - 1 / _FINE)
    chance[0] = 1
    return Tables(
        call=problem.call,
        ret=problem.ret,
        delta=sums.delta,
        told=sums.told,
        order=order.astype(np.int64),
        off=off,
        place=np.zeros(count, np.int64),
        wrong=np.zeros(count, np.int64),
        place_of_wrong=np.zeros(count, np.int64),
        cost=np.sqrt(np.arange(256)),
        chance=np.multiply.accumulate(chance),
        unknown=np.flatnonzero((problem.ret == NEVER) & (sums.delta != 0)),
        random=np.array([88172645463325252 * (2 * seed + 1) % (1 << 64)], np.uint64),
    )
