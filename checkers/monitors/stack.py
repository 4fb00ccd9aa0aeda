"""Stacks to which no element is given twice.

    certain lives     a  ==============================        e  =====
                      b       =====    c  =======
    gaps              ---- one run, a at its bottom ---         another

*Short lives.* A life that is not certain (see `lives`) has a gap in which both its push and its pop can take effect,
one right after the other: then nobody notices. So only certain lives matter; the others are put in at the end.

*Runs.* A *run* is a longest sequence of gaps in each of which some element is there for certain. In a gap of no run the
stack may as well be empty: in a linearization in which elements are there in that gap, each of them can be popped in
it or pushed in it, as it is not there for certain. Let it be so: those that can be popped, from the top down, then the
others pushed, from the bottom up. All that matters for a stack is that no two lives cross; now fewer do, as all that
changed is that some lives became shorter and end, or begin, together in the order of the stack. So a history has a
linearization if and only if each of its runs has one by itself, whose first push is in the gap before the run and
whose last pop is in the gap behind it; and who found the stack empty needs a gap of no run.

*The bottom.* Throughout a run the stack is never empty, so one element lies at the bottom all the time. Its push was
called before the run begins (at the first `put_ret` of a life in it) and its pop returned after it ends (at the last
`take_call`). If no life in the run is like that, there is no linearization. If some are, any of them will do: take a
linearization of the run, leave this element out, and the rest is a linearization of the other lives, which all fit
between a push in the gap before the run and a pop in the gap behind it. Without the element the run falls into smaller
runs, of which the same is true.

The order of the gaps and, within a gap, of the nesting (`in_gaps`: pops from the inside, pushes from the outside) is
then the linearization. Each life finds its place once. The bottom of a run is found with the help of two trees over the
lives in the order of `put_ret`, in which the lives of a run are neighbours: one for those whose push was called before
the run they are in, by the return of the pop, and one for the others, by the call of the push. As runs only become
shorter, a life changes from the second to the first once. A third tree counts who covers a gap.
"""

from __future__ import annotations

import numpy as np

from clew.checkers.kernel import kernel
from clew.checkers.monitors.lifetimes import Ints, Lifetimes, covered, free_gaps, in_gaps, soonest_take


def order_of(lives: Lifetimes) -> Ints | None:
    """A linearization of the lives and of those who found the stack empty, or None if there is none. O(n log n)"""
    cover = covered(lives)
    empty_gap = free_gaps(lives, cover == 0)
    if empty_gap is None:
        return None
    certain = np.flatnonzero(lives.put_ret < lives.take_call)
    certain = certain[np.argsort(lives.put_ret[certain])]
    nested = _nest(
        lives.put_call[certain], lives.put_ret[certain], lives.take_call[certain], lives.take_ret[certain], cover[:-1]
    )
    if nested is None:
        return None
    put_gap, take_gap = lives.take_call.copy(), lives.take_call.copy()
    rank = np.zeros(len(lives.put), np.int64)
    put_gap[certain], take_gap[certain], rank[certain] = nested
    return in_gaps(lives, put_gap, take_gap, rank, empty_gap)


@kernel
def _nest(put_call, put_ret, take_call, take_ret, cover):  # type: ignore[no-untyped-def]
    """Gaps of the pushes and pops of certain lives, which come sorted by `put_ret`, and a rank that is higher inside;
    or None if they cannot be nested."""
    count = len(put_ret)
    put_gap = np.empty(count, np.int64)
    take_gap = np.empty(count, np.int64)
    rank = np.empty(count, np.int64)
    # The lives whose `put_ret` is at or behind a position begin with this one.
    begin = np.searchsorted(put_ret, np.arange(len(cover) + 2))
    size = 1
    while size < max(count, len(cover)):
        size *= 2
    outside, early = np.full(2 * size, _NONE), np.full(2 * size, _NONE)
    for life in range(count):
        outside[size + life] = -put_call[life]
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
            life = _greatest(outside, size, low, high)
            if outside[size + life] <= -start:
                break
            _put(outside, size, life, _NONE)
            _put(early, size, life, take_ret[life])
        life = _greatest(early, size, low, high)
        if early[size + life] <= end:
            return None
        _put(early, size, life, _NONE)
        put_gap[life], take_gap[life], rank[life] = start - 1, end, placed
        placed += 1
        _add(least, added, size, put_ret[life], take_call[life], -1)
        waiting = _fall_apart(least, added, size, start, end, runs, waiting, nodes)
    return put_gap, take_gap, rank


_NONE = -(1 << 62)
_MANY = 1 << 40


@kernel
def _fall_apart(least, added, size, start, end, runs, waiting, nodes):  # type: ignore[no-untyped-def]
    """Add to `runs` those into which the gaps from `start` to before `end` fall. A gap is found uncovered only once."""
    while start < end:
        gap = _uncovered(least, added, size, start, end, nodes)
        if gap < 0:
            gap = end
        else:
            _add(least, added, size, gap, gap + 1, _MANY)
        if start < gap:
            runs[waiting] = start, gap
            waiting += 1
        start = gap + 1
    return waiting


@kernel
def _uncovered(least, added, size, start, end, nodes):  # type: ignore[no-untyped-def]
    """The first gap from `start` to before `end` that nobody covers, or -1. The count of a gap is the sum of what was
    added to the nodes above it, and `least` is the least count below a node, without what was added above."""
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
def _add(least, added, size, start, end, more):  # type: ignore[no-untyped-def]
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


def deadlines(lives: Lifetimes) -> Ints:
    """For each life a position before which its pop should be called, NEVER if none: before an element is popped that
    was pushed first for certain and was there with it. A good guess, no more. O(n log n)"""
    return soonest_take(lives, lives.put_ret, lives.put_call)
