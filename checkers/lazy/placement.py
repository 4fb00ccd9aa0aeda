"""The configurations after a return: every way to give the returning operation its place.

The ways, and why there are no others worth trying, are in `clew.checkers.lazy.sweep`.
"""

from __future__ import annotations

import numpy as np

from clew.checkers.forms import DIFFERS, READS, SWAPS, WRITES
from clew.checkers.kernel import copy, kernel
from clew.checkers.lazy.configuration import (
    ALREADY,
    BOUNDARY,
    BOUNDS,
    COUNT,
    DROPPED,
    END,
    FIXED,
    FULL,
    HIDDEN,
    HIDE,
    INFINITE,
    LOOP,
    NEEDED,
    NEW,
    OPEN,
    PLACES,
    READ_HERE,
    READ_THERE,
    STAMP,
    STAMPED,
    SWAP_LIST,
    SWAPPED,
    SWAPPERS,
    USED,
    VALUE,
    WORK,
    WRITE_LIST,
    build,
    keep,
)

_DEPTH, _TURN, _BASE, _LIMIT, _CUT = range(5)
_FRESH = -1


@kernel
def _survey(returning, position, call, ret, kind, needs, sets, registers, open_ops, by_value, chain):  # type: ignore[no-untyped-def]
    """Fill `by_value` from the open operations but the returning one. Returns the first call of those that will return,
    and the first call of a failed compare-and-set, INFINITE where there is none."""
    oldest, differing = INFINITE, INFINITE
    for i in range(registers[OPEN]):
        # A return that ran out of room is tried again at the same position.
        value = sets[open_ops[i]] if kind[open_ops[i]] == WRITES else needs[open_ops[i]]
        by_value[value, STAMP] = 0
    for i in range(registers[OPEN]):
        op = open_ops[i]
        if op == returning:
            continue
        if ret[op] != INFINITE:
            oldest = min(oldest, call[op])
        if kind[op] == DIFFERS:
            differing = min(differing, call[op])
            continue
        value = sets[op] if kind[op] == WRITES else needs[op]
        entry = by_value[value]
        if entry[STAMP] != position + 1:
            entry[STAMP] = position + 1
            entry[NEEDED] = INFINITE
            entry[SWAPPED] = INFINITE
            entry[SWAPPERS] = 0
            entry[SWAP_LIST] = -1
            entry[WRITE_LIST] = -1
        if kind[op] != WRITES:
            entry[NEEDED] = min(entry[NEEDED], call[op])
        if kind[op] == READS:
            continue
        if kind[op] == SWAPS:
            entry[SWAPPED] = min(entry[SWAPPED], call[op])
            entry[SWAPPERS] += 1
        which = SWAP_LIST if kind[op] == SWAPS else WRITE_LIST
        before, after = -1, entry[which]
        while after >= 0 and ret[after] < ret[op]:
            before, after = after, chain[after]
        chain[op] = after
        if before < 0:
            entry[which] = op
        else:
            chain[before] = op
    return oldest, differing


@kernel
def place_all(  # type: ignore[no-untyped-def]
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
    bounds = FIXED + sizes[0]
    places = bounds + 3 * sizes[1]
    row = np.empty(now.shape[1], np.int32)
    search = np.zeros(5, np.int64)
    roots = np.empty(registers[OPEN] + 1, np.int32)
    written = 0
    for i in range(registers[OPEN]):
        z = open_ops[i]
        if kind[op] == WRITES:
            roots[0] = op
            written = 1
        elif kind[z] == WRITES and z != op:
            roots[written] = z
            written += 1
    count = 0
    for number in range(registers[COUNT]):
        source = now[number]
        used = -1
        for i in range(source[USED]):
            if source[FIXED + i] == op:
                used = i
        at_end, place = False, -1
        if used < 0 and (kind[op] == READS or kind[op] == DIFFERS):
            same = kind[op] == READS
            at_end = (source[VALUE] == needs[op]) == same
            for i in range(source[PLACES]):
                at = places + 3 * i
                if (source[at] == needs[op]) == same and source[at + 1] >= call[op]:
                    place = i
        registers[STAMPED] += 1
        for i in range(source[USED]):
            stamps[source[FIXED + i]] = registers[STAMPED]
        stamps[op] = registers[STAMPED]
        # All the ways there are, one after the other: the kinds of way, and the roots, boundaries or places of each.
        mode = ALREADY if used >= 0 else READ_HERE if at_end else READ_THERE if place >= 0 else END
        way = place if mode == READ_THERE else 0
        simple = mode > LOOP
        while mode <= LOOP or simple:
            ways = 1
            if mode in (NEW, HIDDEN):
                ways = written
            elif mode == BOUNDARY:
                ways = source[BOUNDS]
            elif mode == LOOP:
                ways = source[PLACES]
            if not simple and (way >= ways or (kind[op] == WRITES and mode != NEW and mode != HIDDEN)):
                mode += 1
                way = 0
                continue
            deadline, start, root = INFINITE, source[VALUE], -1
            if mode == BOUNDARY:
                start, deadline = source[bounds + 3 * way], source[bounds + 3 * way + 1]
            elif mode == LOOP:
                start, deadline = source[places + 3 * way], source[places + 3 * way + 1]
            elif mode == HIDDEN:
                deadline = source[HIDE]
            if mode in (NEW, HIDDEN):
                root = roots[way]
                start = sets[root]
            possible = simple or deadline >= call[op]
            if possible and root >= 0 and root != op:
                possible = stamps[root] != registers[STAMPED] and call[root] <= deadline
                # Outclassed by another write of the value that returns earlier and was called later?
                other = by_value[start, WRITE_LIST]
                while possible and other != root:
                    possible = stamps[other] == registers[STAMPED] or not (call[root] <= call[other] <= deadline)
                    other = chain[other]
            search[_DEPTH] = _FRESH
            tried = 0
            while possible:
                length = 0 if mode == ALREADY else 1
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
                    registers[DROPPED] = 1
                    break
                registers[WORK] += 1 + count
                copy(source, row)
                anchor = build(
                    mode, way, used, length, deadline, op, position, sets, source, row, sizes, registers, path
                )
                if registers[FULL] >= 0:
                    return 0
                count = keep(
                    row, anchor, path, length, count, position, oldest, differing, call, ret, kind, then, sizes,
                    registers, open_ops, log, by_value,
                )  # fmt: skip
                if registers[FULL] >= 0:
                    return 0
            if simple:
                break
            way += 1
    return count


@kernel
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


@kernel
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
    stamp = registers[STAMPED]
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
                if mode != LOOP:
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
            if by_value[value, STAMP] == position + 1:
                cursor = by_value[value, SWAP_LIST]
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
        first = by_value[values[depth], SWAP_LIST] if cursor >= 0 else -1
        following = _candidate(
            cursor, first, base if turn < 0 else turn + 1, depth + 1, deadline, call, sets,
            chain, stamps, stamp, path, depth, values,
        )  # fmt: skip
        entering = following >= 0
        if entering:
            path[depth] = following
            depth += 1
            values[depth] = sets[following]
