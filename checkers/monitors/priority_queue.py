"""Priority queues to which no element is put twice, and bags, which give any element.

Go through the elements from the least to the greatest, and keep each in the queue for as short a time as possible:

    gaps            0  1  2  3  4  5  6  7  8  9
    1 is present          =======                    put as late and taken as early as its operations allow
    2 is present                .  ====              its take is possible from gap 4 on; 1 blocks gap 4, so in gap 5
    3 is present                                     ...

An element can be taken in a gap only if no lesser element is present all through that gap. If put and take can happen
in the same gap, they do, one right after the other, and the element blocks no other. Otherwise it is put in the last
gap before `put_ret`, taken in the first gap from `take_call` on that is not blocked, and blocks the gaps in between.

*Nothing else is better.* By induction: in every linearization a lesser element is present at least in the gaps that it
blocks here. So this element is not taken in a blocked gap, hence not before the gap chosen here; and it was put before
`put_ret`. So it is present at least in the gaps that it blocks here. And if its take returns before the gap chosen
here, there is no linearization.

*The result is a linearization.* Within a gap (see `in_gaps`), the elements that were present are taken first, the least
one first. Every lesser element that was present is taken in this gap too, and earlier, because otherwise the gap would
be blocked. Next come the lifetimes that begin and end within the gap, when no lesser element is present, and the takes
that found the queue empty: these need a gap that no element blocks, as if they took an element greater than all others.
New elements come last.

A bag is the same without the order of elements: an element is taken at once, and blocks only takes that find nothing.
"""

from __future__ import annotations

import numpy as np

from clew.checkers.forms import Ints
from clew.checkers.kernel import kernel
from clew.checkers.monitors.lifetimes import Lifetimes, covered, free_gaps, in_gaps, soonest_take


def order_of(lifetimes: Lifetimes) -> Ints | None:
    """A linearization of a priority queue, or None if there is none. O(n log n)"""
    take_gap, free = _take(lifetimes.put_ret, lifetimes.take_call, lifetimes.take_ret, lifetimes.end)
    empty_gap = None if len(take_gap) < len(lifetimes.put) else free_gaps(lifetimes, free)
    if empty_gap is None:
        return None
    return in_gaps(
        lifetimes, np.minimum(lifetimes.put_ret - 1, take_gap), take_gap, -np.arange(len(lifetimes.put)), empty_gap
    )


def order_of_bag(lifetimes: Lifetimes) -> Ints | None:
    """A linearization of a bag, or None if there is none. O(n log n)"""
    empty_gap = free_gaps(lifetimes, covered(lifetimes) == 0)
    if empty_gap is None:
        return None
    put_gap = np.minimum(lifetimes.put_ret - 1, lifetimes.take_call)
    return in_gaps(lifetimes, put_gap, lifetimes.take_call, -np.arange(len(lifetimes.put)), empty_gap)


@kernel
def _take(put_ret, take_call, take_ret, end):  # type: ignore[no-untyped-def]
    """The gap of each take, up to the first lifetime that has none; for each gap but the last whether it is free."""
    count = len(put_ret)
    take_gap = np.empty(count, np.int64)
    # For each gap: itself if it is free, otherwise a later gap on the way to the next free one.
    onward = np.arange(end + 1)
    for lifetime in range(count):
        gap = _free_from(onward, take_call[lifetime])
        if gap >= take_ret[lifetime]:
            return take_gap[:lifetime], onward[:end] == np.arange(end)
        take_gap[lifetime] = gap
        blocked = _free_from(onward, min(put_ret[lifetime], gap))
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


def deadlines(lifetimes: Lifetimes) -> Ints:
    """For each lifetime a position before which its take should be called, NEVER if there is none. O(n log n)

    It is where a greater element is taken that can only have been taken while this one was present. A guess: neither
    necessary nor sufficient.
    """
    rank = -np.arange(len(lifetimes.put))
    return soonest_take(lifetimes, rank, rank)
