"""From orders of beginnings to a decision: the first return that no order explains is found by bisection."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from clew.checkers.decision import Decision
from clew.checkers.encoding import Problem
from clew.checkers.forms import Ints


def decide_by(order_at: Callable[[int], Ints | None], problem: Problem, engine: str) -> Decision:
    """Decide a problem with a function that gives an order of everything that returns before a position.

    `order_at` returns None where there is no such order. It is asked once if the problem is valid. If not, it is asked
    another log n times: an order that explains a longer beginning explains a shorter one too, so a bisection finds the
    first return that no order explains.
    """
    order = order_at(len(problem.event_op))
    if order is not None:
        return Decision("valid", order=order.tolist(), engine=engine)
    returns = np.flatnonzero(problem.event_return)
    low, high = 0, len(returns) - 1
    best: Ints = np.empty(0, np.int64)
    while low < high:
        middle = (low + high) // 2
        order = order_at(int(returns[middle]) + 1)
        if order is None:
            high = middle
        else:
            low, best = middle + 1, order
    return Decision("invalid", order=best.tolist(), stuck=int(returns[low]), engine=engine)


def decide_beginnings(search: Callable[[Problem], Decision], problem: Problem) -> Decision:
    """Decide a problem with a search that answers for a whole problem, and if "invalid", need not say where.

    If it does not, another log n beginnings are searched for the first return that no order explains. `stuck_is_first`
    is False if one of these searches did not come to an end.
    """
    decision = search(problem)
    if decision.answer != "invalid" or decision.stuck is not None:
        return decision
    returns = np.flatnonzero(problem.event_return)
    low, high = 0, len(returns) - 1
    explained, best = 0, list[int]()
    while low < high:
        middle = (low + high) // 2
        beginning = problem.before(int(returns[middle]) + 1)
        found = search(beginning)
        if found.answer == "invalid":
            high = middle
            continue
        low = middle + 1
        if found.answer == "valid":
            explained, best = low, np.searchsorted(problem.number, beginning.number)[found.order].tolist()
    return replace(decision, order=best, stuck=int(returns[low]), stuck_is_first=explained == low)
