"""All sums of sets of adds, without all sets: there are two lists, and a set is one of the first and one of the second.

Of 20 numbers there are a million sets, but two lists of a thousand. Both ascend, so one walk along them, up the first
and down the second, finds all pairs that add up to something (Horowitz and Sahni, "Computing Partitions with
Applications to the Knapsack Problem", Journal of the ACM 21(2), 1974).
"""

from __future__ import annotations

import numpy as np

from clew.checkers.kernel import raw_kernel

HALF = 1 << 11
"""How many sets a list has at most. If there are more of so many numbers, it is those of few."""


@raw_kernel
def most_of(count, most):  # type: ignore[no-untyped-def]
    """The greatest size of sets of `count` things, so that there are no more than `most` of this size or less."""
    size, sets, these = 0, 1, 1
    while size < count:
        these = these * (count - size) // (size + 1)
        if sets + these > most:
            break
        sets += these
        size += 1
    return size


@raw_kernel
def begin_list(g, which):  # type: ignore[no-untyped-def]
    """A list of the empty set. Returns how many sets there are."""
    g.sums[which, 0], g.masks[which, 0], g.gains[which, 0], g.sizes[which, 0] = 0, 0, 0, 0
    return 1


@raw_kernel
def more_sets(g, which, count, first, last, most):  # type: ignore[no-untyped-def]
    """Add to each set of a list the first, the first two, and so on, of the adds `g.sorted[first:last]` of one number.

    A set has `most` adds at most. Returns how many sets there are then.
    """
    delta = g.delta[g.adds[g.sorted[first]]]
    for i in range(count):
        _copy(g, which, i, 2, i)
    have, mask, sum_of, gain = count, np.uint64(0), np.int64(0), np.int64(0)
    for number in range(first, last):
        place = g.sorted[number]
        mask |= np.uint64(1) << np.uint64(place)
        sum_of += delta
        gain += g.gain[place]
        # Merge the list, moved to `spare`, with the sets of before that have these adds too.
        for i in range(have):
            _copy(g, which, i, 3, i)
        old, new, made = 0, 0, 0
        while True:
            while new < count and g.sizes[2, new] + number - first + 1 > most:
                new += 1
            if old == have and new == count:
                break
            if new == count or (old < have and g.sums[3, old] <= g.sums[2, new] + sum_of):
                _copy(g, 3, old, which, made)
                old += 1
            else:
                _copy(g, 2, new, which, made)
                g.sums[which, made] += sum_of
                g.masks[which, made] |= mask
                g.gains[which, made] += gain
                g.sizes[which, made] += number - first + 1
                new += 1
            made += 1
        have = made
    return have


@raw_kernel
def _copy(g, source, place, target, target_place):  # type: ignore[no-untyped-def]
    """Copy a set."""
    g.sums[target, target_place] = g.sums[source, place]
    g.masks[target, target_place] = g.masks[source, place]
    g.gains[target, target_place] = g.gains[source, place]
    g.sizes[target, target_place] = g.sizes[source, place]
