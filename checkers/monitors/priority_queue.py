"""Priority queues to which no element is given twice, and bags, which give any element.

Take the elements from the least to the greatest, and keep each in the queue for as short as can be:

    gaps            0  1  2  3  4  5  6  7  8  9
    1 is there            =======                    put as late, taken as early as its operations allow
    2 is there                  .  ====              can be taken from gap 4 on: gap 4 is blocked by 1, so in gap 5
    3 is there                                       ...

An element can be taken in a gap only if no lesser one is there all through it. If put and take can happen in the same
gap, they do, one right after the other, and the element is in nobody's way. Otherwise it is put in the last gap before
`put_ret` and taken in the first gap from `take_call` on that is not blocked; and it blocks the gaps in between.

*Nothing else is better.* By induction: in every linearization a lesser element is there at least in the gaps that it
blocks here. So this element is not taken in a blocked gap, hence not before the gap chosen here; and it was put before
`put_ret`. So it is there at least in the gaps that it blocks here; and if its take returns before the gap chosen here,
there is no linearization.

*This is one.* Within a gap (see `in_gaps`) first those are taken that were there, the least first: every lesser one
that was there is taken in this gap too, and so before, or the gap would be blocked. Then come the lives that are over
within the gap, when nothing lesser is there, and those who found the queue empty, for which a gap must be blocked by
nobody at all, as if they took an element greater than all others. New elements come last.

A bag is the same without the rule: elements are taken at once, and block only those who found it empty.
"""

from __future__ import annotations

import numpy as np

from clew.checkers.kernel import kernel
from clew.checkers.monitors.lifetimes import Ints, Lifetimes, covered, free_gaps, in_gaps, soonest_take


def order_of(lives: Lifetimes) -> Ints | None:
    """A linearization of a priority queue, or None if there is none. O(n log n)"""
    take_gap, free = _take(lives.put_ret, lives.take_call, lives.take_ret, lives.end)
    empty_gap = None if len(take_gap) < len(lives.put) else free_gaps(lives, free)
    if empty_gap is None:
        return None
    return in_gaps(lives, np.minimum(lives.put_ret - 1, take_gap), take_gap, -np.arange(len(lives.put)), empty_gap)


def order_of_bag(lives: Lifetimes) -> Ints | None:
    """A linearization of a bag, or None if there is none. O(n log n)"""
    empty_gap = free_gaps(lives, covered(lives) == 0)
    if empty_gap is None:
        return None
    put_gap = np.minimum(lives.put_ret - 1, lives.take_call)
    return in_gaps(lives, put_gap, lives.take_call, -np.arange(len(lives.put)), empty_gap)


@kernel
def _take(put_ret, take_call, take_ret, end):  # type: ignore[no-untyped-def]
    """For each life the gap of its take, as far as there is one; and which gaps but the last nobody blocks."""
    count = len(put_ret)
    take_gap = np.empty(count, np.int64)
    # Of each gap: itself if it is free, else one behind it, on the way to the next free one.
    onward = np.arange(end + 1)
    for life in range(count):
        gap = _free_from(onward, take_call[life])
        if gap >= take_ret[life]:
            return take_gap[:life], onward[:end] == np.arange(end)
        take_gap[life] = gap
        blocked = _free_from(onward, min(put_ret[life], gap))
        while blocked < gap:
            onward[blocked] = blocked + 1
            blocked = _free_from(onward, blocked)
    return take_gap, onward[:end] == np.arange(end)


@kernel
def _free_from(onward, gap):  # type: ignore[no-untyped-def]
    """The first free gap from `gap` on. The last one always is."""
    while onward[gap] != gap:
        onward[gap] = onward[onward[gap]]
        gap = onward[gap]
    return gap


def deadlines(lives: Lifetimes) -> Ints:
    """For each life a position before which its take should be called, NEVER if none: before a greater element is
    taken that could be taken only when this one was there. A good guess, no more. O(n log n)"""
    rank = -np.arange(len(lives.put))
    return soonest_take(lives, rank, rank)
