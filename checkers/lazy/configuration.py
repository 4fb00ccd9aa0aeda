"""A configuration of the lazy sweep, as a row of integers: what it holds, how it grows, and which of two is better.

A row has a fixed part, named below: the value at the end and the operation before it, the deadline of the hiding place
and the write that stands behind it, counts, and the latest entry of its log. Then three lists, each with room for as
many as `sizes` says: the operations used, the boundaries and the places, the latter two as (value, deadline, anchor).
"""

from __future__ import annotations

import numpy as np

from clew.checkers.forms import WRITES
from clew.checkers.kernel import copy, kernel

VALUE, LAST, HIDE, BEFORE, USED, BOUNDS, PLACES, LOG = range(8)
FIXED = 8

END, NEW, HIDDEN, BOUNDARY, LOOP, READ_HERE, READ_THERE, ALREADY = range(8)
"""The ways to give an operation its place."""

INFINITE = np.int32(2**31 - 1)

POSITION, COUNT, OPEN, ENTRIES, DROPPED, FULL, STAMPED, WORK, RETURNS = range(9)
"""Registers of the sweep."""

STAMP, NEEDED, SWAPPED, SWAPPERS, SWAP_LIST, WRITE_LIST = range(6)
"""What `by_value` holds for each value, valid if its stamp is that of the event: the first call of an open operation
that needs the value, and of a compare-and-set that does; how many of these; the first of their list, and of the list
of open writes. Lists are linked by `chain`, those that return first in front, of two that return at once the later
called."""


@kernel
def floor(open_ops, opened, call, deadline):  # type: ignore[no-untyped-def]
    """The latest call of an open operation before a deadline, -1 if none: what comes later cannot use it anyway."""
    low, high = 0, opened
    while low < high:
        middle = (low + high) // 2
        if call[open_ops[middle]] <= deadline:
            low = middle + 1
        else:
            high = middle
    return call[open_ops[low - 1]] if low > 0 else -1


@kernel
def build(  # type: ignore[no-untyped-def]
    mode, way, used, length, deadline, op, position, sets, source, row, sizes, registers, path
):
    """Turn `row`, a copy of a configuration, into that in which path[:length] is placed in some way. Returns the place:
    the operation that it stands behind, or before (see `clew.checkers.lazy.insertion_log`)."""
    bounds = FIXED + sizes[0]
    places = bounds + 3 * sizes[1]
    room = (row[USED] + length <= sizes[0], row[BOUNDS] + 1 <= sizes[1], row[PLACES] + length + 1 <= sizes[2])
    for part in range(3):
        if not room[part]:
            registers[FULL] = part
            return -1
    if mode == ALREADY:
        for i in range(used, source[USED] - 1):
            row[FIXED + i] = row[FIXED + i + 1]
        row[USED] -= 1
        return -1
    if mode == READ_HERE:
        row[LAST] = op
        return source[LAST]
    for i in range(length):
        z = path[i]
        if z == op:
            continue
        at = row[USED]
        while at > 0 and row[FIXED + at - 1] > z:
            row[FIXED + at] = row[FIXED + at - 1]
            at -= 1
        row[FIXED + at] = z
        row[USED] += 1
    at_end = mode in (END, NEW)
    anchor, until, value = source[LAST], np.int32(position), source[VALUE]
    if mode == HIDDEN:
        anchor, until = np.int32(-2 - source[BEFORE]), np.int32(deadline)
    elif mode == BOUNDARY:
        value, until, anchor = source[bounds + 3 * way], np.int32(deadline), source[bounds + 3 * way + 2]
    elif not at_end:
        value, until, anchor = source[places + 3 * way], np.int32(deadline), source[places + 3 * way + 2]
    last = path[length - 1]
    if mode != READ_THERE:
        # The value before the path counts as a place only where it was the end; elsewhere it is known already.
        behind = anchor
        for i in range(-1 if at_end else 0, length - (1 if at_end else 0)):
            if i >= 0:
                behind = path[i]
                value = sets[behind] if sets[behind] >= 0 else value
            _visit(row, places, value, until, behind)
        value = sets[last] if sets[last] >= 0 else value
    if mode == BOUNDARY:
        row[bounds + 3 * way], row[bounds + 3 * way + 2] = value, last
    elif mode in (NEW, HIDDEN):
        at = bounds + 3 * row[BOUNDS]
        row[BOUNDS] += 1
        row[at], row[at + 1], row[at + 2] = source[VALUE], position, source[LAST]
        if mode == HIDDEN:
            row[at], row[at + 1], row[at + 2] = value, deadline, last
        else:
            row[HIDE], row[BEFORE] = position, path[0]
    elif mode != END:
        # What goes on from the end of a segment goes on behind the reads and loops that were put there.
        for i in range(row[BOUNDS]):
            if row[bounds + 3 * i + 2] == anchor:
                row[bounds + 3 * i + 2] = last
    if at_end:
        row[VALUE], row[LAST] = value, last
    return anchor


@kernel
def _visit(row, places, value, deadline, anchor):  # type: ignore[no-untyped-def]
    """Note that the register held a value at a place, if no place with a later deadline is known for it."""
    for i in range(row[PLACES]):
        at = places + 3 * i
        if row[at] == value:
            if row[at + 1] < deadline:
                row[at + 1] = deadline
                row[at + 2] = anchor
            return
    at = places + 3 * row[PLACES]
    row[at], row[at + 1], row[at + 2] = value, deadline, anchor
    row[PLACES] += 1


@kernel
def keep(  # type: ignore[no-untyped-def]
    row, anchor, path, length, count, position, oldest, differing, call, ret, kind, then, sizes, registers,
    open_ops, log, by_value,
):  # fmt: skip
    """Put a configuration into `then`, unless one there is as good; take out those that it is as good as.

    Before that, forget what nobody can use any more: places that no open operation needs, and boundaries that no open
    compare-and-set continues, since whatever is placed was called before the deadline and is open now.
    """
    bounds = FIXED + sizes[0]
    places = bounds + 3 * sizes[1]
    opened = registers[OPEN]
    for i in range(-1, row[PLACES] + row[BOUNDS]):
        at = HIDE
        if i >= row[PLACES]:
            at = bounds + 3 * (i - row[PLACES]) + 1
        elif i >= 0:
            at = places + 3 * i + 1
        if row[at] >= 0:
            row[at] = floor(open_ops, opened, call, row[at])
    kept = 0
    for i in range(row[PLACES]):
        at = places + 3 * i
        value = row[at]
        deadline = row[at + 1]
        wanted = by_value[value, STAMP] == position + 1 and by_value[value, NEEDED] <= deadline
        if value != row[VALUE] and deadline >= oldest and (wanted or differing <= deadline):
            to = places + 3 * kept
            row[to], row[to + 1], row[to + 2] = value, deadline, row[at + 2]
            kept += 1
    row[PLACES] = kept
    kept = 0
    for i in range(row[BOUNDS]):
        at = bounds + 3 * i
        value = row[at]
        deadline = row[at + 1]
        wanted = by_value[value, STAMP] == position + 1 and by_value[value, SWAPPED] <= deadline
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
    row[BOUNDS] = kept
    if row[HIDE] < oldest:
        row[HIDE] = -1
    number = 0
    while number < 2 * count:
        # Each is compared twice: is the other as good as this one, is this one as good as the other?
        other = then[number // 2]
        if other[VALUE] == row[VALUE]:
            better, worse = (other, row) if number % 2 == 0 else (row, other)
            if _dominates(better, worse, sizes, call, ret, kind):
                if number % 2 == 0:
                    return count
                count -= 1
                copy(then[count], then[number // 2])
                number -= 1
                continue
        number += 1
    if count == len(then):
        registers[DROPPED] = 1
        worst, worst_row = _badness(row), -1
        for number in range(count):
            badness = _badness(then[number])
            if badness > worst:
                worst, worst_row = badness, number
        if worst_row < 0:
            return count
        count -= 1
        copy(then[count], then[worst_row])
    if registers[ENTRIES] + length > len(log):
        registers[FULL] = 3
        return count
    for i in range(length):
        entry = registers[ENTRIES]
        log[entry, 0] = row[LOG]
        log[entry, 1] = path[i]
        log[entry, 2] = anchor if i == 0 else path[i - 1]
        row[LOG] = entry
        registers[ENTRIES] = entry + 1
    copy(row, then[count])
    return count + 1


@kernel
def _badness(row):  # type: ignore[no-untyped-def]
    """Which configuration to drop if one must go: the one that has used most and has least to offer."""
    return 2 * row[USED] - row[BOUNDS] - row[PLACES] - (1 if row[HIDE] >= 0 else 0)


@kernel
def _dominates(one, two, sizes, call, ret, kind):  # type: ignore[no-untyped-def]
    """Whether a configuration is at least as good as another with the same value at the end: see the module."""
    if one[HIDE] < two[HIDE]:
        return False
    bounds = FIXED + sizes[0]
    places = bounds + 3 * sizes[1]
    i = 0
    for j in range(two[USED]):
        op = two[FIXED + j]
        if i < one[USED] and one[FIXED + i] < op:
            return False
        if i < one[USED] and one[FIXED + i] == op:
            i += 1
            continue
        hides = kind[op] == WRITES and call[op] <= one[HIDE]
        if ret[op] != INFINITE and not hides:
            return False
    if i < one[USED]:
        return False
    for j in range(two[PLACES]):
        at = places + 3 * j
        found = two[at] == one[VALUE]
        i = 0
        while not found and i < one[PLACES]:
            found = one[places + 3 * i] == two[at] and one[places + 3 * i + 1] >= two[at + 1]
            i += 1
        if not found:
            return False
    # Boundaries are sorted by value and falling deadline: the i-th of a value must be met by the i-th.
    i = 0
    for j in range(two[BOUNDS]):
        at = bounds + 3 * j
        while i < one[BOUNDS] and one[bounds + 3 * i] < two[at]:
            i += 1
        if i >= one[BOUNDS] or one[bounds + 3 * i] != two[at] or one[bounds + 3 * i + 1] < two[at + 1]:
            return False
        i += 1
    return True
