"""Whether operations are impossible together, by brute force: every choice of what the others did is tried."""

from __future__ import annotations

from itertools import product

import numpy as np

from clew.checkers import exhaustive
from clew.checkers.encoding import Problem, arrange
from clew.checkers.forms import TAKES_ANY, container_form
from clew.checkers.models import Model, ModelOperation


def impossible(problem: Problem, model: Model, kept: list[int]) -> bool:
    """Whether no order explains `kept`, whichever of the others took effect, with whatever results.

    What failed did nothing: a swap that missed.
    """
    forgotten = tuple(ModelOperation(op.f, op.argument, None, "info", op.process) for op in problem.classes)
    classes = problem.classes + forgotten
    observer = np.array([model.observes(op) for op in classes], np.bool_)
    changes = [
        op.outcome != "mismatch" and not model.observes(then)
        for op, then in zip(problem.classes, forgotten, strict=True)
    ]
    others = [op for op in range(len(problem)) if op not in kept and changes[problem.cls[op]]]
    for effects in product((False, True), repeat=len(others)):
        mask = np.zeros(len(problem), np.bool_)
        mask[kept] = True
        cls = problem.cls.copy()
        for op, takes in zip(others, effects, strict=True):
            mask[op] = takes
            cls[op] += len(problem.classes)
        part = arrange(None, problem.number[mask], cls[mask], problem.call[mask], problem.ret[mask], classes, observer)
        if exhaustive.linearize(part, model) is not None:
            return False
    return True


def with_takes(problem: Problem, model: Model, kept: list[int]) -> Problem:
    """Of a problem of a container: `kept` and all takes of unknown outcome."""
    form = container_form(problem, model)
    assert form is not None
    mask = form.kind == TAKES_ANY
    mask[kept] = True
    return problem.only(mask)
