"""A number that is added to, as a form: what every operation adds, and what some of them tell about the sum."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from clew.checkers.encoding import Problem
from clew.checkers.forms import Ints, Mask
from clew.checkers.models.model import Model

_TOO_LARGE = 1 << 60


class Sums(NamedTuple):
    """A problem as additions to a number that is 0 at first. Each array has an entry for each operation."""

    delta: Ints
    """What it adds; 0 for a read."""
    told: Mask
    """Whether it tells the sum."""
    before: Ints
    """The sum right before it; 0 if it does not tell."""


def applies(model: Model) -> bool:
    """Whether the model may be a number that is added to."""
    return type(model).addition is not Model.addition


def sums_of(problem: Problem, model: Model) -> Sums | None:
    """The form of a problem; None if some operation does something else, or sums do not fit into 64 bits.

    O(n) with one call of the model for each class.
    """
    added: list[int] = []
    told: list[bool] = []
    before: list[int] = []
    for op in problem.classes:
        addition = model.addition(op)
        if addition is None:
            return None
        delta, after = addition
        added.append(delta)
        told.append(after is not None)
        before.append(0 if after is None else after - delta)
    times = np.bincount(problem.cls, minlength=len(added)).tolist()
    most = sum(abs(delta) * count for delta, count in zip(added, times, strict=True))
    if most + max(map(abs, before), default=0) >= _TOO_LARGE:
        return None
    return Sums(
        np.array(added, np.int64)[problem.cls],
        np.array(told, np.bool_)[problem.cls],
        np.array(before, np.int64)[problem.cls],
    )
