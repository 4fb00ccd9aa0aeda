"""The configurations after a return: every way to give the returning operation its place.

`clew.checkers.lazy.sweep` lists the ways and says why no others are worth trying.
"""

from __future__ import annotations

from clew.checkers.forms import DIFFERS, READS, SWAPS, WRITES
from clew.checkers.kernel import inlined
from clew.checkers.lazy.configuration import (
    ALREADY,
    BOUNDARY,
    BOUNDS,
    END,
    FIXED,
    HIDDEN,
    HIDE,
    INFINITE,
    LOOP,
    NEW,
    PLACES,
    READ_HERE,
    READ_THERE,
    SWAP_LIST,
    USED,
    VALUE,
    WRITE_LIST,
    build,
    copy_row,
    keep,
)

_FRESH = -1
"""The depth of a search for a path that has not begun."""
_INTERRUPTED = -1
"""The length of a path if it is time to look at the deadline before one is found."""


@inlined
def _survey(t, returning, position):  # type: ignore[no-untyped-def]
    """Fill `by_value` and `lists` from the open operations, without the returning one.

    Returns the first call of the operations that will return, and the first call of a failed compare-and-set; INFINITE
    where there is none.
    """
    oldest, differing = INFINITE, INFINITE
    for i in range(t.at.open):
        # A return that ran out of room is tried again at the same position.
        value = t.sets[t.open_ops[i]] if t.kind[t.open_ops[i]] == WRITES else t.needs[t.open_ops[i]]
        t.by_value[value].stamp = 0
    for i in range(t.at.open):
        op = t.open_ops[i]
        if op == returning:
            continue
        if t.ret[op] != INFINITE:
            oldest = min(oldest, t.call[op])
        if t.kind[op] == DIFFERS:
            differing = min(differing, t.call[op])
            continue
        value = t.sets[op] if t.kind[op] == WRITES else t.needs[op]
        entry = t.by_value[value]
        if entry.stamp != position + 1:
            entry.stamp = position + 1
            entry.needed = INFINITE
            entry.swapped = INFINITE
            entry.swappers = 0
            t.lists[value, SWAP_LIST] = -1
            t.lists[value, WRITE_LIST] = -1
        if t.kind[op] != WRITES:
            entry.needed = min(entry.needed, t.call[op])
        if t.kind[op] == READS:
            continue
        if t.kind[op] == SWAPS:
            entry.swapped = min(entry.swapped, t.call[op])
            entry.swappers += 1
        which = SWAP_LIST if t.kind[op] == SWAPS else WRITE_LIST
        before, after = -1, t.lists[value, which]
        while after >= 0 and t.ret[after] < t.ret[op]:
            before, after = after, t.chain[after]
        t.chain[op] = after
        if before < 0:
            t.lists[value, which] = op
        else:
            t.chain[before] = op
    return oldest, differing


@inlined
def place_all(t, op, position):  # type: ignore[no-untyped-def]
    """The configurations after the return of `op`, into `then`; returns how many.

    A return can have more ways than there is time for. So at any path the work may pause: `halfway` is 1 then, and the
    next call goes on with that path. What a call does before that, it does again.

    Every helper is called in one place only: its code is copied there, and would take minutes to compile otherwise.
    """
    oldest, differing = _survey(t, op, position)
    written = _list_roots(t, op)
    resumed = t.at.halfway == 1
    first = t.at.number if resumed else 0
    count = t.at.placed if resumed else 0
    t.at.halfway = 0
    for number in range(first, t.at.count):
        source = t.now[number]
        used = _mark_used(t, op, source)
        # The kinds of way, one after the other, and the roots, boundaries or places of each; or the one way there is.
        mode, way = _first_way(t, op, source, used)
        simple = mode > LOOP
        if resumed:
            mode, way = t.at.mode, t.at.way
        while mode <= LOOP or simple:
            if not simple and way >= _ways(t, mode, op, source, written):
                mode += 1
                way = 0
                continue
            start, deadline, root = _origin(t, mode, way, source)
            more = resumed or simple or _possible(t, op, start, deadline, root)
            tried = t.at.tried
            if not resumed:
                t.search.depth = _FRESH
                t.search.entering = 0
                tried = 0
            resumed = False
            while more:
                length = 0 if mode == ALREADY else 1
                if t.at.work >= t.at.pause:
                    length = _INTERRUPTED
                elif simple or t.kind[op] == WRITES:
                    t.path[0] = op
                    more = False
                else:
                    length = _next_path(t, mode, start, root, deadline, op, position)
                    if length == 0:
                        break
                if length == _INTERRUPTED:
                    t.at.halfway = 1
                    t.at.number, t.at.mode, t.at.way = number, mode, way
                    t.at.tried, t.at.placed = tried, count
                    return count
                # A narrow sweep follows only the first ways of each kind: width goes to variety.
                tried += 1
                if tried > max(2, len(t.then) // 8):
                    t.at.dropped = 1
                    break
                t.at.work += 1 + count
                copy_row(source, t.row)
                anchor = build(t, mode, way, used, length, deadline, op, position, source)
                if t.at.full >= 0:
                    return 0
                count = keep(t, anchor, length, count, position, oldest, differing)
                if t.at.full >= 0:
                    return 0
            if simple:
                break
            way += 1
    return count


@inlined
def _list_roots(t, op):  # type: ignore[no-untyped-def]
    """List in `roots` the writes that can begin a new segment: the open ones, or `op` alone if it is a write.

    Returns how many they are.
    """
    if t.kind[op] == WRITES:
        t.roots[0] = op
        return 1
    written = 0
    for i in range(t.at.open):
        z = t.open_ops[i]
        if t.kind[z] == WRITES:
            t.roots[written] = z
            written += 1
    return written


@inlined
def _mark_used(t, op, source):  # type: ignore[no-untyped-def]
    """Stamp `op` and the operations that a configuration has used.

    Returns where `op` is among those, -1 if the configuration has not used it.
    """
    t.at.stamp += 1
    used = -1
    for i in range(source[USED]):
        if source[FIXED + i] == op:
            used = i
        t.stamps[source[FIXED + i]] = t.at.stamp
    t.stamps[op] = t.at.stamp
    return used


@inlined
def _first_way(t, op, source, used):  # type: ignore[no-untyped-def]
    """The kind of way to begin with, and its place.

    An operation that has its place already, or a read that finds its value, has one way. All others begin with END.
    """
    if used >= 0:
        return ALREADY, 0
    if t.kind[op] != READS and t.kind[op] != DIFFERS:
        return END, 0
    same = t.kind[op] == READS
    if (source[VALUE] == t.needs[op]) == same:
        return READ_HERE, 0
    places = FIXED + t.sizes[0] + 3 * t.sizes[1]
    for i in range(source[PLACES] - 1, -1, -1):
        at = places + 3 * i
        if (source[at] == t.needs[op]) == same and source[at + 1] >= t.call[op]:
            return READ_THERE, i
    return END, 0


@inlined
def _ways(t, mode, op, source, written):  # type: ignore[no-untyped-def]
    """How many ways of a kind there are. A write only begins segments."""
    if mode in (NEW, HIDDEN):
        return written
    if t.kind[op] == WRITES:
        return 0
    if mode == BOUNDARY:
        return source[BOUNDS]
    if mode == LOOP:
        return source[PLACES]
    return 1


@inlined
def _origin(t, mode, way, source):  # type: ignore[no-untyped-def]
    """Where a path of this way begins: the value there, the deadline, and the write that makes the value, or -1."""
    bounds = FIXED + t.sizes[0]
    places = bounds + 3 * t.sizes[1]
    start, deadline, root = source[VALUE], INFINITE, -1
    if mode == BOUNDARY:
        start, deadline = source[bounds + 3 * way], source[bounds + 3 * way + 1]
    elif mode == LOOP:
        start, deadline = source[places + 3 * way], source[places + 3 * way + 1]
    elif mode == HIDDEN:
        deadline = source[HIDE]
    if mode in (NEW, HIDDEN):
        root = t.roots[way]
        start = t.sets[root]
    return start, deadline, root


@inlined
def _possible(t, op, start, deadline, root):  # type: ignore[no-untyped-def]
    """Whether `op` can stand before this deadline, behind this root.

    A root must be unused, called before the deadline, and not be outclassed by another write of the value that returns
    earlier and was called later.
    """
    if deadline < t.call[op]:
        return False
    if root < 0 or root == op:
        return True
    possible = t.stamps[root] != t.at.stamp and t.call[root] <= deadline
    other = t.lists[start, WRITE_LIST]
    while possible and other != root:
        possible = t.stamps[other] == t.at.stamp or not (t.call[root] <= t.call[other] <= deadline)
        other = t.chain[other]
    return possible


@inlined
def _candidate(t, op, first, start, end, deadline, length):  # type: ignore[no-untyped-def]
    """The next compare-and-set from `op` on, in its list, that can stand next on a path; -1 if there is none.

    It must be unused, called before the deadline, not lead to a value in t.values[start:end], and not be outclassed by
    one of the same values that returns earlier and was called later.
    """
    while op >= 0:
        t.at.work += 1 + length
        good = t.stamps[op] != t.at.stamp and t.call[op] <= deadline
        for i in range(start, end):
            good = good and t.values[i] != t.sets[op]
        for i in range(length):
            good = good and t.path[i] != op
        other = first
        while good and other != op:
            t.at.work += 1
            if (
                t.sets[other] == t.sets[op]
                and t.stamps[other] != t.at.stamp
                and t.call[op] <= t.call[other] <= deadline
            ):
                taken = False
                for i in range(length):
                    taken = taken or t.path[i] == other
                good = taken
            other = t.chain[other]
        if good:
            return op
        op = t.chain[op]
    return -1


@inlined
def _next_path(t, mode, start, root, deadline, op, position):  # type: ignore[no-untyped-def]
    """Write the next path from the value `start` to `op` into `path`; for a loop, to `op` and back to `start`.

    Returns the length of the path, 0 when there are no more, and _INTERRUPTED when it is time to look at the deadline.
    Short paths come first: the fewer operations are used, the better.

    This is an iteratively deepened depth-first search. A path visits no value twice before `op`, and a loop visits none
    twice after it. values[i] is the value before path[i].
    """
    search = t.search
    depth = search.depth
    entering = depth == _FRESH or search.entering == 1
    search.entering = 0
    if depth == _FRESH:
        depth = 0
        search.turn = -1
        search.limit = 1
        search.cut = 0
        if root >= 0:
            t.path[0] = root
            depth = 1
        search.base = depth
        t.values[depth] = start
    base = search.base
    while True:
        t.at.work += 1
        if t.at.work > t.at.pause:
            search.depth = depth
            search.entering = 1 if entering else 0
            return _INTERRUPTED
        cursor = -1
        if entering:
            value = t.values[depth]
            if search.turn < 0 and (value != t.needs[op] if t.kind[op] == DIFFERS else value == t.needs[op]):
                t.path[depth] = op
                if mode != LOOP:
                    search.depth = depth
                    if depth + 1 - base == search.limit:
                        return depth + 1
                    entering = False
                    continue
                search.turn = depth
                depth += 1
                t.values[depth] = t.sets[op] if t.sets[op] >= 0 else value
                value = t.values[depth]
            if search.turn >= 0 and value == start:
                search.depth = depth
                if depth - base == search.limit:
                    return depth
                entering = False
                continue
            if t.by_value[value].stamp == position + 1:
                cursor = t.lists[value, SWAP_LIST]
            if cursor >= 0 and depth - base + (2 if search.turn < 0 else 1) > search.limit:
                search.cut = 1
                cursor = -1
        else:
            # Back: the next compare-and-set in place of the last one. `op` itself has no alternative.
            if depth == base:
                if search.cut == 0:
                    search.depth = depth
                    return 0
                search.limit += 1
                search.cut = 0
                search.turn = -1
                entering = True
                continue
            depth -= 1
            if depth == search.turn:
                search.turn = -1
            else:
                cursor = t.chain[t.path[depth]]
        turn = search.turn
        first = t.lists[t.values[depth], SWAP_LIST] if cursor >= 0 else -1
        following = _candidate(t, cursor, first, base if turn < 0 else turn + 1, depth + 1, deadline, depth)
        entering = following >= 0
        if entering:
            t.path[depth] = following
            depth += 1
            t.values[depth] = t.sets[following]
