"""A narrow sweep that goes back when it is lost gives no wrong answer, and decides what one that gives up does not."""

from __future__ import annotations

import random
from collections import Counter
from itertools import product
from typing import Literal, NamedTuple

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
from tests.often import OFTEN


@OFTEN
@pytest.mark.parametrize(
    ("name", "every"),
    [("cas-register", 1), *product(["counter", "priority-queue", "stack", "unordered-queue"], [1, 5])],
)
def test_random_histories_get_the_answer_of_the_exhaustive_checker(
    name: str, every: int, monkeypatch: pytest.MonkeyPatch, times: int
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
    for _ in range(50 * times):
        make = rng.choice((small.lived, small.lived, small.scattered))
        problem = make(model, ALPHABETS[name], rng.randrange(5, 11), rng)
        stuck = None if exhaustive.linearize(problem, model) is not None else exhaustive.stuck(problem, model)
        found = linear.decide_going_back(problem, model, Budget(), Deadline(600), 1)
        assert (found.answer, found.stuck) == ("valid" if stuck is None else "invalid", stuck)
        assert_explains(problem, model, found.order, len(problem.event_op) if stuck is None else stuck)
        answers[found.answer] += 1
    assert min(answers["valid"], answers["invalid"]) > 5 * times
    assert gone_back > 6 * times


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


class Place(NamedTuple):
    """A mark of `Lost`."""

    position: int
    bytes: int = 1


class Lost:
    """A sweep that is lost behind a place while it is narrow, or unless it comes from the beginning."""

    bytes = 0

    def __init__(self, at: int, needs: int, dropped: bool = True) -> None:
        self.position, self.dropped, self.width, self._at, self._needs = 0, dropped, 1, at, needs
        self.back, self.widths = list[int](), list[tuple[int, int]]()

    def to(self, position: int, steps: int | None = None) -> Literal["there", "dead"]:
        if position > self._at and self.width < self._needs and self.position <= self._at:
            self.position = self._at
            return "dead"
        self.position = position
        return "there"

    def mark(self) -> Place:
        return Place(self.position)

    def go_back(self, mark: Place) -> None:
        self.position = mark.position
        self.back.append(mark.position)

    def widen(self, width: int) -> None:
        self.width = width
        self.widths.append((self.position, width))


def test_it_goes_back_further_each_time_and_is_narrow_again_behind_the_place_where_it_was_lost() -> None:
    sweep = Lost(100, 4)
    assert going_back.to_the_end(sweep, small.LATE, 200, 1, None, 1_000, 8, 24) == "there"
    assert sweep.back == [88, 80]
    assert sweep.widths == [(88, 2), (80, 4), (128, 1)]


def test_it_can_always_go_back_to_the_beginning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(going_back, "_MOST_LEVELS", 20)
    sweep = Lost(500, 1 << 12)
    assert going_back.to_the_end(sweep, small.LATE, 600, 1, None, 1_000, 1, 2) == "there"
    assert sweep.back[-1] == 0


def test_what_its_marks_take_counts_and_what_is_lost_for_good_is_not_tried_again() -> None:
    assert going_back.to_the_end(Lost(100, 1), small.LATE, 100, 1, None, 20, 1, 2) == "memory"
    assert going_back.to_the_end(Lost(100, 1), small.LATE, 100, 1, None, 100, 1, 2) == "there"
    sweep = Lost(50, 2, dropped=False)
    assert going_back.to_the_end(sweep, small.LATE, 100, 1, None, 100, 1, 2) == "dead"
    assert not sweep.back


def test_a_mark_holds_nothing_but_its_copies() -> None:
    """What a mark takes counts against the budget. The large tables of a wide sweep are not kept with it."""
    model = find_model("counter")
    (problem,) = encode(object_history("counter", 60, 10, False, 0.0, 0), model)
    sweep = linear.Sweep(problem, model, Budget(), Deadline(600), width=16)
    assert sweep.to(60) == "there"
    mark = sweep.mark()
    tables = [table for table in mark[1:] if isinstance(table, np.ndarray)]
    assert sum(table.nbytes for table in tables) == mark.bytes
    assert not any(isinstance(part, tuple) for part in mark[1:])
    assert all(table.base is None for table in tables)
