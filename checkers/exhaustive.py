"""The checker that all others are tested against: it tries every order and takes no shortcut.

An operation may come next if no operation that is still to be placed returned before it was called. A history is
linearizable if, by choosing next operations, all that returned can be placed. The only thing remembered is which pairs
(set of placed operations, state) have been tried. The time is exponential: use it for up to a dozen operations. With a
longer history it runs until its limits end it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from clew.checkers.deadline import Deadline
from clew.checkers.decision import Decision
from clew.checkers.encoding import NEVER, Problem
from clew.checkers.models.model import Model
from clew.checkers.verdict import Budget, Why

_BYTES_EACH = 300
"""About what CPython takes for one remembered pair: a tuple and a set; another 8 bytes for each operation."""


@dataclass(frozen=True)
class Limits:
    """When to give up."""

    deadline: Deadline
    bytes: int
    """Memory for the pairs that are remembered."""


class GaveUp(Exception):
    """The limits were reached before there was an answer."""

    def __init__(self, why: Why) -> None:
        super().__init__(why)
        self.why = why


def decide(problem: Problem, model: Model, budget: Budget, deadline: Deadline) -> Decision:
    """Decide one problem within a budget."""
    limits = Limits(deadline, budget.bytes)
    try:
        order = linearize(problem, model, limits=limits)
        if order is not None:
            return Decision("valid", order=order, engine="exhaustive")
        first = stuck(problem, model, limits)
        before = linearize(problem, model, first, limits) or []
    except GaveUp as gave_up:
        return Decision("unknown", why=gave_up.why, engine="exhaustive")
    return Decision("invalid", order=before, stuck=first, engine="exhaustive")


def linearize(
    problem: Problem, model: Model, until: int | None = None, limits: Limits | None = None
) -> list[int] | None:
    """An order that explains all operations which return before position `until` (default: all), or None.

    The order is a list of indices into the problem's operations. It holds those that took effect. Raises `GaveUp`.
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
        if limits is not None and limits.deadline.passed():
            raise GaveUp("time")
        if limits is not None and len(tried) * (_BYTES_EACH + 8 * count) > limits.bytes:
            raise GaveUp("memory")
        first_return = min(ret[op] for op in range(count) if op not in placed)
        for op in range(count):
            if op in placed or call[op] > first_return:
                continue
            after = model.step(state, problem.classes[problem.cls[op]])
            if after is None:
                continue
            order.append(op)
            if search(placed | {op}, after):
                return True
            order.pop()
        return False

    try:
        return order if search(frozenset(), model.initial) else None
    except RecursionError:
        raise GaveUp("memory") from None


def stuck(problem: Problem, model: Model, limits: Limits | None = None) -> int | None:
    """The position of the first return that no order explains together with all returns before it; None if none."""
    for position in range(len(problem.event_op)):
        if problem.event_return[position] and linearize(problem, model, position + 1, limits) is None:
            return position
    return None
