"""What the operations of each class access, as the model tells it, and how many operations each class has."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from clew.checkers.deadline import Deadline
from clew.checkers.encoding import Problem
from clew.checkers.models.model import Access, Model, ModelOperation


def accesses_of(problem: Problem, access: Callable[[ModelOperation], Access | None]) -> list[Access] | None:
    """What the operations of each class access, or None if one of them has no answer."""
    found = []
    for op in problem.classes:
        one = access(op)
        if one is None:
            return None
        found.append(one)
    return found


def set_accesses(problem: Problem, model: Model, deadline: Deadline | None) -> list[Access] | None:
    """What the operations of each class do to a set; None if one does something else, or if the deadline passes.

    The content of a set that is read whole may be long: it costs a look at the deadline.
    """

    def access(op: ModelOperation) -> Access | None:
        return None if deadline is not None and deadline.passed() else model.set_access(op)

    return accesses_of(problem, access)


def times_of(problem: Problem) -> list[int]:
    """How many operations each class has. A beginning of a problem has classes without any."""
    times: list[int] = np.bincount(problem.cls, minlength=len(problem.classes)).tolist()
    return times
