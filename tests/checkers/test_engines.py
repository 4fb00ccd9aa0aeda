"""Every engine against the exhaustive checker: on all small histories, and on many random ones."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable

import pytest

from checkers import Budget, check, competition, exhaustive, linear, verify_witness, wgl
from checkers.clock import Clock
from checkers.encoding import Problem
from checkers.models import Model, find, names
from checkers.monitors import appends
from checkers.monitors.register_form import register_form
from checkers.outcome import Outcome
from tests.checkers import small
from tests.checkers.alphabets import ALPHABETS

Decide = Callable[[Problem, Model, Budget, Clock], Outcome]


def assert_explains(problem: Problem, model: Model, order: list[int], until: int) -> None:
    """`order` is a linearization of all that returns before position `until`."""
    assert len(set(order)) == len(order)
    assert {op for op in range(len(problem)) if problem.ret[op] < until} <= set(order)
    state, latest = model.initial, -1
    for op in order:
        assert problem.ret[op] > latest
        latest = max(latest, problem.call[op])
        state = model.step(state, problem.classes[problem.cls[op]])
        assert state is not None
    assert all(problem.call[op] < until for op in order)


def assert_agrees(decide: Decide, problem: Problem, model: Model) -> str:
    """The engine's answer is that of the exhaustive checker, and its evidence holds."""
    return assert_all_agree([decide], problem, model)


def assert_all_agree(engines: Iterable[Decide], problem: Problem, model: Model) -> str:
    """The answer of each engine is that of the exhaustive checker, and its evidence holds."""
    stuck = None if exhaustive.linearize(problem, model) is not None else exhaustive.stuck(problem, model)
    for decide in engines:
        outcome = decide(problem, model, Budget(), Clock(60))
        assert outcome.answer == ("valid" if stuck is None else "invalid"), problem
        assert outcome.stuck == stuck, problem
        assert_explains(problem, model, outcome.order, len(problem.event_op) if stuck is None else stuck)
    return "valid" if stuck is None else "invalid"


def swept(problem: Problem, model: Model, budget: Budget, clock: Clock) -> Outcome:
    """The engine for registers, on any model that is one."""
    form = register_form(problem, model)
    assert form is not None
    return linear.decide(form, budget, clock)


ENGINES: dict[str, Decide] = {"wgl": wgl.decide, "competition": competition.decide}
REGISTERS = {"register": ENGINES | {"linear": swept}, "cas-register": ENGINES | {"linear": swept}}


@pytest.mark.parametrize("engine", REGISTERS["cas-register"])
def test_every_register_history_of_three_operations_gets_the_answer_of_the_exhaustive_checker(engine: str) -> None:
    model = find("cas-register")
    answers = [
        assert_agrees(REGISTERS["cas-register"][engine], problem, model)
        for count in (1, 2, 3)
        for problem in small.every(model, ALPHABETS["cas-register"], count, symmetric=True)
    ]
    assert len(answers) > 6_000
    assert 0.1 < answers.count("valid") / len(answers) < 0.9


@pytest.mark.parametrize("name", names())
def test_every_history_of_two_operations_gets_the_answer_of_the_exhaustive_checker(name: str) -> None:
    model = find(name)
    answers = {
        assert_agrees(competition.decide, problem, model)
        for count in (1, 2)
        for problem in small.every(model, ALPHABETS[name], count)
    }
    assert answers == {"valid", "invalid"}


@pytest.mark.parametrize("name", names())
def test_random_problems_get_the_answer_of_the_exhaustive_checker(name: str) -> None:
    model = find(name)
    rng = random.Random(2)
    for make in (small.lived, small.scattered):
        answers = [
            assert_agrees(decide, make(model, ALPHABETS[name], rng.randrange(3, 9), rng), model)
            for _ in range(3_000 if name == "cas-register" else 150)
            for decide in REGISTERS.get(name, ENGINES).values()
        ]
        assert 0.02 < answers.count("valid") / len(answers) < 0.98


def test_zones_decide_unambiguous_histories_as_the_exhaustive_checker_does() -> None:
    model = find("cas-register")
    rng = random.Random(4)
    answers = [
        assert_agrees(decide, small.unambiguous(model, rng.randrange(2, 10), rng), model)
        for _ in range(2_000)
        for decide in (competition.decide, swept)
    ]
    assert 0.1 < answers.count("valid") / len(answers) < 0.9


@pytest.mark.parametrize("name", ["kv", "append-list"])
def test_zones_decide_unique_appends_as_the_exhaustive_checker_does(name: str) -> None:
    model = find(name)
    rng = random.Random(5)
    problems = [small.appended(model, rng.randrange(2, 9), rng) for _ in range(2_000)]
    answers = [assert_agrees(competition.decide, problem, model) for problem in problems]
    assert 0.1 < answers.count("valid") / len(answers) < 0.9
    assert all(appends.forms(problem, model) for problem in problems)


def test_whole_histories_get_the_answer_of_the_exhaustive_checker_and_a_verified_witness() -> None:
    rng = random.Random(3)
    answers = []
    for _ in range(10_000):
        history = small.register_history(rng, rng.randrange(1, 9))
        expected = check(history, engine="exhaustive")
        verdict = check(history)
        assert verdict.verdict == expected.verdict
        verify_witness(history, "cas-register", verdict)
        verify_witness(history, "cas-register", expected)
        for found, wanted in zip(verdict.partitions, expected.partitions, strict=True):
            assert (found.key, found.verdict, found.stuck) == (wanted.key, wanted.verdict, wanted.stuck)
        answers.append(verdict.verdict)
    assert 0.1 < answers.count("valid") / len(answers) < 0.9
