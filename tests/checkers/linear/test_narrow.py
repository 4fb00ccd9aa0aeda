"""Narrow sweeps: what they answer is right, however few configurations they keep, and hard histories need only few."""

from __future__ import annotations

import random

import pytest

from clew.checkers import Budget, linear
from clew.checkers.deadline import Deadline
from clew.checkers.encoding import encode
from clew.checkers.models import find_model
from tests.checkers.engines import assert_explains
from tests.checkers.generators import Mix, register_history
from tests.checkers.objects import object_history


@pytest.mark.parametrize("seed", range(32, 35))
def test_a_sweep_that_stopped_trying_before_it_kept_too_many_proves_nothing(seed: int) -> None:
    """Fifteen clients, of whom one order is kept: it tries no more at a return before it has found much. Seed 33 is
    called invalid if that does not count as dropped."""
    model = find_model("counter")
    (problem,) = encode(object_history("counter", 60, 15, False, 0.1, seed), model)
    assert linear.decide_going_back(problem, model, Budget(), Deadline(600), 1).answer != "invalid"


def test_a_few_configurations_are_enough_for_compare_and_sets_of_thirty_processes() -> None:
    model = find_model("cas-register")
    (problem,) = encode(register_history(Mix(1_000, 30, (1, 0.1, 3), 20, 0.1), random.Random("100030200.100")), model)
    found = linear.decide_going_back(problem, model, Budget(), Deadline(600), 32)
    assert found.answer == "valid"
    assert_explains(problem, model, found.order, len(problem.event_op))


def test_sweeps_end_after_the_steps_they_have() -> None:
    model = find_model("set")
    (problem,) = encode(object_history("set", 300, 30, False, 0.02, 0), model)
    found = linear.decide_going_back(problem, model, Budget(), Deadline(600), 1 << 20, steps=10_000)
    assert (found.answer, found.why) == ("unknown", "time")


def test_a_sweep_tries_hardly_more_than_the_steps_it_has() -> None:
    model = find_model("set")
    (problem,) = encode(object_history("set", 300, 30, False, 0.02, 0), model)
    sweep = linear.Sweep(problem, model, Budget(), Deadline(600))
    assert sweep.to(len(problem.event_op), steps=10_000) == "time"
    assert sweep._at.work < 20_000
