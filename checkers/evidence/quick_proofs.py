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

import numpy as np

from clew.checkers import parts
from clew.checkers.deadline import Deadline
from clew.checkers.encoding import NEVER, Problem, arrange
from clew.checkers.evidence.counterexample import Impossible, by_search
from clew.checkers.forms import Mask
from clew.checkers.memo import Memo
from clew.checkers.models.model import INFO, Model, ModelOperation
from clew.checkers.sums import Sums, sums_of
from clew.checkers.sums import applies as has_sums
from clew.histories.frozen import Interned

_MOST_TOLD = 12
"""Answers of a counter that are compared with each other, the last: each pair takes a pass over the operations."""
_MOST_THINGS = 6
"""Things whose parts are looked at, one by one and in pairs. Operations that contradict each other name few."""


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


class _Parts:
    """Searches in parts of a problem; see `clew.checkers.parts`. Each part has so many steps as `by_search` says."""

    def __init__(self, problem: Problem, model: Model, deadline: Deadline) -> None:
        self._problem, self._model, self._deadline = problem, model, deadline
        forgotten = [ModelOperation(op.f, op.argument, None, INFO, op.process) for op in problem.classes]
        self._classes = (*problem.classes, *forgotten)
        self._searches: dict[tuple[Hashable, ...], Impossible] = {}

    def impossible(self, those: Mask) -> bool:
        """Whether no order explains these operations in a part of one or two of the things that they name."""
        named: dict[Hashable, None] = {}
        for number in np.unique(self._problem.cls[those]).tolist():
            named.update(dict.fromkeys(self._model.things(self._problem.classes[number])))
        if len(named) > _MOST_THINGS:
            return False
        return any(
            not self._deadline.passed() and self._search(things)(those)
            for size in (1, 2)
            for things in combinations(named, size)
        )

    def _search(self, things: tuple[Hashable, ...]) -> Impossible:
        """The search in one part. It remembers what it has learnt there."""
        if things not in self._searches:
            self._searches[things] = self._search_of(things)
        return self._searches[things]

    def _search_of(self, things: tuple[Hashable, ...]) -> Impossible:
        problem, model = self._problem, self._model
        numbers, classes = Interned(), list[ModelOperation]()
        # The class in the part of each operation, as it is or let go; -1 for what has nothing to do with it.
        cls_of = np.full(len(self._classes), -1, np.int32)
        for number, op in enumerate(self._classes):
            part = model.part(op, frozenset(things))
            if part is not None:
                cls_of[number] = numbers.code(list(part))
                if len(numbers) > len(classes):
                    classes.append(part)
        observer = np.append(np.fromiter(map(model.observes, classes), np.bool_, len(classes)), False)
        unknown = np.array([op.outcome == INFO for op in classes], np.bool_)

        def relax(those: Mask) -> tuple[Problem, Mask]:
            cls = cls_of[np.where(those, problem.cls, problem.cls + len(problem.classes))]
            # What is let go and changes nothing can be left out; so can an observer of unknown outcome.
            kept = np.flatnonzero((cls >= 0) & ~(observer[cls] & (~those | (problem.ret == NEVER))))
            relaxed = arrange(
                problem.key, problem.number[kept], cls[kept], problem.call[kept], problem.ret[kept],
                tuple(classes), observer[:-1],
            )  # fmt: skip
            # An operation of unknown outcome is alike whether or not it is let go, and the two share a class.
            return relaxed, unknown[relaxed.cls]

        return by_search(relax, Memo(model, tuple(classes)), model, self._deadline)
