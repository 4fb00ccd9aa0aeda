"""WIP."""

from __future__ import annotations

from clew.checkers.deadline import Deadline
from clew.checkers.decision import Decision
from clew.checkers.encoding import Problem
from clew.checkers.linear.going_back import to_the_end
from clew.checkers.models.model import Model
from clew.checkers.newest.order import order_of
from clew.checkers.newest.sweep import Sweep
from clew.checkers.verdict import Budget

_ALL = 1 << 40
"""As a width: more configurations than fit into any memory."""
_SWEEPS = ((32, 1), (_ALL, 8), (128, 1), (_ALL, 1))
"""For each sweep the configurations that it keeps at first, and by what its steps are divided."""
_EVERY, _AFTER = 64, 256
"""Events between two marks, and events behind the place where it was lost, after which it is narrow again."""


def decide(
    problem: Problem, model: Model, budget: Budget, deadline: Deadline, steps: int | None = None, sweeps=_SWEEPS
) -> Decision:
    end = len(problem.event_op)
    best = Decision("unknown", why="time", engine="newest")
    for width, divisor in sweeps:
        sweep = Sweep(problem, model, budget, deadline)
        sweep.widen(width)
        share = None if steps is None else steps // divisor
        answer = to_the_end(sweep, deadline, end, width, share, budget.bytes, _EVERY, _AFTER)
        position, dropped = sweep.position, sweep.dropped
        order = order_of(sweep, problem)
        if answer == "there" and order is not None:
            return Decision("valid", order=order, engine="newest")
        if answer == "dead" and not dropped:
            return Decision("invalid", order=order or [], stuck=position, engine="newest")
        if order is not None and len(order) >= len(best.order):
            best = Decision("unknown", why="memory" if answer == "memory" else "time", order=order, engine="newest")
        if deadline.passed():
            break
    return best
