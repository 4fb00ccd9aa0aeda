"""How old reads are, against trying every age from 0 on with the exhaustive checker."""

from __future__ import annotations

import random
from collections import Counter

import numpy as np
import pytest

from clew.checkers import Budget, exhaustive
from clew.checkers.deadline import Deadline
from clew.checkers.encoding import Problem, arrange, encode
from clew.checkers.models import find_model
from clew.checkers.weaker import staleness
from clew.checkers.weaker.promise import Promise
from clew.histories import Event, History
from tests.checkers import small
from tests.checkers.alphabets import ALPHABETS

MODEL = find_model("cas-register")
ALPHABET = [op for op in ALPHABETS["cas-register"] if op.f != "cas" or op.argument == [1, 2]]


def history_of(problem: Problem) -> History:
    """The history that this problem is the problem of. Each operation is a process."""
    events = []
    for position, (op, returns) in enumerate(
        zip(problem.event_op.tolist(), problem.event_return.tolist(), strict=True)
    ):
        what = problem.classes[problem.cls[op]]
        if not returns:
            events.append(Event(position, position, op, "invoke", what.f, None, what.argument))
        elif what.outcome == "mismatch":
            events.append(Event(position, position, op, "fail", what.f, None, what.argument, "mismatch"))
        else:
            events.append(Event(position, position, op, "ok", what.f, None, what.result))
    return History.of(events)


def decided(history: History) -> Promise:
    return staleness.decide(history, MODEL, encode(history, MODEL), Budget(), Deadline(600), str)


def expected(problem: Problem) -> int | None:
    """The smallest age that is enough, or None. After all positions, nothing changes any more."""
    reads = np.array([MODEL.observes(problem.classes[c]) for c in problem.cls.tolist()], np.bool_)
    for delta in range(len(problem.event_op) + 1):
        start = np.where(reads, problem.call - delta, problem.call)
        order = np.lexsort((problem.number, start))
        moved = arrange(
            None, problem.number[order], problem.cls[order], start[order], problem.ret[order], problem.classes,
            problem.observer,
        )  # fmt: skip
        if exhaustive.linearize(moved, MODEL) is not None:
            return delta
    return None


def assert_agrees(problem: Problem) -> int | None:
    bound = expected(problem)
    promise = decided(history_of(problem))
    assert (promise.kept, promise.oldest) == (("yes", bound) if bound is not None else ("no", None)), problem
    assert promise.smallest
    return bound


@pytest.mark.parametrize("step", [11, pytest.param(1, marks=pytest.mark.long)], ids=["one of eleven", "all"])
def test_all_histories_of_three_operations(step: int) -> None:
    found = Counter[int | None]()
    for count in (1, 2, 3):
        for problem in small.every(MODEL, ALPHABET, count, step=step if count == 3 else 1):
            if len(problem):
                found[assert_agrees(problem)] += 1
    assert {None, 0, 1, 2, 3} <= set(found)


def test_random_histories(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = random.Random(4)
    found = Counter[int | None]()
    for _ in range(600):
        problem = small.unambiguous(MODEL, rng.randrange(4, 7), rng)
        if len(problem):
            found[assert_agrees(problem)] += 1
    monkeypatch.setattr(staleness, "_PAIRS", 0)  # as in a long history: every number is an age
    for _ in range(300):
        problem = small.lived(MODEL, ALPHABET, rng.randrange(4, 7), rng)
        if len(problem):
            found[assert_agrees(problem)] += 1
    assert {None, 0, 1, 2, 3, 4, 5} <= set(found)


def test_the_oldest_read_is_named_with_what_was_over() -> None:
    events = [
        Event(0, 0, 0, "invoke", "write", None, 1),
        Event(1, 1_000_000_000, 0, "ok", "write", None, 1),
        Event(2, 2_000_000_000, 0, "invoke", "write", None, 2),
        Event(3, 3_000_000_000, 0, "ok", "write", None, 2),
        Event(4, 4_200_000_000, 1, "invoke", "read", None),
        Event(5, 5_000_000_000, 1, "ok", "read", None, 1),
    ]
    promise = decided(History.of(events))
    assert promise.oldest == 1_200_000_000
    assert promise.operations == (2, 1)
    assert promise.why.startswith("every read is at most 1.2 s old")
