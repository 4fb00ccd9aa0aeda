"""From orders of beginnings to a decision: the first return that no order explains is found by bisection."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from msgspec.structs import replace

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
            explained, best = low, places(beginning, problem)[found.order].tolist()
    return replace(decision, order=best, stuck=int(returns[low]), stuck_is_first=explained == low)


def look_earlier(problem: Problem, stuck: int, engine: str, search: Callable[[Problem], Decision]) -> Decision:
    """`engine` found that no order explains the return at `stuck`. Search what came before for an earlier violation."""
    beginning = problem.before(stuck)
    before = search(beginning)
    place = places(beginning, problem)
    order = place[before.order].tolist()
    if before.stuck is not None:
        earlier = int(problem.ret[place[beginning.event_op[before.stuck]]])
        return Decision(
            "invalid", order=order, stuck=earlier, engine=before.engine, stuck_is_first=before.stuck_is_first
        )
    return Decision("invalid", order=order, stuck=stuck, engine=engine, stuck_is_first=before.answer == "valid")


def places(part: Problem, whole: Problem) -> Ints:
    """For each operation of a part of a problem its index in the whole problem, whose operations are in their order."""
    return np.searchsorted(whole.number, part.number)
