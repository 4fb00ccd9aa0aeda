"""Counters that `wgl` does not decide soon: a sweep by gaps, and annealing.

unique values   few sums lead to a result       a sweep by gaps finds the order, or that there is none
small values    very many orders explain all    a short sweep, then annealing finds one of them
"""

from __future__ import annotations

import numpy as np

from clew.checkers import annealing, linear
from clew.checkers.deadline import Deadline
from clew.checkers.decision import Decision
from clew.checkers.encoding import Problem
from clew.checkers.models.model import Model
from clew.checkers.sums import sums_of
from clew.checkers.verdict import Budget

_WIDTH, _WIDER = 100, 4
"""Configurations that the first sweep keeps at first, and how many times as many each further one does."""
_SHORT = 20_000
"""Steps of a short sweep for each operation: one or two seconds for 1,000 operations."""


def decide(problem: Problem, model: Model, budget: Budget, deadline: Deadline, steps: int, turn: int) -> Decision:
    """Decide one problem of a model that tells an `addition`.

    `turn` counts the calls for one problem, from 1: each keeps more configurations, and has other random numbers.
    `steps` bounds each of the two searches by something that is the same on every machine: sets of adds tried, moves
    made. When they are used up, the answer is "unknown" and `why` is "time".
    """
    sums = sums_of(problem, model)
    width = _WIDTH * _WIDER ** (turn - 1)
    if sums is None:
        return linear.decide_going_back(problem, model, budget, deadline, width, steps)
    adds = sums.delta[sums.delta != 0]
    small = 2 * len(np.unique(adds)) < len(adds)
    most = min(steps, _SHORT * len(problem)) if small else steps
    swept = linear.decide_going_back(problem, model, budget, deadline, width, most, sums)
    if swept.answer != "unknown" or not small or deadline.passed():
        return swept
    annealed = annealing.decide(problem, sums, deadline, steps, seed=turn)
    return annealed if annealed.answer == "valid" else swept
