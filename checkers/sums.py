"""A number that is added to, as a form: what every operation adds, and what some of them tell about the sum."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from clew.checkers.accesses import times_of
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
    # A beginning of a problem has classes without operations. They must fit too.
    most = sum(abs(delta) * max(count, 1) for delta, count in zip(added, times_of(problem), strict=True))
    if most + max(map(abs, before), default=0) >= _TOO_LARGE:
        return None
    return Sums(
        np.array(added, np.int64)[problem.cls],
        np.array(told, np.bool_)[problem.cls],
        np.array(before, np.int64)[problem.cls],
    )


def out_of_reach(problem: Problem, model: Model) -> int | None:
    """The first return (its position) of a sum that is too small or too great for all that can have been added.

    None if there is none, or the model has no sums.

    What returned before an operation was called comes before it. Of what overlaps it, all that is positive may come
    before it and nothing that is negative, or the other way round. A sum outside of these two is impossible; one
    between them may be so too. O(n).
    """
    sums = sums_of(problem, model) if applies(model) else None
    if sums is None:
        return None
    events = len(problem.event_op)
    ended = problem.ret < events
    begun, over = np.zeros((2, 2, events + 1), np.int64)
    for sign, delta in enumerate((np.minimum(sums.delta, 0), np.maximum(sums.delta, 0))):
        np.add.at(begun[sign], problem.call + 1, delta)
        np.add.at(over[sign], problem.ret[ended] + 1, delta[ended])
    begun, over = begun.cumsum(axis=1), over.cumsum(axis=1)
    telling = np.flatnonzero(sums.told & ended)
    call, ret, own = problem.call[telling], problem.ret[telling], sums.delta[telling]
    certain = over[0, call] + over[1, call]
    least = certain + begun[0, ret] - over[0, call] - np.minimum(own, 0)
    most = certain + begun[1, ret] - over[1, call] - np.maximum(own, 0)
    wrong = (sums.before[telling] < least) | (sums.before[telling] > most)
    return int(ret[wrong].min()) if wrong.any() else None
