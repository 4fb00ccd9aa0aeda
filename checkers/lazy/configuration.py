"""A configuration of the lazy sweep, as a row of integers: what it holds, how it grows, and which of two is better.

A row begins with eight columns, which are named below. Three lists follow, each with room for as many entries as
`sizes` says: the operations used; the boundaries; the places. A boundary and a place are (value, deadline, anchor).
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from clew.checkers.forms import WRITES
from clew.checkers.kernel import inlined, raw_kernel

VALUE, LAST, HIDE, BEFORE, USED, BOUNDS, PLACES, LOG = range(8)
FIXED = 8
"""The columns of a row: the value at the end, and the last operation there; the deadline of the hiding place, and the
write that stands behind it; how many operations are used, boundaries and places there are; the latest entry of the log.
The lists begin at FIXED."""

END, NEW, HIDDEN, BOUNDARY, LOOP, READ_HERE, READ_THERE, ALREADY = range(8)
"""The ways to give an operation its place."""

INFINITE = np.int32(2**31 - 1)

REGISTERS = np.dtype((
    np.record,
    [
        ("position", np.int64),  # everything before this position has been dealt with
        ("count", np.int64),  # configurations
        ("open", np.int64),  # open operations
        ("entries", np.int64),  # entries of the log
        ("dropped", np.int64),  # 1 if something had to be dropped: dying out then proves nothing
        ("full", np.int64),  # which of the three lists of a row is full; 3 for the log; -1 for none
        ("stamp", np.int64),  # which configuration is looked at; says what in `stamps` is of this one
        ("work", np.int64),  # ways tried, and steps on paths
        ("pause", np.int64),  # when there was this much work, it is time to look at the deadline
        ("returns", np.int64),  # returns that were dealt with
        ("halfway", np.int64),  # 1 if the return at `position` is being dealt with; then also, to go on from there:
        ("entries_before", np.int64),  # `entries` and `dropped` before the return
        ("dropped_before", np.int64),
        ("number", np.int64),  # the configuration, the kind of way, the way, and how many of its paths were tried
        ("mode", np.int64),
        ("way", np.int64),
        ("tried", np.int64),
        ("placed", np.int64),  # configurations in `then`
    ],
))  # fmt: skip
PATH_SEARCH = np.dtype((
    np.record,
    [
        ("depth", np.int64),  # how long the path is
        ("turn", np.int64),  # where the returning operation stands on it; -1 if it does not
        ("base", np.int64),  # where the path begins behind its root
        ("limit", np.int64),  # how long it may be in this round
        ("cut", np.int64),  # 1 if a longer path was cut off in this round
        ("entering", np.int64),  # 1 if the search was interrupted where the path had just become longer
    ],
))  # fmt: skip
ENTRY = np.dtype([("before", np.int32), ("op", np.int32), ("anchor", np.int32)])
"""An entry of the log; see `clew.checkers.lazy.insertion_log`."""
BY_VALUE = np.dtype([("stamp", np.int64), ("needed", np.int32), ("swapped", np.int32), ("swappers", np.int32)])
"""What the open operations do with a value, valid if `stamp` is the position of the event plus one: the first call of
one that needs the value, the first call of a compare-and-set that does, and how many of these there are."""
SWAP_LIST, WRITE_LIST = np.arange(2)
"""Columns of `lists`: for each value the open compare-and-sets from it and the open writes of it, the first to return
first. `chain` leads from each to the next."""


class Tables(NamedTuple):
    """Everything that the kernels share."""

    at: Any
    """REGISTERS: where the sweep stands."""
    event_op: Any
    """For each position the operation that is called or returns there."""
    event_return: Any
    call: Any
    ret: Any
    """INFINITE for an operation of unknown outcome."""
    kind: Any
    """See `RegisterForm`, here and for the next two."""
    needs: Any
    sets: Any
    cls: Any
    """The class of each operation: those of one class do the same."""
    unknown: Any
    """For each class how many operations of unknown outcome are open."""
    now: Any
    """The configurations at `position`."""
    then: Any
    """Those after the return that is being dealt with."""
    row: Any
    """Room for one configuration."""
    sizes: Any
    """Room for entries in the three lists of a row."""
    open_ops: Any
    """The open operations, in the order of their calls."""
    log: Any
    """ENTRY."""
    by_value: Any
    """BY_VALUE."""
    lists: Any
    chain: Any
    stamps: Any
    """For each operation the stamp of the last configuration that was seen to have used it."""
    path: Any
    """The operations that are being placed, in their order."""
    values: Any
    """values[i] is the value before path[i]."""
    roots: Any
    """The writes that can begin a new segment."""
    search: Any
    """PATH_SEARCH."""


@raw_kernel
def copy_row(source, target):  # type: ignore[no-untyped-def]
    """target[:] = source, for two rows of equal length."""
    for column in range(len(source)):
        target[column] = source[column]


@raw_kernel
def floor(open_ops, opened, call, deadline):  # type: ignore[no-untyped-def]
    """A deadline moved back to the latest call of an open operation before it, -1 if there is none.

    No operation is called in between, so it makes no difference, and more configurations become comparable.
    """
    low, high = 0, opened
    while low < high:
        middle = (low + high) // 2
        if call[open_ops[middle]] <= deadline:
            low = middle + 1
        else:
            high = middle
    return call[open_ops[low - 1]] if low > 0 else -1


@inlined
def build(t, mode, way, used, length, deadline, op, position, source):  # type: ignore[no-untyped-def]
    """Turn `row`, a copy of the configuration `source`, into the one in which path[:length] is placed in this way.

    Returns the anchor of the first: see `clew.checkers.lazy.insertion_log`.
    """
    row, sizes = t.row, t.sizes
    bounds = FIXED + sizes[0]
    places = bounds + 3 * sizes[1]
    room = (row[USED] + length <= sizes[0], row[BOUNDS] + 1 <= sizes[1], row[PLACES] + length + 1 <= sizes[2])
    for part in range(3):
        if not room[part]:
            t.at.full = part
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
        z = t.path[i]
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
    last = t.path[length - 1]
    if mode != READ_THERE:
        # The value before the path counts as a place only where it was the end; elsewhere it is known already.
        behind = anchor
        for i in range(-1 if at_end else 0, length - (1 if at_end else 0)):
            if i >= 0:
                behind = t.path[i]
                value = t.sets[behind] if t.sets[behind] >= 0 else value
            visit(row, places, value, until, behind)
        value = t.sets[last] if t.sets[last] >= 0 else value
    if mode == BOUNDARY:
        row[bounds + 3 * way], row[bounds + 3 * way + 2] = value, last
    elif mode in (NEW, HIDDEN):
        at = bounds + 3 * row[BOUNDS]
        row[BOUNDS] += 1
        row[at], row[at + 1], row[at + 2] = source[VALUE], position, source[LAST]
        if mode == HIDDEN:
            row[at], row[at + 1], row[at + 2] = value, deadline, last
        else:
            row[HIDE], row[BEFORE] = position, t.path[0]
    elif mode != END:
        # What goes on from the end of a segment goes on behind the reads and loops that were put there.
        for i in range(row[BOUNDS]):
            if row[bounds + 3 * i + 2] == anchor:
                row[bounds + 3 * i + 2] = last
    if at_end:
        row[VALUE], row[LAST] = value, last
    return anchor


@raw_kernel
def visit(row, places, value, deadline, anchor):  # type: ignore[no-untyped-def]
    """Note that the register held a value at a place, unless a place with a later deadline is known for the value."""
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


@inlined
def keep(t, anchor, length, count, position, oldest, differing):  # type: ignore[no-untyped-def]
    """Put `row` into `then`, unless a configuration there is as good. Take out those that `row` is as good as.

    Returns how many configurations `then` has. Before that, forget what no operation can use any more: every operation
    still to be placed was called before the deadline and is open now, so a place that no open operation needs is of no
    use, nor is a boundary that no open compare-and-set continues.
    """
    row, bounds = t.row, FIXED + t.sizes[0]
    places = bounds + 3 * t.sizes[1]
    for i in range(-1, row[PLACES] + row[BOUNDS]):
        at = HIDE
        if i >= row[PLACES]:
            at = bounds + 3 * (i - row[PLACES]) + 1
        elif i >= 0:
            at = places + 3 * i + 1
        if row[at] >= 0:
            row[at] = floor(t.open_ops, t.at.open, t.call, row[at])
    kept = 0
    for i in range(row[PLACES]):
        at = places + 3 * i
        value = row[at]
        deadline = row[at + 1]
        wanted = t.by_value[value].stamp == position + 1 and t.by_value[value].needed <= deadline
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
        wanted = t.by_value[value].stamp == position + 1 and t.by_value[value].swapped <= deadline
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
        other = t.then[number // 2]
        if other[VALUE] == row[VALUE]:
            better, worse = (other, row) if number % 2 == 0 else (row, other)
            if dominates(better, worse, t.sizes, t.call, t.ret, t.kind):
                if number % 2 == 0:
                    return count
                count -= 1
                copy_row(t.then[count], t.then[number // 2])
                number -= 1
                continue
        number += 1
    if count == len(t.then):
        t.at.dropped = 1
        worst, worst_row = badness(row), -1
        for number in range(count):
            bad = badness(t.then[number])
            if bad > worst:
                worst, worst_row = bad, number
        if worst_row < 0:
            return count
        count -= 1
        copy_row(t.then[count], t.then[worst_row])
    if t.at.entries + length > len(t.log):
        t.at.full = 3
        return count
    for i in range(length):
        entry = t.at.entries
        t.log[entry].before = row[LOG]
        t.log[entry].op = t.path[i]
        t.log[entry].anchor = anchor if i == 0 else t.path[i - 1]
        row[LOG] = entry
        t.at.entries = entry + 1
    copy_row(row, t.then[count])
    return count + 1


@raw_kernel
def badness(row):  # type: ignore[no-untyped-def]
    """How bad a configuration is if one must be dropped: it has used many operations and has few places left."""
    return 2 * row[USED] - row[BOUNDS] - row[PLACES] - (1 if row[HIDE] >= 0 else 0)


@raw_kernel
def dominates(one, two, sizes, call, ret, kind):  # type: ignore[no-untyped-def]
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
