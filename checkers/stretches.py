"""A long history is explained a stretch at a time: what explains the beginning is kept, the search goes on from there.

    operations    |----------------------- a stretch ------------|- ahead --|
    kept          xxxxxxxxxxxxxxxxxxxxxxxxxxxx
    next                                      |----------------------- a stretch ------------|- ahead --|

The hard places of a history are local. An order that explains some hundreds of operations behind a place is nearly
always the beginning of an order of everything. A search of the whole history goes back over all that came before the
place where it is lost. A stretch has little to go back over, so the time grows with the length of the history alone.

In the problem of a stretch, the kept operations stand in front and follow each other. Those that only observe are left
out there, and so is a beginning of them that no longer shows in the state. If a stretch is not explained, the last of
the kept operations may be in a wrong order. Some of them are given up, and the next stretch is longer.

*Sound.* The order must be a linearization in the end, by the model and the real-time order. Whatever a stretch shows,
nothing is found invalid.

*Unknown outcomes.* A stretch may use an operation of unknown outcome that a later one needs. Then mostly nothing is
found.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from clew.checkers.deadline import Deadline
from clew.checkers.decision import Decision
from clew.checkers.encoding import NEVER, Problem, arrange, needs_no_place
from clew.checkers.forms import Ints
from clew.checkers.models.model import Model
from clew.checkers.replay import is_linearization, state_after

_LENGTH, _AHEAD = 500, 250
"""Completed operations of a stretch, and how many operations at its end are not kept: what follows them is not known
yet."""
LONG = 2_000
"""Operations of a long history. A shorter one is searched as a whole."""
_MOST_LOST = 4
"""How many stretches may be lost before one is explained that reaches farther than all before."""
_FIRST_SUFFIX = 64
"""Operations of the shortest end of the kept ones that may stand for all of them."""


def explain(problem: Problem, model: Model, search: Callable[[Problem], Decision], deadline: Deadline) -> Decision:
    """Look for an order of a problem, with `search` for each stretch; "unknown" if none is found.

    It calls `search` at most n times, mostly n / 250 times. Memory: O(n), beside that of `search`.
    """
    kept, longest, lost = _Kept(problem, model, deadline), list[int](), 0
    while True:
        returning = np.flatnonzero(~kept.taken & (problem.ret != NEVER))
        if not len(returning):
            break
        length = _LENGTH + lost * _LENGTH // 2
        last = int(returning[length]) if length < len(returning) else len(problem)
        stretch, ops = _stretch(problem, kept, last)
        found = search(stretch)
        if deadline.passed():
            return Decision("unknown", order=longest, why="time", engine="stretches")
        certain = _certain(problem, [op for op in ops[found.order].tolist() if not kept.taken[op]], last)
        if found.answer == "valid" and certain:
            kept.add(certain)
            if len(kept.order) > len(longest):
                longest, lost = list(kept.order), 0
        else:
            lost += 1
            if lost > _MOST_LOST:
                return Decision("unknown", order=longest, why=found.why or "time", engine="stretches")
            kept.give_up(lost * _LENGTH // 4)
    if not is_linearization(kept.order, problem, model, deadline):
        return Decision("unknown", why="time", engine="stretches")
    return Decision("valid", order=kept.order, engine="stretches")


class _Kept:
    """The operations that are kept, in their order."""

    def __init__(self, problem: Problem, model: Model, deadline: Deadline) -> None:
        self._problem, self._model, self._deadline = problem, model, deadline
        self.order: list[int] = []
        self.taken = np.zeros(len(problem), np.bool_)
        """For each operation whether it is kept."""
        self._states: list[tuple[int, Any]] = [(0, model.initial)]
        """How many operations were kept at some moments, and the state behind them."""

    def add(self, ops: list[int]) -> None:
        """Keep more operations."""
        self.order += ops
        self.taken[ops] = True
        length, state = self._states[-1]
        self._states.append((len(self.order), self._after(self.order[length:], state)))

    def give_up(self, count: int) -> None:
        """Keep so many operations less, the last ones."""
        length = max(0, len(self.order) - count)
        self.taken[self.order[length:]] = False
        del self.order[length:]
        while self._states[-1][0] > length:
            self._states.pop()

    def that_show(self) -> Ints:
        """Those that change states, without a beginning of them that makes no difference to the state behind all."""
        order = np.array(self.order, np.int64)
        changing = order[~self._problem.observer[self._problem.cls[order]]]
        length, state = self._states[-1]
        state, suffix = self._after(self.order[length:], state), _FIRST_SUFFIX
        while 2 * suffix < len(changing) and not self._deadline.passed():
            if self._after(changing[-suffix:].tolist(), self._model.initial) == state:
                return changing[-suffix:]
            suffix *= 4
        return changing

    def _after(self, ops: list[int], state: Any) -> Any:
        """The state after some operations more; None if the model does not allow them, or the deadline passes."""
        return None if state is None else state_after(ops, self._problem, self._model, self._deadline, state)


def _stretch(problem: Problem, kept: _Kept, last: int) -> tuple[Problem, Ints]:
    """The problem of what is called before operation `last`, behind what is kept; and which operation each one is.

    It ends before the call of operation `last`.
    """
    before = kept.that_show()
    those = np.flatnonzero(~kept.taken[:last])
    end = int(problem.call[last]) if last < len(problem) else NEVER
    ret = np.where(problem.ret[those] < end, problem.ret[those], NEVER)
    there = ~needs_no_place(ret == NEVER, problem.observer[problem.cls[those]])
    those, ret = those[there], ret[there]
    ops = np.concatenate((before, those))
    steps = 2 * np.arange(-len(before), 0)
    used, cls = np.unique(problem.cls[ops], return_inverse=True)
    stretch = arrange(
        problem.key,
        problem.number[ops],
        cls.astype(np.int32),
        np.concatenate((steps, problem.call[those])),
        np.concatenate((steps + 1, ret)),
        tuple(map(problem.classes.__getitem__, used.tolist())),
        problem.observer[used],
    )
    return stretch, ops


def _certain(problem: Problem, order: list[int], last: int) -> list[int]:
    """The beginning of an order that is kept: up to the last operation that returned well before the stretch ends."""
    if last == len(problem):
        return order
    ahead = int(problem.call[max(0, last - _AHEAD)])
    ends = np.flatnonzero(problem.ret[order] < ahead)
    return order[: int(ends[-1]) + 1] if len(ends) else []
