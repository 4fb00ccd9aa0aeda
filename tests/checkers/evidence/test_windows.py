"""What does not add up in a window of time is impossible, whichever of the others took effect."""

from __future__ import annotations

import random

import numpy as np
import pytest

from clew.checkers import check
from clew.checkers.evidence.windows import windows_of
from clew.checkers.models import ModelOperation, find_model
from clew.histories import Event, History
from tests.checkers import small
from tests.checkers.alphabets import ALPHABETS
from tests.checkers.evidence.letting_go import impossible
from tests.often import OFTEN

CONTAINERS = ("fifo-queue", "stack", "unordered-queue", "priority-queue")


@OFTEN
@pytest.mark.parametrize("name", CONTAINERS)
def test_what_does_not_add_up_is_impossible_whatever_the_others_did(name: str, times: int) -> None:
    model, rng, found = find_model(name), random.Random(f"windows/{name}"), 0
    for _ in range(500 * times):
        problem = small.lived(model, ALPHABETS[name], rng.randrange(5, 8), rng)
        those = np.array([rng.random() < 0.8 for _ in range(len(problem))], np.bool_)
        window = windows_of(problem, model)
        kept = window(those)
        if kept.sum() > 1:
            assert (kept <= those).all()
            assert window(kept).any()
            assert impossible(problem, model, np.flatnonzero(kept).tolist())
            found += 1
    assert found > times


Call = tuple[str, int | None, int, int]


def window_of(*calls: Call) -> list[int]:
    """What does not add up in an unordered queue with these operations: (f, element, begin, end)."""
    model, classes = find_model("unordered-queue"), [ModelOperation(f, value, value, "ok") for f, value, _, _ in calls]
    begin, end = (np.array([call[which] for call in calls]) for which in (2, 3))
    observer = np.array([model.observes(op) for op in classes])
    problem = small.problem(range(len(calls)), begin, end, classes, observer)
    return np.flatnonzero(windows_of(problem, model)(np.ones(len(problem), np.bool_))).tolist()


def test_a_take_that_began_before_the_queue_was_empty_may_have_taken_what_was_there_before() -> None:
    calls: list[Call] = [
        ("enqueue", 1, 0, 1), ("dequeue", 1, 2, 9), ("dequeue", None, 3, 4), ("enqueue", 1, 5, 6), ("dequeue", 1, 7, 10)
    ]  # fmt: skip
    assert window_of(*calls) == []
    assert window_of(*calls[:1], ("dequeue", 1, 5, 9), *calls[2:]) == [1, 2, 4]


def test_a_take_that_found_nothing_did_not_take_what_was_put() -> None:
    calls: list[Call] = [("dequeue", None, 0, 5), ("enqueue", 1, 1, 2), ("dequeue", None, 6, 7)]
    assert window_of(*calls) == [0, 1, 2]
    assert window_of(("dequeue", 1, 0, 5), *calls[1:]) == []


def test_a_window_that_begins_where_the_queue_was_empty_is_told_with_few_operations() -> None:
    """Before that, 1 came and went ten times. Since then it was put once and taken twice."""
    steps = [*[("enqueue", 1), ("dequeue", 1)] * 10, ("dequeue", None), ("enqueue", 1), ("dequeue", 1), ("dequeue", 1)]
    (key,) = check(_one_by_one(steps), "unordered-queue").keys
    assert key.contradiction == (20, 22, 23)


def test_a_window_that_ends_where_the_queue_was_empty_is_told_with_few_operations() -> None:
    """1 was put twice and taken once, after it had come and gone ten times."""
    steps = [*[("enqueue", 1), ("dequeue", 1)] * 10, ("enqueue", 1), ("enqueue", 1), ("dequeue", 1), ("dequeue", None)]
    (key,) = check(_one_by_one(steps), "unordered-queue").keys
    assert key.contradiction == (20, 21, 23)


def _one_by_one(steps: list[tuple[str, int | None]]) -> History:
    return History.of(
        Event(2 * at + end, 2 * at + end, 0, ("invoke", "ok")[end], f, None, value if end or f == "enqueue" else None)
        for at, (f, value) in enumerate(steps)
        for end in (0, 1)
    )
