"""Unordered queues to which elements are put many times are decided by the moments at which they were empty."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

import numpy as np
import pytest

from clew.checkers import Budget, bag, check, competition, verify_witness
from clew.checkers.deadline import Deadline
from clew.checkers.encoding import encode
from clew.checkers.forms import ContainerForm, form_of
from clew.checkers.models import ModelOperation, find_model
from clew.checkers.monitors import containers
from clew.histories import Event, History
from tests.benchmarks.cells import spoiled
from tests.checkers import small
from tests.checkers.alphabets import ALPHABETS
from tests.checkers.calls import calls
from tests.checkers.engines import assert_agrees, assert_explains
from tests.checkers.generators import told
from tests.checkers.objects import object_history
from tests.checkers.test_budget import Looked

MODEL = find_model("unordered-queue")
ALPHABET = ALPHABETS["unordered-queue"]
EMPTY = [op for op in ALPHABET if op.f == "dequeue" and op.outcome == "ok" and op.result is None]


def drained(operations: int, clients: int, unknown: float, seed: int) -> History:
    """A linearizable history of a queue of five elements that is often found empty."""
    rng, there, done = random.Random(seed), list[int](), []
    for call in calls(rng, operations, clients, unknown, int):
        outcome = "info" if call.lost else "ok"
        if rng.random() < 0.4:
            element = rng.randrange(5)
            op = ModelOperation("enqueue", element, None if call.lost else element, outcome)
            there += [element] * call.happens
        else:
            taken = rng.choice(there) if there else None
            op = ModelOperation("dequeue", None, None if call.lost else taken, outcome)
            if call.happens and taken is not None:
                there.remove(taken)
        done.append((call, op))
    return told(done)


def test_small_histories_get_the_answer_of_the_exhaustive_checker() -> None:
    """All of one and two operations, and every third of three."""
    answers = Counter[str]()
    for count in (1, 2, 3):
        for problem in small.every(MODEL, ALPHABET, count, symmetric=True, step=3 if count == 3 else 1):
            answers[assert_agrees(bag.decide, problem, MODEL)] += 1
    assert min(answers["valid"], answers["invalid"]) > 0.1 * answers.total()


@pytest.mark.parametrize("width", [1, 2, 4_000])
def test_random_histories_and_their_beginnings_get_the_answer_of_the_exhaustive_checker(
    width: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also if the first sweeps keep too few states. A take that found the queue empty is drawn more often."""
    monkeypatch.setattr(bag, "_FIRST_WIDTH", width)
    rng, answers = random.Random(width), Counter[str]()
    for _ in range(150):
        make = rng.choice((small.lived, small.lived, small.scattered))
        problem = make(MODEL, ALPHABET + 2 * EMPTY, rng.randrange(4, 10), rng)
        answers[assert_agrees(bag.decide, problem, MODEL)] += 1
        beginning = problem.before(rng.randrange(len(problem.event_op)) + 1)
        answers[assert_agrees(bag.decide, beginning, MODEL)] += 1
    assert min(answers["valid"], answers["invalid"]) > 50


@pytest.mark.parametrize("unknown", [0.0, 0.02, 0.1])
def test_thirty_clients_of_a_queue_of_five_elements_are_decided(unknown: float) -> None:
    for history in (object_history("unordered-queue", 1_000, 30, False, unknown, 0), drained(1_000, 30, unknown, 0)):
        verdict = check(history, MODEL)
        assert (verdict.verdict, verdict.keys[0].engine) == ("valid", "bag")
        verify_witness(history, MODEL, verdict)


def test_a_queue_that_lost_an_element_is_invalid_from_the_take_that_found_nothing() -> None:
    """30 clients of unique elements, and takes of unknown outcome: no other part of the checker has an answer."""
    history = spoiled(object_history("unordered-queue", 1_000, 30, True, 0.02, 0), 0)
    (problem,) = encode(history, MODEL)
    decision = bag.decide(problem, MODEL, Budget(), Deadline(600))
    assert (decision.answer, decision.stuck_is_first) == ("invalid", True)
    assert decision.stuck is not None
    assert_explains(problem, MODEL, decision.order, decision.stuck)
    beginning = problem.before(decision.stuck + 1)
    assert bag.decide(beginning, MODEL, Budget(), Deadline(600)).stuck == len(beginning.event_op) - 1


def test_a_violation_that_the_monitors_find_late_is_found_where_it_is() -> None:
    """1 and 5 were there, and one take of unknown outcome. Monitors are sure only when 3 comes, which nobody put."""
    steps = [(0, "invoke", "enqueue", 1), (0, "ok", "enqueue", 1), (0, "invoke", "enqueue", 5)]
    steps += [(1, "invoke", "dequeue", None), (2, "invoke", "dequeue", None), (0, "ok", "enqueue", 5)]
    steps += [(3, "invoke", "dequeue", None), (2, "ok", "dequeue", None), (1, "ok", "dequeue", 3)]
    events = [Event(n, n, *step[:3], None, step[3]) for n, step in enumerate(steps)]  # type: ignore[arg-type]
    (problem,) = encode(History.of(events), MODEL)
    form = form_of(problem, MODEL)
    assert isinstance(form, ContainerForm)
    late = containers.decide(form)
    assert (late.answer, late.stuck, late.stuck_is_first) == ("invalid", 8, False)
    decision = competition.decide(problem, form, MODEL, Budget(), Deadline(600))
    assert (decision.engine, decision.stuck, decision.stuck_is_first) == ("bag", 7, True)


@pytest.mark.parametrize(("late", "expected"), [(0, "valid"), (1, "invalid"), (2, "invalid")])
def test_takes_of_unknown_outcome_empty_the_queue_only_after_their_calls(late: int, expected: str) -> None:
    """Two elements, a take that found nothing, and two takes of unknown outcome. `late` of them are called after it."""
    put = ModelOperation("enqueue", 1, 1, "ok")
    empty, lost = (ModelOperation("dequeue", None, None, outcome) for outcome in ("ok", "info"))
    called = [lost] * (2 - late) + [empty] + [lost] * late
    begin = np.arange(0, 10, 2)
    end = np.array([small.NEVER if op is lost else at + 1 for op, at in zip([put, put, *called], begin, strict=True)])
    alphabet = [put, empty, lost]
    classes = [alphabet.index(op) for op in [put, put, *called]]
    problem = small.problem(classes, begin, end, alphabet, np.zeros(3, np.bool_))
    assert assert_agrees(bag.decide, problem, MODEL) == expected


def test_the_search_ends_soon_after_its_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bag, "WORK_PER_LOOK", 500)
    (problem,) = encode(drained(1_000, 30, 0.1, 1), MODEL)
    deadline, met = Looked(3), list[int]()
    moment = bag._Sweep._moment

    def watched(*arguments: Any) -> Any:
        met.append(deadline.looks)
        return moment(*arguments)

    monkeypatch.setattr(bag._Sweep, "_moment", watched)
    decision = bag.decide(problem, MODEL, Budget(), deadline)
    assert (decision.answer, decision.why) == ("unknown", "time")
    assert deadline.looks == 3
    assert max(met) == 2
    assert max(Counter(met).values()) <= 2 * 500
    assert decision.order


def test_without_memory_for_more_states_it_is_unknown_and_a_beginning_is_explained() -> None:
    answers = Counter[str]()
    for seed in range(40):
        (problem,) = encode(spoiled(drained(200, 10, 0.1, seed), seed), MODEL)
        decision = bag.decide(problem, MODEL, Budget(bytes=1_000), Deadline(600))
        answers[decision.answer] += 1
        if decision.answer == "unknown":
            assert decision.why == "memory"
            assert_explains(problem, MODEL, decision.order, int(np.delete(problem.ret, decision.order).min()))
        else:
            assert decision.answer == bag.decide(problem, MODEL, Budget(), Deadline(600)).answer
    assert min(answers["valid"], answers["unknown"]) > 10


def left_over(elements: int, lost: int) -> History:
    """Elements that nobody takes, each put twice, and a take that found nothing while half of them were put.

    The outcome of `lost` takes is unknown.
    """
    events = [Event(n, n, n + 2, "invoke", "dequeue") for n in range(lost)]
    for number in range(2 * elements):
        events += [Event(0, 0, 0, kind, "enqueue", None, number // 2) for kind in ("invoke", "ok")]
    events.insert(lost + 2 * elements, Event(0, 0, 1, "invoke", "dequeue"))
    events.append(Event(0, 0, 1, "ok", "dequeue"))
    return History.of(Event(n, n, e.process, e.type, e.f, None, e.value) for n, e in enumerate(events))


def test_a_moment_that_cannot_be_made_costs_one_look_whatever_is_in_the_queue() -> None:
    (problem,) = encode(left_over(400, 0), MODEL)
    decision = bag.decide(problem, MODEL, Budget(), Deadline(600), effort=2 * len(problem.event_op))
    assert (decision.answer, decision.stuck) == ("invalid", len(problem.event_op) - 1)


def test_the_search_looks_at_the_deadline_for_so_many_elements_of_a_bag(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bag, "WORK_PER_LOOK", 500)
    (problem,) = encode(left_over(200, 100), MODEL)
    deadline = Looked(10**9)
    assert bag.decide(problem, MODEL, Budget(), deadline).answer == "invalid"
    # 200 puts return while the take is open, and each tries a moment: 50 elements, two of each, have a partner.
    assert deadline.looks >= 200 * 50 // 600


def test_with_almost_no_memory_it_ends() -> None:
    (problem,) = encode(drained(50, 10, 0.1, 0), MODEL)
    assert bag.decide(problem, MODEL, Budget(bytes=10), Deadline(600)).answer in ("valid", "unknown")
