"""Quick proofs that some operations are impossible together, whichever of the others took effect.

A search among hundreds of operations that may have taken effect or not seldom comes to its end. Often it need not
begin:

    sums     a counter returned more, or less, than all that can have been added by then, or since another answer
    parts    in what the operations name, such as one element, no order explains what is left of the history

What is let go may take effect between its call and its return, or not at all, with any result (see `contradiction`).
"""

from __future__ import annotations

from collections.abc import Hashable
from itertools import combinations
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from clew.checkers import parts, wgl
from clew.checkers.deadline import Deadline
from clew.checkers.encoding import NEVER, Problem, arrange
from clew.checkers.evidence.counterexample import Impossible
from clew.checkers.forms import Mask
from clew.checkers.memo import Memo
from clew.checkers.models.model import INFO, Model, ModelOperation
from clew.checkers.sums import Sums, sums_of
from clew.checkers.sums import applies as has_sums
from clew.checkers.verdict import Budget
from clew.histories.history import Interned

_MOST_TOLD = 12
"""Answers of a counter that are compared with each other, the last: each pair takes a pass over the operations."""
_MOST_THINGS = 6
"""Things whose parts are looked at, one by one and in pairs. Operations that contradict each other name few."""
_STEPS = 100_000
"""Steps of the search in one part. What takes more counts as possible."""


def quick_proof(problem: Problem, model: Model, deadline: Deadline) -> Impossible:
    """Whether a quick proof shows that some operations of a problem are impossible, if the others are let go.

    "No" says nothing. O(n) for each pair of answers, and for each part of the few things that the operations name.
    """
    proofs: list[Impossible] = []
    sums = sums_of(problem, model) if has_sums(model) else None
    if sums is not None:
        proofs.append(_by_sums(problem, sums))
    if parts.applies(model):
        proofs.append(_Parts(problem, model, deadline).impossible)
    return lambda those: any(proof(those) for proof in proofs)


def _by_sums(problem: Problem, sums: Sums) -> Impossible:
    """An answer that is too small or too great, compared with the beginning or with an answer before it.

    What lies between the two for certain counts as it is. What can lie between them counts if it makes the sum smaller
    for the least sum, and if it makes it greater for the greatest one.
    """
    call, ret, delta = problem.call, problem.ret, sums.delta
    down, up = np.minimum(delta, 0), np.maximum(delta, 0)

    def out_of_reach(those: Mask, one: int | None, two: int) -> bool:
        possible = call < ret[two]
        certain = those & (ret < call[two])
        grown = int(sums.before[two])
        if one is not None:
            possible &= ret > call[one]
            certain &= call > ret[one]
            possible[one] = False
            grown -= int(sums.before[one] + delta[one])
        possible[two] = False
        possible &= ~certain
        sure = int(delta[certain].sum())
        return not sure + int(down[possible].sum()) <= grown <= sure + int(up[possible].sum())

    def impossible(those: Mask) -> bool:
        answers = np.flatnonzero(those & sums.told & (ret != NEVER))
        told = answers[np.argsort(ret[answers])][-_MOST_TOLD:].tolist()
        return any(out_of_reach(those, None, two) for two in told) or any(
            out_of_reach(those, one, two) for one in told for two in told if ret[one] < call[two]
        )

    return impossible


class _Part(NamedTuple):
    """What operations of each class are in a part: as they are, and then as they are if they are let go."""

    cls: NDArray[np.int32]
    """The class in the part; -1 for what has nothing to do with it."""
    classes: tuple[ModelOperation, ...]
    """The different operations of the part."""
    observer: Mask
    """Whether each class observes only; and False for no class, at the end."""
    memo: Memo
    """What searches in this part have learnt."""


class _Parts:
    """Searches in parts of a problem; see `clew.checkers.parts`."""

    def __init__(self, problem: Problem, model: Model, deadline: Deadline) -> None:
        self._problem, self._model, self._deadline = problem, model, deadline
        forgotten = [ModelOperation(op.f, op.argument, None, INFO, op.process) for op in problem.classes]
        self._classes = (*problem.classes, *forgotten)
        self._parts: dict[tuple[Hashable, ...], _Part] = {}

    def impossible(self, those: Mask) -> bool:
        """Whether no order explains these operations in a part of one or two of the things that they name."""
        named: dict[Hashable, None] = {}
        for number in np.unique(self._problem.cls[those]).tolist():
            named.update(dict.fromkeys(self._model.things(self._problem.classes[number])))
        if len(named) > _MOST_THINGS:
            return False
        return any(
            not self._deadline.passed() and self._no_order(those, things)
            for size in (1, 2)
            for things in combinations(named, size)
        )

    def _no_order(self, those: Mask, things: tuple[Hashable, ...]) -> bool:
        problem, part = self._problem, self._part(things)
        cls = part.cls[np.where(those, problem.cls, problem.cls + len(problem.classes))]
        # What is let go and changes nothing can be left out; so can an observer of unknown outcome.
        there = (cls >= 0) & ~(part.observer[cls] & (~those | (problem.ret == NEVER)))
        kept = np.flatnonzero(there)
        relaxed = arrange(
            problem.key, problem.number[kept], cls[kept], problem.call[kept], problem.ret[kept],
            part.classes, part.observer[:-1],
        )  # fmt: skip
        # An operation of unknown outcome is alike whether or not it is let go, and the two share a class.
        optional = np.array([op.outcome == INFO for op in part.classes], np.bool_)[relaxed.cls]
        decision = wgl.decide(
            relaxed, self._model, Budget(bytes=1 << 24), self._deadline,
            optional=optional, steps=_STEPS, memo=part.memo,
        )  # fmt: skip
        return decision.answer == "invalid"

    def _part(self, things: tuple[Hashable, ...]) -> _Part:
        found = self._parts.get(things)
        if found is None:
            numbers, classes = Interned(), list[ModelOperation]()
            cls = np.full(len(self._classes), -1, np.int32)
            for number, op in enumerate(self._classes):
                part = self._model.part(op, frozenset(things))
                if part is not None:
                    cls[number] = numbers.code(list(part))
                    if len(numbers) > len(classes):
                        classes.append(part)
            observer = np.fromiter(map(self._model.observes, classes), np.bool_, len(classes))
            memo = Memo(self._model, tuple(classes))
            found = self._parts[things] = _Part(cls, tuple(classes), np.append(observer, False), memo)
        return found
