"""The checker that everything else is held against: every order is tried, nothing is clever.

An operation may come next if no operation that still must be placed has returned before it was called. A history is
linearizable if, by choosing next operations, all that returned can be placed. The only thing remembered is which
(set of placed operations, state) has been tried already. Exponential: for histories of up to a dozen operations.
"""

from __future__ import annotations

from typing import Any

from checkers.encoding import NEVER, Problem
from checkers.models.model import Model


def linearize(problem: Problem, model: Model, until: int | None = None) -> list[int] | None:
    """An order that explains all operations which return before position `until` (default: all), or None.

    The order is a list of indices into the problem's operations, and holds those that took effect.
    """
    count = len(problem)
    call, ret = problem.call.tolist(), problem.ret.tolist()
    horizon = NEVER if until is None else until
    must = [ret[op] < horizon for op in range(count)]
    tried: set[tuple[frozenset[int], Any]] = set()
    order: list[int] = []

    def search(placed: frozenset[int], state: Any) -> bool:
        if all(op in placed for op in range(count) if must[op]):
            return True
        if (placed, state) in tried:
            return False
        tried.add((placed, state))
        deadline = min(ret[op] for op in range(count) if op not in placed)
        for op in range(count):
            if op in placed or call[op] > deadline:
                continue
            after = model.step(state, problem.classes[problem.cls[op]])
            if after is None:
                continue
            order.append(op)
            if search(placed | {op}, after):
                return True
            order.pop()
        return False

    return order if search(frozenset(), model.initial) else None


def stuck(problem: Problem, model: Model) -> int | None:
    """The first position (a return) that no order explains together with all returns before it; None if all are."""
    for position in range(len(problem.event_op)):
        if problem.event_return[position] and linearize(problem, model, position + 1) is None:
            return position
    return None
