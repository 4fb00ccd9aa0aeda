"""What an order of operations leads to, if the model allows it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from clew.checkers.deadline import Deadline
from clew.checkers.encoding import NEVER, Problem
from clew.checkers.models.model import Model

_STEPS_PER_LOOK = 64
"""Steps of a model between two looks at the deadline. One of a container that holds thousands may take half a ms."""


def state_after(order: Sequence[int], problem: Problem, model: Model, deadline: Deadline, start: Any = None) -> Any:
    """The state after these operations, one after the other, from the state `start`, or from the first one of all.

    None if the model does not allow one of them, or the deadline passes first. One step of the model for each.
    """
    state = model.initial if start is None else start
    for number, op in enumerate(order):
        if number % _STEPS_PER_LOOK == 0 and deadline.passed():
            return None
        state = model.step(state, problem.classes[problem.cls[op]])
        if state is None:
            return None
    return state


def is_linearization(order: Sequence[int], problem: Problem, model: Model, deadline: Deadline) -> bool:
    """Whether this order explains a problem: every completed operation is in it, none twice, in the real-time order,
    and the model allows them one after the other. False too if the deadline passes first.
    """
    ops, taken = np.array(order, np.int64), np.zeros(len(problem), np.bool_)
    taken[ops] = True
    if taken.sum() != len(ops) or not taken[problem.ret != NEVER].all():
        return False
    if (problem.ret[ops] < np.maximum.accumulate(problem.call[ops])).any():
        return False
    return state_after(order, problem, model, deadline) is not None
