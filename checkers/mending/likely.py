"""When the operations of a register took effect, about: for each operation the moment at which it did on average.

    write 3    |-----------x--|                   By the middles of their intervals the write of 3 was first. But
    write 7       |-x------------------------|    7 was found before 3. So the write of 7 likely was.
    read 7          |--x--|
    read 7              |x--|
    read 3                      |----x-|
    read 3                         |-x----|

Take a register in which each operation takes effect now and then between its call and its return: never, once, or more
often, in proportion to its weight. Of all that such a register may do, only that counts in which reads and
compare-and-sets find what they told. What it holds is a hidden Markov chain then. To look along it forward and backward
tells how often each operation takes effect, and when, on average (Rabiner, "A tutorial on hidden Markov models",
Proceedings of the IEEE 77(2), 1989, section III). The weights are such that each takes effect once on average. They are
found by iterative scaling (Darroch and Ratcliff, "Generalized iterative scaling for log-linear models", Annals of
Mathematical Statistics 43(5), 1972). Operations that do the same have one rate, the sum of their weights.

These are estimates: they say with which order mending begins, and never what it answers. Measured on 17 hard histories
of 2,000 reads, compare-and-sets and few writes, 30 and 50 clients, 5 to 20 values, 1 to 10 % of unknown outcomes, with
six seconds of processor time and one seed for each: 11 are mended from the order of the middles, 13 from this one.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from clew.checkers.deadline import Deadline
from clew.checkers.encoding import NEVER
from clew.checkers.forms import DIFFERS, RegisterForm
from clew.checkers.kernel import raw_kernel

Floats = NDArray[np.float64]

_ROUNDS, _SHARE = 10, 0.25
"""How often the weights are corrected, and by which power. All weights change at a time, so a greater power overshoots:
0.5 never settles. More rounds come nearer, but an order that is found from 30 of them is found no sooner."""
_STEPS = 3
"""How often something may take effect between two events."""
_USUAL_LATE = 20
"""How much longer an operation of unknown outcome stays possible than others are open."""
_PERHAPS = 0.5
"""How often such an operation takes effect on average, before anything is known of what was found."""
_MOST = 1 << 23
"""Moments times values, at most: 64 megabytes."""
_WORK_PER_VISIT = 1_000_000
"""Groups and values that it looks at between two looks at the deadline, in each step: some ten milliseconds."""
_LEAST = 1e-6
"""What happens more seldom counts as this."""
_GREATEST = 1e6
"""The greatest weight. What never fits would get a greater one in each round, and the sum of its group, from which the
weight is taken when it returns, could not hold the weights of the others any more."""


class Chain(NamedTuple):
    """What the kernels work on. Operations that do the same are a group. Moment m is right behind event m."""

    event_op: Any
    """For each event the operation that is called or returns there."""
    event_return: Any
    group: Any
    """For each operation its group."""
    weight: Any
    """For each operation how often it would take effect between two events, if that were always possible."""
    kind: Any
    """This and the next two have an entry for each group; see `RegisterForm`."""
    needs: Any
    sets: Any
    members: Any
    """For each group how many operations of it are open."""
    rate: Any
    """For each group the sum of their weights."""
    active: Any
    """The groups of which any is open, in no order; and where each group stands there."""
    place: Any
    at: Any
    """How many groups are active."""
    holds: Any
    """For each moment how probable it is that the register holds each value, by what was before."""
    steps: Any
    """The same for the steps of one moment."""
    later: Any
    """For each value, how probable is what comes later if the register holds it; and room for one step."""
    often: Any
    """For each group how often it took effect behind the moment, for each unit of weight of one operation."""
    when: Any
    """And the sum of the moments at which it did."""
    often_behind: Any
    """For each operation what these were at its return, and then from its call to its return."""
    when_behind: Any


@raw_kernel
def _open(t, op):  # type: ignore[no-untyped-def]
    """An operation is open from here on."""
    group = t.group[op]
    if t.members[group] == 0:
        t.rate[group] = 0.0
        t.place[group] = t.at[0]
        t.active[t.at[0]] = group
        t.at[0] += 1
    t.members[group] += 1
    t.rate[group] += t.weight[op]


@raw_kernel
def _close(t, op):  # type: ignore[no-untyped-def]
    """It is no longer open."""
    group = t.group[op]
    t.members[group] -= 1
    t.rate[group] = max(t.rate[group] - t.weight[op], 0.0)
    if t.members[group] == 0:
        t.at[0] -= 1
        last = t.active[t.at[0]]
        t.active[t.place[group]] = last
        t.place[last] = t.place[group]


@raw_kernel
def _step(t, before, after):  # type: ignore[no-untyped-def]
    """What the register holds after one step. It adds up to one."""
    values = len(before)
    total, everywhere = 0.0, 1.0
    for value in range(values):
        after[value] = 0.0
        total += before[value]
    for number in range(t.at[0]):
        group = t.active[number]
        rate, needs, sets = t.rate[group] / _STEPS, t.needs[group], t.sets[group]
        if t.kind[group] == DIFFERS:
            everywhere += rate
            after[needs] -= rate * before[needs]
        else:
            found = before[needs] if needs >= 0 else total
            after[sets if sets >= 0 else needs] += rate * found
    for value in range(values):
        after[value] = max(after[value] + everywhere * before[value], 0.0)
    total = 0.0
    for value in range(values):
        total += after[value]
    for value in range(values):
        after[value] /= total


@raw_kernel
def look_forward(t, begin, end):  # type: ignore[no-untyped-def]
    """What the register may hold at the moments from `begin` to before `end`."""
    for moment in range(begin, end):
        op = t.event_op[moment]
        if t.event_return[moment]:
            _close(t, op)
        else:
            _open(t, op)
        for value in range(t.holds.shape[1]):
            t.steps[0, value] = t.holds[moment, value]
        for step in range(_STEPS):
            _step(t, t.steps[step], t.steps[step + 1])
        for value in range(t.holds.shape[1]):
            t.holds[moment + 1, value] = t.steps[_STEPS, value]


@raw_kernel
def _step_back(t, before, moment):  # type: ignore[no-untyped-def]
    """Count how often each group takes effect in one step, and take what comes later back by the step."""
    values = len(before)
    later, room = t.later[0], t.later[1]
    everything, found_both, everywhere, blind = 0.0, 0.0, 1.0, 0.0
    for value in range(values):
        room[value] = 0.0
        everything += before[value]
        found_both += before[value] * later[value]
    for number in range(t.at[0]):
        group = t.active[number]
        rate, needs, sets = t.rate[group] / _STEPS, t.needs[group], t.sets[group]
        if t.kind[group] == DIFFERS:
            everywhere += rate
            room[needs] -= rate * later[needs]
        elif needs >= 0:
            room[needs] += rate * later[sets if sets >= 0 else needs]
        else:
            blind += rate * later[sets]
    total, both = 0.0, 0.0
    for value in range(values):
        room[value] = max(room[value] + everywhere * later[value] + blind, 0.0)
        total += room[value]
        both += before[value] * room[value]
    both = _STEPS * max(both, 1e-290)
    for number in range(t.at[0]):
        group = t.active[number]
        needs, sets = t.needs[group], t.sets[group]
        if t.kind[group] == DIFFERS:
            often = max(found_both - before[needs] * later[needs], 0.0)
        else:
            found = before[needs] if needs >= 0 else everything
            often = found * later[sets if sets >= 0 else needs]
        t.often[group] += often / both
        t.when[group] += moment * (often / both)
    for value in range(values):
        later[value] = room[value] * values / total


@raw_kernel
def look_back(t, begin, end):  # type: ignore[no-untyped-def]
    """How often each operation takes effect at the moments from `end` - 1 down to `begin`."""
    for moment in range(end - 1, begin - 1, -1):
        for value in range(t.holds.shape[1]):
            t.steps[0, value] = t.holds[moment, value]
        for step in range(_STEPS - 1):
            _step(t, t.steps[step], t.steps[step + 1])
        for step in range(_STEPS - 1, -1, -1):
            _step_back(t, t.steps[step], moment)
        op = t.event_op[moment]
        group = t.group[op]
        if t.event_return[moment]:
            t.often_behind[op] = t.often[group]
            t.when_behind[op] = t.when[group]
            _open(t, op)
        else:
            t.often_behind[op] = t.often[group] - t.often_behind[op]
            t.when_behind[op] = t.when[group] - t.when_behind[op]
            _close(t, op)


def likely_moments(form: RegisterForm, deadline: Deadline) -> Floats | None:
    """For each operation the moment at which it took effect on average, between its call and its return.

    Moments are positions of the problem; m + 1/2 is between events m and m + 1. None if the deadline passes, or if
    there are too many values. O(n) times the number of values, and of groups open at a time; memory O(n) times values.
    """
    problem, events = form.problem, len(form.problem.event_op)
    if events * form.values > _MOST:
        return None
    unknown = problem.ret == NEVER
    end = np.where(unknown, events, problem.ret)
    first = 1 / (end - problem.call)
    usual = float(np.median(1 / first[~unknown])) if not unknown.all() else 1.0
    first[unknown] = np.minimum(_PERHAPS / (_USUAL_LATE * usual), first[unknown])
    t = _chain(form, first.copy())
    for _ in range(_ROUNDS):
        if not _look_both_ways(t, form.initial, deadline):
            return None
        often = np.clip(t.weight * t.often_behind, _LEAST, 1 / _LEAST)
        t.weight[:] = np.minimum(t.weight * often**-_SHARE, _GREATEST)
        t.weight[unknown] = np.minimum(t.weight, first)[unknown]
    middle = (problem.call + end) / 2
    seldom = t.often_behind <= 0
    moment = np.where(seldom, middle, t.when_behind / np.where(seldom, 1, t.often_behind) + 0.5)
    return np.clip(moment, problem.call + 0.25, end - 0.25)


def _chain(form: RegisterForm, weight: Floats) -> Chain:
    problem, values = form.problem, form.values
    does = np.stack((form.kind.astype(np.int64), form.needs, form.sets), 1)
    groups, group = np.unique(does, axis=0, return_inverse=True)
    kind, needs, sets = groups.T.copy()
    count = len(groups)
    return Chain(
        event_op=problem.event_op,
        event_return=problem.event_return,
        group=group.ravel(),
        weight=weight,
        kind=kind,
        needs=needs,
        sets=sets,
        members=np.zeros(count, np.int64),
        rate=np.zeros(count),
        active=np.zeros(count, np.int64),
        place=np.zeros(count, np.int64),
        at=np.zeros(1, np.int64),
        holds=np.zeros((len(problem.event_op) + 1, values)),
        steps=np.zeros((_STEPS + 1, values)),
        later=np.zeros((2, values)),
        often=np.zeros(count),
        when=np.zeros(count),
        often_behind=np.zeros(len(problem)),
        when_behind=np.zeros(len(problem)),
    )


def _look_both_ways(t: Chain, initial: int, deadline: Deadline) -> bool:
    """Look at the whole chain forward and backward; False if the deadline passes."""
    events = len(t.event_op)
    t.holds[0] = 0
    t.holds[0, initial] = 1
    piece = max(1, _WORK_PER_VISIT // (len(t.kind) + t.holds.shape[1]))
    begins = range(0, events, piece)
    for begin in begins:
        if deadline.passed():
            return False
        look_forward(t, begin, min(begin + piece, events))
    t.later[0] = 1
    t.often[:] = t.when[:] = t.often_behind[:] = t.when_behind[:] = 0
    for begin in reversed(begins):
        if deadline.passed():
            return False
        look_back(t, begin, min(begin + piece, events))
    return True
