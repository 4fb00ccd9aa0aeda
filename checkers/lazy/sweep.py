"""Registers with any values: a set of lazy linearizations, swept along the events.

This is just-in-time linearization (Lowe, "Testing for linearizability", CCPE 29(4), 2017, section 5), which moves a set
of configurations from return to return. It is lazy in one more way: *an operation gets its place only when its return
forces that*, in the past if necessary, and then as few others with it as it needs.

A linearization of a register is a row of *segments*. Each is begun by a write (the first by nothing) and continued by
compare-and-sets that each need the value before them. Reads stand anywhere in between:

    W1 . C12 . C25 | W3 . | W4 . C41 . C17 <- end        . a place for reads and loops   | a boundary

A configuration knows only beginnings of the segments, without loops. When an operation returns without a place, it gets
one, together with the fewest open operations that lead to the value it needs. There are five ways:

    end       compare-and-sets at the end, then the operation
    new       a new segment at the end: a write, compare-and-sets, the operation. The old end becomes a boundary
    hidden    the same, but right before the last segment, where it changes nothing that follows
    boundary  compare-and-sets at the end of a segment that is not the last, then the operation: a write follows
    loop      compare-and-sets from a value that the register held back to it, with the operation among them

*Where in the past?* An operation may stand before another one only if it was called before the other returned. So every
place has a deadline D, the first return of an operation behind it (infinite at the end), and takes operations called
before D. Whatever is placed returns now or later, so nothing that stands before it is called after its return. Of two
places for the same purpose, the one with the later deadline is better.

*It is complete.* Let L be a linearization of the whole history. Keep of each segment of L the shortest beginning that
holds what has returned, without closed loops of compare-and-sets. By induction this is a configuration of the sweep, or
the sweep has one that is at least as good. When an operation returns, what is missing is one of these: the rest of a
segment up to the operation (end, boundary), such a rest of a new segment (new, hidden), or a loop around the operation
(loop). A path of L between two values can be cut until it visits no value twice. And a new segment that L hides earlier
can as well stand right before the last one.

*At least as good* (`dominates`) means: the same value at the end; the same compare-and-sets of known outcome used; no
write and no operation of unknown outcome used that the other has not used (but a write may be unused if it can hide for
free); places, boundaries and hiding place with deadlines no earlier. Of operations with equal values, one that returns
later and was called earlier stays unused if another one serves as well.

*The width.* The set is kept to a width. Of the unknown operations of one class, only as many are open as fill a quarter
of the width: those called first, which fit wherever the others do. If nothing ever had to be dropped and no
configuration is left, the answer is "invalid". Otherwise the sweep is repeated wider. An unknown operation that all
configurations have used is closed, so the rows are as long as what is open and not as what was ever lost.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from clew.checkers.deadline import Deadline
from clew.checkers.decision import Decision
from clew.checkers.forms import RegisterForm
from clew.checkers.kernel import inlined, raw_kernel
from clew.checkers.lazy.configuration import (
    BY_VALUE,
    ENTRY,
    FIXED,
    INFINITE,
    LOG,
    PATH_SEARCH,
    REGISTERS,
    USED,
    Tables,
    copy_row,
)
from clew.checkers.lazy.insertion_log import collect, linearization
from clew.checkers.lazy.placement import place_all
from clew.checkers.verdict import Budget, Why

_NARROWEST = 8
"""Configurations that the first sweep keeps. They decide 14 of the 32 kinds of histories in the grid of
`tests.benchmarks.checker`, and a narrow sweep costs little if it fails."""
_WIDER = 4
"""How many times as many each next sweep keeps: all the failed ones together cost a third of the last."""
WORK_PER_VISIT = 1_000_000
"""Ways tried and steps on paths until Python may look at the deadline: measured, 5 to 70 milliseconds."""
_FIRST_ROOM = 16
"""Entries in each of the three lists of a row at first: enough for a few open operations. It grows by doubling."""
_FIRST_LOG = 1 << 12
"""Entries of the log at first, 48 KB, or four for each operation."""
_CLOSE_EVERY = 16
"""Returns between two looks for operations that all configurations have used; see `clew.checkers.linear`."""

_DONE, _DEAD, _PAUSE, _ROOM, _LOG_FULL = range(5)
"""What a visit ends with: the end is reached; no configuration survived a return; it is time to look at the deadline; a
list of a row is full; the log is full."""


def decide(
    form: RegisterForm,
    budget: Budget,
    deadline: Deadline,
    widths: Iterable[int] | None = None,
    steps: int | None = None,
) -> Decision:
    """Decide a problem of a register by one sweep after the other, each wider: 8, 32, 128, ... as memory allows.

    `widths`, and `steps` for each sweep, bound the search by something that is the same on every machine. When they are
    used up, the answer is "unknown" and `why` is "time".
    """
    best: list[int] = []
    for width in widths or (_NARROWEST * _WIDER**number for number in itertools.count()):
        decision, dropped = _sweep(form, width, budget, deadline, steps)
        if len(decision.order) > len(best):
            best = decision.order
        if decision.answer == "valid" or (decision.answer == "invalid" and not dropped):
            return decision
        if decision.answer == "unknown" and decision.why == "memory":
            return Decision("unknown", order=best, why="memory", engine="lazy")
        if deadline.passed():
            break
    return Decision("unknown", order=best, why="time", engine="lazy")


def _sweep(
    form: RegisterForm, width: int, budget: Budget, deadline: Deadline, steps: int | None
) -> tuple[Decision, bool]:
    """The decision of one sweep with at most `width` configurations, and whether it had to drop some."""
    problem = form.problem
    count = len(problem)
    if not count:
        return Decision("valid", engine="lazy"), False
    kind, needs, sets = form.kind, form.needs.astype(np.int32), form.sets.astype(np.int32)
    sizes = np.array([_FIRST_ROOM] * 3, np.int64)
    if 2 * width * _length(sizes) * np.dtype(np.int32).itemsize > budget.bytes:
        return Decision("unknown", why="memory", engine="lazy"), True
    _, cls = np.unique(np.stack((kind, needs, sets)), axis=1, return_inverse=True)
    at = np.zeros(1, REGISTERS)[0]
    at.count = 1
    t = Tables(
        at=at,
        event_op=problem.event_op,
        event_return=problem.event_return,
        call=problem.call.astype(np.int32),
        ret=np.minimum(problem.ret, np.int64(INFINITE)).astype(np.int32),
        kind=kind,
        needs=needs,
        sets=sets,
        cls=cls,
        unknown=np.zeros(int(cls.max()) + 1, np.int64),
        now=_rows(width, sizes),
        then=_rows(width, sizes),
        row=_rows(1, sizes)[0],
        sizes=sizes,
        open_ops=np.empty(count, np.int32),
        log=np.empty(max(_FIRST_LOG, 4 * count), ENTRY),
        by_value=np.zeros(form.values, BY_VALUE),
        lists=np.full((form.values, 2), -1, np.int32),
        chain=np.full(count, -1, np.int32),
        stamps=np.zeros(count, np.int64),
        path=np.empty(count + 2, np.int32),
        values=np.empty(count + 3, np.int32),
        roots=np.empty(count + 1, np.int32),
        search=np.zeros(1, PATH_SEARCH)[0],
    )
    t.now[0, :FIXED] = (form.initial, -1, -1, -1, 0, 0, 0, -1)
    cramped = -1
    why: Why | None = None
    while True:
        at.pause = at.work + WORK_PER_VISIT
        status = _advance(t)
        if status in (_DONE, _DEAD):
            break
        if status == _ROOM:
            sizes[at.full] *= 2
            if 2 * width * _length(sizes) * t.now.itemsize + t.log.nbytes > budget.bytes:
                sizes[at.full] //= 2
                why = "memory"
                break
            now, then = _wider(t.now, int(at.count), width, sizes, int(at.full))
            t = t._replace(now=now, then=then, row=_rows(1, sizes)[0])
        elif status == _LOG_FULL:
            kept = collect(t.log, int(at.entries), t.now, int(at.count))
            at.entries = kept
            if 2 * kept > len(t.log) or cramped == at.position:
                t = t._replace(log=np.concatenate((t.log, np.empty_like(t.log))))
            cramped = int(at.position)
        if t.now.nbytes + t.then.nbytes + t.log.nbytes > budget.bytes:
            why = "memory"
            break
        if deadline.passed() or (steps is not None and at.work >= steps):
            why = "time"
            break
    order = linearization(t.log, int(t.now[0, LOG]), count)
    if why is not None:
        return Decision("unknown", order=order, why=why, engine="lazy"), True
    if status == _DONE:
        return Decision("valid", order=order, engine="lazy"), False
    stuck = int(at.position)
    return Decision("invalid", order=order, stuck=stuck, engine="lazy"), bool(at.dropped)


def _length(sizes: NDArray[np.int64]) -> int:
    return FIXED + int(sizes[0] + 3 * sizes[1] + 3 * sizes[2])


def _rows(width: int, sizes: NDArray[np.int64]) -> NDArray[np.int32]:
    return np.zeros((width, _length(sizes)), np.int32)


def _wider(
    now: NDArray[np.int32], count: int, width: int, sizes: NDArray[np.int64], grown: int
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """The configurations in rows with twice the room for one of their three lists, `grown`."""
    before = sizes.copy()
    before[grown] //= 2
    larger, source, target = _rows(width, sizes), FIXED, FIXED
    larger[:count, :FIXED] = now[:count, :FIXED]
    for part, scale in enumerate((1, 3, 3)):
        length = int(before[part]) * scale
        larger[:count, target : target + length] = now[:count, source : source + length]
        source += length
        target += int(sizes[part]) * scale
    return larger, _rows(width, sizes)


@raw_kernel
def _advance(t):  # type: ignore[no-untyped-def]
    """Sweep on to the end; returns a status. It can be called again after _PAUSE, _ROOM and _LOG_FULL."""
    while t.at.position < len(t.event_op):
        position = t.at.position
        op = t.event_op[position]
        if not t.event_return[position]:
            if t.ret[op] == INFINITE:
                if t.unknown[t.cls[op]] >= len(t.now) // 4:
                    t.at.dropped = 1
                    t.at.position = position + 1
                    continue
                t.unknown[t.cls[op]] += 1
            t.open_ops[t.at.open] = op
            t.at.open += 1
            t.at.position = position + 1
            continue
        if t.at.halfway == 0:
            t.at.entries_before, t.at.dropped_before = t.at.entries, t.at.dropped
        t.at.full = -1
        count = place_all(t, op, position)
        if t.at.full >= 0:
            t.at.entries, t.at.dropped = t.at.entries_before, t.at.dropped_before
            return _LOG_FULL if t.at.full == 3 else _ROOM
        if t.at.halfway == 1:
            return _PAUSE
        if count == 0:
            return _DEAD
        for row in range(count):
            copy_row(t.then[row], t.now[row])
        t.at.count = count
        t.at.position = position + 1
        _close(t, op)
        t.at.returns += 1
        if t.at.returns % _CLOSE_EVERY == 0:
            i = t.now[0, USED] - 1
            while i >= 0:
                z = t.now[0, FIXED + i]
                if t.ret[z] == INFINITE and _used_by_all(t, z, count):
                    _close(t, z)
                    t.unknown[t.cls[z]] -= 1
                i -= 1
    return _DONE


@inlined
def _close(t, op):  # type: ignore[no-untyped-def]
    """Take an operation off the list of open ones."""
    at = 0
    while t.open_ops[at] != op:
        at += 1
    t.at.open -= 1
    for i in range(at, t.at.open):
        t.open_ops[i] = t.open_ops[i + 1]


@inlined
def _used_by_all(t, op, count):  # type: ignore[no-untyped-def]
    """Whether every configuration has used an operation. If so, it is taken out of all: it makes no difference now."""
    for number in range(count):
        row = t.now[number]
        at = 0
        while at < row[USED] and row[FIXED + at] != op:
            at += 1
        if at == row[USED]:
            return False
    for number in range(count):
        row = t.now[number]
        at = 0
        while row[FIXED + at] != op:
            at += 1
        row[USED] -= 1
        for i in range(at, row[USED]):
            row[FIXED + i] = row[FIXED + i + 1]
    return True
