"""A counter, from one result to the next: all configurations that explain equally many results, at once.

    add 3   ----------------
    add -1      ---------------------------
    add 4           -------------
    read 6              -------             3, -1 and 4 stand before it: the gap is their sum

A *result* is a read or an add-and-get that told the sum. Between two results that follow each other in a linearization
there is a gap, and in the gap are adds that told nothing. Their order in the gap makes no difference. A step goes from
configurations that explain n results to those that explain one more: for each open result it takes every set of open
adds whose sum leads there (`sets`).

Kept are the most probable ones. An operation that is used before it likely took effect, or not used after that, costs
what that chance is (`moments`). If gaps are priced too, a set of k of n adds is one of many: that the sum is right by
chance is the likelier, the more sets of this size there are. So a gap costs a bit, another one for each add, and as
many as it takes to say which k of the n they are; most gaps have no add or one. An add of unknown outcome costs more.
If there are many of these, what they add says which one it can be (`gap_numbers`). With unique values the true order is
nearly always among the first thousand.

Five rules leave configurations out, and none of them loses the last linearization.

*In time.* What is called after an unused operation has returned cannot stand before it. So an add that returned before
a result was called is in the gap before that result at the latest, and nothing in the gap is called after something
unused returned, unless that is in the gap too.
*Eager reads.* A read of the present sum takes effect at once, and nothing else is tried. If a linearization places it
later, it can be moved here: nothing notices.
*Earliest deadline first.* Of open adds of the same number that everything unused overlaps, those are taken first that
return first. Those of unknown outcome come last, and of these the ones called first come first. If a linearization
places another one now, this one comes later in it or never, and the two can change places.
*Adding nothing.* An add of 0 is in a gap only if it must be.
*The same.* Two configurations that have used the same operations are one.

Unless something was dropped, it is as complete as any search: if no configuration explains one more result, there is no
order.
"""

from __future__ import annotations

import numpy as np

from clew.checkers.encoding import NEVER
from clew.checkers.kernel import raw_kernel
from clew.checkers.linear.gap_notes import note
from clew.checkers.linear.gap_numbers import try_numbers
from clew.checkers.linear.gap_tables import (
    DEAD,
    KNOWN,
    MIDDLE,
    PAUSE,
    PRICE,
    ROOM,
    SUM,
    THERE,
    gain_of,
    list_open,
)
from clew.checkers.linear.sets import HALF, begin_list, more_sets, most_of
from clew.checkers.wrong_list import NOBODY

_ROOM = 8
"""Room for what is found, in widths. If it is full, the best quarter is kept."""


@raw_kernel
def expand(g):  # type: ignore[no-untyped-def]
    """Find what explains one more result. It can be called again after PAUSE and ROOM."""
    at = g.at
    while at.source < at.count:
        if at.work >= at.pause:
            return PAUSE
        if 2 * at.found > len(g.found) and len(g.found) < _ROOM * at.width:
            return ROOM
        _expand(g, at.source)
        at.source += 1
    return THERE if at.found else DEAD


@raw_kernel
def _expand(g, source):  # type: ignore[no-untyped-def]
    at, row = g.at, g.rows[source]
    list_open(g, row)
    at.work += at.told + at.adds
    if source == 0:
        # Adds of unknown outcome cost something for as long as they are open: in a long history all scores are great.
        at.shift = max(0, at.score + row[PRICE] - MIDDLE)
    at.score += row[PRICE] - at.shift
    for i in range(at.told):
        result = g.results[i]
        if g.delta[result] == 0 and g.before[result] == row[SUM] and g.call[result] < at.soonest:
            at.forced = 0
            note(g, source, result, np.uint64(0), -g.gap[at.known, 0], NOBODY, NOBODY)  # there was no choice
            return
    for i in range(at.adds):
        g.gain[i] = gain_of(g, g.adds[i])
    first = 0
    while first < at.told:
        # All results for which the same adds must be in the gap.
        must, base, until, at.forced = np.uint64(0), np.int64(row[SUM]), NEVER, 0
        for i in range(at.known):
            add = g.adds[i]
            if g.ret[add] < g.call[g.results[first]]:
                must |= np.uint64(1) << np.uint64(i)
                base += g.delta[add]
                at.forced += g.delta[add] != 0
            else:
                until = min(until, g.ret[add])
        last = first
        while last < at.told and g.call[g.results[last]] < until:
            last += 1
        one, other = _list_sets(g, must)
        _try_sets(g, source, first, last, must, base, one, other)
        if at.many:
            try_numbers(g, source, first, last, must, base)
        first = last


@raw_kernel
def _try_sets(g, source, first, last, must, base, one, other):  # type: ignore[no-untyped-def]
    """Note all gaps before the results from `first` to before `last`. The adds `must` are in all these gaps.

    `base` is the sum with those adds.
    """
    at = g.at
    unknown = at.adds - at.known
    most = most_of(unknown, at.sets)
    if most < unknown:
        at.dropped = 1
    for size in range(most + 1):
        price = g.gap_of_unknown[unknown, size]
        # All sets of this size, as numbers that ascend (Knuth, The Art of Computer Programming 4A, section 7.1.3).
        some = (np.int64(1) << size) - 1
        while some < np.int64(1) << unknown:
            if _first_ones(g, some) and _come_next(g, some, must):
                mask = must | (np.uint64(some) << np.uint64(at.known))
                added = base
                for i in range(unknown):
                    if (some >> i) & 1:
                        added += g.delta[g.adds[at.known + i]]
                for i in range(first, last):
                    at.work += one + other
                    _match(g, source, g.results[i], one, other, g.before[g.results[i]] - added, mask, price)
            if some == 0:
                break
            lowest = some & -some
            higher = some + lowest
            some = (((higher ^ some) >> 2) // lowest) | higher


@raw_kernel
def _first_ones(g, some):  # type: ignore[no-untyped-def]
    """Whether of open adds of one number and of unknown outcome a set has those that were called first."""
    at = g.at
    for i in range(at.adds - at.known):
        for j in range(at.adds - at.known):
            if (some >> i) & 1 and not (some >> j) & 1:
                one, other = g.adds[at.known + i], g.adds[at.known + j]
                if g.delta[one] == g.delta[other] and g.call[other] < min(g.call[one], at.soonest):
                    return False
    return True


@raw_kernel
def _come_next(g, some, must):  # type: ignore[no-untyped-def]
    """Whether few open adds of known outcome come before those of a set: they are of the same numbers.

    They all have to be in the gap too.
    """
    at, before = g.at, 0
    for i in range(at.known):
        add = g.adds[i]
        if g.call[add] < at.soonest and not (must >> np.uint64(i)) & np.uint64(1):
            for j in range(at.adds - at.known):
                if (some >> j) & 1 and g.delta[g.adds[at.known + j]] == g.delta[add]:
                    before += 1
                    break
    if before > at.before:
        at.dropped = 1
    return before <= at.before


@raw_kernel
def _match(g, source, result, one, other, sum_of, mask, price):  # type: ignore[no-untyped-def]
    """Note all gaps of one set of each list whose sums add up to a number."""
    low, high, free = 0, other - 1, g.at.known - g.at.forced
    score = g.at.score + _gain(g, mask) + gain_of(g, result) + price
    if score + g.least[0] + g.least[1] + g.gap[free, 0] > g.at.bound:
        g.at.dropped = 1
        return
    while low < one and high >= 0:
        found = g.sums[0, low] + g.sums[1, high]
        if found < sum_of:
            low += 1
        elif found > sum_of:
            high -= 1
        else:
            place = high
            while place >= 0 and g.sums[1, place] == g.sums[1, high]:
                g.at.work += 1
                size = g.sizes[0, low] + g.sizes[1, place]
                if score + g.gains[0, low] + g.gains[1, place] + g.gap[free, size] <= g.at.bound:
                    note(g, source, result, mask | g.masks[0, low] | g.masks[1, place], price, NOBODY, NOBODY)
                else:
                    g.at.dropped = 1
                place -= 1
            low += 1


@raw_kernel
def _list_sets(g, must):  # type: ignore[no-untyped-def]
    """Make two lists of sets of the adds of known outcome that need not be in the gap.

    Returns their lengths.
    """
    at, count = g.at, 0
    for i in range(at.known):
        if (must >> np.uint64(i)) & np.uint64(1) or g.delta[g.adds[i]] == 0:
            continue
        place = count
        while place > 0 and _stands_before(g, i, g.sorted[place - 1]):
            g.sorted[place] = g.sorted[place - 1]
            place -= 1
        g.sorted[place] = i
        count += 1
    one, other = begin_list(g, 0), begin_list(g, 1)
    most = most_of((count + 1) // 2, HALF)
    if most < (count + 1) // 2:
        at.dropped = 1
    else:
        most = KNOWN
    if at.most < min(most, count):
        at.dropped = 1
        most = at.most
    first = 0
    while first < count:
        last = first + 1
        while last < count and _are_alike(g, g.sorted[first], g.sorted[last]):
            last += 1
        if min(one, other) * (last - first + 1) > g.sums.shape[1]:
            at.dropped = 1
        elif one <= other:
            one = more_sets(g, 0, one, first, last, most)
        else:
            other = more_sets(g, 1, other, first, last, most)
        first = last
    for which in range(2):
        g.least[which] = 0
        for i in range(other if which else one):
            g.least[which] = min(g.least[which], g.gains[which, i])
    return one, other


@raw_kernel
def _gain(g, mask):  # type: ignore[no-untyped-def]
    """What the score changes by these adds: those that must be in the gap, and those of unknown outcome."""
    gain = np.int64(0)
    for i in range(g.at.adds):
        if (mask >> np.uint64(i)) & np.uint64(1):
            gain += g.gain[i]
    return gain


@raw_kernel
def _are_alike(g, one, other):  # type: ignore[no-untyped-def]
    """Whether two adds are of the same number and open: everything that is not used overlaps them."""
    one, other = g.adds[one], g.adds[other]
    return g.delta[one] == g.delta[other] and max(g.call[one], g.call[other]) < g.at.soonest


@raw_kernel
def _stands_before(g, one, other):  # type: ignore[no-untyped-def]
    """An order in which adds that are alike stand together, those first that return first."""
    one, other = g.adds[one], g.adds[other]
    late, is_late = g.call[one] >= g.at.soonest, g.call[other] >= g.at.soonest
    if late != is_late:
        return is_late
    if g.delta[one] != g.delta[other]:
        return g.delta[one] < g.delta[other]
    return g.ret[one] < g.ret[other]
