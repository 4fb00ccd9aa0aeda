"""Queues, stacks, priority queues and bags to which no element is given twice: decided by sorting.

    discipline    what is decided                                              where it is proven
    oldest        lines of elements that fit the order of puts and of takes    `fifo`
    newest        lives nested in each other                                   `stack`
    least         elements taken from the least to the greatest                `priority_queue`
    any           gaps in which nothing is there for certain                   `priority_queue`

Nobody knows what was taken by a take of unknown outcome (`Lifetimes.anyone`). If there are any, then three questions
are asked, in this order; the answer "unknown" means that a search has to find out.

1. Is there a linearization in which some of them take what must be gone by then, earliest deadline first? Each take is
   given to an element as its own take, so that what is found is a linearization. "valid".
2. Is it a FIFO queue that nobody found empty? Then, as `fifo.deadlines` says, a linearization needs just that every
   element with a deadline gets a take called before it. If anyone can do that, earliest deadlines first can: if the
   take called first went to another, the two can change takes. "invalid".
3. Is there none of the elements that somebody returned with, everything else left out? "invalid": see (2) in `lives`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from clew.checkers.decision import Decision
from clew.checkers.encoding import NEVER
from clew.checkers.monitors import fifo, priority_queue, stack
from clew.checkers.monitors.lifetimes import ContainerForm, Ints, Lifetimes, covered, lives
from clew.checkers.verdict import Answer


@dataclass(frozen=True)
class _Discipline:
    order_of: Callable[[Lifetimes], Ints | None]
    deadlines: Callable[[Lifetimes], Ints]


def _none(lives: Lifetimes) -> Ints:
    return np.full(len(lives.put), NEVER, np.int64)


_DISCIPLINES = {
    "oldest": _Discipline(fifo.order_of, fifo.deadlines),
    "newest": _Discipline(stack.order_of, stack.deadlines),
    "least": _Discipline(priority_queue.order_of, priority_queue.deadlines),
    "any": _Discipline(priority_queue.order_of_bag, _none),
}


def decide(form: ContainerForm) -> Decision:
    """Decide a problem, or say "unknown" if takes of unknown outcome make it too hard for this. O(n log n) if valid;
    more by a factor of log n to find the first return that is inexplicable.

    An answer of "invalid" is right in any case; `stuck_is_first` is False if it is not known whether all before
    `stuck` can be explained. The longest beginning for which this is known is explained by `order`.
    """
    problem = form.problem
    answer, order = explain(form, len(problem.event_op))
    if answer == "valid":
        return Decision("valid", order=order.tolist(), engine="monitors")
    # The first return that is inexplicable, if any: orders of a longer beginning are orders of a shorter one.
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


def explain(form: ContainerForm, until: int) -> tuple[Answer, NDArray[np.int64]]:
    """Can all that returns before position `until` be explained, and by which order? See the module. O(n log n)"""
    nothing = np.empty(0, np.int64)
    discipline = _DISCIPLINES[form.discipline]
    all_lives = lives(form, until)
    if all_lives is None:
        return "invalid", nothing
    if not len(all_lives.anyone):
        order = discipline.order_of(all_lives)
        return ("invalid", nothing) if order is None else ("valid", order)
    given = _give(all_lives, discipline)
    order = None if given is None else discipline.order_of(given)
    if order is not None:
        return "valid", order
    if form.discipline == "oldest" and not len(all_lives.empty):
        return "invalid", nothing
    known = discipline.order_of(all_lives.only(~all_lives.left))
    return ("invalid" if known is None else "unknown"), nothing


def _give(lives: Lifetimes, discipline: _Discipline) -> Lifetimes | None:
    """Give takes of unknown outcome to those elements that are left and have a deadline; None if one is too late."""
    deadline = np.where(lives.left, np.minimum(discipline.deadlines(lives), _empty_by(lives)), NEVER)
    needy = np.flatnonzero(lives.take_call >= deadline)
    needy = needy[np.argsort(deadline[needy], kind="stable")]
    if len(needy) > len(lives.anyone):
        return None
    given = lives.anyone[: len(needy)]
    calls = lives.form.problem.call[given]
    if (calls >= deadline[needy]).any():
        return None
    take, take_call = lives.take.copy(), lives.take_call.copy()
    take[needy] = given
    take_call[needy] = np.maximum(calls, lives.put_call[needy])
    return replace(lives, take=take, take_call=take_call)


def _empty_by(lives: Lifetimes) -> Ints:
    """For each life a position before which its take should be called, so that those who found the container empty
    can: each in the first of its gaps in which enough takes of unknown outcome have been called to empty it."""
    deadline = np.full(len(lives.put), NEVER, np.int64)
    if not len(lives.empty):
        return deadline
    problem, end = lives.form.problem, lives.end
    left = lives.only(lives.left)
    called = np.cumsum(np.bincount(problem.call[lives.anyone], minlength=end + 1))
    free = np.flatnonzero((covered(lives.only(~lives.left)) == 0) & (covered(left) <= called))
    place = np.searchsorted(free, problem.call[lives.empty])
    gaps = np.unique(np.append(free, NEVER)[place])
    gaps = gaps[gaps < end]
    place = np.searchsorted(gaps, lives.put_ret)
    deadline[:] = np.append(gaps + 1, NEVER)[place]
    return deadline
