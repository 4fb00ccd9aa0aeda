"""Containers to which no element is given twice: every element has one life, from its put to its take.

    calls and returns     0     1     2     3     4     5          `end` = 6: nothing known happens from here on
    gaps                     0     1     2     3     4     5     6
    put a                 |-----------|                            in a gap from 0 to 1
    take a -> a                             |-----------|          in a gap from 3 to 4
    a is there                           =======                   for certain, in gap 2

Operations take effect between two events, in a *gap*: gap g lies right behind position g. A put takes effect in a gap
from its call to the one before its return, and so does a take. Gap `end` stands for "after everything", so a life that
is never ended is one that ends there: `take_call` is `end` if nobody takes the element. A take that may still happen
can take effect up to gap `end`, and has not happened then. That changes no answer: whatever is left in a container
can be taken when everything else is over, and what was done in that gap can be left out again.

The intervals are cut to what the two say of each other: a put takes effect before the take of its element returns,
a take after the put of its element was called. So `put_call <= take_call` and `put_ret <= take_ret`. A life is
*certain* where `put_ret < take_call`: the element is there in all gaps from `put_ret` to the one before `take_call`.

Unknown outcomes. A container that forgets an element altogether, put and take, does not see that it ever was: what is
there besides keeps its order, and what was empty stays so. Hence (1) a put that may or may not happen is left out
unless somebody who returned took its element, and then it happened; (2) nothing that is true of a history becomes
false when some elements are left out with all that was done to them. A take of unknown outcome which took nobody knows
what is in `anyone`; it can have taken only what nobody is known to have taken, which are the elements `left`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from clew.checkers.encoding import NEVER, Problem
from clew.checkers.kernel import kernel
from clew.checkers.models.model import EMPTY, PUT, TAKE, TAKE_ANY, Model

KINDS = (PUT, TAKE, TAKE_ANY, EMPTY)
PUTS, TAKES, TAKES_ANY, EMPTIES = range(4)
NO_KIND = -1
"""Of operations that are left out."""
NOBODY = -1

Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class ContainerForm:
    """For each operation its kind and the number of its element, -1 if it has none.

    `elements` is how many are put at all; if the model compares elements, their numbers compare as they do. An element
    that nobody puts has that number.
    """

    problem: Problem
    discipline: str
    kind: NDArray[np.int8]
    element: Ints
    elements: int


@dataclass(frozen=True)
class Lifetimes:
    """The lives that count, an entry for each in the order of the elements' numbers; see the module.

    `put` and `take` are operations, `take` NOBODY if there is none. `left` says that nobody returned with the element.
    """

    form: ContainerForm
    end: int
    put: Ints
    take: Ints
    put_call: Ints
    put_ret: Ints
    take_call: Ints
    take_ret: Ints
    left: Mask
    anyone: Ints
    """The takes of unknown outcome, in the order of their calls."""
    empty: Ints
    """The operations that found the container empty, all of which returned."""

    def only(self, keep: Mask) -> Lifetimes:
        """Some of the lives, and no takes that took nobody knows what. What was linearizable stays so: (2) above."""
        return replace(
            self, put=self.put[keep], take=self.take[keep], put_call=self.put_call[keep], put_ret=self.put_ret[keep],
            take_call=self.take_call[keep], take_ret=self.take_ret[keep], left=self.left[keep], anyone=self.anyone[:0],
        )  # fmt: skip


def container_form(problem: Problem, model: Model) -> ContainerForm | None:
    """The problem as lives of elements; None if an operation is something else or an element is put twice.

    O(n log n).
    """
    if model.discipline is None:
        return None
    accesses = [model.container_access(op) for op in problem.classes]
    times = np.bincount(problem.cls, minlength=len(accesses)).tolist()
    put: list[Any] = []
    for access, often in zip(accesses, times, strict=True):
        if access is None or (access[0] == PUT and often > 1):
            return None
        if access[0] == PUT:
            put.append(access[1])
    numbers = {element: number for number, element in enumerate(sorted(put) if model.discipline == "least" else put)}
    if len(numbers) < len(put):
        return None
    kind = np.empty(len(accesses), np.int8)
    element = np.full(len(accesses), -1, np.int64)
    for number, access in enumerate(accesses):
        assert access is not None
        kind[number] = KINDS.index(access[0])
        if access[0] in (PUT, TAKE):
            element[number] = numbers.get(access[1], len(numbers))
    return ContainerForm(problem, model.discipline, kind[problem.cls], element[problem.cls], len(numbers))


def lives(form: ContainerForm, until: int) -> Lifetimes | None:
    """What the events before position `until` say; None if they cannot be: an element was taken twice, or before
    anybody had begun to put it. O(n)"""
    problem = form.problem
    returned = problem.ret < until
    called = problem.call < until
    ret = np.where(returned, problem.ret, until + 1)

    takes = np.flatnonzero((form.kind == TAKES) & called)
    certain = takes[returned[takes]]
    if np.bincount(form.element[certain], minlength=form.elements + 1)[:-1].max(initial=0) > 1:
        return None
    # Who took it: the one who returned with it; else the first that may yet, for it can do so whenever another can.
    take = np.full(form.elements + 1, NOBODY, np.int64)
    take[form.element[takes[::-1]]] = takes[::-1]
    take[form.element[certain]] = certain
    needed = np.zeros(form.elements + 1, np.bool_)
    needed[form.element[certain]] = True
    put = np.full(form.elements + 1, NOBODY, np.int64)
    puts = np.flatnonzero((form.kind == PUTS) & called)
    put[form.element[puts]] = puts
    if (needed & (put == NOBODY)).any():
        return None

    counts = np.flatnonzero((put != NOBODY) & (needed | returned[put]))
    put, take = put[counts], take[counts]
    taken = take != NOBODY
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


def covered(lives: Lifetimes) -> Ints:
    """For each gap, how many elements are there for certain. O(n)"""
    certain = lives.put_ret < lives.take_call
    change = np.bincount(lives.put_ret[certain], minlength=lives.end + 1)
    return np.cumsum(change - np.bincount(lives.take_call[certain], minlength=lives.end + 1))


def free_gaps(lives: Lifetimes, free: Mask) -> Ints | None:
    """For each operation that found the container empty the first gap, of those that are `free`, in which it can take
    effect; None if one has no such gap. O(n)"""
    gaps = np.flatnonzero(free)
    problem = lives.form.problem
    place = np.searchsorted(gaps, problem.call[lives.empty])
    gaps = np.append(gaps, lives.end)
    found: Ints = gaps[place]
    return None if (found >= problem.ret[lives.empty]).any() else found


def in_gaps(lives: Lifetimes, put_gap: Ints, take_gap: Ints, rank: Ints, empty_gap: Ints) -> Ints:
    """The operations in the order of their gaps, without the last gap. O(n log n)

    Within a gap there come first the takes of what was put in an earlier gap, by falling `rank`; then the lives that
    are over within the gap, one by one, and those who found the container empty; then the puts of what stays, by
    rising `rank`.
    """
    count = len(lives.put)
    short = put_gap == take_gap
    ops = np.concatenate((lives.put, lives.take, lives.empty))
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
    result: Ints = ops[order[gap[order] < lives.end]]
    return result


def soonest_take(lives: Lifetimes, place: Ints, below: Ints) -> Ints:
    """For each life the first return, NEVER if there is none, of a take that was called at or behind the life's
    `put_ret`, of the lives whose `place` is less than the `below` of this one. O(n log n)"""
    result: Ints = _soonest(
        place[np.argsort(place)], np.argsort(place), below, np.argsort(below), lives.put_ret, lives.take_call,
        np.where(lives.take_ret > lives.end, NEVER, lives.take_ret), lives.end, NEVER,
    )  # fmt: skip
    return result


@kernel
def _soonest(place, by_place, below, by_below, put_ret, take_call, take_ret, end, never):  # type: ignore[no-untyped-def]
    result = np.full(len(place), never, np.int64)
    # A binary indexed tree over the calls of takes, the last one first: the least return up to there.
    tree = np.full(end + 2, never, np.int64)
    following = 0
    for life in by_below:
        while following < len(place) and place[following] < below[life]:
            other = by_place[following]
            following += 1
            node = end - take_call[other] + 1
            while node < len(tree):
                tree[node] = min(tree[node], take_ret[other])
                node += node & -node
        node = end - put_ret[life] + 1
        while node > 0:
            result[life] = min(result[life], tree[node])
            node -= node & -node
    return result
