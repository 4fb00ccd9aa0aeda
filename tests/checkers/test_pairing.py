"""Stacks to which elements are pushed many times: a pairing is found wherever there is one, and nowhere else."""

from __future__ import annotations

import random
from collections import Counter

import numpy as np
import pytest

from clew.checkers import Budget, check, exhaustive, pairing, rounds, verify_witness
from clew.checkers.deadline import Deadline
from clew.checkers.decision import Decision
from clew.checkers.encoding import Problem, encode
from clew.checkers.models import Model, find_model
from clew.checkers.monitors.first_unexplained import decide_beginnings
from clew.checkers.pairing import engine
from clew.checkers.rounds import search_stack
from tests.checkers import small
from tests.checkers.alphabets import ALPHABETS
from tests.checkers.engines import assert_agrees, assert_explains
from tests.checkers.objects import object_history
from tests.checkers.test_budget import Looked, Visits

MODEL = find_model("stack")
EFFORT = 20_000
"""Enough for a few operations."""


def answer_of(problem: Problem) -> str:
    """What the search says, which is never wrong. A small history that is valid is always found to be so."""
    possible = exhaustive.linearize(problem, MODEL) is not None
    decision = pairing.search(problem, MODEL, Deadline(600), EFFORT)
    if possible:
        assert decision.answer == "valid", problem
        assert_explains(problem, MODEL, decision.order, len(problem.event_op))
    else:
        assert decision.answer != "valid", problem
    return decision.answer


def test_small_histories_are_valid_as_the_exhaustive_checker_says() -> None:
    """All of one and two operations, and as many of three as there is time for."""
    answers = Counter[str]()
    for count in (1, 2, 3):
        for number, problem in enumerate(small.every(MODEL, ALPHABETS["stack"], count, symmetric=True)):
            if count < 3 or number % 3 == 0:
                answers[answer_of(problem)] += 1
    assert min(answers["valid"], answers["invalid"]) > 100


def test_random_histories_and_their_beginnings_are_valid_as_the_exhaustive_checker_says() -> None:
    """A beginning has pops that need not have happened, and that popped one certain element if they did."""
    rng, answers = random.Random(1), Counter[str]()
    for _ in range(250):
        make = rng.choice((small.lived, small.lived, small.scattered))
        problem = make(MODEL, ALPHABETS["stack"], rng.randrange(3, 10), rng)
        answers[answer_of(problem)] += 1
        returns = np.flatnonzero(problem.event_return)
        if len(returns):
            answers[answer_of(problem.before(int(rng.choice(returns.tolist())) + 1))] += 1
    assert min(answers["valid"], answers["invalid"]) > 50


def test_histories_of_a_queue_are_valid_for_a_stack_only_if_the_exhaustive_checker_says_so() -> None:
    """Every pop has a push, so a first guess is always found; whether it can be mended is what counts."""
    rng, answers = random.Random(3), Counter[str]()
    alphabet = ALPHABETS["stack"]
    number = {(op.f, op.argument or op.result): number for number, op in enumerate(alphabet) if op.outcome == "ok"}
    for _ in range(200):
        there, classes = list[int](), list[int]()
        for _ in range(rng.randrange(6, 11)):
            if there and rng.random() < 0.5:
                classes.append(number["pop", there.pop(0)])
            else:
                there.append(rng.choice((1, 2)))
                classes.append(number["push", there[-1]])
        begin = np.cumsum([rng.randrange(1, 4) for _ in classes])
        end = begin + [rng.randrange(1, 4) for _ in classes]
        answers[answer_of(small.problem(classes, begin, end, alphabet, np.zeros(len(alphabet), np.bool_)))] += 1
    assert min(answers["valid"], answers["unknown"]) > 20


@pytest.mark.parametrize(("processes", "unknown"), [(5, 0.02), (30, 0.0), (30, 0.02)])
def test_a_stack_of_five_elements_is_decided(processes: int, unknown: float) -> None:
    history = object_history("stack", 1_000, processes, False, unknown, 0)
    verdict = check(history, MODEL)
    assert (verdict.verdict, verdict.keys[0].engine) == ("valid", "pairing")
    verify_witness(history, MODEL, verdict)


def test_searches_for_an_order_and_for_a_pairing_take_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first turns are too short to decide anything, so both have several."""
    monkeypatch.setattr(rounds, "FEWEST_EVENTS", 1)
    monkeypatch.setattr(rounds, "_LONG_STATES", 40)
    monkeypatch.setattr(rounds, "_PAIRED", 1)
    rng, answers, engines = random.Random(2), Counter[str](), Counter[str]()

    def decide(problem: Problem, model: Model, budget: Budget, deadline: Deadline) -> Decision:
        decision = decide_beginnings(lambda part: search_stack(part, model, budget, deadline, None), problem)
        engines[decision.engine] += 1
        return decision

    for _ in range(100):
        make = rng.choice((small.lived, small.scattered))
        problem = make(MODEL, ALPHABETS["stack"], rng.randrange(4, 10), rng)
        answers[assert_agrees(decide, problem, MODEL)] += 1
    assert min(answers["valid"], answers["invalid"]) > 10
    assert min(engines["pairing"], engines["wgl"]) > 2


def test_the_search_ends_soon_after_its_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    (problem,) = encode(object_history("stack", 1_000, 5, False, 0.02, 1), MODEL)
    found = Visits(Looked(5))
    found.watch(monkeypatch, engine, "improve", 0, "work")
    decision = pairing.search(problem, MODEL, found.deadline, 1 << 40)
    assert (decision.answer, decision.why) == ("unknown", "time")
    assert found.late == 0
    assert max(found.steps) <= 2 * engine.WORK_PER_VISIT


def test_the_search_ends_when_the_effort_is_made() -> None:
    (problem,) = encode(object_history("stack", 1_000, 5, False, 0.02, 1), MODEL)
    given = {str(pairing.search(problem, MODEL, Deadline(600), 300_000)) for _ in range(2)}
    assert len(given) == 1
    assert "unknown" in given.pop()
