"""The kernels of `clew.checkers.contents`: configurations, moved over one event after the other."""

from __future__ import annotations

import numpy as np

from clew.checkers.contents.rows import add, bit, has, keep_best, use
from clew.checkers.contents.tables import (
    AHEAD,
    APPENDING,
    APPENDS,
    BITS,
    CLOSED,
    DIFFERS,
    ENSURES,
    LOOSE,
    LOST,
    NOT_CALLED,
    OBSERVING,
    PRICE,
    READS,
    STATE,
    SWAPS,
    UNKNOWN,
    WRITES,
)
from clew.checkers.encoding import NEVER
from clew.checkers.kernel import inlined, kernel, raw_kernel
from clew.checkers.linear.configurations import list_open, unlist
from clew.checkers.linear.rows import copy_row
from clew.checkers.linear.waiting import NONE, cheapest, go_on_without, nobody_waits, wait
from clew.checkers.memo import UNASKED, lookup

THERE, DEAD, PAUSE, ROWS, LOG_FULL = range(5)
"""What a visit ends with: it came to the end; no configuration is left; it is time to look at the deadline; there is no
room for more configurations, or for more entries of the log."""
_CLOSE_EVERY = 16
"""Returns after which operations that all configurations have used are closed."""
_MET = 8
"""Configurations that are looked at at a return, for each one that is kept."""


@raw_kernel
def _finds(t, op, state):  # type: ignore[no-untyped-def]
    """Whether the content is one that an operation seeks."""
    return t.ops[op].sought <= state < t.ops[op].beyond or (state == t.ops[op].instead and state != LOST)


@raw_kernel
def _leads(t, state, op):  # type: ignore[no-untyped-def]
    """Whether the content is what an operation must find, or can grow to be that."""
    if t.grows:
        return state != LOST and state <= t.ops[op].sought < t.end[state]
    return _finds(t, op, state)


@raw_kernel
def _seen(t, node):  # type: ignore[no-untyped-def]
    """The node that stands for a content: its own, or LOST if nobody can find it any more.

    If nothing is appended, a key may be sought of which the content is lost: then it is the node of the key.
    """
    while node != LOST and t.alive[node] == 0:
        node = LOST if t.grows or t.parent[node] == 0 else t.parent[node]
    return node


@raw_kernel
def _hopeless(t, row):  # type: ignore[no-untyped-def]
    """Whether something must be found that this content does not lead to, and that nobody can write any more."""
    words = t.sets.shape[1]
    for number in range(t.at.pending):
        slot = t.pending[number, 1]
        if (slot >= 0 and has(row, BITS, slot)) or _leads(t, row[STATE], t.pending[number, 0]):
            continue
        helped = False
        for word in range(words):
            helped = helped or t.pending[number, 2 + word] & ~row[BITS + word] != 0
        if not helped:
            return True
    return False


@raw_kernel
def _look_ahead(t):  # type: ignore[no-untyped-def]
    """List what must be found by operations that are open or called soon, unless who helps is still to be called."""
    at = t.at
    at.pending = 0
    for number in range(at.open):
        _list_need(t, t.op_of[t.slots[number]])
    for event in range(at.position, min(at.position + AHEAD, len(t.event_op))):
        if not t.event_return[event]:
            _list_need(t, np.int64(t.event_op[event]))


@raw_kernel
def _list_need(t, op):  # type: ignore[no-untyped-def]
    """Put what an operation must find into `pending`, unless who helps is still to be called."""
    at, words = t.at, t.sets.shape[1]
    kind = t.ops[op].kind
    if (kind not in (READS, SWAPS, ENSURES)) or t.ret[op] == NEVER or at.pending == len(t.pending):
        return
    need = t.pending[at.pending]
    need[0] = op
    need[1] = t.ops[op].slot
    for word in range(words):
        need[2 + word] = 0
    for place in range(t.ops[op].helpers, t.ops[op + 1].helpers):
        at.work += 1
        slot = t.ops[t.helpers[place]].slot
        if slot == NOT_CALLED:
            return
        if slot != CLOSED:
            need[2 + (slot >> 6)] |= bit(slot)
    at.pending += 1


@raw_kernel
def _count_alive(t, op, by):  # type: ignore[no-untyped-def]
    """Count that an operation can still see, or not any more, the nodes that it seeks."""
    _count(t, t.ops[op].sought, by)
    if t.ops[op].instead >= 0:
        _count(t, t.ops[op].instead, by)


@raw_kernel
def _count(t, node, by):  # type: ignore[no-untyped-def]
    """Count one more, or one fewer, who can still see a node, at it and at all above it."""
    t.alive[node] += by
    while t.parent[node] != node:
        node = t.parent[node]
        t.alive[node] += by
        t.at.work += 1


@raw_kernel
def advance(t, until):  # type: ignore[no-untyped-def]
    """Sweep on to the position `until`; returns a status. It can be called again after all but DEAD."""
    at = t.at
    while at.position < until:
        if at.work >= at.pause:
            return PAUSE
        while at.begun < len(t.by_begin) and t.begin[at.begun] <= at.position:
            _count_alive(t, t.by_begin[at.begun], 1)
            at.begun += 1
        op = np.int64(t.event_op[at.position])
        if t.event_return[at.position]:
            status = _return(t, op)
            if status != THERE:
                return status
            at.halfway = 0
            if at.gone == 0:
                return DEAD
            _go_on_after(t, op)
        else:
            status = _call(t, op)
            if status != THERE:
                return status
        at.position += 1
    return THERE


@inlined
def _call(t, op):  # type: ignore[no-untyped-def]
    """Open an operation. One that changes nothing takes effect at once where it is possible."""
    at = t.at
    if at.entries + at.count > len(t.log):
        return LOG_FULL
    slot = 0
    while t.op_of[slot] >= 0:
        slot += 1
    t.op_of[slot] = op
    t.ops[op].slot = slot
    list_open(t, slot)
    kind, word = t.ops[op].kind, slot >> 6
    at.work += at.count
    if kind in (READS, DIFFERS):
        t.sets[OBSERVING, word] |= bit(slot)
        for number in range(at.count):
            if _finds(t, op, t.now[number, STATE]) == (kind == READS):
                use(t, t.now[number], slot, op)
    elif t.ret[op] == NEVER:
        t.sets[UNKNOWN, word] |= bit(slot)
        for number in range(at.count):
            t.now[number, BITS + t.sets.shape[1] + word] |= bit(slot)
    elif kind in (WRITES, APPENDS):
        t.sets[LOOSE, word] |= bit(slot)
        if kind == APPENDS:
            t.sets[APPENDING, word] |= bit(slot)
    return THERE


@raw_kernel
def _close(t, slot):  # type: ignore[no-untyped-def]
    """Take an operation off the list of open ones; its slot is free."""
    unlist(t, slot)
    t.ops[t.op_of[slot]].slot = CLOSED
    t.op_of[slot] = -1
    t.sets[OBSERVING, slot >> 6] &= ~bit(slot)
    t.sets[LOOSE, slot >> 6] &= ~bit(slot)
    t.sets[APPENDING, slot >> 6] &= ~bit(slot)
    t.sets[UNKNOWN, slot >> 6] &= ~bit(slot)


@inlined
def _go_on_after(t, op):  # type: ignore[no-untyped-def]
    """Go on from the rows of `gone`. `op` has returned."""
    at, words = t.at, t.sets.shape[1]
    at.count = 0
    # Of two rows that are as good as each other, `add` may have kept the dearer one.
    at.least = t.gone[0, PRICE]
    for number in range(1, at.gone):
        at.least = min(at.least, t.gone[number, PRICE])
    if at.gone > at.width:
        keep_best(t)
    else:
        for number in range(at.gone):
            if t.gone[number, PRICE] <= at.least + at.slack:
                copy_row(t.gone[number], t.now[at.count])
                at.count += 1
            else:
                at.dropped = 1
    at.work += at.gone
    if t.ops[op].kind not in (WRITES, APPENDS):
        _count_alive(t, op, -1)
    _close(t, t.ops[op].slot)
    at.returns += 1
    if at.returns % _CLOSE_EVERY == 0:
        # Used by all: it makes no difference any more.
        for word in range(words):
            common = np.int64(-1)
            for number in range(at.count):
                common &= t.now[number, BITS + word]
            at.work += at.count
            place = at.open - 1
            while place >= 0 and common != 0:
                slot = t.slots[place]
                if slot >> 6 == word and (common >> (slot & 63)) & 1 and t.ret[t.op_of[slot]] == NEVER:
                    _close(t, slot)
                    for number in range(at.count):
                        t.now[number, BITS + word] &= ~bit(slot)
                place -= 1


@inlined
def _return(t, op):  # type: ignore[no-untyped-def]
    """The rows behind the return of an operation, into `gone`. After all but THERE it can be called again."""
    at, words = t.at, t.sets.shape[1]
    slot = t.ops[op].slot
    row = t.row
    if at.halfway == 0:
        at.halfway = 1
        at.stamp += 1
        at.source, at.gone, at.met = 0, 0, 0
        at.base = t.now[0, PRICE]
        for number in range(1, at.count):
            at.base = min(at.base, t.now[number, PRICE])
        nobody_waits(t)
        _look_ahead(t)
    while at.source < at.count:
        if at.work >= at.pause:
            return PAUSE
        if max(at.gone, at.met) + 2 > len(t.met):
            return ROWS
        at.work += 1
        copy_row(t.now[at.source], row)
        at.source += 1
        row[STATE] = _seen(t, row[STATE])
        if has(row, BITS, slot) or has(row, BITS + words, slot):
            used = has(row, BITS, slot)
            _leave(t, row, slot)
            if used:
                continue
            copy_row(t.now[at.source - 1], row)
            row[STATE] = _seen(t, row[STATE])
        _meet(t, row)
    source = cheapest(t)
    while source != NONE:
        if at.work >= at.pause:
            return PAUSE
        if at.gone > 0 and t.cost[source] + at.base > at.least + at.slack:
            at.dropped = 1
            break
        if max(at.gone, at.met) + 2 * at.open + 2 > len(t.met):
            return ROWS
        if at.entries + (at.open + 1) * (at.open + 1) > len(t.log):
            return LOG_FULL
        at.work += at.open
        at.visit += 1
        state = t.met[source, STATE]
        for number in range(at.open):
            z_slot = t.slots[number]
            z = t.op_of[z_slot]
            kind = t.ops[z].kind
            if kind in (READS, DIFFERS) or has(t.met[source], BITS, z_slot):
                continue
            # Earliest deadline first: of equal operations the one that returns first is tried. The others can take its
            # place later. One that is free is as good a reserve as one that must take effect, and better.
            effect = t.ops[z].effect
            if t.tried[0, effect] == at.visit:
                continue
            if not has(t.met[source], BITS + words, z_slot):
                t.tried[0, effect] = at.visit
            elif t.tried[1, effect] == at.visit:
                continue
            else:
                t.tried[1, effect] = at.visit
            then = LOST
            if kind == APPENDS:
                # Where nobody sees it, an append can wait until it must return, or until it is free.
                if state == LOST and z != op:
                    continue
                if state != LOST:
                    then = lookup(t.keys, t.values, state * t.pieces + t.ops[z].target)
                    then = LOST if then == UNASKED else then
            elif kind == WRITES or _finds(t, z, state):
                then = t.ops[z].target
            else:
                continue
            then = _seen(t, then)
            if then == LOST and z != op and kind not in (SWAPS, ENSURES) and not t.wary:
                continue
            copy_row(t.met[source], row)
            row[STATE] = then
            use(t, row, z_slot, z)
            if kind == WRITES:
                for word in range(words):
                    row[BITS + words + word] |= t.sets[LOOSE, word] & ~row[BITS + word]
            _observe(t, row)
            if has(row, BITS, slot):
                _leave(t, row, slot)
                continue
            if _hopeless(t, row):
                continue
            if at.met < _MET * at.width:
                _meet(t, row)
            else:
                at.dropped = 1
            if has(row, BITS + words, slot):
                _leave(t, row, slot)
        go_on_without(t, source)
        source = cheapest(t)
    return THERE


@inlined
def _observe(t, row):  # type: ignore[no-untyped-def]
    """Open operations that change nothing take effect as soon as they are possible."""
    for number in range(t.at.open):
        slot = t.slots[number]
        op = t.op_of[slot]
        kind = t.ops[op].kind
        if t.ret[op] == NEVER:
            return
        if (kind in (READS, DIFFERS)) and not has(row, BITS, slot) and _finds(t, op, row[STATE]) == (kind == READS):
            use(t, row, slot, op)


@raw_kernel
def _meet(t, row):  # type: ignore[no-untyped-def]
    """Add a row to those from which more are found, the cheapest first."""
    before = t.at.met
    t.at.met = add(t, row, t.met, before, 1)
    if t.at.met > before:
        wait(t, before, row[PRICE] - t.at.base)


@raw_kernel
def _leave(t, row, slot):  # type: ignore[no-untyped-def]
    """Add a row to those behind the return of the operation in a slot. The row is changed."""
    words = t.sets.shape[1]
    row[BITS + (slot >> 6)] |= bit(slot)  # it helps nobody any more
    if not _hopeless(t, row):
        row[BITS + (slot >> 6)] &= ~bit(slot)
        row[BITS + words + (slot >> 6)] &= ~bit(slot)
        t.at.least = row[PRICE] if t.at.gone == 0 else min(t.at.least, row[PRICE])
        t.at.gone = add(t, row, t.gone, t.at.gone, 0)


@kernel
def count_anew(t):  # type: ignore[no-untyped-def]
    """Count who can still see which nodes, after the sweep went back."""
    for node in range(len(t.alive)):
        t.alive[node] = 0
    for number in range(t.at.begun):
        op = t.by_begin[number]
        if t.ret[op] >= t.at.position:
            _count_alive(t, op, 1)
