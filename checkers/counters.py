"""Counters that `wgl` does not decide soon: sweeps by gaps, and annealing.

unique values                  few sums lead to a result       a narrow sweep by gaps, then a wide one
small values                   very many orders explain all    a short sweep, then annealing and sweeps along its order

With small values a sweep has too many good configurations, and keeps those that lead to nothing later: whether an add
of unknown outcome took effect shows only hundreds of operations later. Annealing looks at the whole history at once,
but leaves a few results wrong. A sweep along its order keeps the configurations that are nearest to this order. It
finds its way around most wrong results and back to the order.
"""

from __future__ import annotations

import numpy as np

from clew.checkers import annealing, linear
from clew.checkers.deadline import Deadline
from clew.checkers.decision import Decision
from clew.checkers.encoding import Problem
from clew.checkers.models.model import Model
from clew.checkers.sums import Sums, sums_of
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

_REPAIRS = 40
"""Stretches that are annealed again between two sweeps along the annealed order."""
_ALONG = 150_000
"""Steps of a sweep along it for each operation."""


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
        return _along_annealed(problem, model, sums, budget, deadline, width, steps, turn) or found
    return linear.decide_going_back(problem, model, budget, deadline, _WIDE * width, _LONG * steps, sums)


def _along_annealed(
    problem: Problem, model: Model, sums: Sums, budget: Budget, deadline: Deadline, width: int, steps: int, seed: int
) -> Decision | None:
    """Anneal, and sweep along the order that this left, until nothing is wrong. None if that is not found."""
    annealed = annealing.Annealing(problem, sums, deadline, seed)
    annealed.left = min(annealed.left, steps)
    annealed.cool()
    while annealed.left > 0 and not deadline.passed():
        annealed.repair(_REPAIRS)
        if not len(annealed.wrong()):
            return Decision("valid", order=annealed.order(), engine="annealing")
        most, guide = min(steps, _ALONG * len(problem)), annealed.all_order
        found = linear.decide_going_back(problem, model, budget, deadline, width, most, sums, guide)
        if found.answer == "valid":
            return found
    return None
