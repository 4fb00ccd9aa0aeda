"""Narrow sweeps: what they answer is right, however few configurations they keep, and hard histories need only few."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from clew.checkers import Budget, exhaustive, linear
from clew.checkers.deadline import Deadline
from clew.checkers.encoding import encode
from clew.checkers.models import find_model
from tests.checkers import small
from tests.checkers.alphabets import ALPHABETS
from tests.checkers.engines import assert_explains
from tests.checkers.generators import Mix, register_history
from tests.checkers.objects import object_history
from tests.often import OFTEN


@OFTEN
@pytest.mark.parametrize("name", ["cas-register", "set", "multi-register", "counter"])
def test_a_sweep_that_drops_most_configurations_gives_no_wrong_answer(
    name: str, monkeypatch: pytest.MonkeyPatch, times: int
) -> None:
    monkeypatch.setattr(linear.sweep, "WORK_PER_VISIT", 20)
    model, rng, answers, given_up = find_model(name), random.Random(5), Counter[str](), 0
    for _ in range(100 * times):
        problem = small.lived(model, ALPHABETS[name], rng.randrange(5, 11), rng)
        stuck = None if exhaustive.linearize(problem, model) is not None else exhaustive.stuck(problem, model)
        found = linear.decide_narrowly(problem, model, Budget(), Deadline(600), [1])
        if found.answer == "unknown":
            given_up += 1
            found = linear.decide_narrowly(problem, model, Budget(), Deadline(600), [2, 8, 32, 128, 512])
        assert (found.answer, found.stuck) == ("valid" if stuck is None else "invalid", stuck)
        assert_explains(problem, model, found.order, len(problem.event_op) if stuck is None else stuck)
        answers[found.answer] += 1
    assert min(answers["valid"], answers["invalid"]) > 7 * times
    assert given_up > 0


@pytest.mark.parametrize("seed", range(32, 35))
def test_a_sweep_that_stopped_trying_before_it_kept_too_many_proves_nothing(seed: int) -> None:
    """Fifteen clients, of whom one order is kept: it tries no more at a return before it has found much. Seed 33 is
    called invalid if that does not count as dropped."""
    model = find_model("counter")
    (problem,) = encode(object_history("counter", 60, 15, False, 0.1, seed), model)
    assert linear.decide_narrowly(problem, model, Budget(), Deadline(600), [1]).answer != "invalid"


def test_a_few_configurations_are_enough_for_compare_and_sets_of_thirty_processes() -> None:
    model = find_model("cas-register")
    (problem,) = encode(register_history(Mix(1_000, 30, (1, 0.1, 3), 20, 0.1), random.Random("100030200.100")), model)
    found = linear.decide_narrowly(problem, model, Budget(), Deadline(600), [32, 128])
    assert found.answer == "valid"
    assert_explains(problem, model, found.order, len(problem.event_op))


def test_sweeps_end_after_the_steps_they_have() -> None:
    model = find_model("set")
    (problem,) = encode(object_history("set", 300, 30, False, 0.02, 0), model)
    found = linear.decide_narrowly(problem, model, Budget(), Deadline(600), [1 << 20], steps=10_000)
    assert (found.answer, found.why) == ("unknown", "time")


def test_a_sweep_tries_hardly_more_than_the_steps_it_has() -> None:
    model = find_model("set")
    (problem,) = encode(object_history("set", 300, 30, False, 0.02, 0), model)
    sweep = linear.Sweep(problem, model, Budget(), Deadline(600))
    assert sweep.to(len(problem.event_op), steps=10_000) == "time"
    assert sweep._at.work < 20_000
