"""The order of the operations of a priority queue, what is wrong in it, and moves that make less wrong.

    order      put 0   take 1   put 1   take 0   take 1
    before     0 0     1 0      1 -1    1 0      0 0        how often 0 and 1 are there
    wrong              0 is there; 1 is not              1 is not

Equal elements are alike, so how often each element is there is all that counts. A take of an element demands that it is
there and that no lesser one is. A take that found the queue empty demands that nothing is there. By how much a take is
off counts with its square root: it is better to have one take that is off by 4 than four that are off by 1.

A move takes an operation some places to the left or to the right, as far as time lets it. It changes only how often its
element is there before the operations that it passes, and what is there before itself.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from clew.checkers.draws import draw
from clew.checkers.kernel import inlined, raw_kernel
from clew.checkers.wrong_list import NOBODY, note

_NEAR = 15
"""How far from something wrong every second move begins, at most, in places."""
FINE = 64
"""Steps for each factor e of a chance."""
_WORST = 16 * FINE
"""Moves that make this many steps more wrong are never made."""

REGISTERS = np.dtype((
    np.record,
    [
        ("random", np.uint64),  # the state of the generator
        ("begin", np.int64),  # the stretch in which moves are made: the first place, and the one behind the last
        ("end", np.int64),
        ("far", np.int64),  # how many places a move goes at most
        ("coldness", np.float64),  # 1 / the temperature, in `FINE`th
        ("wrongs", np.int64),  # how many operations of the stretch are wrong
        ("left", np.int64),  # the places in which `unknown.look` looks: the first one, and the one behind the last
        ("right", np.int64),
        ("price", np.float64),  # what it costs that an operation of unknown outcome comes in
        ("noise", np.int64),  # `unknown.look` takes changes for better by a number below this, in `FINE`th
        ("least", np.float64),  # the best change that `unknown.look` found: see there
        ("found", np.int64),
        ("more", np.int64),
        ("from_op", np.int64),
        ("until_op", np.int64),
        ("from_out", np.int64),
        ("until_out", np.int64),
    ],
))  # fmt: skip


class Order(NamedTuple):
    """Everything that the kernels share. Elements are numbers from 0, in their order."""

    at: Any
    """REGISTERS."""
    call: Any
    ret: Any
    element: Any
    """For each operation the element that it puts or takes. A take of unknown outcome may get any one."""
    adds: Any
    """1 for a put, -1 for a take, 0 for what changes nothing or is left out."""
    demands: Any
    """The element that it takes, how many elements there are if it found nothing, NOBODY for puts and what is left
    out."""
    takes: Any
    """Whether it is a take."""
    any: Any
    """Whether it is a take that may get any element. In the beginning of a history there are also takes that did not
    return yet, and got a certain one if they took effect."""
    unknown: Any
    """The puts and takes of unknown outcome."""
    order: Any
    """The operation in each place. It is left out if it is of unknown outcome and `adds` is 0."""
    place: Any
    """For each operation its place."""
    there: Any
    """For each operation and each element how often this is there before it."""
    now: Any
    """Scratch: how often each element is there."""
    wrong: Any
    """The operations of the stretch that are wrong."""
    place_of_wrong: Any
    """For each operation its place in `wrong`, or NOBODY."""
    cost: Any
    """What being off by so much costs."""
    chance: Any
    """The chance of a move that makes it worse by so many steps, of 2 to the power of 30."""
    first_return: Any
    """Scratch, for each place: the first return of what stands there or behind it."""


def chances() -> Any:
    """What `Order.chance` holds."""
    factor = np.full(_WORST, 1 - 1 / FINE)
    factor[0] = 1
    return ((1 << 30) * np.multiply.accumulate(factor)).astype(np.int64)


@inlined
def off(t, often, is_taken):  # type: ignore[no-untyped-def]
    """What it costs that an element is there so often, if it is taken next, or if it should not be there."""
    much = max(0, 1 - often) if is_taken else abs(often)
    return t.cost[min(much, len(t.cost) - 1)]


@raw_kernel
def cost_of(t, there, demanded):  # type: ignore[no-untyped-def]
    """What it costs to demand this element where elements are there so often."""
    cost = 0.0
    for element in range(min(demanded + 1, len(there))):
        cost += off(t, there[element], element == demanded)
    return cost


@raw_kernel
def count(t):  # type: ignore[no-untyped-def]
    """Count how often each element is there before each operation of the order."""
    for element in range(len(t.now)):
        t.now[element] = 0
    for place in range(len(t.order)):
        op = t.order[place]
        t.place[op] = place
        for element in range(len(t.now)):
            t.there[op, element] = t.now[element]
        if t.adds[op] != 0:
            t.now[t.element[op]] += t.adds[op]


@raw_kernel
def begin(t):  # type: ignore[no-untyped-def]
    """Begin with the stretch from `at.begin` to `at.end`: list what is wrong there."""
    at = t.at
    at.wrongs = 0
    for place in range(at.begin, at.end):
        op = t.order[place]
        t.place[op] = place
        t.place_of_wrong[op] = NOBODY
        _note(t, op)


@raw_kernel
def _note(t, op):  # type: ignore[no-untyped-def]
    """Note whether an operation is wrong."""
    if t.demands[op] != NOBODY:
        note(t, op, cost_of(t, t.there[op], t.demands[op]) > 0)


@raw_kernel
def anneal(t, moves):  # type: ignore[no-untyped-def]
    """Try so many moves in the stretch, or until nothing is wrong there."""
    at = t.at
    for _ in range(moves):
        if at.wrongs == 0:
            return
        if draw(at, 2) == 0:
            source = t.place[t.wrong[draw(at, at.wrongs)]] + draw(at, 2 * _NEAR + 1) - _NEAR
            if source < at.begin or source >= at.end:
                continue
        else:
            source = at.begin + draw(at, at.end - at.begin)
        _move(t, source, 1 + draw(at, 1 + draw(at, at.far)), 2 * draw(at, 2) - 1)


@inlined
def _move(t, source, far, step):  # type: ignore[no-untyped-def]
    """Move an operation up to `far` places to the right or to the left, unless that is worse and chance is against it.

    What it passes is returned later, or called earlier, than the operation that moves.
    """
    at, op = t.at, t.order[source]
    adds, element, demanded = t.adds[op], t.element[op], t.demands[op]
    for one in range(len(t.now)):
        t.now[one] = t.there[op, one]
    change, target = 0.0, source
    for _ in range(far):
        place = target + step
        if place < at.begin or place >= at.end:
            break
        other = t.order[place]
        if (t.ret[op] < t.call[other]) if step > 0 else (t.ret[other] < t.call[op]):
            break
        if adds != 0 and t.demands[other] >= element:
            often, is_taken = t.there[other, element], t.demands[other] == element
            change += off(t, often - step * adds, is_taken) - off(t, often, is_taken)
        if t.adds[other] != 0:
            t.now[t.element[other]] += step * t.adds[other]
        target = place
    if demanded != NOBODY:
        change += cost_of(t, t.now, demanded) - cost_of(t, t.there[op], demanded)
    worse = np.int64(change * at.coldness) if change > 0 else 0
    if target == source or worse >= len(t.chance) or (worse > 0 and draw(at, 1 << 30) >= t.chance[worse]):
        return
    for one in range(len(t.now)):
        t.there[op, one] = t.now[one]
    place = source
    while place != target:
        other = t.order[place + step]
        t.order[place] = other
        t.place[other] = place
        if adds != 0:
            t.there[other, element] -= step * adds
        _note(t, other)
        place += step
    t.order[target] = op
    t.place[op] = target
    _note(t, op)
