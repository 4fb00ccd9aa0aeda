"""The kernels of `clew.checkers.newest`: configurations, moved over one event after the other."""

from __future__ import annotations

import numpy as np

from clew.checkers.contents.rows import bit, has
from clew.checkers.encoding import NEVER
from clew.checkers.forms import EMPTIES, PUTS, TAKES, TAKES_ANY
from clew.checkers.kernel import inlined, kernel, raw_kernel
from clew.checkers.linear.configurations import list_open, unlist
from clew.checkers.linear.rows import copy_row
from clew.checkers.newest.diagram import (
    RELABELLED,
    WITHOUT,
    bare_among,
    compute,
    element_of,
    label_of,
    pushed,
    union,
)
from clew.checkers.newest.rows import GONE, MET, keep_cheapest, put, thin, trace, use
from clew.checkers.newest.tables import (
    BARE,
    BITS,
    ENTRY,
    FILLS,
    FINDS_NOTHING,
    LOSES,
    NOTHING,
    POPS,
    PRICE,
    PUSHES,
    READY,
    RELABELS,
    SERVES,
    STATE,
    STAYS,
)

THERE, DEAD, PAUSE, ROOM = range(4)
"""What a visit ends with: it came to the end; no configuration is left; it is time to look at the deadline; a table is
full."""
_BEGIN, _SOURCES, _LEVELS, _LABELS = range(4)
"""Phases of a return."""
_CLOSE_EVERY = 16
"""Returns after which operations that all configurations have used are closed."""


@kernel
def advance(t, until):  # type: ignore[no-untyped-def]
    """Sweep on to the position `until`; returns a status. It can be called again after all but DEAD."""
    at = t.at
    while at.position < until:
        if at.work >= at.pause:
            return PAUSE
        op = np.int64(t.event_op[at.position])
        if t.event_return[at.position]:
            status = _return(t, op)
            if status != THERE:
                return status
            at.phase = _BEGIN
            if at.gone == 0:
                return DEAD
            _go_on_after(t, op)
        else:
            if not _call(t, op):
                return ROOM
        at.position += 1
    return THERE


@inlined
def _call(t, op):  # type: ignore[no-untyped-def]
    """Open an operation. False if there is no slot for it."""
    at, slot = t.at, 0
    while slot < len(t.op_of) and t.op_of[slot] >= 0:
        slot += 1
    if slot == len(t.op_of):
        return False
    t.op_of[slot] = op
    t.slot_of[op] = slot
    list_open(t, slot)
    if t.kind[op] == EMPTIES:
        t.empties[slot >> 6] |= bit(slot)
    if t.kind[op] == PUTS and t.ret[op] != NEVER:
        t.calls[at.pushes] = t.call[op] + 1
        at.pushes += 1
    return True


@raw_kernel
def _close(t, op):  # type: ignore[no-untyped-def]
    """Take an operation off the list of open ones; its slot is free."""
    slot = t.slot_of[op]
    unlist(t, slot)
    t.op_of[slot] = -1
    t.empties[slot >> 6] &= ~bit(slot)


@inlined
def _return(t, op):  # type: ignore[no-untyped-def]
    """The rows behind the return of an operation, into `gone`. After all but THERE it can be called again."""
    at = t.at
    if at.phase == _BEGIN:
        at.phase = _SOURCES
        at.stamp += 1
        at.source, at.gone, at.met = 0, 0, 0
        for level in range(len(t.levels)):
            t.levels[level] = -1
        if t.kind[op] == PUTS:
            _list_labels(t, op)
    while at.phase == _SOURCES:
        if at.source == at.count:
            at.phase, at.level, at.source = _LEVELS, 0, -1
            while at.level < len(t.levels) and t.levels[at.level] < 0:
                at.level += 1
            if at.level < len(t.levels):
                at.source = t.levels[at.level]
            break
        if at.work >= at.pause:
            return PAUSE
        if not _room(t):
            return ROOM
        _from_source(t, op, t.now[at.source])
        if at.full:
            return ROOM
        at.source += 1
    while at.phase == _LEVELS:
        if at.source < 0:
            at.phase, at.source = _LABELS, 0
            break
        if at.work >= at.pause:
            return PAUSE
        if not _room(t):
            return ROOM
        if at.gone > 0 and t.met[at.source, PRICE] > at.least + at.slack:
            at.dropped = 1
        else:
            _go_on_from(t, op, t.met[at.source])
            if at.full:
                return ROOM
        at.source = t.behind[at.source]
        while at.source < 0 and at.level + 1 < len(t.levels):
            at.level += 1
            thin(t)
            at.source = t.levels[at.level]
    while at.phase == _LABELS and t.kind[op] == PUTS and at.source < at.gone:
        if at.work >= at.pause:
            return PAUSE
        if not _room(t):
            return ROOM
        row = t.gone[at.source]
        state = compute(t, RELABELLED, row[STATE], np.int64(NOTHING))
        if at.full:
            return ROOM
        row[STATE] = state
        if at.tracing:
            before = row[ENTRY]
            row[ENTRY] = at.entries
            at.entries += 1
            t.entry_edge[row[ENTRY]] = -1
            trace(t, row, before, RELABELS, op, at.new)
        at.source += 1
    return THERE


@raw_kernel
def _list_labels(t, op):  # type: ignore[no-untyped-def]
    """Take the label of a push that returns off the list: the one before it takes its place."""
    at = t.at
    at.value, at.call, at.top = t.element[op], t.call[op] + 1, t.calls[at.pushes - 1]
    place = 0
    while t.calls[place] != at.call:
        place += 1
    at.old, at.new = at.call, t.calls[place - 1]
    at.pushes -= 1
    for later in range(place, at.pushes):
        t.calls[later] = t.calls[later + 1]


@raw_kernel
def _room(t):  # type: ignore[no-untyped-def]
    """Whether there is room for all rows that can come from one."""
    at = t.at
    most = 2 * at.open + 4
    if max(at.gone, at.met) + most > len(t.met):
        return False
    return not at.tracing or (at.entries + most <= len(t.entry_edge) and at.edges + most <= len(t.edge))


@raw_kernel
def _from_source(t, op, source):  # type: ignore[no-untyped-def]
    """From a row of `now`: to `gone` if the operation has taken effect, or does so with a push that is open still; and
    to `met`."""
    at, slot, row = t.at, t.slot_of[op], t.row
    copy_row(source, row)
    row[READY] = 1
    if has(row, BITS, slot):
        row[BITS + (slot >> 6)] &= ~bit(slot)
        row[PRICE] -= t.kind[op] != EMPTIES
        put(t, GONE, row, source[ENTRY], STAYS, op, op)
        return
    if t.kind[op] == TAKES:
        # Where its element is on top, it may as well pop that: the push can take its place later.
        others = compute(t, WITHOUT, source[STATE], t.element[op])
        lost = False
        for number in range(at.open):
            push = t.op_of[t.slots[number]]
            if others == NOTHING or at.full:
                break
            if t.kind[push] != PUTS or t.element[push] != t.element[op] or has(source, BITS, t.slot_of[push]):
                continue
            if t.ret[push] == NEVER:
                # Unknown pushes are equal.
                if lost:
                    continue
                lost = True
            elif _is_within_another(t, source, push):
                continue
            copy_row(source, row)
            row[READY], row[STATE] = 1, others
            use(t, row, push)
            put(t, GONE, row, source[ENTRY], SERVES, op, push)
    if at.full:
        return
    copy_row(source, row)
    row[READY] = 1
    put(t, MET, row, source[ENTRY], STAYS, op, op)


@raw_kernel
def _is_within_another(t, row, push):  # type: ignore[no-untyped-def]
    """Whether an equal push that is not used was called later and returns sooner: that one is the better choice."""
    for number in range(t.at.open):
        other = t.op_of[t.slots[number]]
        if t.ret[other] >= t.ret[push]:
            return False
        if (
            t.kind[other] == PUTS
            and t.element[other] == t.element[push]
            and t.call[other] > t.call[push]
            and not has(row, BITS, t.slot_of[other])
        ):
            return True
    return False


@raw_kernel
def _go_on_from(t, op, source):  # type: ignore[no-untyped-def]
    """From a row of `met`: let the operation take effect, or another pop before it."""
    at, row, kind = t.at, t.row, t.kind[op]
    if kind == PUTS:
        if source[READY]:
            copy_row(source, row)
            row[STATE] = pushed(t, source[STATE], at.top)
            if at.full:
                return
            put(t, GONE, row, source[ENTRY], PUSHES, op, at.top)
        if bare_among(t, source[STATE]) and _find_nothing(t, source, row):
            row[STATE] = pushed(t, np.int64(BARE), at.top)
            if at.full:
                return
            put(t, GONE, row, source[ENTRY], FILLS, op, at.top)
    elif kind == EMPTIES:
        if bare_among(t, source[STATE]):
            _find_nothing(t, source, row)
            slot = t.slot_of[op]
            row[BITS + (slot >> 6)] &= ~bit(slot)
            put(t, GONE, row, source[ENTRY], FINDS_NOTHING, op, op)
    else:
        _pop(t, op, op, source, GONE)
    at.visit += 1
    for number in range(at.open):
        other = t.op_of[t.slots[number]]
        if at.full:
            return
        if (t.kind[other] != TAKES and t.kind[other] != TAKES_ANY) or has(source, BITS, t.slot_of[other]):
            continue
        # Of equal pops the one that returns first.
        which = t.element[other]
        if t.tried[which] == at.visit or (kind == TAKES and which == t.element[op]):
            continue
        t.tried[which] = at.visit
        _pop(t, op, other, source, MET)


@raw_kernel
def _find_nothing(t, source, row):  # type: ignore[no-untyped-def]
    """Make a row of the bare stack in which all open pops that found nothing have taken effect; whether any had not."""
    copy_row(source, row)
    row[STATE], row[READY] = BARE, 1
    any_left = False
    for word in range(len(t.empties)):
        any_left = any_left or t.empties[word] & ~row[BITS + word] != 0
        row[BITS + word] |= t.empties[word]
    return any_left


@raw_kernel
def _pop(t, op, pop, source, which):  # type: ignore[no-untyped-def]
    """Let a pop take what is on top, in all stacks of a row where it can, at the return of `op`."""
    at, row, slot = t.at, t.row, t.slot_of[pop]
    known = t.kind[pop] == TAKES
    top = np.int64(source[STATE])
    for ready in range(2):
        state, stacks = np.int64(NOTHING), top
        while stacks > BARE:
            at.work += 1
            symbol = t.nodes[stacks].symbol
            if known and element_of(symbol) > t.element[pop]:
                break
            # A push need not wait for a pop of something below which it can be inserted.
            is_ready = t.kind[op] != PUTS or label_of(symbol) < at.call
            if (not known or element_of(symbol) == t.element[pop]) and is_ready == (ready == 1):
                state = union(t, state, np.int64(t.nodes[stacks].below))
                if at.full:
                    return
            stacks = np.int64(t.nodes[stacks].other)
        if state == NOTHING:
            continue
        copy_row(source, row)
        row[STATE], row[READY] = state, ready
        if which == MET:
            use(t, row, pop)
        else:
            row[BITS + (slot >> 6)] &= ~bit(slot)
        put(t, which, row, source[ENTRY], POPS if known else LOSES, pop, pop)
        if at.full:
            return


@inlined
def _go_on_after(t, op):  # type: ignore[no-untyped-def]
    """Go on from the rows behind a return. What makes no difference any more is closed."""
    at = t.at
    keep_cheapest(t)
    at.work += at.gone
    _close(t, op)
    at.returns += 1
    if at.returns % _CLOSE_EVERY == 0:
        # Unknown and used by all: it makes no difference any more.
        place = at.open - 1
        while place >= 0:
            other = t.op_of[t.slots[place]]
            slot = t.slot_of[other]
            if t.ret[other] != NEVER:
                break
            by_all = True
            for number in range(at.count):
                by_all = by_all and has(t.now[number], BITS, slot)
            at.work += at.count
            if by_all:
                _close(t, other)
                for number in range(at.count):
                    t.now[number, BITS + (slot >> 6)] &= ~bit(slot)
            place -= 1
