"""Counters that `wgl` does not decide soon are decided by a short sweep, or by a wider one."""

from __future__ import annotations

import pytest

from clew.checkers import Budget, counters, rounds
from clew.checkers.decision import Decision
from clew.checkers.encoding import Problem, encode
from clew.checkers.models import find_model
from tests.checkers import small
from tests.checkers.objects import object_history
from tests.checkers.test_engines import assert_explains

MODEL = find_model("counter")


def of_thirty_clients(unique: bool, unknown: float) -> Problem:
    (problem,) = encode(object_history("counter", 150, 30, unique, unknown, 0), MODEL)
    return problem


@pytest.mark.parametrize("short", [60_000, 1])
@pytest.mark.parametrize(("unique", "unknown"), [(False, 0.02), (True, 0.0)])
def test_counters_of_thirty_clients_are_decided(
    unique: bool, unknown: float, short: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counters, "_SHORT", short)
    monkeypatch.setattr(counters, "_SMALL_SHORT", short)
    problem = of_thirty_clients(unique, unknown)
    found = counters.decide(problem, MODEL, Budget(), small.LATE, 100_000_000, 1)
    assert found.answer == "valid"
    assert_explains(problem, MODEL, found.order, len(problem.event_op))


def test_a_counter_that_wgl_does_not_decide_soon_is_decided(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rounds.wgl, "answer_in_turns", lambda *_, **__: Decision("unknown", why="time"))
    found = rounds.search_any(of_thirty_clients(False, 0.0), MODEL, Budget(), small.LATE, 2)
    assert found.answer == "valid"
    assert found.engine == "linear"
