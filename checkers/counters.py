"""Counters that `wgl` does not decide soon: sweeps by gaps.

unique values    few sums lead to a result       a short sweep of the most probable configurations, then a wider one
small values     very many orders explain all    one of those whose open operations are in time, then a wider one

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
from clew.checkers.linear.moments import moments_of
from clew.checkers.models.model import Model
from clew.checkers.sums import sums_of
from clew.checkers.verdict import Budget

_WIDTH, _WIDE, _SHORT = 100, 4, 60_000
"""If values are unique: configurations that the first sweep keeps, how many times as many the second one does, and the
steps of the first one for each operation: two seconds for 1,000 operations."""
_SMALL_WIDTH, _SMALL_WIDE, _SMALL_SHORT = 60, 2, 125_000
"""The same for small values. Most histories of 1,000 operations, 30 clients, 5 values and 2 % unknown outcomes are
decided by a sweep of 60 in 2 to 3 seconds of processor time. Those in which it is lost are not lost in a wider one."""
_WIDER = 4
"""How many times as many configurations the sweeps of each further turn keep."""
_LONG = 5
"""How many times as many steps the second sweep has."""


def decide(problem: Problem, model: Model, budget: Budget, deadline: Deadline, steps: int, turn: int) -> Decision:
    """Decide one problem of a model that tells an `addition`.

    `turn` counts the calls for one problem, from 1: each keeps more configurations. `steps` bounds each of the sweeps,
    the second one by a multiple, by something that is the same on every machine: sets of adds tried. When they are
    used up, the answer is "unknown" and `why` is "time".
    """
    sums = sums_of(problem, model)
    wider = _WIDER ** (turn - 1)
    if sums is None:
        return linear.decide_going_back(problem, model, budget, deadline, _WIDTH * wider, steps)
    moments = moments_of(problem, sums, budget, deadline)
    if moments is None:
        return Decision("unknown", why="time", engine="linear")
    adds = sums.delta != 0
    priced = bool(2 * len(np.unique(sums.delta[adds])) >= np.count_nonzero(adds))
    width, wide, short = (_WIDTH, _WIDE, _SHORT) if priced else (_SMALL_WIDTH, _SMALL_WIDE, _SMALL_SHORT)
    most = min(steps, short * len(problem))
    found = linear.decide_going_back(problem, model, budget, deadline, width * wider, most, moments, priced=priced)
    if found.answer != "unknown" or deadline.passed():
        return found
    width *= wide * wider
    return linear.decide_going_back(problem, model, budget, deadline, width, _LONG * steps, moments, priced=priced)
