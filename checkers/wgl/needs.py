"""Needs: what must hold before an operation can take effect must hold already, or something that can help must be left.

    state "2.1."        a get returned "2.4.": appends do not help, only a put of "2." does
    state {}            a read returned {7}: only the add of 7 helps

A model may say what its operations need (`Model.needs`). A configuration is dead if an operation that will return needs
what does not hold, and too few operations can help in time: the others have taken effect already, or are called after
it returns. For a need says that the operation then cannot take effect. The search would find this out only at the
return. By then it has tried every order of what happens in between.

Asked are the operations that are open, and those that will be called soon. Whether something holds is asked of the
memo, like an operation that changes nothing. Of the operations that can help those are listed that return later than
the search may ask: what returned before has taken effect.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Hashable, Sequence
from typing import Any, NamedTuple

import numpy as np

from clew.checkers.deadline import Deadline
from clew.checkers.encoding import NEVER, Problem
from clew.checkers.forms import Ints
from clew.checkers.models.model import Model, ModelOperation

AHEAD = 128
"""Events that the search looks ahead: operations that are called so soon count like open ones. Measured on histories of
30 clients: with 16, four of twelve are not decided in 500,000 steps that are with 200."""
_MOST, _FEW = 300_000, 32
"""If all operations together have more needs than that, only those count that have few needs themselves."""


_NEED = "need"
"""The outcome of an operation that asks whether its argument holds."""


class Needs(NamedTuple):
    """The needs of a problem, as a kernel sees them."""

    ahead: int
    """How many events the search looks ahead."""
    call: Ints
    """For each operation the position of its call."""
    starts: Ints
    """The needs of operation i are numbers `starts[i]` to `starts[i + 1]`. Those of unknown outcome have none."""
    cls: Ints
    """For each need the class of the memo that asks whether it holds."""
    times: Ints
    """For each need how many operations must help if it does not hold."""
    helper_starts: Ints
    """The operations that can help need k are `helpers[helper_starts[k] : helper_starts[k + 1]]`."""
    helpers: Ints


def no_needs(count: int) -> Needs:
    """Nothing is known of what so many operations need."""
    nothing, zeros = np.empty(0, np.int64), np.zeros(count + 1, np.int64)
    return Needs(0, nothing, zeros, nothing, nothing, zeros[:1], nothing)


class Hoping(Model):
    """A model that also answers what holds: by operations whose outcome is `_NEED`."""

    def __init__(self, model: Model, classes: Sequence[ModelOperation]) -> None:
        self._model, self._classes = model, classes

    @property
    def initial(self) -> Any:  # type: ignore[override]
        """See `Model.initial`."""
        return self._model.initial

    def step(self, state: Any, op: ModelOperation) -> Any:
        """See `Model.step`."""
        if op.outcome == _NEED:
            return state if self._model.holds(state, op.argument) else None
        return self._model.step(state, op)

    def merge(self, classes: Sequence[ModelOperation]) -> Any:
        """See `Model.merge`. What needs tell apart, the operations that have them tell apart too."""
        return self._model.merge(self._classes)


class _Helpers:
    """The operations that can help with needs of the same things."""

    def __init__(self, ops: list[int], call: list[int], ret: list[int]) -> None:
        self._ops, self._call, self._ret = ops, call, ret
        self._begun, self._next = list[int](), 0

    def of(self, op: int, late: int) -> list[int]:
        """Those that can help an operation: called before its return, and not over when the search may ask.

        `late` is the first operation that is called later. Asked for operations in their order.
        """
        ops, early = self._ops, self._call[op] - AHEAD
        while self._next < len(ops) and ops[self._next] < op:
            self._begun.append(ops[self._next])
            self._next += 1
        self._begun = [other for other in self._begun if self._ret[other] > early]
        begin = self._next + (self._next < len(ops) and ops[self._next] == op)
        return self._begun + ops[begin : bisect_left(ops, late, begin)]


def needs_of(problem: Problem, model: Model, deadline: Deadline) -> tuple[Needs, tuple[ModelOperation, ...]] | None:
    """The needs of a problem, and its classes with those that ask for a need.

    None if the model does not say, or if the deadline passes. O(n) and for each need as long as its helpers are many.
    """
    by_class = [list(needs) for needs in model.needs(problem.classes)]
    if sum(len(by_class[cls]) for cls in problem.cls.tolist()) > _MOST:
        by_class = [needs if len(needs) <= _FEW else [] for needs in by_class]
    numbers: dict[Hashable, int] = {}
    by: list[tuple[Hashable, ...]] = []
    for need in (need for needs in by_class for need in needs):
        if numbers.setdefault(need.what, len(numbers)) == len(by):
            by.append(need.by)
    if not numbers:
        return None
    classes = problem.classes + tuple(ModelOperation(_NEED, what, None, _NEED) for what in numbers)
    givers: dict[Hashable, list[int]] = {}
    given = [model.gives(op) for op in problem.classes]
    ret, call, of = problem.ret.tolist(), problem.call.tolist(), problem.cls.tolist()
    late = np.searchsorted(problem.call, problem.ret).tolist()
    for op, cls in enumerate(of):
        for thing in given[cls]:
            givers.setdefault(thing, []).append(op)
    helpers_of = {
        things: _Helpers(sorted({op for thing in things for op in givers.get(thing, ())}), call, ret)
        for things in dict.fromkeys(by)
    }
    starts, which, times, helper_starts, helpers = [0], list[int](), list[int](), [0], list[int]()
    for op, cls in enumerate(of):
        if deadline.passed():
            return None
        for need in by_class[cls] if ret[op] != NEVER else ():
            number = numbers[need.what]
            helpers += helpers_of[by[number]].of(op, late[op])
            times.append(need.times)
            which.append(len(problem.classes) + number)
            helper_starts.append(len(helpers))
        starts.append(len(which))
    found = [np.array(part, np.int64) for part in (starts, which, times, helper_starts, helpers)]
    return Needs(AHEAD, problem.call, *found), classes
