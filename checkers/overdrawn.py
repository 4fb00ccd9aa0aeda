"""A container that gave an element more often than it was put there: no order explains that, and it is seen at once.

    put 1    |--|
    take -> 1       |--|
    take -> 1              |--|        by this return one put of 1 had been called, and two takes of it had returned

So a stack or a priority queue need not be searched for an order. The searches for FIFO queues (`clew.checkers.line`)
and for containers that give any element (`clew.checkers.bag`) see it by themselves.
"""

from __future__ import annotations

import numpy as np

from clew.checkers.encoding import NEVER, Problem
from clew.checkers.forms import PUTS, TAKES, container_kinds
from clew.checkers.models.model import Model


def overdrawn(problem: Problem, model: Model) -> int | None:
    """The first return (its position) of a take by which more takes of its element had returned than puts were called.

    None if there is none, or the model is neither a stack nor a priority queue. O(n log n).
    """
    if model.discipline not in ("newest", "least"):
        return None
    kind, element = container_kinds(problem, model)
    # In a beginning of a history, a take that is still open has an element, and need not have happened.
    puts, takes = np.flatnonzero(kind == PUTS), np.flatnonzero((kind == TAKES) & (problem.ret != NEVER))
    where = np.concatenate((problem.call[puts], problem.ret[takes]))
    of = np.concatenate((element[puts], element[takes]))
    change = np.repeat((1, -1), (len(puts), len(takes)))
    sorts = np.lexsort((where, of))
    where, of, change = where[sorts], of[sorts], change[sorts]
    left = change.cumsum()
    first = np.searchsorted(of, of)
    left -= left[first] - change[first]
    return int(where[left < 0].min()) if (left < 0).any() else None
