"""Counters that `wgl` does not decide soon: sweeps by gaps, and annealing.

unique values                  few sums lead to a result       a narrow sweep by gaps, then a wide one
small values                   very many orders explain all    a short sweep, then annealing finds one of them
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
"""Configurations that the first sweep keeps at first, and how many times as many the one of each further turn does."""
_WIDE = 40
"""How many times as many a wide sweep keeps. Where a counter of unique values begins they are still small, and many
sums are equal: there hundreds of configurations are not enough."""
_SHORT = 60_000
"""Steps of a short sweep for each operation: half a second for 1,000 operations."""
_LONG = 5
"""How many times as many steps a long sweep has."""


def decide(problem: Problem, model: Model, budget: Budget, deadline: Deadline, steps: int, turn: int) -> Decision:
    """Decide one problem of a model that tells an `addition`.

    `turn` counts the calls for one problem, from 1: each keeps more configurations, and has other random numbers.
    `steps` bounds each of the searches, some by a multiple, by something that is the same on every machine: sets of
    adds tried, moves made. When they are used up, the answer is "unknown" and `why` is "time".
    """
    sums = sums_of(problem, model)
    width = _WIDTH * _WIDER ** (turn - 1)
    if sums is None:
        return linear.decide_going_back(problem, model, budget, deadline, width, steps)
    adds = sums.delta != 0
    small = 2 * len(np.unique(sums.delta[adds])) < np.count_nonzero(adds)
    most = min(steps, _SHORT * len(problem))
    found = linear.decide_going_back(problem, model, budget, deadline, width, most, sums)
    if found.answer != "unknown" or deadline.passed():
        return found
    if small:
        annealed = annealing.decide(problem, sums, deadline, steps, seed=turn)
        return annealed if annealed.answer == "valid" else found
    return linear.decide_going_back(problem, model, budget, deadline, _WIDE * width, _LONG * steps, sums)
