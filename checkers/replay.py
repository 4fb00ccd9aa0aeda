"""What an order of operations leads to, if the model allows it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from clew.checkers.deadline import Deadline
from clew.checkers.encoding import Problem
from clew.checkers.models.model import Model

_STEPS_PER_LOOK = 64
"""Steps of a model between two looks at the deadline. One of a container that holds thousands may take half a ms."""


def state_after(order: Sequence[int], problem: Problem, model: Model, deadline: Deadline) -> Any:
    """The state after these operations, one after the other.

    None if the model does not allow one of them, or the deadline passes first. One step of the model for each.
    """
    state = model.initial
    for number, op in enumerate(order):
        if number % _STEPS_PER_LOOK == 0 and deadline.passed():
            return None
        state = model.step(state, problem.classes[problem.cls[op]])
        if state is None:
            return None
    return state
