"""Containers to which no element is put twice: every element has one lifetime, from its put to its take.

    calls and returns     0     1     2     3     4     5          `end` = 6: nothing known happens from here on
    gaps                     0     1     2     3     4     5     6
    put a                 |-----------|                            in a gap from 0 to 1
    take a -> a                             |-----------|          in a gap from 3 to 4
    a is present                         =======                   for certain, in gap 2

*Gaps.* An operation takes effect between two events, in a *gap*: gap g lies right after position g. A put takes effect
in a gap from its call to the one before its return, and so does a take. Gap `end` stands for "after everything". An
element that is never taken has its lifetime end there: its `take_call` is `end`. A take of unknown outcome can take
effect in any gap up to `end`; in gap `end` it has not happened. This changes no answer: what is left in a container can
be taken when everything else is over, and what happens in that gap can be left out again.

*Cut intervals.* Put and take restrict each other: a put takes effect before the take of its element returns, and a take
after the put of its element was called. The intervals are cut accordingly, so `put_call <= take_call` and
`put_ret <= take_ret`. A lifetime is *certain* if `put_ret < take_call`: the element is present in all gaps from
`put_ret` to the one before `take_call`.

*Unknown outcomes.* Remove an element from a container's past altogether, put and take. The other elements keep their
order, and a container that was empty stays empty. Two things follow:

1. A put of unknown outcome is left out unless an operation that returned took its element. In that case it happened.
2. A linearizable history stays linearizable when some elements are left out with everything that was done to them.

`unknown_takes` lists the takes whose outcome and element are unknown. Each can only have taken an element that no known
take took: one of those with `left`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from clew.checkers.encoding import NEVER
from clew.checkers.forms import EMPTIES, PUTS, TAKES, TAKES_ANY, ContainerForm, Ints, Mask
from clew.checkers.kernel import kernel

NO_OPERATION = -1
"""In place of the put or the take of an element: there is none."""


@dataclass(frozen=True)
class Lifetimes:
    """The lifetimes that count, one entry for each in the order of the elements' numbers; see the module."""

    form: ContainerForm
    end: int
    """The position from which on nothing is known; also the gap after everything."""
    put: Ints
    """The put of the element, an operation."""
    take: Ints
    """The take of the element, an operation; NO_OPERATION if there is none."""
    put_call: Ints
    """The interval of the put: from the gap `put_call` to the gap before `put_ret`."""
    put_ret: Ints
    take_call: Ints
    """The interval of the take: from the gap `take_call` to the gap before `take_ret`."""
    take_ret: Ints
    left: Mask
    """Whether no take has returned the element."""
    unknown_takes: Ints
    """The takes of unknown outcome, in the order of their calls."""
    empty: Ints
    """The takes that found the container empty. All of them returned."""

    def only(self, keep: Mask) -> Lifetimes:
        """Some of the lifetimes, without `unknown_takes`. If all of them fit together, these do: (2) in the module."""
        return replace(
            self, put=self.put[keep], take=self.take[keep], put_call=self.put_call[keep], put_ret=self.put_ret[keep],
            take_call=self.take_call[keep], take_ret=self.take_ret[keep], left=self.left[keep],
            unknown_takes=self.unknown_takes[:0],
        )  # fmt: skip


def lifetimes_of(form: ContainerForm, until: int) -> Lifetimes | None:
    """The lifetimes, as the events before position `until` show them.

    None if an element was taken twice, or taken before its put began. O(n).
    """
    problem = form.problem
    returned = problem.ret < until
    called = problem.call < until
    ret = np.where(returned, problem.ret, until + 1)

    takes = np.flatnonzero((form.kind == TAKES) & called)
    certain = takes[returned[takes]]
    if np.bincount(form.element[certain], minlength=form.elements + 1)[:-1].max(initial=0) > 1:
        return None
    # The take of an element is the one that returned it. If none has returned yet, it is the earliest called of those
    # that may return it: whatever gap suits a later one suits it too.
    take = np.full(form.elements + 1, NO_OPERATION, np.int64)
    take[form.element[takes[::-1]]] = takes[::-1]
    take[form.element[certain]] = certain
    needed = np.zeros(form.elements + 1, np.bool_)
    needed[form.element[certain]] = True
    put = np.full(form.elements + 1, NO_OPERATION, np.int64)
    puts = np.flatnonzero((form.kind == PUTS) & called)
    put[form.element[puts]] = puts
    if (needed & (put == NO_OPERATION)).any():
        return None

    counts = np.flatnonzero((put != NO_OPERATION) & (needed | returned[put]))
    put, take = put[counts], take[counts]
    taken = take != NO_OPERATION
    put_call = problem.call[put]
    take_ret = np.where(taken, ret[take], until + 1)
    if (take_ret < put_call).any():
        return None
    return Lifetimes(
        form,
        until,
        put,
        take,
        put_call,
        np.minimum(ret[put], take_ret),
        np.maximum(np.where(taken, problem.call[take], until), put_call),
        take_ret,
        ~needed[counts],
        np.flatnonzero((form.kind == TAKES_ANY) & called),
        np.flatnonzero((form.kind == EMPTIES) & returned),
    )


def covered(lifetimes: Lifetimes) -> Ints:
    """For each gap, how many elements are present for certain. O(n)"""
    certain = lifetimes.put_ret < lifetimes.take_call
    change = np.bincount(lifetimes.put_ret[certain], minlength=lifetimes.end + 1)
    return np.cumsum(change - np.bincount(lifetimes.take_call[certain], minlength=lifetimes.end + 1))


def free_gaps(lifetimes: Lifetimes, free: Mask) -> Ints | None:
    """For each take that found the container empty, the first of the `free` gaps in which it can take effect.

    None if one of them has no such gap. O(n).
    """
    gaps = np.flatnonzero(free)
    problem = lifetimes.form.problem
    place = np.searchsorted(gaps, problem.call[lifetimes.empty])
    gaps = np.append(gaps, lifetimes.end)
    found: Ints = gaps[place]
    return None if (found >= problem.ret[lifetimes.empty]).any() else found


def in_gaps(lifetimes: Lifetimes, put_gap: Ints, take_gap: Ints, rank: Ints, empty_gap: Ints) -> Ints:
    """The operations in the order of their gaps, without the last gap. O(n log n)

    Within a gap the order is: takes of elements that were put in an earlier gap, by falling `rank`; lifetimes that
    begin and end in the gap, one by one, and takes that found the container empty; puts of elements that stay, by
    rising `rank`.
    """
    count = len(lifetimes.put)
    short = put_gap == take_gap
    ops = np.concatenate((lifetimes.put, lifetimes.take, lifetimes.empty))
    gap = np.concatenate((put_gap, take_gap, empty_gap))
    stage = np.ones(len(ops), np.int64)
    stage[:count][~short] = 2
    stage[count : 2 * count][~short] = 0
    place = np.zeros(len(ops), np.int64)
    place[:count] = rank
    place[count : 2 * count] = np.where(short, rank, -rank)
    place[2 * count :] = rank.min(initial=0) - 1
    late = np.zeros(len(ops), np.int64)
    late[count : 2 * count] = 1
    order = np.lexsort((late, place, stage, gap))
    result: Ints = ops[order[gap[order] < lifetimes.end]]
    return result


def soonest_take(lifetimes: Lifetimes, place: Ints, below: Ints) -> Ints:
    """For each lifetime the first return of a take that was called at or after `put_ret` of this lifetime, of those
    lifetimes whose `place` is less than the `below` of this one. NEVER if there is none. O(n log n)"""
    result: Ints = _soonest(
        place[np.argsort(place)], np.argsort(place), below, np.argsort(below), lifetimes.put_ret, lifetimes.take_call,
        np.where(lifetimes.take_ret > lifetimes.end, NEVER, lifetimes.take_ret), lifetimes.end, NEVER,
    )  # fmt: skip
    return result


@kernel
def _soonest(place, by_place, below, by_below, put_ret, take_call, take_ret, end, never):  # type: ignore[no-untyped-def]
    result = np.full(len(place), never, np.int64)
    # A binary indexed tree over the calls of takes, last call first. It gives the least return up to a call.
    tree = np.full(end + 2, never, np.int64)
    following = 0
    for lifetime in by_below:
        while following < len(place) and place[following] < below[lifetime]:
            other = by_place[following]
            following += 1
            node = end - take_call[other] + 1
            while node < len(tree):
                tree[node] = min(tree[node], take_ret[other])
                node += node & -node
        node = end - put_ret[lifetime] + 1
        while node > 0:
            result[lifetime] = min(result[lifetime], tree[node])
            node -= node & -node
    return result
