"""Operations of unknown outcome in the order of a priority queue: where they come in and where they are left out.

    too many 1s          from here ----------------------- to here
    what ends that       a take of unknown outcome         a put of 1 of unknown outcome comes in,
                         takes 1 here                      or a take of unknown outcome that took 1 is left out

If one comes in, its element is there more or less often before everything behind it. Alone that would seldom be better.
So two changes are made at a time, with one more or one less of an element between them. One pass over the order finds
the two for which least is wrong afterwards: the best stretch is the best end for the best beginning so far. The second
change may be missing: then it is so to the end.

Each operation that comes in has a price. And of those that could stand in a place, the one called last does: see
`release`. So those are left that can come in at most places.
"""

from __future__ import annotations

from clew.checkers.draws import draw
from clew.checkers.encoding import NEVER
from clew.checkers.kernel import raw_kernel
from clew.checkers.least.order import FINE, cost_of, count, off
from clew.checkers.wrong_list import NOBODY

_IMPOSSIBLE = 1e18
"""A cost: this cannot be."""
_LESS = -1e-6
"""A change of the cost that is no rounding error."""


@raw_kernel
def look(t, element, more):  # type: ignore[no-untyped-def]
    """Look for a stretch with one more of the element (`more` = 1), or one less (-1), that costs less than `at.least`.

    It begins and ends between `at.left` and `at.right`; if that is behind the last place, it may have no end. Call
    `release` before.

    If there is one: `at.found` is the element, `at.least` the change of the cost, `at.from_op` the operation before
    which it begins, and `at.until_op` that before which it ends, or NOBODY. `at.from_out` and `at.until_out` are the
    operations that are left out for that, or NOBODY if one comes in. O(n) and with all operations of unknown outcome.
    """
    at = t.at
    put, take = NEVER, NEVER  # the first call of those that are left out: from then on one can come in
    for op in t.unknown:
        if t.adds[op] == 0 and (t.any[op] or t.element[op] == element):
            if t.takes[op]:
                take = min(take, t.call[op])
            else:
                put = min(put, t.call[op])
    least, changed = _IMPOSSIBLE, 0.0
    begins = begin_out = NOBODY
    for place in range(at.left, at.right):
        op = t.order[place]
        if t.adds[op] == 0 and t.ret[op] == NEVER:
            continue
        demanded = t.demands[op]
        leaves = t.adds[op] if t.ret[op] == NEVER and t.element[op] == element else 0
        # Where one less begins, one more ends.
        for ends in range(1, -1, -1):
            comes = -more if ends else more
            cost, out = _IMPOSSIBLE, NOBODY
            if comes > 0 and put <= t.first_return[place]:
                cost = at.price
            elif comes < 0 and take <= t.first_return[place]:
                # Before it, the element is there as often as it is now, or once more if the stretch ends.
                often = t.there[op, element] + (more if ends else 0)
                cost = cost_of(t, t.there[op], element) - off(t, t.there[op, element], True) + off(t, often, True)
                cost += at.price
            if leaves == -comes:
                spared = -at.price - (cost_of(t, t.there[op], element) if t.takes[op] else 0.0)
                if spared < cost:
                    cost, out = spared, op
            if cost == _IMPOSSIBLE:
                continue
            if at.noise > 0:
                cost -= draw(at, at.noise) / FINE
            if ends and begins != NOBODY and least + changed + cost < at.least + _LESS:
                at.least, at.found, at.more = least + changed + cost, element, more
                at.from_op, at.from_out, at.until_op, at.until_out = begins, begin_out, op, out
            if not ends and cost - changed < least:
                least, begins, begin_out = cost - changed, op, out
        if demanded >= element and begin_out != op:
            often = t.there[op, element]
            changed += off(t, often + more, demanded == element) - off(t, often, demanded == element)
    if at.right == len(t.order) and begins != NOBODY and least + changed < at.least + _LESS:
        at.least, at.found, at.more = least + changed, element, more
        at.from_op, at.from_out, at.until_op, at.until_out = begins, begin_out, NOBODY, NOBODY


@raw_kernel
def release(t):  # type: ignore[no-untyped-def]
    """Let what came in change places with what was called later, as far as time lets it; and compute `first_return`.

    It changes nothing else, because both do the same. O(n), and the square of how many are of unknown outcome.
    """
    first = NEVER
    for place in range(len(t.order) - 1, -1, -1):
        first = min(first, t.ret[t.order[place]])
        t.first_return[place] = first
    for place in range(len(t.order)):
        op = t.order[place]
        if t.ret[op] != NEVER or t.adds[op] == 0:
            continue
        for number in range(len(t.unknown) - 1, -1, -1):
            other = t.unknown[number]
            if t.call[other] <= t.call[op]:
                break
            can = t.call[other] <= t.first_return[place] and (t.adds[other] == 0 or t.place[other] > place)
            can = can and t.takes[other] == t.takes[op] and t.any[other] == t.any[op]
            if can and (t.any[op] or t.element[other] == t.element[op]):
                _take_turns(t, op, other)
                break


@raw_kernel
def _take_turns(t, op, other):  # type: ignore[no-untyped-def]
    """Let each of two operations stand where the other one stands, and do what it does."""
    for values in (t.adds, t.element, t.demands, t.place):
        values[op], values[other] = values[other], values[op]
    t.order[t.place[op]], t.order[t.place[other]] = op, other
    for element in range(len(t.now)):
        t.there[op, element], t.there[other, element] = t.there[other, element], t.there[op, element]


@raw_kernel
def change(t):  # type: ignore[no-untyped-def]
    """Make the change that `look` found. O(n) for each element."""
    at = t.at
    element, more = at.found, at.more
    if at.until_out != NOBODY:
        _leave_out(t, at.until_out)
    if at.from_out != NOBODY:
        _leave_out(t, at.from_out)
    if at.until_op != NOBODY and at.until_out == NOBODY:
        _come_in(t, element, -more, at.until_op)
    if at.from_out == NOBODY:
        _come_in(t, element, more, at.from_op)
    count(t)


@raw_kernel
def _leave_out(t, op):  # type: ignore[no-untyped-def]
    t.adds[op] = 0
    t.demands[op] = NOBODY


@raw_kernel
def _come_in(t, element, adds, before):  # type: ignore[no-untyped-def]
    """Let a put or a take of the element come in before an operation: of those that can, the one called last."""
    first, op = t.first_return[t.place[before]], NOBODY
    for other in t.unknown:
        can = t.adds[other] == 0 and t.takes[other] == (adds < 0)
        can = can and (t.any[other] or t.element[other] == element)
        if can and t.call[other] <= first and (op == NOBODY or t.call[other] > t.call[op]):
            op = other
    if op == NOBODY:
        return
    source, target = t.place[op], t.place[before]
    step = 1 if source < target else -1
    if step > 0:
        target -= 1
    while source != target:
        other = t.order[source + step]
        t.order[source] = other
        t.place[other] = source
        source += step
    t.order[target] = op
    t.place[op] = target
    t.adds[op], t.element[op] = adds, element
    if adds < 0:
        t.demands[op] = element
