"""When the operations of a counter took effect, about: for each operation a chance of every moment between its call
and its return.

    read 6         --------[====]---------      thirty clients: the sum was likely 6 about here
    add -1     ------==[========]==-------      and had not been 6 without this

An operation may have taken effect at any moment between its call and its return. What others were told narrows that
down. The sum at a moment is known within a few units: what returned before is in it, what was called later is not, and
of what is open each add is in it by some chance. So a result was likely told where the expected sum is near it. And an
add likely took effect where that brings the expected sums nearer to the results that were told there.

Each operation in turn gets the chances that follow from the expected sums without it, and then the expected sums get
its new chances; a few rounds of this are enough ("mean field", as in Wainwright and Jordan, "Graphical Models,
Exponential Families, and Variational Inference", Foundations and Trends in Machine Learning 1, 2008, chapter 5). Of
1,000 operations of 30 clients with values up to 5 the expected sum where a result was told is off by 6 on average
before the first round, and by 4 after the last.

These are estimates: they decide which configurations a sweep keeps, and never what it answers.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from clew.checkers.deadline import Deadline
from clew.checkers.encoding import NEVER, Problem
from clew.checkers.forms import Ints, Mask
from clew.checkers.kernel import raw_kernel
from clew.checkers.linear.gap_tables import LATE
from clew.checkers.sums import Sums
from clew.checkers.verdict import Budget

_ROUNDS = 10
"""How often each operation gets new chances."""
_PULL = 0.3
"""How much results count when an add gets its chances. They do not differ independently of each other from what is
expected: if one add took effect early, all of them do for a while."""
_LEAST_VARIANCE = 0.1
"""The variance of an expected sum is at least so many times the mean square of what adds add."""
_NEVER, _SOON = 0.5, 0.25
"""The chance at first that an operation of unknown outcome never took effect, or did as soon as others do."""
_FARTHEST = 4_000
"""How many events after its call such an operation may take effect, by these chances."""
_MOST_CHANCES = 1 << 22
"""If there are more chances than that, moments are longer."""
_BYTES = 64
"""What each chance takes at most, together with what is computed of it."""
_OPERATIONS_PER_VISIT = 200
"""How many operations get new chances, or prices, between two looks at the deadline."""
BIT = 16
"""What a score counts for a chance of one half."""


Prices = NDArray[np.int16]


class Moments(NamedTuple):
    """When the operations of a counter took effect, about, as sweeps take it. Most have an entry for each operation."""

    sums: Sums
    told: Mask
    """Whether it has a result that must be explained."""
    begin: Ints
    """The first moment at which it may take effect; see `Chances`."""
    first: Ints
    """Where its moments begin in `by` and `behind`."""
    span: Ints
    """How many it has there."""
    by: Prices
    """What it costs that it took effect by a moment,"""
    behind: Prices
    """and what it costs that it did not."""
    results: Ints
    """The moments at which results are expected, in order."""


class Chances(NamedTuple):
    """What the kernel works on.

    The moments are the gaps between events: moment m is right before event m. If there are very many, some that follow
    each other are one.
    """

    begin: Any
    """This and the next seven have an entry for each operation: the first moment at which it may take effect."""
    last: Any
    """The last one."""
    delta: Any
    told: Any
    before: Any
    never: Any
    """The chance at first that it never took effect."""
    first: Any
    """Where its chances begin, that of its first moment."""
    span: Any
    """How many it has."""
    prior: Any
    """The natural logarithms of the chances at first."""
    chance: Any
    mean: Any
    """This and the next three have an entry for each moment: the expected sum, and its variance."""
    variance: Any
    weight: Any
    """How many results were told then: the sum of their chances."""
    weighted: Any
    """The sum of these results, each times its chance."""
    room: Any
    """Room for the chances of one operation."""
    least: float
    """The least variance."""


@raw_kernel
def _count(t, op, sign):  # type: ignore[no-untyped-def]
    """Put what an operation is expected to do into the sums, or take it out of them."""
    begin, first, span, there = t.begin[op], t.first[op], t.span[op], 0.0
    delta = float(t.delta[op])
    if delta != 0:
        for moment in range(begin, t.last[op] + 1):
            half = t.chance[first + moment - begin] / 2 if moment - begin < span else 0.0
            there += half
            t.mean[moment] += sign * delta * there
            t.variance[moment] += sign * delta * delta * there * (1 - there)
            there += half
    if t.told[op]:
        for i in range(span):
            t.weight[begin + i] += sign * t.chance[first + i]
            t.weighted[begin + i] += sign * t.chance[first + i] * t.before[op]


@raw_kernel
def _weigh(t, op):  # type: ignore[no-untyped-def]
    """Give an operation the chances that follow from the sums without it, halfway from those that it has."""
    begin, first, span = t.begin[op], t.first[op], t.span[op]
    delta, later = float(t.delta[op]), 0.0
    greatest = np.log(t.never[op]) if t.never[op] > 0 else -np.inf
    for i in range(t.last[op] - begin, -1, -1):
        moment, pull = begin + i, 0.0
        variance = max(t.variance[moment], 0.0) + t.least
        if delta != 0:
            off = 2 * (t.mean[moment] * t.weight[moment] - t.weighted[moment]) + delta * t.weight[moment]
            pull = -_PULL * delta * off / (2 * variance)
        if i < span:
            t.room[i] = t.prior[first + i] + later + pull / 2
            if t.told[op]:
                off = t.mean[moment] - t.before[op]
                t.room[i] -= off * off / (2 * variance) + np.log(variance) / 2
            greatest = max(greatest, t.room[i])
        later += pull
    total = t.never[op] * np.exp(-greatest) if t.never[op] > 0 else 0.0
    for i in range(span):
        t.room[i] = np.exp(t.room[i] - greatest)
        total += t.room[i]
    for i in range(span):
        t.chance[first + i] = (t.chance[first + i] + t.room[i] / total) / 2


@raw_kernel
def count_some(t, operations):  # type: ignore[no-untyped-def]
    """Put what some operations are expected to do into the sums."""
    for op in operations:
        _count(t, op, 1)


@raw_kernel
def weigh_some(t, operations):  # type: ignore[no-untyped-def]
    """Give some operations new chances, one after the other."""
    for op in operations:
        _count(t, op, -1)
        _weigh(t, op)
        _count(t, op, 1)


def moments_of(problem: Problem, sums: Sums, budget: Budget, deadline: Deadline) -> Moments | None:
    """When the operations of a problem took effect, about; None if the deadline passes.

    O(n) for each round, times the number of open operations; also times the number of events for each add of unknown
    outcome. Its chances take no more than `budget.bytes`, unless there are more operations than that.
    """
    told = sums.told & (problem.ret != NEVER)
    t = chances(problem, sums, told, min(_MOST_CHANCES, 1 + budget.bytes // _BYTES), deadline)
    if t is None:
        return None
    costs = prices(t, deadline)
    return None if costs is None else Moments(sums, told, t.begin, t.first, t.span, *costs, expected(t))


def chances(problem: Problem, sums: Sums, told: Mask, most: int, deadline: Deadline) -> Chances | None:
    """The chances of all operations; `told` says which results must be explained. None if the deadline passes.

    If there were more than `most` chances, moments are longer.
    """
    t = _at_first(problem, sums, told, most)
    order = np.random.default_rng(1).permutation(np.flatnonzero(told | (sums.delta != 0)))
    for work in (count_some, *[weigh_some] * _ROUNDS):
        for begin in range(0, len(order), _OPERATIONS_PER_VISIT):
            if deadline.passed():
                return None
            work(t, order[begin : begin + _OPERATIONS_PER_VISIT])
    return t


def _at_first(problem: Problem, sums: Sums, told: Mask, most: int) -> Chances:
    unknown = problem.ret == NEVER
    end = np.where(unknown, len(problem.event_op), problem.ret)
    many = int(np.where(unknown, np.minimum(end - problem.call, _FARTHEST), end - problem.call).sum())
    events = 1 + many // most
    begin = problem.call // events + 1
    last = np.maximum(end // events, begin)
    span = last - begin + 1
    usual = max(1, int(np.mean(span[~unknown]))) if not unknown.all() else 1
    span[unknown] = np.minimum(span[unknown], max(1, _FARTHEST // events))
    first = np.cumsum(span) - span
    chance = np.repeat(1 / span, span)
    for op in np.flatnonzero(unknown):
        own = chance[first[op] : first[op] + span[op]]
        own[:] = (1 - _NEVER - _SOON) * events / _FARTHEST
        own[:usual] += _SOON / usual
    moments = int(last.max()) + 2
    mean = np.zeros(moments)
    np.add.at(mean, last[~unknown] + 1, sums.delta[~unknown])
    square = np.mean(np.square(sums.delta.astype(np.float64)))
    return Chances(
        begin=begin,
        last=last,
        delta=sums.delta,
        told=told,
        before=sums.before,
        never=np.where(unknown, _NEVER, 0.0),
        first=first,
        span=span,
        prior=np.log(chance),
        chance=chance,
        mean=mean.cumsum(),
        variance=np.zeros(moments),
        weight=np.zeros(moments),
        weighted=np.zeros(moments),
        room=np.empty(int(span.max(initial=0))),
        least=_LEAST_VARIANCE * max(float(square), 1.0),
    )


def prices(t: Chances, deadline: Deadline) -> tuple[Prices, Prices] | None:
    """What it costs that an operation took effect by a moment, and that it did not, for each of its moments.

    A chance of one half costs `BIT`. Nothing costs more than `LATE`. None if the deadline passes.
    """
    count = len(t.chance)
    used, unused = np.empty(count, np.int16), np.empty(count, np.int16)
    least = 2.0 ** (-LATE / BIT)
    for begin in range(0, len(t.first), _OPERATIONS_PER_VISIT):
        if deadline.passed():
            return None
        first, span = (column[begin : begin + _OPERATIONS_PER_VISIT] for column in (t.first, t.span))
        those = slice(first[0], first[-1] + span[-1])
        total = t.chance[those].cumsum()
        by = total - np.repeat(total[first - first[0]] - t.chance[first], span)
        for cost, chance in ((used, by), (unused, 1 - by)):
            cost[those] = np.round(-BIT * np.log2(np.clip(chance, least, 1)))
    return used, unused


def expected(t: Chances) -> Ints:
    """The moments at which results are expected, in order."""
    later = np.arange(len(t.chance)) - np.repeat(t.first, t.span)
    mean = np.add.reduceat(t.chance * later, t.first)
    return np.sort((t.begin + mean)[t.told]).astype(np.int64)
