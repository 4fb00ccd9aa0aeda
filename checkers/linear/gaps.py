"""A counter, swept from one result to the next: adds wait in the gaps between them.

    add 3   ----------------
    add -1      ---------------------------
    add 4           -------------
    read 6              -------             3, -1 and 4 stand before it: the gap is their sum

A *result* is a read or an add-and-get that told the sum. Between two results that follow each other in a linearization
there is a gap, and in the gap are adds that told nothing. Their order in the gap makes no difference. So an add takes
effect at one of two moments only: in the gap before a result that takes effect, or when it returns. Whatever else a
linearization does with it, it can be moved there: behind all adds that are not needed yet, at the latest to its return.

So from a configuration there are as many ways on as there are sets of open adds whose sum leads to an open result, and
not as many as there are sets. Small sets are tried first. Of equal adds those that return first are taken; see
`Earliest deadline first` in `configurations`. The other rules of `linear` hold here too.

Kept are configurations from which most of the open results have taken effect, and in which the sum is not far from
those that have not, nor from those that come soon; and those that have used few adds, above all few that may be missing
later.

Unless something was dropped, it is as complete as any sweep: then a return that no configuration survives proves that
there is no order.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from clew.checkers.encoding import NEVER
from clew.checkers.forms import Ints
from clew.checkers.kernel import inlined, raw_kernel
from clew.checkers.linear.configurations import begin_return, go_on_after, open_slot, slot_of, take_sources, use
from clew.checkers.linear.narrow import best_first
from clew.checkers.linear.rows import BITS, GONE, MET, STATE, add, copy_row
from clew.checkers.linear.tables import DEAD, ENOUGH, LOG_FULL, PAUSE, ROWS, SLOTS, THERE, TRIED
from clew.checkers.linear.waiting import COST_OF_UNKNOWN, NONE, cheapest, go_on_without, wait
from clew.checkers.sums import Sums

_MOST_SETS = 1 << 12
"""How many sets of open adds are tried from one configuration, about. If there are more, it is those of few adds."""
_MOST_MET = 32
"""How many configurations are met at a return, in widths."""
_UNIT, _SOON, _AHEAD = 8, 60, 30
"""What an open result counts; how many events ahead a return is that is not soon; and how far ahead results count."""
_FAR = 8
"""How far from the sum a result is at most, in mean adds. What is farther counts like that."""
_UNKNOWN = 3 * _UNIT
"""What an operation of unknown outcome counts."""

REGISTERS = np.dtype((
    np.record,
    [
        ("adds", np.int64),  # open adds
        ("results", np.int64),  # open results
        ("ahead", np.int64),  # results that come soon
        ("unused", np.int64),  # open adds that a configuration has not used
        ("groups", np.int64),  # different numbers that these add
        ("mean", np.int64),  # what is added on average, up or down; at least 1
    ],
))  # fmt: skip


class GapTables(NamedTuple):
    """What the kernels know besides the `Tables` of a sweep. The first three are those of `Sums`."""

    delta: Any
    told: Any
    before: Any
    at: Any
    """REGISTERS."""
    adds: Any
    """The slots of open adds, by what they add, and then in the order in which they return."""
    results: Any
    """The slots of open results."""
    ahead: Any
    """What results that come soon tell."""
    unused: Any
    """The slots of open adds that a configuration has not used, as in `adds`."""
    begin: Any
    """For each number that some of these add the place of the first of them in `unused`, here and for the next two."""
    size: Any
    """How many add that number."""
    taken: Any
    """How many of these, the first ones, are in the gap."""


def gap_tables(sums: Sums) -> GapTables:
    """The tables of a problem."""
    added = np.abs(sums.delta[sums.delta != 0])
    at = np.zeros(1, REGISTERS)[0]
    at.mean = max(1, int(added.mean())) if len(added) else 1

    def room() -> Ints:
        return np.zeros(len(sums.delta), np.int64)

    return GapTables(
        delta=sums.delta,
        told=sums.told,
        before=sums.before,
        at=at,
        adds=room(),
        results=room(),
        ahead=np.zeros(_AHEAD, np.int64),
        unused=room(),
        begin=room(),
        size=room(),
        taken=room(),
    )


@raw_kernel
def advance_by_gaps(g, t, until, row):  # type: ignore[no-untyped-def]
    """`configurations.advance` for counters."""
    at = t.at
    while at.position < until:
        if at.work >= at.pause:
            return PAUSE
        op = np.int64(t.event_op[at.position])
        if t.event_return[at.position]:
            status = _return(g, t, op, row)
            if status == PAUSE:
                return PAUSE
            at.halfway = 0
            if status != THERE:
                at.entries, at.dropped = at.entries_before, at.dropped_before
                return status
            if at.gone == 0:
                return DEAD
            if at.gone > at.width:
                _choose(g, t, op)
            go_on_after(t, op, at.gone)
        else:
            if at.open == len(t.slots):
                return SLOTS
            if at.entries + at.count > len(t.log):
                return LOG_FULL
            slot = open_slot(t, op)
            if t.observer[t.cls[op]]:
                at.work += at.count
                for number in range(at.count):
                    if not g.told[op] or t.now[number, STATE] == g.before[op]:
                        use(at, t.log, t.now[number], op, slot)
        at.position += 1
    return THERE


@inlined
def _return(g, t, op, row):  # type: ignore[no-untyped-def]
    """The configurations after the return of an operation, into `then`: `gone` of them. Returns a status.

    After PAUSE the next call goes on where this one stopped. After ROWS and LOG_FULL it begins anew.
    """
    at = t.at
    slot = slot_of(t, op)
    if at.halfway == 0:
        begin_return(t)
        _sort_open(g, t)
    if not take_sources(t, slot, row):
        return PAUSE
    number = cheapest(t)
    while number != NONE:
        if at.work >= at.pause:
            return PAUSE
        if at.tried >= at.count + TRIED * at.width or at.gone >= ENOUGH * at.width:
            at.dropped = 1
            break
        at.visited += 1
        at.tried += 1
        if not g.told[op]:
            if not _has_room(t):
                return ROWS if len(t.log) - at.entries >= at.open else LOG_FULL
            copy_row(t.seen[number], row)
            row[STATE] += g.delta[op]
            use(at, t.log, row, op, slot)
            _see(g, t, row)
            _put(t, slot, row, number, 0)
        _take_unused(g, t, t.seen[number])
        status = _try_gaps(g, t, number, slot, row)
        if status != THERE:
            return status
        go_on_without(t, number)
        number = cheapest(t)
    return THERE


@raw_kernel
def _has_room(t):  # type: ignore[no-untyped-def]
    """Whether there is room for one more configuration, and in the log for all open operations."""
    at = t.at
    return max(at.met, at.gone) + 2 <= len(t.seen) and at.entries + at.open <= len(t.log)


@inlined
def _sort_open(g, t):  # type: ignore[no-untyped-def]
    """List the open adds and the open results."""
    adds, results = 0, 0
    for i in range(t.at.open):
        slot = t.slots[i]
        op = t.op_of[slot]
        if g.told[op]:
            g.results[results] = slot
            results += 1
        elif g.delta[op] != 0:
            place = adds
            while place > 0 and g.delta[t.op_of[g.adds[place - 1]]] > g.delta[op]:
                g.adds[place] = g.adds[place - 1]
                place -= 1
            g.adds[place] = slot
            adds += 1
    g.at.adds, g.at.results = adds, results


@raw_kernel
def _see(g, t, row):  # type: ignore[no-untyped-def]
    """Eager observers: all open reads of the sum take effect."""
    for i in range(g.at.results):
        slot = g.results[i]
        op = np.int64(t.op_of[slot])
        if t.observer[t.cls[op]] and g.before[op] == row[STATE] and not _uses(row, slot):
            use(t.at, t.log, row, op, slot)


@raw_kernel
def _uses(row, slot):  # type: ignore[no-untyped-def]
    return (row[BITS + (slot >> 6)] >> (slot & 63)) & 1


@raw_kernel
def _put(t, slot, row, source, cost):  # type: ignore[no-untyped-def]
    """Put a configuration into one of the two sets. The operation in `slot` returns.

    It was found from the row `source` of `seen` with adds that cost so much.
    """
    at = t.at
    if _uses(row, slot):
        row[BITS + (slot >> 6)] &= ~(np.int64(1) << (slot & 63))
        at.gone = add(t, row, t.then, at.gone, GONE)
    elif at.met >= _MOST_MET * at.width:
        at.dropped = 1
    else:
        before = at.met
        at.met = add(t, row, t.seen, before, MET)
        if at.met > before:
            wait(t, before, t.cost[source] + cost)


@raw_kernel
def _take_unused(g, t, seen):  # type: ignore[no-untyped-def]
    """List the open adds that a configuration has not used. Returns nothing; see `_try_gaps`."""
    count, groups = 0, 0
    last = np.int64(0)
    for i in range(g.at.adds):
        slot = g.adds[i]
        if _uses(seen, slot):
            continue
        delta = g.delta[t.op_of[slot]]
        if delta != last:
            g.begin[groups], g.size[groups], g.taken[groups] = count, 0, 0
            groups += 1
            last = delta
        g.unused[count] = slot
        count += 1
        g.size[groups - 1] += 1
    g.at.unused, g.at.groups = count, groups


@raw_kernel
def _most_taken(g, t):  # type: ignore[no-untyped-def]
    """How many adds a gap has at most, so that no more than `_MOST_SETS` sets are tried."""
    most, sets, these = 0, 1, 1
    while most < g.at.unused:
        these = these * (g.at.unused - most) // (most + 1)
        if sets + these > _MOST_SETS:
            t.at.dropped = 1
            break
        sets += these
        most += 1
    return most


@raw_kernel
def _try_gaps(g, t, number, slot, row):  # type: ignore[no-untyped-def]
    """From a row of `seen`, find all configurations after a gap and a result. The operation in `slot` returns."""
    at, seen = t.at, t.seen[number]
    most, taken, total = _most_taken(g, t), 0, np.int64(0)
    while True:
        at.work += 1
        for i in range(g.at.results):
            of_result = g.results[i]
            result = np.int64(t.op_of[of_result])
            if g.before[result] != seen[STATE] + total or _uses(seen, of_result):
                continue
            if not _has_room(t):
                return ROWS if len(t.log) - at.entries >= at.open else LOG_FULL
            copy_row(seen, row)
            cost = _fill_gap(g, t, row)
            row[STATE] += total
            _see(g, t, row)
            if not t.observer[t.cls[result]]:
                use(at, t.log, row, result, of_result)
                row[STATE] += g.delta[result]
                _see(g, t, row)
            _put(t, slot, row, number, cost)
        # The next set, as one counts: the first number of which one more may be taken; none of those before it.
        group = 0
        while group < g.at.groups:
            delta = g.delta[t.op_of[g.unused[g.begin[group]]]]
            if g.taken[group] < g.size[group] and taken < most:
                g.taken[group] += 1
                taken += 1
                total += delta
                break
            taken -= g.taken[group]
            total -= g.taken[group] * delta
            g.taken[group] = 0
            group += 1
        if group == g.at.groups:
            return THERE


@raw_kernel
def _fill_gap(g, t, row):  # type: ignore[no-untyped-def]
    """Let the adds of a gap take effect; returns what they cost."""
    cost = 0
    for group in range(g.at.groups):
        for i in range(g.taken[group]):
            slot = g.unused[g.begin[group] + i]
            op = np.int64(t.op_of[slot])
            use(t.at, t.log, row, op, slot)
            cost += COST_OF_UNKNOWN if t.ret[op] == NEVER else 1
    return cost


@raw_kernel
def _choose(g, t, op):  # type: ignore[no-untyped-def]
    """Put all rows of `then` into `order`, those first that are to be kept."""
    at = t.at
    g.at.ahead = 0
    for place in range(at.position + 1, min(at.position + 1 + _AHEAD, len(t.event_op))):
        later = t.event_op[place]
        if g.told[later] and not t.event_return[place]:
            g.ahead[g.at.ahead] = g.before[later]
            g.at.ahead += 1
    for row in range(at.gone):
        t.scratch[0, row] = _badness(g, t, t.then[row], op)
    best_first(t, at.gone)


@raw_kernel
def _badness(g, t, row, returned):  # type: ignore[no-untyped-def]
    """The less, the more open results have taken effect, and the fewer adds; see the top of this file.

    An add costs more, the later it returns. Some noise keeps rows that are much alike apart.
    """
    at, code, badness = t.at, np.uint64(row[STATE]), 0
    for i in range(at.open):
        slot = t.slots[i]
        op = np.int64(t.op_of[slot])
        if op == returned:
            continue
        if not _uses(row, slot):
            if g.told[op]:
                badness += _how_far(g, g.before[op] - row[STATE]) // 4
            continue
        code = (code ^ np.uint64(slot + 1)) * np.uint64(0x9E3779B97F4A7C15)
        if t.ret[op] == NEVER:
            badness += _UNKNOWN
        elif g.told[op]:
            badness -= _UNIT
        else:
            badness += min(_UNIT, (t.ret[op] - at.position) * _UNIT // _SOON)
    for i in range(g.at.ahead):
        badness += _how_far(g, g.ahead[i] - row[STATE]) // 8
    return badness + np.int64(code >> np.uint64(60)) * _UNIT // 16


@raw_kernel
def _how_far(g, difference):  # type: ignore[no-untyped-def]
    """How far a sum is from another one: `_UNIT` for the mean of what is added."""
    return min(_FAR * _UNIT, _UNIT * min(abs(difference), _FAR * g.at.mean) // g.at.mean)
