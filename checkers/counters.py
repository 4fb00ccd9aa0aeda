"""Counters that `wgl` does not decide soon: sweeps by gaps.

unique values    few sums lead to a result       a short sweep of the most probable configurations, then a wider one
small values     very many orders explain all    a long sweep of those whose open operations are in time

With small values very many configurations lead to the end, and how probable their past is says little about that. What
matters is which of the open operations they have used. A result that the sum has passed cannot be told any more. So an
operation should be used about when it took effect (`clew.checkers.linear.moments`).
"""

from __future__ import annotations

import numpy as np

from clew.checkers import linear
from clew.checkers.deadline import Deadline
from clew.checkers.decision import Decision
from clew.checkers.encoding import Problem
from clew.checkers.models.model import Model
from clew.checkers.sums import sums_of
from clew.checkers.verdict import Budget

_WIDTH, _WIDER = 100, 4
"""Configurations that the first sweep keeps at first, and how many times as many the one of each further turn does."""
_WIDE = 4
"""How many times as many the second sweep keeps if values are unique."""
_SHORT = 60_000
"""Steps of a short sweep for each operation: two seconds for 1,000 operations."""
_LONG = 5
"""How many times as many steps a long sweep has."""


def decide(problem: Problem, model: Model, budget: Budget, deadline: Deadline, steps: int, turn: int) -> Decision:
    """Decide one problem of a model that tells an `addition`.

    `turn` counts the calls for one problem, from 1: each keeps more configurations. `steps` bounds each of the sweeps,
    a long one by a multiple, by something that is the same on every machine: sets of adds tried. When they are used up,
    the answer is "unknown" and `why` is "time".
    """
    sums = sums_of(problem, model)
    width = _WIDTH * _WIDER ** (turn - 1)
    if sums is None:
        return linear.decide_going_back(problem, model, budget, deadline, width, steps)
    adds = sums.delta != 0
    if 2 * len(np.unique(sums.delta[adds])) < np.count_nonzero(adds):
        return linear.decide_going_back(problem, model, budget, deadline, width, _LONG * steps, sums, priced=False)
    most = min(steps, _SHORT * len(problem))
    found = linear.decide_going_back(problem, model, budget, deadline, width, most, sums)
    if found.answer != "unknown" or deadline.passed():
        return found
    return linear.decide_going_back(problem, model, budget, deadline, _WIDE * width, _LONG * steps, sums)
