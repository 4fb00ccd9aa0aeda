"""Registers with any values: a set of lazy linearizations, swept along the events.

This is just-in-time linearization (Lowe, "Testing for linearizability", CCPE 2017, section 5), a set of configurations
moved from return to return, made lazy in one more way: *an operation is given its place, if need be in the past, only
when its return forces that*, and then only as few others with it as it needs.

A linearization of a register is a row of *segments*, each begun by a write (the first by nothing), followed by
compare-and-sets that each need the value before them; reads stand anywhere in between:

    W1 . C12 . C25 | W3 . | W4 . C41 . C17 <- end        . a place for reads and loops   | a boundary

A configuration knows only beginnings of the segments, without loops. When an operation returns without a place, it gets
one, with the fewest open operations that lead to the value it needs, in one of these ways:

    end       compare-and-sets at the end, then the operation
    new       a new segment at the end: a write, compare-and-sets, the operation. The old end becomes a boundary
    hidden    the same, but right before the last segment, where it changes nothing that follows
    boundary  compare-and-sets at the end of a segment that is not the last, then the operation: a write follows
    loop      compare-and-sets from a value that was there back to it, with the operation among them

*Where in the past?* An operation may stand before another only if it was called before the other returned. So every
place has a deadline D, the first return of an operation behind it (infinite at the end), and takes what was called
before D. Whatever is placed returns now or later, so nothing that stands before it is called after its return, and of
two places for the same purpose the one with the later deadline is better.

*Complete.* Let L be a linearization of the whole history. Keep of each segment of L the shortest beginning, with closed
loops of compare-and-sets left out, that holds what has returned: by induction this is a configuration of the sweep, or
one is kept that is at least as good, because what is missing when an operation returns is the rest of a segment up to
it (end, boundary), such a rest of a new segment (new, hidden), or a loop around it, and what L puts between two values
can be had without visiting a value twice. A new segment hidden earlier in L can as well stand right before the last.

*At least as good* (`_dominates`): the same value at the end; the same definite compare-and-sets used; no write and no
unknown operation used that the other has not (but a write may be unused if it can hide for free); places, boundaries
and hiding place with deadlines no earlier. Of operations with equal values one that returns later and was called
earlier stays, if another serves as well.

The set is kept to a width, and of the unknown operations of one class only so many are open that a quarter of the
width is reached: those called first, which fit wherever the others do. If nothing ever had to be dropped, dying out
means "invalid", otherwise the sweep is repeated wider. An unknown operation that all configurations have used is
closed, so that the rows are as long as what is open, not as what was ever lost.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from clew.checkers.deadline import Deadline
from clew.checkers.decision import Decision
from clew.checkers.forms import RegisterForm
from clew.checkers.kernel import copy, kernel
from clew.checkers.lazy.configuration import (
    COUNT,
    DROPPED,
    ENTRIES,
    FIXED,
    FULL,
    INFINITE,
    LOG,
    OPEN,
    POSITION,
    RETURNS,
    USED,
    WORK,
)
from clew.checkers.lazy.insertion_log import collect, linearization
from clew.checkers.lazy.placement import place_all
from clew.checkers.verdict import Budget, Why

_NARROWEST, _WIDER = 8, 4
_WORK_PER_VISIT = 1_000_000

_DONE, _DEAD, _PAUSE, _ROOM, _LOG_FULL = 0, 1, 2, 3, 4

_CLOSE_EVERY = 16


def decide(
    form: RegisterForm,
    budget: Budget,
    deadline: Deadline,
    widths: Iterable[int] | None = None,
    steps: int | None = None,
) -> Decision:
    """Decide a problem of a register, with one sweep after the other of these widths: 8, 32, 128 ... as memory allows.
    See `Decision`.

    `widths`, and `steps` for each sweep, bound the search by something that is the same on every machine; when they are
    used up, the answer is "unknown" for "time".
    """
    best: list[int] = []
    for width in widths or (_NARROWEST * _WIDER**number for number in itertools.count()):
        decision, dropped = _sweep(form, width, budget, deadline, steps)
        if len(decision.order) > len(best):
            best = decision.order
        if decision.answer == "valid" or (decision.answer == "invalid" and not dropped):
            return decision
        if decision.answer == "unknown" and (decision.why == "memory" or deadline.passed()):
            return Decision("unknown", order=best, why=decision.why, engine="lazy")
    return Decision("unknown", order=best, why="time", engine="lazy")


def _sweep(
    form: RegisterForm, width: int, budget: Budget, deadline: Deadline, steps: int | None
) -> tuple[Decision, bool]:
    """One sweep with at most so many configurations, and whether it had to drop some."""
    problem = form.problem
    count = len(problem)
    if not count:
        return Decision("valid", engine="lazy"), False
    ret = np.minimum(problem.ret, np.int64(INFINITE)).astype(np.int32)
    call = problem.call.astype(np.int32)
    kind, needs, sets = form.kind, form.needs.astype(np.int32), form.sets.astype(np.int32)
    sizes = np.array([16, 16, 16], np.int64)
    if 2 * width * _length(sizes) * np.dtype(np.int32).itemsize > budget.bytes:
        return Decision("unknown", why="memory", engine="lazy"), True
    now = _rows(width, sizes)
    then = _rows(width, sizes)
    now[0, :FIXED] = (form.initial, -1, -1, -1, 0, 0, 0, -1)
    registers = np.zeros(9, np.int64)
    registers[COUNT] = 1
    open_ops = np.empty(count, np.int32)
    log = np.empty((max(1 << 12, 4 * count), 3), np.int32)
    by_value = np.zeros((form.values, 6), np.int32)
    chain = np.full(count, -1, np.int32)
    stamps = np.zeros(count, np.int64)
    path = np.empty(count + 2, np.int32)
    values = np.empty(count + 3, np.int32)
    _, cls = np.unique(np.stack((kind, needs, sets)), axis=1, return_inverse=True)
    unknown = np.zeros(int(cls.max()) + 1, np.int64)
    cramped = -1
    visits = 0
    why: Why | None = None
    while True:
        status = _advance(
            problem.event_op, problem.event_return, call, ret, kind, needs, sets, now, then, sizes, registers, open_ops,
            log, by_value, chain, stamps, path, values, cls, unknown,
        )  # fmt: skip
        if status in (_DONE, _DEAD):
            break
        if status == _ROOM:
            sizes[registers[FULL]] *= 2
            now, then = _wider(now, int(registers[COUNT]), width, sizes, int(registers[FULL]))
        elif status == _LOG_FULL:
            kept = collect(log, int(registers[ENTRIES]), now, int(registers[COUNT]))
            registers[ENTRIES] = kept
            if 2 * kept > len(log) or cramped == registers[POSITION]:
                log = np.concatenate((log, np.empty_like(log)))
            cramped = int(registers[POSITION])
        if now.nbytes + then.nbytes + log.nbytes > budget.bytes:
            why = "memory"
            break
        visits += status == _PAUSE
        if deadline.passed() or (steps is not None and visits * _WORK_PER_VISIT >= steps):
            why = "time"
            break
    order = linearization(log, int(now[0, LOG]), count)
    if why is not None:
        return Decision("unknown", order=order, why=why, engine="lazy"), True
    if status == _DONE:
        return Decision("valid", order=order, engine="lazy"), False
    stuck = int(registers[POSITION])
    return Decision("invalid", order=order, stuck=stuck, engine="lazy"), bool(registers[DROPPED])


def _length(sizes: NDArray[np.int64]) -> int:
    return FIXED + int(sizes[0] + 3 * sizes[1] + 3 * sizes[2])


def _rows(width: int, sizes: NDArray[np.int64]) -> NDArray[np.int32]:
    return np.zeros((width, _length(sizes)), np.int32)


def _wider(
    now: NDArray[np.int32], count: int, width: int, sizes: NDArray[np.int64], grown: int
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """The configurations in rows with twice the room for one of their three lists."""
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


@kernel
def _advance(  # type: ignore[no-untyped-def]
    event_op, event_return, call, ret, kind, needs, sets, now, then, sizes, registers, open_ops, log, by_value,
    chain, stamps, path, values, cls, unknown,
):  # fmt: skip
    """Sweep on from where `registers` say, until the end (_DONE), a return that no configuration survives (_DEAD), or
    until Python has to look at the deadline (_PAUSE) or make room (_ROOM in the list `registers[FULL]`, _LOG_FULL)."""
    while registers[POSITION] < len(event_op):
        position = registers[POSITION]
        op = event_op[position]
        if not event_return[position]:
            if ret[op] == INFINITE:
                if unknown[cls[op]] >= len(now) // 4:
                    registers[DROPPED] = 1
                    registers[POSITION] = position + 1
                    continue
                unknown[cls[op]] += 1
            open_ops[registers[OPEN]] = op
            registers[OPEN] += 1
            registers[POSITION] = position + 1
            continue
        if registers[WORK] > _WORK_PER_VISIT:
            registers[WORK] = 0
            return _PAUSE
        entries, dropped = registers[ENTRIES], registers[DROPPED]
        registers[FULL] = -1
        count = place_all(
            op, position, call, ret, kind, needs, sets, now, then, sizes, registers, open_ops, log, by_value, chain,
            stamps, path, values,
        )  # fmt: skip
        if registers[FULL] >= 0:
            registers[ENTRIES], registers[DROPPED] = entries, dropped
            return _LOG_FULL if registers[FULL] == 3 else _ROOM
        if count == 0:
            return _DEAD
        for row in range(count):
            copy(then[row], now[row])
        registers[COUNT] = count
        registers[POSITION] = position + 1
        _close(op, open_ops, registers)
        registers[RETURNS] += 1
        if registers[RETURNS] % _CLOSE_EVERY == 0:
            i = now[0, USED] - 1
            while i >= 0:
                z = now[0, FIXED + i]
                if ret[z] == INFINITE and _used_by_all(z, now, count):
                    _close(z, open_ops, registers)
                    unknown[cls[z]] -= 1
                i -= 1
    return _DONE


@kernel
def _close(op, open_ops, registers):  # type: ignore[no-untyped-def]
    """Take an operation off the list of open ones."""
    at = 0
    while open_ops[at] != op:
        at += 1
    registers[OPEN] -= 1
    for i in range(at, registers[OPEN]):
        open_ops[i] = open_ops[i + 1]


@kernel
def _used_by_all(op, now, count):  # type: ignore[no-untyped-def]
    """Whether every configuration has used an operation; if so, none needs to know any more."""
    for number in range(count):
        row = now[number]
        at = 0
        while at < row[USED] and row[FIXED + at] != op:
            at += 1
        if at == row[USED]:
            return False
    for number in range(count):
        row = now[number]
        at = 0
        while row[FIXED + at] != op:
            at += 1
        row[USED] -= 1
        for i in range(at, row[USED]):
            row[FIXED + i] = row[FIXED + i + 1]
    return True
