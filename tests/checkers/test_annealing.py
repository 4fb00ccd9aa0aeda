"""Annealing finds orders of counters: every order that it answers is one, and it does not answer "invalid"."""

from __future__ import annotations

import random
from collections import Counter

import numpy as np
import pytest

from clew.checkers import Budget, annealing, counters, exhaustive, rounds
from clew.checkers.deadline import Deadline
from clew.checkers.decision import Decision
from clew.checkers.encoding import Problem, encode
from clew.checkers.models import find_model
from clew.checkers.sums import sums_of
from tests.checkers import small
from tests.checkers.alphabets import ALPHABETS
from tests.checkers.linear.test_gaps import MIXED
from tests.checkers.objects import object_history
from tests.checkers.test_engines import assert_explains

MODEL = find_model("counter")


def annealed(problem: Problem, deadline: Deadline = small.LATE, steps: int | None = None) -> list[int] | None:
    """What annealing finds. If no result of its order is wrong, it is a linearization."""
    sums = sums_of(problem, MODEL)
    assert sums is not None
    search = annealing.Annealing(problem, sums, deadline, 1)
    search.left = search.left if steps is None else steps
    search.cool()
    search.repair(1_000)
    if len(search.wrong()):
        return None
    assert_explains(problem, MODEL, search.order(), len(problem.event_op))
    return search.order()


def of_thirty_clients(operations: int, unknown: float) -> Problem:
    (problem,) = encode(object_history("counter", operations, 30, False, unknown, 0), MODEL)
    return problem


@pytest.mark.parametrize("alphabet", [ALPHABETS["counter"], MIXED], ids=["few", "mixed"])
def test_small_histories_get_an_order_if_there_is_one(alphabet: list[object]) -> None:
    rng, answers = random.Random(3), Counter[bool]()
    for _ in range(40):
        make = rng.choice((small.lived, small.lived, small.scattered))
        problem = make(MODEL, alphabet, rng.randrange(4, 10), rng)  # type: ignore[arg-type]
        found = annealed(problem)
        assert (found is not None) is (exhaustive.linearize(problem, MODEL) is not None)
        answers[found is not None] += 1
    assert min(answers[True], answers[False]) > 5


@pytest.mark.parametrize("unknown", [0.0, 0.02])
def test_thirty_clients_with_small_values_get_an_order_and_the_same_one_each_time(unknown: float) -> None:
    problem = of_thirty_clients(150, unknown)
    first = annealed(problem)
    assert first is not None
    assert annealed(problem) == first


def test_it_ends_after_the_steps_it_has() -> None:
    assert annealed(of_thirty_clients(150, 0.0), steps=10_000) is None


def test_without_steps_it_ends_at_once() -> None:
    assert annealed(of_thirty_clients(150, 0.0), steps=0) is None


def test_no_move_is_made_after_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    class Looked(Deadline):
        looks = late = 0

        def passed(self) -> bool:
            self.looks += 1
            return self.looks >= 3

    monkeypatch.setattr(annealing, "MOVES_PER_VISIT", 1_000)
    deadline, anneal = Looked(), annealing.anneal

    def watched(t: annealing.Tables, begin: int, end: int, done: int, until: int, total: int) -> int:
        assert until - done <= 1_000
        deadline.late += deadline.looks >= 3
        return int(anneal(t, begin, end, done, until, total))

    monkeypatch.setattr(annealing, "anneal", watched)
    assert annealed(of_thirty_clients(150, 0.0), deadline) is None
    assert deadline.late == 0


def test_what_is_off_is_what_the_order_says() -> None:
    """Moves change it piece by piece. It is the sum in front of an operation, less what it tells."""
    problem = of_thirty_clients(150, 0.02)
    sums = sums_of(problem, MODEL)
    assert sums is not None
    t = annealing._tables(problem, sums, 1)
    for begin, end in ((0, len(problem)), (40, 90)):
        wrong = annealing.anneal(t, begin, end, 0, 2_000, 100_000)
        off = np.cumsum(sums.delta[t.order]) - sums.delta[t.order] - sums.before[t.order]
        told = sums.told[t.order]
        assert np.array_equal(t.off[t.order][told], off[told])
        assert wrong == np.count_nonzero(off[begin:end][told[begin:end]])
        assert sorted(t.order.tolist()) == list(range(len(problem)))


@pytest.mark.parametrize("unknown", [0.0, 0.02])
def test_counters_of_small_values_are_decided_without_a_long_sweep(
    unknown: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counters, "_SHORT", 1)
    found = counters.decide(of_thirty_clients(150, unknown), MODEL, Budget(), small.LATE, 1_000_000_000, 1)
    assert found.answer == "valid"
    assert found.engine in ("annealing", "linear")


def test_a_counter_that_wgl_does_not_decide_soon_is_decided(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rounds.wgl, "answer_in_turns", lambda *_, **__: Decision("unknown", why="time"))
    found = rounds.search_any(of_thirty_clients(150, 0.0), MODEL, Budget(), small.LATE, 2)
    assert found.answer == "valid"
    assert found.engine in ("annealing", "linear")
