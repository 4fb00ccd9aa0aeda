"""FIFO queues to which no element is put twice.

Element a must leave the queue before b if the put of a returned before the put of b was called, or if the take of a
returned before the take of b was called:

    a < b   if   put_ret(a) < put_call(b)   or   take_ret(a) < take_call(b)

*If there is no cycle, there is a linearization.* Take a linear order of the elements that respects this relation. In
this order, let every put take effect at its call or right after the put before it, whichever is later: its time is the
largest `put_call` so far. No put is then later than its return, because otherwise a put further on would have had to
come first. Do the same with the takes: each takes effect at its call, after the take before it, and after its own put.
None is too late. A take before it in the order is no reason, as for the puts. A put is none either: if `put_call(b)` of
an element b before a is after `take_ret(a)`, it is after `put_ret(a) <= take_ret(a)`, and then a had to come before b.
Now puts and takes are both in the order of the elements, and each put comes before its take: that is a FIFO queue.

*Only pairs matter.* Each half of the relation is an interval order: if a < b and c < d in it, then a < d or c < b. So
in a shortest cycle the halves alternate. If it has four steps or more, look at a < b < c < d with steps one and three
in the same half: a < d makes the cycle shorter, and c < b closes a cycle of two. So a shortest cycle has two elements.
`deadlines` uses this.

*Finding the queue empty.* A take that found nothing needs a gap in which no element is present for certain (see
`lifetimes`). That is enough. Choose such gaps. Put every lifetime with `take_call` at or before a chosen gap before the
gap, and every other one after it. One that is put after the gap also has its `put_ret` after it, because it is not
present for certain. Let a be after the gap and b before it. Then a need not come before b: `take_ret(a) >=
take_call(a)` is after the gap and `take_call(b)` before it; `put_ret(a)` is after it and `put_call(b) <= take_call(b)`
before it. So no cycle is added. And both fit: a lifetime before the gap has both calls before it, and a lifetime after
the gap has both returns after it.
"""

from __future__ import annotations

import numpy as np

from clew.checkers.encoding import NEVER
from clew.checkers.forms import Ints
from clew.checkers.kernel import kernel
from clew.checkers.monitors.lifetimes import Lifetimes, covered, free_gaps


def order_of(lifetimes: Lifetimes) -> Ints | None:
    """A linearization of the lifetimes and of the takes that found the queue empty, or None if there is none.

    O(n log n).
    """
    empty_gap = free_gaps(lifetimes, covered(lifetimes) == 0)
    if empty_gap is None:
        return None
    line = _line_up(
        lifetimes.put_call, lifetimes.put_ret, lifetimes.take_call, lifetimes.take_ret, np.argsort(lifetimes.put_call),
        np.argsort(lifetimes.put_ret), np.argsort(lifetimes.take_call), np.argsort(lifetimes.take_ret),
    )  # fmt: skip
    if len(line) < len(lifetimes.put):
        return None
    used = np.unique(empty_gap)
    gaps_before = np.searchsorted(used, lifetimes.take_call)
    line = line[np.argsort(gaps_before[line], kind="stable")]
    # A time is twice a position. The odd number after it is the middle of the gap, where the queue is empty.
    begins = np.append(-1, 2 * used + 1)[gaps_before[line]]
    put_time = np.maximum.accumulate(np.maximum(2 * lifetimes.put_call[line], begins))
    take_time = np.maximum(np.maximum.accumulate(2 * lifetimes.take_call[line]), put_time)
    count = len(line)
    ops = np.concatenate((lifetimes.put[line], lifetimes.take[line], lifetimes.empty))
    time = np.concatenate((put_time, take_time, 2 * empty_gap + 1))
    turn = np.repeat(np.array([1, 2, 0]), (count, count, len(empty_gap)))
    place = np.concatenate((np.arange(count), np.arange(count), np.arange(len(empty_gap))))
    order = np.lexsort((place, turn, time))
    result: Ints = ops[order[time[order] < 2 * lifetimes.end]]
    return result


@kernel
def _line_up(  # type: ignore[no-untyped-def]
    put_call, put_ret, take_call, take_ret, by_put_call, by_put_ret, by_take_call, by_take_ret
):
    """Lifetimes in an order in which each comes before those that it must come before. Shorter if there is no order.

    A lifetime can be next if its put and its take were called before any put or take of the lifetimes that are not in
    line yet has returned.
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
            lifetime = by_put_call[put_next]
            put_next += 1
            ready[lifetime] += 1
            if ready[lifetime] == 2:
                waiting[waits] = lifetime
                waits += 1
        while take_next < count and take_call[by_take_call[take_next]] <= take_ret[by_take_ret[take_from]]:
            lifetime = by_take_call[take_next]
            take_next += 1
            ready[lifetime] += 1
            if ready[lifetime] == 2:
                waiting[waits] = lifetime
                waits += 1
        if waits == 0:
            return line[:lined]
        waits -= 1
        in_line[waiting[waits]] = True
        line[lined] = waiting[waits]
        lined += 1


def deadlines(lifetimes: Lifetimes) -> Ints:
    """For each lifetime the position before which its take must be called, NEVER if there is none. O(n log n)

    Let w be put after v for certain. If w was taken before v for certain, the two form a cycle. As long as no take
    found the queue empty, this is all that can go wrong with a take of v that never returns.
    """
    by_call = np.argsort(lifetimes.put_call)
    soonest = np.minimum.accumulate(lifetimes.take_ret[by_call][::-1])[::-1]
    soonest = np.append(np.where(soonest > lifetimes.end, NEVER, soonest), NEVER)
    result: Ints = soonest[np.searchsorted(lifetimes.put_call[by_call], lifetimes.put_ret, "right")]
    return result
