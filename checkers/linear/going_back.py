"""A narrow sweep that is lost goes back a little, and on from there with more configurations.

    marks   |    |    |    |    |    X lost: none of the configurations that were kept survives this return
                                <----    the first time, with 2 times as many configurations
                           <---------    if it is lost there again, with 4 times as many
                 <-------------------    8 times, and so on
                                              | far enough behind X it is narrow again

What was dropped is missed soon, if at all: the operations that it would have used return within some tens of events. So
few places of a long history need a wide sweep. Measured with 30 clients of a counter, 1,000 operations: one of 100
configurations went back seven times and reached the end.

From a mark at which nothing had been dropped yet, going back forgets that anything was. So a sweep that is lost without
having dropped anything still proves that there is no order.
"""

from __future__ import annotations

from typing import Literal, Protocol, TypeVar

from clew.checkers.deadline import Deadline
from clew.checkers.decision import Decision
from clew.checkers.encoding import Problem
from clew.checkers.linear.gap_sweep import GapSweep
from clew.checkers.linear.moments import Moments
from clew.checkers.linear.sweep import Sweep
from clew.checkers.models.model import Model
from clew.checkers.verdict import Budget

_EVERY = 16
"""Events between two marks."""
_AFTER = 64
"""Events behind the place where it was lost, after which it is narrow again."""
_GAPS_EVERY, _GAPS_AFTER = 8, 24
"""The same for a sweep by gaps, in results."""
_MOST_LEVELS = 6
"""How often the width is doubled before it gives up."""
_KEPT = 64
"""Marks that are kept, beside the first one: as many as it can go back over."""

_Answer = Literal["there", "dead", "memory", "time"]


class _Mark(Protocol):
    @property
    def position(self) -> int: ...
    @property
    def bytes(self) -> int: ...


M = TypeVar("M", bound=_Mark)


class _Sweep(Protocol[M]):
    """What a sweep must have to go back."""

    @property
    def position(self) -> int: ...
    @property
    def dropped(self) -> bool: ...
    @property
    def bytes(self) -> int: ...
    def to(self, position: int, steps: int | None = None) -> _Answer: ...
    def mark(self) -> M: ...
    def go_back(self, mark: M) -> None: ...
    def widen(self, width: int) -> None: ...


def decide(
    problem: Problem,
    model: Model,
    budget: Budget,
    deadline: Deadline,
    width: int,
    steps: int | None = None,
    moments: Moments | None = None,
    priced: bool = True,
) -> Decision:
    """Decide one problem by one sweep that keeps so many configurations at first (see `narrow`).

    `steps` bounds it by something that is the same on every machine: operations tried. When they are used up, or
    when it is lost for good, the answer is "unknown" and `why` is "time". With `moments`, of a counter, it
    sweeps by gaps; see `clew.checkers.linear.gaps`. Then steps are sets of adds, and if invalid, `stuck` is None.
    For `priced` see `GapSweep`.
    """
    if moments is not None:
        gaps = GapSweep(problem, moments, budget, deadline, width, priced)
        answer = to_the_end(gaps, deadline, gaps.end, width, steps, budget.bytes, _GAPS_EVERY, _GAPS_AFTER)
        return _decision(answer, gaps.order(), gaps.dropped, None)
    sweep = Sweep(problem, model, budget, deadline, width=width)
    answer = to_the_end(sweep, deadline, len(problem.event_op), width, steps, budget.bytes, _EVERY, _AFTER)
    return _decision(answer, sweep.order(), sweep.dropped, sweep.position)


def _decision(answer: _Answer, order: list[int], dropped: bool, stuck: int | None) -> Decision:
    if answer == "there":
        return Decision("valid", order=order, engine="linear")
    if answer == "dead" and not dropped:
        return Decision("invalid", order=order, stuck=stuck, engine="linear")
    return Decision("unknown", order=order, why="memory" if answer == "memory" else "time", engine="linear")


def to_the_end(
    sweep: _Sweep[M],
    deadline: Deadline,
    end: int,
    width: int,
    steps: int | None,
    room: int,
    every: int,
    after: int,
    levels: int | None = None,
) -> _Answer:
    """Sweep on to the position `end`; see `Sweep.to`. It is "dead" if it is lost for good.

    There are `every` so many events between two marks. `after` so many behind the place where it was lost it is narrow
    again. At one place the width is doubled `levels` times at most, or six times.
    """
    marks, lost, level = [sweep.mark()], -1, 0
    levels = _MOST_LEVELS if levels is None else levels
    while True:
        answer = sweep.to(min(end, marks[-1].position + every), steps)
        if answer == "there":
            if sweep.position == end:
                return "there"
            marks.append(sweep.mark())
            del marks[1:-_KEPT]
            if sweep.bytes + sum(mark.bytes for mark in marks) > room:
                return "memory"
            if deadline.passed():
                return "time"  # `Sweep.to` need not look at it: between two marks there is little to do.
            if level > 0 and sweep.position > lost + after:
                level = 0
                sweep.widen(width)
        elif answer == "dead" and sweep.dropped and level < levels:
            lost, level = max(lost, sweep.position), level + 1
            del marks[max(1, len(marks) - (1 << level) // 2) :]
            sweep.go_back(marks[-1])
            sweep.widen(width << level)
        else:
            return answer
