"""FIFO queues to which elements are put many times are decided pair by pair, as the exhaustive checker decides them."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from clew.checkers import Budget, check, line, verify_witness
from clew.checkers.deadline import Deadline
from clew.checkers.encoding import encode
from clew.checkers.line import engine, search
from clew.checkers.models import find_model
from clew.histories import Event, History
from tests.checkers import small
from tests.checkers.alphabets import ALPHABETS
from tests.checkers.engines import assert_agrees, assert_explains
from tests.checkers.objects import object_history
from tests.checkers.test_budget import Looked, Visits
from tests.often import OFTEN

MODEL = find_model("fifo-queue")


def test_small_histories_get_the_answer_of_the_exhaustive_checker() -> None:
    """All of one and two operations, and every third of three: also those that monitors would decide."""
    answers = Counter[str]()
    for count in (1, 2, 3):
        for problem in small.every(MODEL, ALPHABETS["fifo-queue"], count, symmetric=True, step=3 if count == 3 else 1):
            answers[assert_agrees(line.decide, problem, MODEL)] += 1
    assert min(answers["valid"], answers["invalid"]) > 0.1 * answers.total()


@OFTEN
@pytest.mark.parametrize("effort", [5, 50])
def test_random_histories_get_the_answer_of_the_exhaustive_checker(
    effort: int, monkeypatch: pytest.MonkeyPatch, times: int
) -> None:
    """Also if every turn ends after a few steps, so that each search begins anew many times, and goes back soon."""
    monkeypatch.setattr(engine, "_FIRST_EFFORT", effort)
    monkeypatch.setattr(engine, "_PATIENCE", 10)
    monkeypatch.setattr(engine, "_HEADWAY", 1)
    rng, answers = random.Random(1), Counter[str]()
    for _ in range(120 * times):
        make = rng.choice((small.lived, small.lived, small.scattered))
        problem = make(MODEL, ALPHABETS["fifo-queue"], rng.randrange(3, 10), rng)
        answers[assert_agrees(line.decide, problem, MODEL)] += 1
    assert min(answers["valid"], answers["invalid"]) > 15 * times


@pytest.mark.parametrize("unknown", [0.0, 0.02])
def test_thirty_clients_of_a_queue_of_five_elements_are_decided(unknown: float) -> None:
    history = object_history("fifo-queue", 1_000, 30, False, unknown, 1)
    verdict = check(history, MODEL)
    assert (verdict.verdict, verdict.keys[0].engine) == ("valid", "line")
    verify_witness(history, MODEL, verdict)


def test_the_search_ends_soon_after_its_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    (problem,) = encode(object_history("fifo-queue", 1_000, 30, False, 0.02, 0), MODEL)
    found = Visits(Looked(5))
    found.watch(monkeypatch, engine, "extend", 0, "work")
    decision = line.decide(problem, MODEL, Budget(), found.deadline)
    assert (decision.answer, decision.why) == ("unknown", "time")
    assert found.late == 0
    assert max(found.steps) <= 2 * engine.WORK_PER_VISIT


def test_it_says_when_memory_runs_out_and_explains_a_beginning() -> None:
    (problem,) = encode(object_history("fifo-queue", 1_000, 30, False, 0.02, 0), MODEL)
    decision = line.decide(problem, MODEL, Budget(bytes=1 << 18), Deadline(600))
    assert (decision.answer, decision.why) == ("unknown", "memory")
    assert decision.order


def test_a_search_that_goes_back_finds_a_line_where_depth_first_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    """It draws numbers, but the same in every run: within the same effort it has the same answer."""
    (problem,) = encode(object_history("fifo-queue", 2_000, 30, False, 0.02, 6), MODEL)
    few = [line.decide(problem, MODEL, Budget(), Deadline(600), effort=700_000) for _ in range(2)]
    assert few[0] == few[1]
    found = line.decide(problem, MODEL, Budget(), Deadline(600), effort=30_000_000)
    assert found.answer == "valid"
    assert_explains(problem, MODEL, found.order, len(problem.event_op))
    monkeypatch.setattr(engine, "_rove", lambda s, *_: (engine.PAUSE, s))
    lost = line.decide(problem, MODEL, Budget(), Deadline(600), effort=3_000_000)
    assert (lost.answer, lost.why) == ("unknown", "time")


def test_a_dead_end_for_want_of_unknown_outcomes_is_tried_again_when_more_are_allowed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The first element came from a put of unknown outcome, and a search begins with one such put allowed or none."""
    monkeypatch.setattr(engine, "_FEW", 0.5)
    steps = [(1, "invoke", "enqueue", 0), (0, "invoke", "dequeue", None), (0, "ok", "dequeue", 0)]
    for element in range(1, 40):
        steps += [(0, kind, "enqueue", element) for kind in ("invoke", "ok")]
        steps += [(0, "invoke", "dequeue", None), (0, "ok", "dequeue", element)]
    events = [Event(n, n, *step[:3], None, step[3]) for n, step in enumerate(steps)]  # type: ignore[arg-type]
    (problem,) = encode(History.of(events), MODEL)
    fresh = engine._start(problem, MODEL)
    assert fresh is not None
    for seed in range(10):
        status, _ = engine._rove(engine._anew(fresh), seed, Budget(), Deadline(600), 2_000)
        assert status == search.THERE
