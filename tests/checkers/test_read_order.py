"""Sets that are read whole: a line of reads, and then each element alone."""

from __future__ import annotations

import numpy as np
import pytest

from clew.checkers import pinned, read_order
from clew.checkers.deadline import Deadline
from clew.checkers.encoding import NEVER, Problem, encode
from clew.checkers.models import ModelOperation, find_model
from tests.checkers import small
from tests.checkers.objects import object_history

MODEL = find_model("set")


def problem_of(operations: int, processes: int, unique: bool, seed: int) -> Problem:
    (problem,) = encode(object_history("set", operations, processes, unique, 0.02, seed), MODEL)
    return problem


def explained(problem: Problem, deadline: Deadline = small.LATE) -> list[int] | None:
    intervals = pinned.narrow(problem, MODEL, small.LATE)
    return None if intervals is None else read_order.explain(problem, MODEL, intervals, deadline)


@pytest.mark.parametrize("processes", [5, 30])
def test_a_history_whose_elements_are_added_once_is_explained(processes: int) -> None:
    for seed in range(6):
        problem = problem_of(400, processes, True, seed)
        order = explained(problem)
        assert order is not None
        state, latest = MODEL.initial, -1
        for op in order:
            state = MODEL.step(state, problem.classes[problem.cls[op]])
            assert state is not None
            latest = max(latest, int(problem.call[op]))
            assert latest < problem.ret[op]
        assert {op for op in range(len(problem)) if problem.ret[op] != NEVER} <= set(order)
        assert len(set(order)) == len(order)


def test_nothing_is_said_of_elements_that_are_added_twice() -> None:
    assert explained(problem_of(100, 5, False, 0)) is None


def test_nothing_is_explained_after_the_deadline() -> None:
    problem = problem_of(100, 5, True, 0)
    late = Deadline()
    late.stop()
    assert explained(problem) is not None
    assert explained(problem, late) is None


def test_a_read_of_what_nobody_added_is_not_explained() -> None:
    done = [ModelOperation("add", 1, 1, "ok"), ModelOperation("read", None, [1, 2], "ok")]
    problem = small.problem([0, 1], np.array([0, 1]), np.array([2, 3]), done, np.array([False, True]))
    assert explained(problem) is None
