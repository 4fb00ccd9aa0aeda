"""Stacks to which elements are pushed many times: a pairing is found wherever there is one, and nowhere else."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

import numpy as np
import pytest

from clew.checkers import Budget, check, exhaustive, pairing, rounds, verify_witness
from clew.checkers.deadline import Deadline
from clew.checkers.decision import Decision
from clew.checkers.encoding import Problem, encode
from clew.checkers.forms import container_kinds
from clew.checkers.models import Model, ModelOperation, find_model
from clew.checkers.monitors.first_unexplained import decide_beginnings
from clew.checkers.pairing import engine
from clew.checkers.rounds import search_stack
from tests.checkers import small
from tests.checkers.alphabets import ALPHABETS
from tests.checkers.engines import assert_agrees, assert_explains
from tests.checkers.objects import object_history
from tests.checkers.test_budget import Looked, Visits
from tests.often import OFTEN

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


@OFTEN
def test_random_histories_and_their_beginnings_are_valid_as_the_exhaustive_checker_says(times: int) -> None:
    """A beginning has pops that need not have happened, and that popped one certain element if they did."""
    rng, answers = random.Random(1), Counter[str]()
    for _ in range(80 * times):
        make = rng.choice((small.lived, small.lived, small.scattered))
        problem = make(MODEL, ALPHABETS["stack"], rng.randrange(3, 10), rng)
        answers[answer_of(problem)] += 1
        returns = np.flatnonzero(problem.event_return)
        if len(returns):
            answers[answer_of(problem.before(int(rng.choice(returns.tolist())) + 1))] += 1
    assert min(answers["valid"], answers["invalid"]) > 16 * times


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


@pytest.mark.parametrize(
    ("processes", "unknown"), [(5, 0.02), (30, 0.0), pytest.param(30, 0.02, marks=pytest.mark.long)]
)
def test_a_stack_of_five_elements_is_decided(processes: int, unknown: float) -> None:
    history = object_history("stack", 500, processes, False, unknown, 0)
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


class Counted(list[int]):
    """An array that counts how often it was asked for an entry."""

    reads = 0

    def __getitem__(self, place: Any) -> Any:
        Counted.reads += 1
        return super().__getitem__(place)


def test_what_long_pops_that_found_it_empty_cost_is_counted_as_work() -> None:
    """Every one of 200 pops is open all the time, so to look at all of its positions would take 40,000 steps."""
    alphabet = [ModelOperation("pop", None, None, "ok"), *(ModelOperation(f, 1, 1, "ok") for f in ("push", "pop"))]
    begin, end = np.arange(204), np.arange(204) + 300
    begin[200:], end[200:] = [210, 220, 230, 240], [215, 225, 235, 245]
    problem = small.problem([0] * 200 + [1, 1, 2, 2], begin, end, alphabet, np.zeros(len(alphabet), np.bool_))
    kind, element = container_kinds(problem, MODEL)
    s = engine._start(problem, kind, element)
    assert s is not None
    counted = s._replace(cover=Counted(s.cover.tolist()), lowest=Counted(s.lowest.tolist()))
    s.at.most_work, s.at.pause, s.at.tries_end, Counted.reads = 1 << 40, 1, 1, 0
    engine.improve.plainly(counted)
    assert 400 < Counted.reads < 3 * s.at.work < 20_000


def test_a_count_of_what_does_not_fit_is_given_up_where_the_stack_is_high(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 200 elements above each other the highest is looked at 200 times."""
    alphabet = [ModelOperation(f, 1, 1, "ok") for f in ("push", "pop")]
    begin = np.arange(400) * 2
    problem = small.problem([0] * 200 + [1] * 200, begin, begin + 1, alphabet, np.zeros(2, np.bool_))
    found = Visits(Looked(5))
    found.watch(monkeypatch, engine, "improve", 0, "work")
    assert pairing.search(problem, MODEL, found.deadline, 1 << 40).answer == "valid"
    (whole,) = found.steps
    assert whole > 200 * 200 // 2
    monkeypatch.setattr(engine, "WORK_PER_COUNT", whole // 2)
    decision = pairing.search(problem, MODEL, found.deadline, 1 << 40)
    assert (decision.answer, decision.why, len(found.steps)) == ("unknown", "time", 2)
    assert found.steps[1] < whole * 2 // 3


def test_the_search_ends_when_the_effort_is_made() -> None:
    (problem,) = encode(object_history("stack", 1_000, 5, False, 0.02, 1), MODEL)
    given = {str(pairing.search(problem, MODEL, Deadline(600), 300_000)) for _ in range(2)}
    assert len(given) == 1
    assert "unknown" in given.pop()
