"""Queues, stacks, priority queues and bags to which no element is put twice: decided by sorting.

    discipline    what is decided                                              where it is proven
    oldest        elements in a line that fits the order of puts and of takes  `fifo`
    newest        lifetimes nested in each other                               `stack`
    least         elements taken from the least to the greatest                `priority_queue`
    any           gaps in which no element is present for certain              `priority_queue`

A take of unknown outcome may have taken any element (`Lifetimes.unknown_takes`). If there are such takes, four
questions are asked, in this order. If none has an answer, the answer is "unknown" and a search has to decide.

1. Is there a linearization in which some of them take what must be gone by then, earliest deadline first? Each of
   these takes is then treated as the take of its element, so what is found is a linearization: "valid".
2. Is it a FIFO queue that no take found empty? Then, as `fifo.deadlines` says, a linearization needs only that every
   element with a deadline gets a take that was called before it. If any choice of takes does that, earliest deadline
   first does: if the take called first went to another element, the two can change elements. So if (1) failed, the
   answer is "invalid".
3. Did a take find the container empty although more elements were there, untaken by any known take, than there are
   takes of unknown outcome that were called before it returned? Each of those takes removes one at most: "invalid".
4. Leave out every element that no take returned. Is there no linearization of the rest? "invalid", by (2) in
   `lifetimes`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from clew.checkers.decision import Decision
from clew.checkers.encoding import NEVER
from clew.checkers.forms import ContainerForm, Ints
from clew.checkers.monitors import fifo, priority_queue, stack
from clew.checkers.monitors.lifetimes import NO_OPERATION, Lifetimes, covered, lifetimes_of
from clew.checkers.verdict import Answer


@dataclass(frozen=True)
class _Discipline:
    order_of: Callable[[Lifetimes], Ints | None]
    """A linearization, or None if there is none."""
    deadlines: Callable[[Lifetimes], Ints]
    """For each lifetime the position before which its take should be called."""


def _no_deadlines(lifetimes: Lifetimes) -> Ints:
    return np.full(len(lifetimes.put), NEVER, np.int64)


_DISCIPLINES = {
    "oldest": _Discipline(fifo.order_of, fifo.deadlines),
    "newest": _Discipline(stack.order_of, stack.deadlines),
    "least": _Discipline(priority_queue.order_of, priority_queue.deadlines),
    "any": _Discipline(priority_queue.order_of_bag, _no_deadlines),
}


def decide(form: ContainerForm) -> Decision:
    """Decide a problem, or say "unknown" if takes of unknown outcome make it too hard for sorting.

    O(n log n) if valid; otherwise O(n log² n), to find the first return that no order explains. "invalid" is always
    right. `stuck_is_first` is False if it is not known whether everything before `stuck` can be explained; `order` then
    explains the longest beginning for which this is known.
    """
    problem = form.problem
    answer, order = explain(form, len(problem.event_op))
    if answer == "valid":
        return Decision("valid", order=order.tolist(), engine="monitors")
    # Bisect: an order that explains a longer beginning explains a shorter one too.
    returns = np.flatnonzero(problem.event_return)
    low, high = 0, len(returns) - (1 if answer == "invalid" else 0)
    explained, best = 0, np.empty(0, np.int64)
    while low < high:
        middle = (low + high) // 2
        found, order = explain(form, int(returns[middle]) + 1)
        if found == "invalid":
            high = middle
        else:
            low = middle + 1
            if found == "valid":
                explained, best = low, order
    if answer == "unknown" and low == len(returns):
        return Decision("unknown", why="time", order=best.tolist(), engine="monitors")
    stuck = int(returns[low])
    return Decision("invalid", order=best.tolist(), stuck=stuck, engine="monitors", stuck_is_first=explained == low)


def explain(form: ContainerForm, until: int) -> tuple[Answer, Ints]:
    """Can everything that returns before position `until` be explained? The answer, and the order if "valid".

    See the module. O(n log n).
    """
    nothing = np.empty(0, np.int64)
    discipline = _DISCIPLINES[form.discipline]
    lifetimes = lifetimes_of(form, until)
    if lifetimes is None:
        return "invalid", nothing
    if not len(lifetimes.unknown_takes):
        order = discipline.order_of(lifetimes)
        return ("invalid", nothing) if order is None else ("valid", order)
    given = _give(lifetimes, discipline)
    order = None if given is None else discipline.order_of(given)
    if order is not None:
        return "valid", order
    if form.discipline == "oldest" and not len(lifetimes.empty):
        return "invalid", nothing
    if _too_few_takes(lifetimes):
        return "invalid", nothing
    certain = discipline.order_of(lifetimes.only(~lifetimes.left))
    return ("invalid" if certain is None else "unknown"), nothing


def _too_few_takes(lifetimes: Lifetimes) -> bool:
    """Whether a take found the container empty, and the takes of unknown outcome are too few to have emptied it."""
    problem, empty = lifetimes.form.problem, lifetimes.empty
    untaken = lifetimes.left & (lifetimes.take == NO_OPERATION)
    there = np.searchsorted(np.sort(lifetimes.put_ret[untaken]), problem.call[empty], side="right")
    takers = np.searchsorted(np.sort(problem.call[lifetimes.unknown_takes]), problem.ret[empty])
    return bool((there > takers).any())


def _give(lifetimes: Lifetimes, discipline: _Discipline) -> Lifetimes | None:
    """Give takes of unknown outcome to the elements that have a deadline and no take; None if one is too late."""
    deadline = np.where(lifetimes.left, np.minimum(discipline.deadlines(lifetimes), _empty_by(lifetimes)), NEVER)
    needy = np.flatnonzero(lifetimes.take_call >= deadline)
    needy = needy[np.argsort(deadline[needy], kind="stable")]
    if len(needy) > len(lifetimes.unknown_takes):
        return None
    given = lifetimes.unknown_takes[: len(needy)]
    calls = lifetimes.form.problem.call[given]
    if (calls >= deadline[needy]).any():
        return None
    take, take_call = lifetimes.take.copy(), lifetimes.take_call.copy()
    take[needy] = given
    take_call[needy] = np.maximum(calls, lifetimes.put_call[needy])
    return replace(lifetimes, take=take, take_call=take_call)


def _empty_by(lifetimes: Lifetimes) -> Ints:
    """For each lifetime a position before which its take should be called, because a take found the container empty.

    A take that found the container empty is placed in the first gap of its interval in which no other element is
    certainly present and enough takes of unknown outcome have been called to remove those that no take returned.
    """
    deadline = np.full(len(lifetimes.put), NEVER, np.int64)
    if not len(lifetimes.empty):
        return deadline
    problem, end = lifetimes.form.problem, lifetimes.end
    left = lifetimes.only(lifetimes.left)
    called = np.cumsum(np.bincount(problem.call[lifetimes.unknown_takes], minlength=end + 1))
    free = np.flatnonzero((covered(lifetimes.only(~lifetimes.left)) == 0) & (covered(left) <= called))
    first = np.searchsorted(free, problem.call[lifetimes.empty])
    gaps = np.unique(np.append(free, NEVER)[first])
    gaps = gaps[gaps < end]
    deadline[:] = np.append(gaps + 1, NEVER)[np.searchsorted(gaps, lifetimes.put_ret)]
    return deadline
