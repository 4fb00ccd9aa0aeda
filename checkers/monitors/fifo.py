"""FIFO queues to which no element is given twice.

Element a must leave before b if its put returned before that of b was called, or its take before that of b:

    a < b   if   put_ret(a) < put_call(b)   or   take_ret(a) < take_call(b)

*No cycle, no problem.* Let a linear order of the elements respect that. Let every put, in this order, take effect at
its call or right after the put before it, whichever is later: the time of a put is the largest `put_call` up to there.
No put comes after its return, or a later put would have to come first. Likewise the takes, each at its call or after
the take before it, or after its own put. It is too late for none: not because of a take before it in the order, nor
because of a put: if `put_call(b)` of a b before a is behind `take_ret(a)`, it is behind `put_ret(a) <= take_ret(a)`,
and then a had to come before b. Puts and takes both in the order of the elements, each put before its take: that is a
FIFO queue.

*Cycles have length two.* Each half of the relation is an interval order: if a < b and c < d in it, then a < d or
c < b. So a shortest cycle changes halves at every step; and from a < b < c < d with steps one and three in the same
half, a < d is a shorter way round, or c < b closes a cycle of two. So only pairs matter (`deadlines` uses it).

*Empty.* A dequeue that found nothing needs a gap in which no element is there for certain (see `lives`). This suffices:
choose such gaps, and let everything with `take_call` at or before a chosen gap live before it, everything else behind.
What lives behind has `put_ret` behind the gap too, because it is not there for certain. If a lives behind the gap and b
before it, then a need not come before b: `take_ret(a) >= take_call(a)` is behind the gap, `take_call(b)` before; and
`put_ret(a)` behind, `put_call(b) <= take_call(b)` before. So no cycle is added; and both fit: what lives before has all
its calls before the gap, what lives behind has all its returns behind it.
"""

from __future__ import annotations

import numpy as np

from clew.checkers.encoding import NEVER
from clew.checkers.kernel import kernel
from clew.checkers.monitors.lifetimes import Ints, Lifetimes, covered, free_gaps


def order_of(lives: Lifetimes) -> Ints | None:
    """A linearization of the lives and of those who found the queue empty, or None if there is none. O(n log n)"""
    empty_gap = free_gaps(lives, covered(lives) == 0)
    if empty_gap is None:
        return None
    line = _line_up(
        lives.put_call, lives.put_ret, lives.take_call, lives.take_ret, np.argsort(lives.put_call),
        np.argsort(lives.put_ret), np.argsort(lives.take_call), np.argsort(lives.take_ret),
    )  # fmt: skip
    if len(line) < len(lives.put):
        return None
    used = np.unique(empty_gap)
    gaps_before = np.searchsorted(used, lives.take_call)
    line = line[np.argsort(gaps_before[line], kind="stable")]
    # Times are twice a position; the odd one behind it is the middle of the gap, where the queue is empty.
    begins = np.append(-1, 2 * used + 1)[gaps_before[line]]
    put_time = np.maximum.accumulate(np.maximum(2 * lives.put_call[line], begins))
    take_time = np.maximum(np.maximum.accumulate(2 * lives.take_call[line]), put_time)
    count = len(line)
    ops = np.concatenate((lives.put[line], lives.take[line], lives.empty))
    time = np.concatenate((put_time, take_time, 2 * empty_gap + 1))
    turn = np.repeat(np.array([1, 2, 0]), (count, count, len(empty_gap)))
    place = np.concatenate((np.arange(count), np.arange(count), np.arange(len(empty_gap))))
    order = np.lexsort((place, turn, time))
    result: Ints = ops[order[time[order] < 2 * lives.end]]
    return result


@kernel
def _line_up(  # type: ignore[no-untyped-def]
    put_call, put_ret, take_call, take_ret, by_put_call, by_put_ret, by_take_call, by_take_ret
):
    """Lifetimes in an order in which each comes before those that it must come before; as far as there is one.

    A life can be next if it was put and taken no later than all that are not in line yet were put and taken.
    """
    count = len(put_call)
    line = np.empty(count, np.int64)
    in_line = np.zeros(count, np.bool_)
    ready = np.zeros(count, np.int8)
    waiting = np.empty(count, np.int64)
    lined = waits = put_from = take_from = put_next = take_next = 0
    while True:
        while put_from < count and in_line[by_put_ret[put_from]]:
            put_from += 1
        while take_from < count and in_line[by_take_ret[take_from]]:
            take_from += 1
        if put_from == count:
            return line
        while put_next < count and put_call[by_put_call[put_next]] <= put_ret[by_put_ret[put_from]]:
            life = by_put_call[put_next]
            put_next += 1
            ready[life] += 1
            if ready[life] == 2:
                waiting[waits] = life
                waits += 1
        while take_next < count and take_call[by_take_call[take_next]] <= take_ret[by_take_ret[take_from]]:
            life = by_take_call[take_next]
            take_next += 1
            ready[life] += 1
            if ready[life] == 2:
                waiting[waits] = life
                waits += 1
        if waits == 0:
            return line[:lined]
        waits -= 1
        in_line[waiting[waits]] = True
        line[lined] = waiting[waits]
        lined += 1


def deadlines(lives: Lifetimes) -> Ints:
    """For each life the position before which its take must be called, NEVER if none. O(n log n)

    The life of v runs into a cycle with that of w, put later for certain, if w was taken first for certain. This is
    all that a take of v that never returns can do wrong, as long as nobody found the queue empty.
    """
    by_call = np.argsort(lives.put_call)
    soonest = np.minimum.accumulate(lives.take_ret[by_call][::-1])[::-1]
    soonest = np.append(np.where(soonest > lives.end, NEVER, soonest), NEVER)
    result: Ints = soonest[np.searchsorted(lives.put_call[by_call], lives.put_ret, "right")]
    return result
