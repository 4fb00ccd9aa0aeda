"""Stacks to which no element is pushed twice.

    certain lifetimes   a  ==============================        e  =====
                        b       =====    c  =======
    gaps                ---- one run, a at its bottom ---         another

*Short lifetimes.* If a lifetime is not certain (see `lifetimes`), there is a gap in which both its push and its pop can
take effect, one right after the other, and no operation notices. So only certain lifetimes matter. The others are put
in at the end.

*Runs.* A *run* is a longest sequence of gaps in each of which some element is present for certain. In a gap that
belongs to no run the stack may as well be empty. Take a linearization in which some elements are present in that gap.
None is there for certain, so each of them can be popped in this gap or pushed in this gap. First pop those that can be
popped, from the top down; then push the others, from the bottom up. A stack only demands that no two lifetimes cross.
This change made lifetimes shorter, and they now end or begin together in the order of the stack, so no two cross that
did not before. Hence a history has a linearization if and only if each run has one by itself, whose first push is in
the gap before the run and whose last pop is in the gap after it. A pop that found the stack empty needs a gap of no
run.

*The bottom.* Throughout a run the stack is not empty, so one element lies at the bottom all the time. Its push was
called before the run begins (at the first `put_ret` of its lifetimes), and its pop returned after the run ends (at the
last `take_call`). If no lifetime of the run is like that, there is no linearization. If several are, any of them will
do: take a linearization of the run and leave this element out. What remains is a linearization of the other lifetimes,
and all of them fit between a push in the gap before the run and a pop in the gap after it. Without the element the run
falls into smaller runs, for which the same holds.

*The algorithm.* Every lifetime becomes the bottom of one run. The linearization is then the order of the gaps and,
within a gap, of the nesting: pops from the inside out, pushes from the outside in (`in_gaps`). Two trees over the
lifetimes, in the order of `put_ret`, find the bottom of a run; the lifetimes of a run are neighbours in this order. One
tree holds the lifetimes whose push was called before the run they are in, by the return of the pop. The other holds
the rest, by the call of the push. Runs only get shorter, so a lifetime moves from the second tree to the first once. A
third tree counts how many lifetimes cover each gap.
"""

from __future__ import annotations

import numpy as np

from clew.checkers.forms import Ints
from clew.checkers.kernel import kernel
from clew.checkers.monitors.lifetimes import Lifetimes, covered, free_gaps, in_gaps, soonest_take


def order_of(lifetimes: Lifetimes) -> Ints | None:
    """A linearization of the lifetimes and of the pops that found the stack empty, or None if there is none.

    O(n log n).
    """
    cover = covered(lifetimes)
    empty_gap = free_gaps(lifetimes, cover == 0)
    if empty_gap is None:
        return None
    certain = np.flatnonzero(lifetimes.put_ret < lifetimes.take_call)
    certain = certain[np.argsort(lifetimes.put_ret[certain])]
    nested = _nest(
        lifetimes.put_call[certain], lifetimes.put_ret[certain], lifetimes.take_call[certain],
        lifetimes.take_ret[certain], cover[:-1],
    )  # fmt: skip
    if nested is None:
        return None
    put_gap, take_gap = lifetimes.take_call.copy(), lifetimes.take_call.copy()
    rank = np.zeros(len(lifetimes.put), np.int64)
    put_gap[certain], take_gap[certain], rank[certain] = nested
    return in_gaps(lifetimes, put_gap, take_gap, rank, empty_gap)


@kernel
def _nest(put_call, put_ret, take_call, take_ret, cover):  # type: ignore[no-untyped-def]
    """The gaps of the pushes and pops of certain lifetimes, and for each a rank, higher inside than outside.

    The lifetimes come sorted by `put_ret`. None if they cannot be nested.
    """
    count = len(put_ret)
    put_gap = np.empty(count, np.int64)
    take_gap = np.empty(count, np.int64)
    rank = np.empty(count, np.int64)
    # The lifetimes whose `put_ret` is at or behind a position begin with this one.
    begin = np.searchsorted(put_ret, np.arange(len(cover) + 2))
    size = 1
    while size < max(count, len(cover)):
        size *= 2
    outside, early = np.full(2 * size, _NONE), np.full(2 * size, _NONE)
    for lifetime in range(count):
        outside[size + lifetime] = -put_call[lifetime]
    for node in range(size - 1, 0, -1):
        outside[node] = max(outside[2 * node], outside[2 * node + 1])
    least, added = np.full(2 * size, _MANY), np.zeros(2 * size, np.int64)
    for gap in range(len(cover)):
        least[size + gap] = cover[gap]
    for node in range(size - 1, 0, -1):
        least[node] = min(least[2 * node], least[2 * node + 1])
    nodes = np.empty((128, 2), np.int64)
    runs = np.empty((len(cover) + 2, 2), np.int64)
    waiting = _fall_apart(least, added, size, 0, len(cover), runs, 0, nodes)
    placed = 0
    while waiting > 0:
        waiting -= 1
        start, end = runs[waiting]
        low, high = begin[start], begin[end]
        while True:
            lifetime = _greatest(outside, size, low, high)
            if outside[size + lifetime] <= -start:
                break
            _put(outside, size, lifetime, _NONE)
            _put(early, size, lifetime, take_ret[lifetime])
        lifetime = _greatest(early, size, low, high)
        if early[size + lifetime] <= end:
            return None
        _put(early, size, lifetime, _NONE)
        put_gap[lifetime], take_gap[lifetime], rank[lifetime] = start - 1, end, placed
        placed += 1
        _add_to_range(least, added, size, put_ret[lifetime], take_call[lifetime], -1)
        waiting = _fall_apart(least, added, size, start, end, runs, waiting, nodes)
    return put_gap, take_gap, rank


_NONE = -(1 << 62)
"""Less than every position: the value of a lifetime that a tree does not hold."""
_MANY = 1 << 40
"""More lifetimes than there can be: the count of a gap that is never to be found uncovered again."""


@kernel
def _fall_apart(least, added, size, start, end, runs, waiting, nodes):  # type: ignore[no-untyped-def]
    """Add to `runs` the runs into which the gaps from `start` to before `end` fall; returns how many there are now.

    An uncovered gap is covered for good when it is found, so it is found only once.
    """
    while start < end:
        gap = _uncovered(least, added, size, start, end, nodes)
        if gap < 0:
            gap = end
        else:
            _add_to_range(least, added, size, gap, gap + 1, _MANY)
        if start < gap:
            runs[waiting] = start, gap
            waiting += 1
        start = gap + 1
    return waiting


@kernel
def _uncovered(least, added, size, start, end, nodes):  # type: ignore[no-untyped-def]
    """The first gap from `start` to before `end` that no lifetime covers, or -1.

    The count of a gap is the sum of what was added to the nodes above it. `least` is the least count below a node,
    without what was added above.
    """
    nodes[0] = 1, 0
    pending = 1
    while pending > 0:
        pending -= 1
        node, above = nodes[pending]
        depth = 0
        while node << (depth + 1) < 2 * size:
            depth += 1
        first = (node << depth) - size
        if first >= end or first + (1 << depth) <= start or least[node] + above > 0:
            continue
        if node >= size:
            return node - size
        nodes[pending] = 2 * node + 1, above + added[node]
        nodes[pending + 1] = 2 * node, above + added[node]
        pending += 2
    return -1


@kernel
def _add_to_range(least, added, size, start, end, more):  # type: ignore[no-untyped-def]
    """Add to the counts of the gaps from `start` to before `end`."""
    low, high = start + size, end + size
    while low < high:
        if low & 1:
            least[low] += more
            added[low] += more
            low += 1
        if high & 1:
            high -= 1
            least[high] += more
            added[high] += more
        low //= 2
        high //= 2
    for leaf in (start + size, end - 1 + size):
        node = leaf // 2
        while node > 0:
            least[node] = min(least[2 * node], least[2 * node + 1]) + added[node]
            node //= 2


@kernel
def _put(tree, size, leaf, value):  # type: ignore[no-untyped-def]
    node = size + leaf
    tree[node] = value
    node //= 2
    while node > 0:
        tree[node] = max(tree[2 * node], tree[2 * node + 1])
        node //= 2


@kernel
def _greatest(tree, size, start, end):  # type: ignore[no-untyped-def]
    """A leaf, from `start` to before `end`, with the greatest value."""
    low, high = start + size, end + size
    best = low
    while low < high:
        if low & 1:
            if tree[low] > tree[best]:
                best = low
            low += 1
        if high & 1:
            high -= 1
            if tree[high] > tree[best]:
                best = high
        low //= 2
        high //= 2
    while best < size:
        best *= 2
        if tree[best + 1] > tree[best]:
            best += 1
    return best - size


def deadlines(lifetimes: Lifetimes) -> Ints:
    """For each lifetime a position before which its pop should be called, NEVER if there is none. O(n log n)

    It is where an element is popped that was certainly pushed earlier and was present together with this one. A guess:
    neither necessary nor sufficient.
    """
    return soonest_take(lifetimes, lifetimes.put_ret, lifetimes.put_call)
