"""Sets that are read whole: a line of reads, and then each element alone."""

from __future__ import annotations

import tracemalloc
from typing import Any

import numpy as np
import pytest

from clew.checkers import pinned, read_order, seen_elements
from clew.checkers.deadline import Deadline
from clew.checkers.encoding import NEVER, Problem, encode
from clew.checkers.models import ModelOperation, find_model
from clew.checkers.monitors import sets
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


def queue_like(elements: int) -> Problem:
    """A problem in which each element is added, read, and then removed."""
    asked = [("add", number) if turn == 0 else ("remove", number) for number in range(elements) for turn in (0, 1)]
    done = [ModelOperation(f, number, number, "ok") for f, number in asked]
    done += [ModelOperation("read", None, [number], "ok") for number in range(elements)]
    begin = [6 * (place // 2) + 4 * (place % 2) for place in range(2 * elements)]
    begin += [6 * place + 2 for place in range(elements)]
    order = np.argsort(begin)
    alphabet = [done[place] for place in order.tolist()]
    start = np.array(begin)[order]
    observer = np.array([op.f == "read" for op in alphabet])
    return small.problem(range(len(alphabet)), start, start + 1, alphabet, observer)


def test_a_remove_of_what_nobody_added_explains_nothing() -> None:
    alphabet = [
        ModelOperation("add", 1, None, "ok"), ModelOperation("read", None, [1], "ok"),
        ModelOperation("remove", 2, True, "ok"), ModelOperation("read", None, [1], "ok"),
    ]  # fmt: skip
    begin = np.arange(0, 8, 2)
    problem = small.problem(range(4), begin, begin + 1, alphabet, np.array([False, True, False, True]))
    assert explained(problem) is None


def test_what_reads_saw_takes_a_byte_for_each_read_and_element() -> None:
    problem = queue_like(1_000)
    tracemalloc.start()
    found = explained(problem)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert found is not None
    assert most < 4 * 1_000 * 1_000


def test_tables_that_would_be_too_large_are_not_made(monkeypatch: pytest.MonkeyPatch) -> None:
    problem = queue_like(20)
    intervals = seen_elements.shorter_intervals(problem, MODEL, small.LATE)
    for module in (seen_elements, read_order):
        monkeypatch.setattr(module, "MOST_SEEN", 20 * 20)
    assert read_order.explain(problem, MODEL, intervals, small.LATE) is not None
    for module in (seen_elements, read_order):
        monkeypatch.setattr(module, "MOST_SEEN", 20 * 20 - 1)
    assert read_order.explain(problem, MODEL, intervals, small.LATE) is None
    call, ret = seen_elements.shorter_intervals(problem, MODEL, small.LATE)
    assert (call is problem.call, ret is problem.ret) == (True, True)


def test_an_order_that_the_model_refuses_explains_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    problem = problem_of(100, 5, True, 0)
    found = sets.order_of

    def reversed_order(*asked: Any) -> Any:
        order = found(*asked)
        return None if order is None else order[::-1]

    assert explained(problem) is not None
    monkeypatch.setattr(sets, "order_of", reversed_order)
    assert explained(problem) is None
