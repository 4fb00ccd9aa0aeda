"""Every engine against the exhaustive checker: on all small histories, and on many random ones."""

from __future__ import annotations

import random
from collections import Counter

import numpy as np
import pytest

from clew.checkers import Budget, check, verify_witness, wgl
from clew.checkers.deadline import Deadline
from clew.checkers.decision import Decision
from clew.checkers.encoding import NEVER, Problem
from clew.checkers.forms import append_form, container_form, set_form
from clew.checkers.models import Model, ModelOperation, find_model, names
from clew.checkers.monitors import containers, sets
from tests.checkers import small
from tests.checkers.alphabets import ALPHABETS, SYMMETRIC
from tests.checkers.engines import (
    REGISTERS,
    assert_agrees,
    assert_all_agree,
    assert_explains,
    competing,
    engines_of,
    swept,
)
from tests.often import OFTEN

CONTAINERS = ("fifo-queue", "priority-queue", "set", "stack", "unordered-queue")
STRIDES = {name: 11 for name in names() if name != "cas-register"} | {
    "append-list": 29, "atomic-commit": 97, "cas-by-version": 97, "counter": 29, "election": 41, "kv": 97,
    "multi-register": 41, "priority-queue": 29, "set": 97, "versioned-register": 97, "word-count": 97,
}  # fmt: skip
"""Which histories of three operations are tested: every eleventh, ..., every ninety-seventh."""


def monitored(problem: Problem, model: Model, budget: Budget, deadline: Deadline) -> Decision:
    """The monitors alone, on a problem to which they apply."""
    elements, lifetimes = set_form(problem, model), container_form(problem, model)
    if elements is not None:
        return sets.decide(elements)
    assert lifetimes is not None
    return containers.decide(lifetimes)


@pytest.mark.parametrize("step", [11, pytest.param(1, marks=pytest.mark.long)], ids=["one of eleven", "all"])
def test_every_register_history_of_three_operations_gets_the_answer_of_the_exhaustive_checker(step: int) -> None:
    model = find_model("cas-register")
    answers = [
        assert_all_agree(REGISTERS["cas-register"].values(), problem, model)
        for count in (1, 2, 3)
        for problem in small.every(model, ALPHABETS["cas-register"], count, symmetric=True, step=step)
    ]
    assert len(answers) > 6_000 / step
    assert 0.1 < answers.count("valid") / len(answers) < 0.9


@pytest.mark.parametrize("name", STRIDES)
def test_small_histories_get_the_answer_of_the_exhaustive_checker(name: str) -> None:
    """All of one and two operations, and of those of three as many as there is time for; `make fuzz` runs all."""
    model, answers = find_model(name), Counter[str]()
    engines = engines_of(name).values()
    for count in (1, 2, 3):
        step = STRIDES[name] if count == 3 else 1
        for problem in small.every(model, ALPHABETS[name], count, symmetric=name in SYMMETRIC, step=step):
            answers[assert_all_agree(engines, problem, model)] += 1
    assert answers.total() > 80
    assert min(answers["valid"], answers["invalid"]) > 0.1 * answers.total()


@OFTEN
@pytest.mark.parametrize("name", names())
def test_random_problems_get_the_answer_of_the_exhaustive_checker(name: str, times: int) -> None:
    model = find_model(name)
    rng = random.Random(2)
    for make in (small.lived, small.scattered):
        answers = [
            assert_all_agree(engines_of(name).values(), make(model, ALPHABETS[name], rng.randrange(3, 9), rng), model)
            for _ in range((120 if name == "cas-register" else 40) * times)
        ]
        assert 0.02 < answers.count("valid") / len(answers) < 0.98


@OFTEN
def test_zones_decide_unambiguous_histories_as_the_exhaustive_checker_does(times: int) -> None:
    model = find_model("cas-register")
    rng = random.Random(4)
    answers = [
        assert_agrees(decide, small.unambiguous(model, rng.randrange(2, 10), rng), model)
        for _ in range(200 * times)
        for decide in (competing, swept)
    ]
    assert 0.1 < answers.count("valid") / len(answers) < 0.9


@OFTEN
@pytest.mark.parametrize("name", ["kv", "append-list"])
def test_zones_decide_unique_appends_as_the_exhaustive_checker_does(name: str, times: int) -> None:
    model = find_model(name)
    rng = random.Random(5)
    problems = [small.appended(model, rng.randrange(2, 9), rng) for _ in range(200 * times)]
    answers = [assert_agrees(competing, problem, model) for problem in problems]
    assert 0.1 < answers.count("valid") / len(answers) < 0.95
    assert all(append_form(problem, model) for problem in problems)


@OFTEN
@pytest.mark.parametrize("name", CONTAINERS)
def test_monitors_decide_containers_of_unique_elements_as_the_exhaustive_checker_does(name: str, times: int) -> None:
    model = find_model(name)
    rng = random.Random(7)
    problems = [small.once(model, rng.randrange(2, 11), rng, unknown_takes=False) for _ in range(150 * times)]
    answers = [assert_agrees(monitored, problem, model) for problem in problems]
    assert 0.1 < answers.count("valid") / len(answers) < 0.9


@OFTEN
@pytest.mark.parametrize("name", CONTAINERS)
def test_takes_that_took_nobody_knows_what_are_decided_as_by_the_exhaustive_checker(name: str, times: int) -> None:
    model = find_model(name)
    rng = random.Random(8)
    problems = [small.once(model, rng.randrange(2, 11), rng, unknown_takes=True) for _ in range(150 * times)]
    answers = [assert_agrees(competing, problem, model) for problem in problems]
    assert 0.1 < answers.count("valid") / len(answers) < 0.95
    # Few are left to the search.
    alone = [monitored(problem, model, Budget(), Deadline(60)) for problem in problems]
    assert sum(decision.answer == "unknown" or not decision.stuck_is_first for decision in alone) < 0.03 * len(problems)


def test_a_fifo_queue_that_nobody_found_empty_is_never_left_to_the_search() -> None:
    model = find_model("fifo-queue")
    rng = random.Random(9)
    answers = Counter[str]()
    while answers.total() < 250:
        problem = small.once(model, rng.randrange(2, 11), rng, unknown_takes=True)
        if not problem.observer.any():
            answers[assert_agrees(monitored, problem, model)] += 1
    assert min(answers["valid"], answers["invalid"]) > 10


@OFTEN
@pytest.mark.parametrize("name", CONTAINERS)
def test_monitors_and_the_search_agree_on_longer_histories(name: str, times: int) -> None:
    model = find_model(name)
    rng = random.Random(10)
    answers = Counter[str]()
    for _ in range(30 * times):
        problem = small.once(model, rng.randrange(11, 21), rng)
        searched = wgl.decide(problem, model, Budget(bytes=1 << 22), Deadline(60), steps=20_000)
        if searched.answer == "unknown":
            continue
        decided = competing(problem, model, Budget(), Deadline(60))
        assert (decided.answer, decided.stuck) == (searched.answer, searched.stuck)
        assert_explains(
            problem, model, decided.order, len(problem.event_op) if decided.stuck is None else decided.stuck
        )
        answers[decided.answer] += 1
    assert min(answers["valid"], answers["invalid"]) > 2 * times


def test_an_element_that_is_put_twice_is_left_to_the_search() -> None:
    for name, f in (("fifo-queue", "enqueue"), ("set", "add")):
        model = find_model(name)
        twice = [ModelOperation(f, 1, 1, "ok"), ModelOperation(f, 1, None, "info")]
        observer = np.zeros(2, np.bool_)
        problem = small.problem([0, 1], np.array([0, 1]), np.array([2, NEVER]), twice, observer)
        assert (set_form if name == "set" else container_form)(problem, model) is None
        assert assert_agrees(competing, problem, model) == "valid"


@OFTEN
def test_whole_histories_get_the_answer_of_the_exhaustive_checker_and_a_verified_witness(times: int) -> None:
    rng = random.Random(3)
    answers = []
    for _ in range(300 * times):
        history = small.register_history(rng, rng.randrange(1, 9))
        expected = check(history, engine="exhaustive")
        verdict = check(history)
        assert verdict.verdict == expected.verdict
        verify_witness(history, "cas-register", verdict)
        verify_witness(history, "cas-register", expected)
        for found, wanted in zip(verdict.keys, expected.keys, strict=True):
            assert (found.key, found.verdict, found.stuck) == (wanted.key, wanted.verdict, wanted.stuck)
        answers.append(verdict.verdict)
    assert 0.1 < answers.count("valid") / len(answers) < 0.9
