"""Two searches for any model, by turns: one in depth, one in breadth. What one cannot decide, the other often can.

`wgl` goes back from a dead end to the last choice. If the wrong choice was made long before, it tries everything
behind it first. A narrow sweep of `linear` never goes back: it keeps some different configurations at each return, and
most of them can be dead ends. But it drops what it has no room for. Each round has more effort and wider sweeps than
the one before.
"""

from __future__ import annotations

import itertools
from dataclasses import replace

from clew.checkers import wgl
from clew.checkers.deadline import Deadline
from clew.checkers.decision import Decision
from clew.checkers.encoding import Problem
from clew.checkers.models.model import Model
from clew.checkers.monitors.first_unexplained import decide_beginnings
from clew.checkers.verdict import Budget

_FIRST_EFFORT, _MORE_EFFORT = 1_000_000, 10
"""Steps of wgl in the first round, a few tenths of a second; and how many times as many each round has."""
_FIRST_WIDTHS, _MORE_WIDTH = (32, 128), 16
"""Configurations that the sweeps of the first round keep, and how many times as many those of the next round. A width
of 32 takes about as long as the steps of wgl, and so on."""
_SWEPT = 200
"""Operations that a sweep may try in the time of a step of wgl: more than it takes if it comes to its end."""


def decide(problem: Problem, model: Model, budget: Budget, deadline: Deadline, *, steps: int | None = None) -> Decision:
    """Decide one problem as `answer` does, and find the first return that no order explains.

    If it is invalid and hard, there are another log n searches. `steps` bounds each of them.
    """
    return decide_beginnings(lambda part: answer(part, model, budget, deadline, steps=steps), problem)


def answer(problem: Problem, model: Model, budget: Budget, deadline: Deadline, *, steps: int | None = None) -> Decision:
    """Answer one problem. If invalid, `stuck` may be None.

    `steps` bounds each turn of wgl, and so the number of rounds. When they are used up, `why` is "time".
    """
    best = Decision("unknown", engine="wgl")
    for number in itertools.count():
        effort = _FIRST_EFFORT * _MORE_EFFORT**number
        effort = effort if steps is None else min(effort, steps)
        depth = wgl.answer_in_turns(problem, model, budget, deadline, steps=effort)
        best = max(best, depth, key=_progress)
        if depth.answer != "unknown" or deadline.passed():
            break
        breadth = sweep(problem, model, budget, deadline, number, effort)
        best = max(best, breadth, key=_progress)
        if breadth.answer != "unknown" or deadline.passed() or (steps is not None and effort >= steps):
            break
        if depth.why == breadth.why == "memory":
            return replace(best, why="memory")
    return best if best.answer != "unknown" else replace(best, why="time")


def sweep(problem: Problem, model: Model, budget: Budget, deadline: Deadline, number: int, effort: int) -> Decision:
    """The narrow sweeps of round `number`, in which wgl makes so many steps."""
    # Imported here: its kernels take seconds to compile, once after an install, and most histories never need them.
    from clew.checkers import linear

    widths = [width * _MORE_WIDTH**number for width in _FIRST_WIDTHS]
    return linear.decide_narrowly(problem, model, budget, deadline, widths, _SWEPT * effort)


def _progress(decision: Decision) -> tuple[bool, int]:
    """The greater, the better the decision: any answer is best, then a longer beginning that is explained."""
    return decision.answer != "unknown", len(decision.order)
