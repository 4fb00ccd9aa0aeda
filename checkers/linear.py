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

import numpy as np
from numba import njit
from numpy.typing import NDArray

from checkers.clock import Clock
from checkers.monitors.register_form import DIFFERS, READS, SWAPS, WRITES, RegisterForm
from checkers.outcome import Outcome
from checkers.verdict import Budget, Why

WIDTHS = (8, 32, 128, 512, 2048, 8192)
_WORK_PER_VISIT = 1_000_000

_DONE, _DEAD, _PAUSE, _ROOM, _LOG_FULL = 0, 1, 2, 3, 4

# A configuration is a row: value at the end and operation before it, deadline of the hiding place and the write that
# stands behind it, counts, the latest entry of its log; then used operations, boundaries, places.
_VALUE, _LAST, _HIDE, _BEFORE, _USED, _BOUNDS, _PLACES, _LOG = range(8)
_FIXED = 8

_END, _NEW, _HIDDEN, _BOUNDARY, _LOOP, _READ_HERE, _READ_THERE, _ALREADY = range(8)
_INFINITE = np.int32(2**31 - 1)

# Registers of the sweep.
_POSITION, _COUNT, _OPEN, _ENTRIES, _DROPPED, _FULL, _STAMPED, _WORK = range(8)
_CLOSE_EVERY = 16


def decide(
    form: RegisterForm, budget: Budget, clock: Clock, widths: tuple[int, ...] = WIDTHS, steps: int | None = None
) -> Outcome:
    """Decide a problem of a register, with one sweep after the other of these widths. See `Outcome`.

    `steps` bounds each sweep by something that is the same on every machine; when they are used up, the answer is
    "unknown" for "time".
    """
    best: list[int] = []
    for width in widths:
        outcome, dropped = _sweep(form, width, budget, clock, steps)
        if len(outcome.order) > len(best):
            best = outcome.order
        if outcome.answer == "valid" or (outcome.answer == "invalid" and not dropped):
            return outcome
        if outcome.answer == "unknown" and (outcome.why == "memory" or clock.over()):
            return Outcome("unknown", order=best, why=outcome.why, engine="linear")
    return Outcome("unknown", order=best, why="memory", engine="linear")


def _sweep(form: RegisterForm, width: int, budget: Budget, clock: Clock, steps: int | None) -> tuple[Outcome, bool]:
    """One sweep with at most so many configurations, and whether it had to drop some."""
    problem = form.problem
    count = len(problem)
    if not count:
        return Outcome("valid", engine="linear"), False
    ret = np.minimum(problem.ret, np.int64(_INFINITE)).astype(np.int32)
    call = problem.call.astype(np.int32)
    kind, needs, sets = form.kind, form.needs.astype(np.int32), form.sets.astype(np.int32)
    sizes = np.array([16, 16, 16], np.int64)
    now = _rows(width, sizes)
    then = _rows(width, sizes)
    now[0, :_FIXED] = (form.initial, -1, -1, -1, 0, 0, 0, -1)
    registers = np.zeros(8, np.int64)
    registers[_COUNT] = 1
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
            sizes[registers[_FULL]] *= 2
            now, then = _wider(now, int(registers[_COUNT]), width, sizes, int(registers[_FULL]))
        elif status == _LOG_FULL:
            kept = _collect(log, int(registers[_ENTRIES]), now, int(registers[_COUNT]))
            registers[_ENTRIES] = kept
            if 2 * kept > len(log) or cramped == registers[_POSITION]:
                log = np.concatenate((log, np.empty_like(log)))
            cramped = int(registers[_POSITION])
        if now.nbytes + then.nbytes + log.nbytes > budget.bytes:
            why = "memory"
            break
        visits += status == _PAUSE
        if clock.over() or (steps is not None and visits * _WORK_PER_VISIT >= steps):
            why = "time"
            break
    order = _order(log, int(now[0, _LOG]), count)
    if why is not None:
        return Outcome("unknown", order=order, why=why, engine="linear"), True
    if status == _DONE:
        return Outcome("valid", order=order, engine="linear"), False
    stuck = int(registers[_POSITION])
    return Outcome("invalid", order=order, stuck=stuck, engine="linear"), bool(registers[_DROPPED])


def _rows(width: int, sizes: NDArray[np.int64]) -> NDArray[np.int32]:
    return np.zeros((width, _FIXED + int(sizes[0] + 3 * sizes[1] + 3 * sizes[2])), np.int32)


def _wider(
    now: NDArray[np.int32], count: int, width: int, sizes: NDArray[np.int64], grown: int
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """The configurations in rows with twice the room for one of their three lists."""
    before = sizes.copy()
    before[grown] //= 2
    larger, source, target = _rows(width, sizes), _FIXED, _FIXED
    larger[:count, :_FIXED] = now[:count, :_FIXED]
    for part, scale in enumerate((1, 3, 3)):
        length = int(before[part]) * scale
        larger[:count, target : target + length] = now[:count, source : source + length]
        source += length
        target += int(sizes[part]) * scale
    return larger, _rows(width, sizes)


def _order(log: NDArray[np.int32], entry: int, count: int) -> list[int]:
    """Replay a log: each entry puts an operation behind another (-1: first), or before one (-2 - operation)."""
    entries = []
    while entry >= 0:
        entries.append((int(log[entry, 1]), int(log[entry, 2])))
        entry = int(log[entry, 0])
    head = count
    following, preceding = {head: head}, {head: head}
    for op, anchor in reversed(entries):
        before = head if anchor == -1 else anchor if anchor >= 0 else preceding[-2 - anchor]
        after = following[before]
        following[before], following[op] = op, after
        preceding[after], preceding[op] = op, before
    order, op = [], following[head]
    while op != head:
        order.append(op)
        op = following[op]
    return order


@njit(cache=True, nogil=True)
def _collect(log, entries, now, count):  # type: ignore[no-untyped-def]
    """Throw away the entries that no configuration leads back to; returns how many are left."""
    new = np.full(entries, -1, np.int32)
    for row in range(count):
        entry = now[row, _LOG]
        while entry >= 0 and new[entry] < 0:
            new[entry] = 0
            entry = log[entry, 0]
    kept = 0
    for entry in range(entries):
        if new[entry] == 0:
            parent = log[entry, 0]
            log[kept, 0] = new[parent] if parent >= 0 else -1
            log[kept, 1] = log[entry, 1]
            log[kept, 2] = log[entry, 2]
            new[entry] = kept
            kept += 1
    for row in range(count):
        if now[row, _LOG] >= 0:
            now[row, _LOG] = new[now[row, _LOG]]
    return kept


@njit(cache=True, nogil=True)
def _floor(open_ops, opened, call, deadline):  # type: ignore[no-untyped-def]
    """The latest call of an open operation before a deadline, -1 if none: what comes later cannot use it anyway."""
    low, high = 0, opened
    while low < high:
        middle = (low + high) // 2
        if call[open_ops[middle]] <= deadline:
            low = middle + 1
        else:
            high = middle
    return call[open_ops[low - 1]] if low > 0 else -1


@njit(cache=True, nogil=True)
def _advance(  # type: ignore[no-untyped-def]
    event_op, event_return, call, ret, kind, needs, sets, now, then, sizes, registers, open_ops, log, by_value,
    chain, stamps, path, values, cls, unknown,
):  # fmt: skip
    """Sweep on from where `registers` say, until the end (_DONE), a return that no configuration survives (_DEAD), or
    until Python has to look at the clock (_PAUSE) or make room (_ROOM in the list `registers[_FULL]`, _LOG_FULL)."""
    while registers[_POSITION] < len(event_op):
        position = registers[_POSITION]
        op = event_op[position]
        if not event_return[position]:
            if ret[op] == _INFINITE:
                if unknown[cls[op]] >= len(now) // 4:
                    registers[_DROPPED] = 1
                    registers[_POSITION] = position + 1
                    continue
                unknown[cls[op]] += 1
            open_ops[registers[_OPEN]] = op
            registers[_OPEN] += 1
            registers[_POSITION] = position + 1
            continue
        if registers[_WORK] > _WORK_PER_VISIT:
            registers[_WORK] = 0
            return _PAUSE
        entries, dropped = registers[_ENTRIES], registers[_DROPPED]
        registers[_FULL] = -1
        count = _return(
            op, position, call, ret, kind, needs, sets, now, then, sizes, registers, open_ops, log, by_value, chain,
            stamps, path, values,
        )  # fmt: skip
        if registers[_FULL] >= 0:
            registers[_ENTRIES], registers[_DROPPED] = entries, dropped
            return _LOG_FULL if registers[_FULL] == 3 else _ROOM
        if count == 0:
            return _DEAD
        for row in range(count):
            now[row] = then[row]
        registers[_COUNT] = count
        registers[_POSITION] = position + 1
        _close(op, open_ops, registers)
        if position % _CLOSE_EVERY == 0:
            i = now[0, _USED] - 1
            while i >= 0:
                z = now[0, _FIXED + i]
                if ret[z] == _INFINITE and _used_by_all(z, now, count):
                    _close(z, open_ops, registers)
                    unknown[cls[z]] -= 1
                i -= 1
    return _DONE


@njit(cache=True, nogil=True)
def _close(op, open_ops, registers):  # type: ignore[no-untyped-def]
    """Take an operation off the list of open ones."""
    at = 0
    while open_ops[at] != op:
        at += 1
    registers[_OPEN] -= 1
    for i in range(at, registers[_OPEN]):
        open_ops[i] = open_ops[i + 1]


@njit(cache=True, nogil=True)
def _used_by_all(op, now, count):  # type: ignore[no-untyped-def]
    """Whether every configuration has used an operation; if so, none needs to know any more."""
    for number in range(count):
        row = now[number]
        at = 0
        while at < row[_USED] and row[_FIXED + at] != op:
            at += 1
        if at == row[_USED]:
            return False
    for number in range(count):
        row = now[number]
        at = 0
        while row[_FIXED + at] != op:
            at += 1
        row[_USED] -= 1
        for i in range(at, row[_USED]):
            row[_FIXED + i] = row[_FIXED + i + 1]
    return True


# What `by_value` holds for each value, valid if its stamp is that of the event: the first call of an open operation
# that needs the value, and of a compare-and-set that does; how many of these; the first of their list, and of the list
# of open writes. Lists are linked by `chain`, those that return first in front, of two that return at once the later
# called.
_STAMP, _NEEDED, _SWAPPED, _SWAPPERS, _SWAP_LIST, _WRITE_LIST = range(6)


@njit(cache=True, nogil=True)
def _survey(returning, position, call, ret, kind, needs, sets, registers, open_ops, by_value, chain):  # type: ignore[no-untyped-def]
    """Fill `by_value` from the open operations but the returning one. Returns the first call of those that will return,
    and the first call of a failed compare-and-set, _INFINITE where there is none."""
    oldest, differing = _INFINITE, _INFINITE
    for i in range(registers[_OPEN]):
        # A return that ran out of room is tried again at the same position.
        value = sets[open_ops[i]] if kind[open_ops[i]] == WRITES else needs[open_ops[i]]
        by_value[value, _STAMP] = 0
    for i in range(registers[_OPEN]):
        op = open_ops[i]
        if op == returning:
            continue
        if ret[op] != _INFINITE:
            oldest = min(oldest, call[op])
        if kind[op] == DIFFERS:
            differing = min(differing, call[op])
            continue
        value = sets[op] if kind[op] == WRITES else needs[op]
        entry = by_value[value]
        if entry[_STAMP] != position + 1:
            entry[_STAMP] = position + 1
            entry[_NEEDED] = _INFINITE
            entry[_SWAPPED] = _INFINITE
            entry[_SWAPPERS] = 0
            entry[_SWAP_LIST] = -1
            entry[_WRITE_LIST] = -1
        if kind[op] != WRITES:
            entry[_NEEDED] = min(entry[_NEEDED], call[op])
        if kind[op] == READS:
            continue
        if kind[op] == SWAPS:
            entry[_SWAPPED] = min(entry[_SWAPPED], call[op])
            entry[_SWAPPERS] += 1
        which = _SWAP_LIST if kind[op] == SWAPS else _WRITE_LIST
        before, after = -1, entry[which]
        while after >= 0 and ret[after] < ret[op]:
            before, after = after, chain[after]
        chain[op] = after
        if before < 0:
            entry[which] = op
        else:
            chain[before] = op
    return oldest, differing


@njit(cache=True, nogil=True)
def _return(  # type: ignore[no-untyped-def]
    op,
    position,
    call,
    ret,
    kind,
    needs,
    sets,
    now,
    then,
    sizes,
    registers,
    open_ops,
    log,
    by_value,
    chain,
    stamps,
    path,
    values,
):
    """The configurations after the return of `op`, into `then`; returns how many.

    Every helper is called in one place only: LLVM copies each into its callers, and would take minutes otherwise.
    """
    oldest, differing = _survey(op, position, call, ret, kind, needs, sets, registers, open_ops, by_value, chain)
    bounds = _FIXED + sizes[0]
    places = bounds + 3 * sizes[1]
    row = np.empty(now.shape[1], np.int32)
    search = np.zeros(5, np.int64)
    roots = np.empty(registers[_OPEN] + 1, np.int32)
    written = 0
    for i in range(registers[_OPEN]):
        z = open_ops[i]
        if kind[op] == WRITES:
            roots[0] = op
            written = 1
        elif kind[z] == WRITES and z != op:
            roots[written] = z
            written += 1
    count = 0
    for number in range(registers[_COUNT]):
        source = now[number]
        used = -1
        for i in range(source[_USED]):
            if source[_FIXED + i] == op:
                used = i
        at_end, place = False, -1
        if used < 0 and (kind[op] == READS or kind[op] == DIFFERS):
            same = kind[op] == READS
            at_end = (source[_VALUE] == needs[op]) == same
            for i in range(source[_PLACES]):
                at = places + 3 * i
                if (source[at] == needs[op]) == same and source[at + 1] >= call[op]:
                    place = i
        registers[_STAMPED] += 1
        for i in range(source[_USED]):
            stamps[source[_FIXED + i]] = registers[_STAMPED]
        stamps[op] = registers[_STAMPED]
        # All the ways there are, one after the other: the kinds of way, and the roots, boundaries or places of each.
        mode = _ALREADY if used >= 0 else _READ_HERE if at_end else _READ_THERE if place >= 0 else _END
        way = place if mode == _READ_THERE else 0
        simple = mode > _LOOP
        while mode <= _LOOP or simple:
            ways = 1
            if mode in (_NEW, _HIDDEN):
                ways = written
            elif mode == _BOUNDARY:
                ways = source[_BOUNDS]
            elif mode == _LOOP:
                ways = source[_PLACES]
            if not simple and (way >= ways or (kind[op] == WRITES and mode != _NEW and mode != _HIDDEN)):
                mode += 1
                way = 0
                continue
            deadline, start, root = _INFINITE, source[_VALUE], -1
            if mode == _BOUNDARY:
                start, deadline = source[bounds + 3 * way], source[bounds + 3 * way + 1]
            elif mode == _LOOP:
                start, deadline = source[places + 3 * way], source[places + 3 * way + 1]
            elif mode == _HIDDEN:
                deadline = source[_HIDE]
            if mode in (_NEW, _HIDDEN):
                root = roots[way]
                start = sets[root]
            possible = simple or deadline >= call[op]
            if possible and root >= 0 and root != op:
                possible = stamps[root] != registers[_STAMPED] and call[root] <= deadline
                # Outclassed by another write of the value that returns earlier and was called later?
                other = by_value[start, _WRITE_LIST]
                while possible and other != root:
                    possible = stamps[other] == registers[_STAMPED] or not (call[root] <= call[other] <= deadline)
                    other = chain[other]
            search[_DEPTH] = _FRESH
            tried = 0
            while possible:
                length = 0 if mode == _ALREADY else 1
                if not simple and kind[op] != WRITES:
                    length = _next_path(
                        search, mode, start, root, deadline, op, position, call, kind, needs, sets, registers,
                        by_value, chain, stamps, path, values,
                    )  # fmt: skip
                    if length == 0:
                        break
                else:
                    path[0] = op
                    possible = False
                # A narrow sweep follows only the first ways of each kind: width goes to variety.
                tried += 1
                if tried > max(2, len(then) // 8):
                    registers[_DROPPED] = 1
                    break
                registers[_WORK] += 1 + count
                row[:] = source
                anchor = _build(
                    mode, way, used, length, deadline, op, position, sets, source, row, sizes, registers, path
                )
                if registers[_FULL] >= 0:
                    return 0
                count = _keep(
                    row, anchor, path, length, count, position, oldest, differing, call, ret, kind, then, sizes,
                    registers, open_ops, log, by_value,
                )  # fmt: skip
                if registers[_FULL] >= 0:
                    return 0
            if simple:
                break
            way += 1
    return count


@njit(cache=True, nogil=True)
def _candidate(  # type: ignore[no-untyped-def]
    op, first, start, end, deadline, call, sets, chain, stamps, stamp, path, length, values
):
    """The next compare-and-set from `op` on, in its list, that can stand next on a path; -1 if there is none.

    It must be unused, called before the deadline, not lead to a value in values[start:end], and not be outclassed by
    one of the same values that returns earlier and was called later.
    """
    while op >= 0:
        good = stamps[op] != stamp and call[op] <= deadline
        for i in range(start, end):
            good = good and values[i] != sets[op]
        for i in range(length):
            good = good and path[i] != op
        other = first
        while good and other != op:
            if sets[other] == sets[op] and stamps[other] != stamp and call[op] <= call[other] <= deadline:
                taken = False
                for i in range(length):
                    taken = taken or path[i] == other
                good = taken
            other = chain[other]
        if good:
            return op
        op = chain[op]
    return -1


_DEPTH, _TURN, _BASE, _LIMIT, _CUT = range(5)
_FRESH = -1


@njit(cache=True, nogil=True)
def _next_path(  # type: ignore[no-untyped-def]
    search, mode, start, root, deadline, op, position, call, kind, needs, sets, registers, by_value, chain, stamps,
    path, values,
):  # fmt: skip
    """Write the next way to lead from the value `start` to `op`, for a loop and back, into `path`; returns its length,
    0 when there are no more. Short ways come first: the fewer are used, the better.

    An iteratively deepened depth-first search over paths that visit no value twice before `op`, and for a loop neither
    behind it. values[i] is the value before path[i]; `search` says where the search stands, _TURN where `op` stands on
    the path.
    """
    stamp = registers[_STAMPED]
    depth = search[_DEPTH]
    entering = depth == _FRESH
    if entering:
        depth = 0
        search[_TURN] = -1
        search[_LIMIT] = 1
        search[_CUT] = 0
        if root >= 0:
            path[0] = root
            depth = 1
        search[_BASE] = depth
        values[depth] = start
    base = search[_BASE]
    while True:
        cursor = -1
        if entering:
            value = values[depth]
            if search[_TURN] < 0 and (value != needs[op] if kind[op] == DIFFERS else value == needs[op]):
                path[depth] = op
                if mode != _LOOP:
                    search[_DEPTH] = depth
                    if depth + 1 - base == search[_LIMIT]:
                        return depth + 1
                    entering = False
                    continue
                search[_TURN] = depth
                depth += 1
                values[depth] = sets[op] if sets[op] >= 0 else value
                value = values[depth]
            if search[_TURN] >= 0 and value == start:
                search[_DEPTH] = depth
                if depth - base == search[_LIMIT]:
                    return depth
                entering = False
                continue
            if by_value[value, _STAMP] == position + 1:
                cursor = by_value[value, _SWAP_LIST]
            if cursor >= 0 and depth - base + (2 if search[_TURN] < 0 else 1) > search[_LIMIT]:
                search[_CUT] = 1
                cursor = -1
        else:
            # Back: the next compare-and-set in place of the last one. `op` itself has no alternative.
            if depth == base:
                if search[_CUT] == 0:
                    search[_DEPTH] = depth
                    return 0
                search[_LIMIT] += 1
                search[_CUT] = 0
                search[_TURN] = -1
                entering = True
                continue
            depth -= 1
            if depth == search[_TURN]:
                search[_TURN] = -1
            else:
                cursor = chain[path[depth]]
        turn = search[_TURN]
        first = by_value[values[depth], _SWAP_LIST] if cursor >= 0 else -1
        following = _candidate(
            cursor, first, base if turn < 0 else turn + 1, depth + 1, deadline, call, sets,
            chain, stamps, stamp, path, depth, values,
        )  # fmt: skip
        entering = following >= 0
        if entering:
            path[depth] = following
            depth += 1
            values[depth] = sets[following]


@njit(cache=True, nogil=True)
def _build(  # type: ignore[no-untyped-def]
    mode, way, used, length, deadline, op, position, sets, source, row, sizes, registers, path
):
    """Turn `row`, a copy of a configuration, into that in which path[:length] is placed in some way. Returns the place:
    the operation that it stands behind, or before (see `_order`)."""
    bounds = _FIXED + sizes[0]
    places = bounds + 3 * sizes[1]
    room = (row[_USED] + length <= sizes[0], row[_BOUNDS] + 1 <= sizes[1], row[_PLACES] + length + 1 <= sizes[2])
    for part in range(3):
        if not room[part]:
            registers[_FULL] = part
            return -1
    if mode == _ALREADY:
        for i in range(used, source[_USED] - 1):
            row[_FIXED + i] = row[_FIXED + i + 1]
        row[_USED] -= 1
        return -1
    if mode == _READ_HERE:
        row[_LAST] = op
        return source[_LAST]
    for i in range(length):
        z = path[i]
        if z == op:
            continue
        at = row[_USED]
        while at > 0 and row[_FIXED + at - 1] > z:
            row[_FIXED + at] = row[_FIXED + at - 1]
            at -= 1
        row[_FIXED + at] = z
        row[_USED] += 1
    at_end = mode in (_END, _NEW)
    anchor, until, value = source[_LAST], np.int32(position), source[_VALUE]
    if mode == _HIDDEN:
        anchor, until = np.int32(-2 - source[_BEFORE]), np.int32(deadline)
    elif mode == _BOUNDARY:
        value, until, anchor = source[bounds + 3 * way], np.int32(deadline), source[bounds + 3 * way + 2]
    elif not at_end:
        value, until, anchor = source[places + 3 * way], np.int32(deadline), source[places + 3 * way + 2]
    last = path[length - 1]
    if mode != _READ_THERE:
        # The value before the path counts as a place only where it was the end; elsewhere it is known already.
        behind = anchor
        for i in range(-1 if at_end else 0, length - (1 if at_end else 0)):
            if i >= 0:
                behind = path[i]
                value = sets[behind] if sets[behind] >= 0 else value
            _visit(row, places, value, until, behind)
        value = sets[last] if sets[last] >= 0 else value
    if mode == _BOUNDARY:
        row[bounds + 3 * way], row[bounds + 3 * way + 2] = value, last
    elif mode in (_NEW, _HIDDEN):
        at = bounds + 3 * row[_BOUNDS]
        row[_BOUNDS] += 1
        row[at], row[at + 1], row[at + 2] = source[_VALUE], position, source[_LAST]
        if mode == _HIDDEN:
            row[at], row[at + 1], row[at + 2] = value, deadline, last
        else:
            row[_HIDE], row[_BEFORE] = position, path[0]
    elif mode != _END:
        # What goes on from the end of a segment goes on behind the reads and loops that were put there.
        for i in range(row[_BOUNDS]):
            if row[bounds + 3 * i + 2] == anchor:
                row[bounds + 3 * i + 2] = last
    if at_end:
        row[_VALUE], row[_LAST] = value, last
    return anchor


@njit(cache=True, nogil=True)
def _visit(row, places, value, deadline, anchor):  # type: ignore[no-untyped-def]
    """Note that the register held a value at a place, if no place with a later deadline is known for it."""
    for i in range(row[_PLACES]):
        at = places + 3 * i
        if row[at] == value:
            if row[at + 1] < deadline:
                row[at + 1] = deadline
                row[at + 2] = anchor
            return
    at = places + 3 * row[_PLACES]
    row[at], row[at + 1], row[at + 2] = value, deadline, anchor
    row[_PLACES] += 1


@njit(cache=True, nogil=True)
def _keep(  # type: ignore[no-untyped-def]
    row, anchor, path, length, count, position, oldest, differing, call, ret, kind, then, sizes, registers,
    open_ops, log, by_value,
):  # fmt: skip
    """Put a configuration into `then`, unless one there is as good; take out those that it is as good as.

    Before that, forget what nobody can use any more: places that no open operation needs, and boundaries that no open
    compare-and-set continues, since whatever is placed was called before the deadline and is open now.
    """
    bounds = _FIXED + sizes[0]
    places = bounds + 3 * sizes[1]
    opened = registers[_OPEN]
    for i in range(-1, row[_PLACES] + row[_BOUNDS]):
        at = _HIDE
        if i >= row[_PLACES]:
            at = bounds + 3 * (i - row[_PLACES]) + 1
        elif i >= 0:
            at = places + 3 * i + 1
        if row[at] >= 0:
            row[at] = _floor(open_ops, opened, call, row[at])
    kept = 0
    for i in range(row[_PLACES]):
        at = places + 3 * i
        value = row[at]
        deadline = row[at + 1]
        wanted = by_value[value, _STAMP] == position + 1 and by_value[value, _NEEDED] <= deadline
        if value != row[_VALUE] and deadline >= oldest and (wanted or differing <= deadline):
            to = places + 3 * kept
            row[to], row[to + 1], row[to + 2] = value, deadline, row[at + 2]
            kept += 1
    row[_PLACES] = kept
    kept = 0
    for i in range(row[_BOUNDS]):
        at = bounds + 3 * i
        value = row[at]
        deadline = row[at + 1]
        wanted = by_value[value, _STAMP] == position + 1 and by_value[value, _SWAPPED] <= deadline
        if deadline >= oldest and wanted:
            # Sorted by value, then the later deadline first.
            anchored = row[at + 2]
            to = kept
            while to > 0 and (
                row[bounds + 3 * to - 3] > value
                or (row[bounds + 3 * to - 3] == value and row[bounds + 3 * to - 2] < deadline)
            ):
                for part in range(3):
                    row[bounds + 3 * to + part] = row[bounds + 3 * to - 3 + part]
                to -= 1
            row[bounds + 3 * to], row[bounds + 3 * to + 1], row[bounds + 3 * to + 2] = value, deadline, anchored
            kept += 1
    row[_BOUNDS] = kept
    if row[_HIDE] < oldest:
        row[_HIDE] = -1
    number = 0
    while number < 2 * count:
        # Each is compared twice: is the other as good as this one, is this one as good as the other?
        other = then[number // 2]
        if other[_VALUE] == row[_VALUE]:
            better, worse = (other, row) if number % 2 == 0 else (row, other)
            if _dominates(better, worse, sizes, call, ret, kind):
                if number % 2 == 0:
                    return count
                count -= 1
                then[number // 2] = then[count]
                number -= 1
                continue
        number += 1
    if count == len(then):
        registers[_DROPPED] = 1
        worst, worst_row = _badness(row), -1
        for number in range(count):
            badness = _badness(then[number])
            if badness > worst:
                worst, worst_row = badness, number
        if worst_row < 0:
            return count
        count -= 1
        then[worst_row] = then[count]
    if registers[_ENTRIES] + length > len(log):
        registers[_FULL] = 3
        return count
    for i in range(length):
        entry = registers[_ENTRIES]
        log[entry, 0] = row[_LOG]
        log[entry, 1] = path[i]
        log[entry, 2] = anchor if i == 0 else path[i - 1]
        row[_LOG] = entry
        registers[_ENTRIES] = entry + 1
    then[count] = row
    return count + 1


@njit(cache=True, nogil=True)
def _badness(row):  # type: ignore[no-untyped-def]
    """Which configuration to drop if one must go: the one that has used most and has least to offer."""
    return 2 * row[_USED] - row[_BOUNDS] - row[_PLACES] - (1 if row[_HIDE] >= 0 else 0)


@njit(cache=True, nogil=True)
def _dominates(one, two, sizes, call, ret, kind):  # type: ignore[no-untyped-def]
    """Whether a configuration is at least as good as another with the same value at the end: see the module."""
    if one[_HIDE] < two[_HIDE]:
        return False
    bounds = _FIXED + sizes[0]
    places = bounds + 3 * sizes[1]
    i = 0
    for j in range(two[_USED]):
        op = two[_FIXED + j]
        if i < one[_USED] and one[_FIXED + i] < op:
            return False
        if i < one[_USED] and one[_FIXED + i] == op:
            i += 1
            continue
        hides = kind[op] == WRITES and call[op] <= one[_HIDE]
        if ret[op] != _INFINITE and not hides:
            return False
    if i < one[_USED]:
        return False
    for j in range(two[_PLACES]):
        at = places + 3 * j
        found = two[at] == one[_VALUE]
        i = 0
        while not found and i < one[_PLACES]:
            found = one[places + 3 * i] == two[at] and one[places + 3 * i + 1] >= two[at + 1]
            i += 1
        if not found:
            return False
    # Boundaries are sorted by value and falling deadline: the i-th of a value must be met by the i-th.
    i = 0
    for j in range(two[_BOUNDS]):
        at = bounds + 3 * j
        while i < one[_BOUNDS] and one[bounds + 3 * i] < two[at]:
            i += 1
        if i >= one[_BOUNDS] or one[bounds + 3 * i] != two[at] or one[bounds + 3 * i + 1] < two[at + 1]:
            return False
        i += 1
    return True
