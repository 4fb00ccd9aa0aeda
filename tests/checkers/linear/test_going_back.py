"""A narrow sweep that goes back when it is lost gives no wrong answer, and decides what one that gives up does not."""

from __future__ import annotations

import random
from collections import Counter

import numpy as np
import pytest

from clew.checkers import Budget, exhaustive, linear
from clew.checkers.deadline import Deadline
from clew.checkers.encoding import encode
from clew.checkers.linear import going_back
from clew.checkers.models import find_model
from clew.histories import Event, History
from tests.checkers import small
from tests.checkers.alphabets import ALPHABETS
from tests.checkers.engines import assert_explains
from tests.checkers.objects import object_history


@pytest.mark.parametrize("every", [1, 5])
@pytest.mark.parametrize("name", ["counter", "priority-queue", "stack", "unordered-queue"])
def test_random_histories_get_the_answer_of_the_exhaustive_checker(
    name: str, every: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sweeps of one configuration are lost often. They go back until nothing is dropped any more."""
    monkeypatch.setattr(going_back, "_EVERY", every)
    monkeypatch.setattr(going_back, "_AFTER", 2)
    monkeypatch.setattr(going_back, "_MOST_LEVELS", 20)
    monkeypatch.setattr(linear.sweep, "WORK_PER_VISIT", 20)
    gone_back, go_back = 0, linear.Sweep.go_back

    def watched(sweep: linear.Sweep, mark: linear.sweep.Mark) -> None:
        nonlocal gone_back
        gone_back += 1
        go_back(sweep, mark)

    monkeypatch.setattr(linear.Sweep, "go_back", watched)
    model, rng, answers = find_model(name), random.Random(every), Counter[str]()
    for _ in range(150):
        make = rng.choice((small.lived, small.lived, small.scattered))
        problem = make(model, ALPHABETS[name], rng.randrange(5, 11), rng)
        stuck = None if exhaustive.linearize(problem, model) is not None else exhaustive.stuck(problem, model)
        found = linear.decide_going_back(problem, model, Budget(), Deadline(600), 1)
        assert (found.answer, found.stuck) == ("valid" if stuck is None else "invalid", stuck)
        assert_explains(problem, model, found.order, len(problem.event_op) if stuck is None else stuck)
        answers[found.answer] += 1
    assert min(answers["valid"], answers["invalid"]) > 15
    assert gone_back > 20


def test_thirty_clients_of_a_counter_are_decided_only_if_the_sweep_may_go_back(monkeypatch: pytest.MonkeyPatch) -> None:
    model = find_model("counter")
    (problem,) = encode(object_history("counter", 300, 30, False, 0.0, 0), model)
    found = linear.decide_going_back(problem, model, Budget(), Deadline(600), 10)
    assert found.answer == "valid"
    assert_explains(problem, model, found.order, len(problem.event_op))
    monkeypatch.setattr(going_back, "_MOST_LEVELS", 0)
    assert linear.decide_going_back(problem, model, Budget(), Deadline(600), 10).answer == "unknown"


def test_it_looks_at_its_deadline_at_every_mark() -> None:
    """Between two marks a sweep of few configurations has so little to do that it does not look."""

    class Looked(Deadline):
        looks = 0

        def passed(self) -> bool:
            self.looks += 1
            return self.looks >= 50

    model, deadline = find_model("mutex"), Looked()
    events = [
        Event(index, index, 0, "ok" if index % 2 else "invoke", "release" if index % 4 > 1 else "acquire", 0, None)
        for index in range(4_000)
    ]
    (problem,) = encode(History.of(events), model)
    found = linear.decide_going_back(problem, model, Budget(), deadline, 100)
    assert (found.answer, found.why) == ("unknown", "time")
    assert deadline.looks == 50


def test_a_mark_holds_nothing_but_its_copies() -> None:
    """What a mark takes counts against the budget. The large tables of a wide sweep are not kept with it."""
    model = find_model("counter")
    (problem,) = encode(object_history("counter", 60, 10, False, 0.0, 0), model)
    sweep = linear.Sweep(problem, model, Budget(), Deadline(600), width=4)
    assert sweep.to(60) == "there"
    mark = sweep.mark()
    tables = [table for table in mark[1:] if isinstance(table, np.ndarray)]
    assert sum(table.nbytes for table in tables) == mark.bytes
    assert not any(isinstance(part, tuple) for part in mark[1:])
    assert all(table.base is None for table in tables)
