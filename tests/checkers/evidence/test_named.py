"""What a sentence names is a contradiction where it is impossible alone, and quick proofs never err."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest

from clew.checkers import check, exhaustive
from clew.checkers.deadline import Deadline
from clew.checkers.encoding import encode
from clew.checkers.evidence import named
from clew.checkers.evidence.named import find_named
from clew.checkers.evidence.quick_proofs import quick_proof
from clew.checkers.evidence.sentences.past import Past
from clew.checkers.evidence.sentences.sentence import first_said
from clew.checkers.models import find_model, names
from clew.histories import Event, EventType, History
from tests.benchmarks.cells import spoiled
from tests.checkers import small
from tests.checkers.alphabets import ALPHABETS
from tests.checkers.evidence.letting_go import impossible
from tests.checkers.evidence.test_sentences import history_of
from tests.checkers.objects import object_history


@pytest.mark.parametrize("name", names())
def test_what_a_sentence_shows_is_impossible_and_no_operation_of_it_can_be_left_out(name: str) -> None:
    model, rng, found = find_model(name), random.Random(f"named/{name}"), 0
    for _ in range(150):
        problem = small.lived(model, ALPHABETS[name], 6, rng)
        stuck = exhaustive.stuck(problem, model)
        if stuck is None:
            continue
        named = find_named(history_of(problem), model, problem, problem.ret <= stuck, Deadline(60))
        if named is None:
            continue
        found += 1
        assert set(named.contradiction) <= set(named.counterexample)
        assert impossible(problem, model, named.contradiction)
        for op in named.contradiction:
            assert not impossible(problem, model, [other for other in named.contradiction if other != op])
        if found == 6:
            break
    assert found > 2


PROVEN = ("counter", "kv", "set", "append-list", "multi-register", "fifo-queue", "stack", "unordered-queue")
"""Models of which quick proofs know something, and whose small histories are often invalid."""


@pytest.mark.parametrize("name", PROVEN)
def test_a_quick_proof_is_right_whatever_the_others_did(name: str) -> None:
    model, rng, proven = find_model(name), random.Random(f"quick/{name}"), 0
    for _ in range(300):
        problem = small.lived(model, ALPHABETS[name], 6, rng)
        those = np.array([rng.random() < 0.6 for _ in range(len(problem))], np.bool_)
        if those.any() and quick_proof(problem, model, Deadline(60))(those):
            proven += 1
            assert impossible(problem, model, np.flatnonzero(those).tolist())
        if proven == 10:
            break
    assert proven > 1


def with_last(name: str, f: str, value: Any) -> History:
    """A history of 300 operations of ten clients in which the last answer of a function is another one."""
    events = list(object_history(name, 300, 10, False, 0.03, 0).events())
    last = max(event.index for event in events if (event.type, event.f) == ("ok", f))
    return History.of(
        Event(e.index, e.time, e.process, e.type, e.f, e.key, value if e.index == last else e.value, e.error)
        for e in events
    )


@pytest.mark.parametrize(
    ("name", "f", "value"),
    [("kv", "get", "Q"), ("counter", "read", 1140), ("unordered-queue", "dequeue", 99), ("set", "read", [99])],
)
def test_an_answer_that_nothing_explains_is_the_whole_contradiction(name: str, f: str, value: Any) -> None:
    history = with_last(name, f, value)
    (key,) = check(history, name).keys
    assert key.counterexample == key.contradiction
    (number,) = key.contradiction or ()
    assert history.values[history.operations.result[number]] == value


def test_an_absurd_answer_that_returned_after_the_violation_is_told() -> None:
    """What the txn returned is known before it returns. So it cannot have written 2, which the read saw."""
    asked, told = [["w", "x", 2], ["r", "y", None]], [["w", "x", 2], ["r", "y", 7]]
    events = [
        Event(0, 0, 0, "invoke", "txn", None, asked), Event(1, 1, 1, "invoke", "read", None, ["x"]),
        Event(2, 2, 1, "ok", "read", None, {"x": 2}), Event(3, 3, 0, "ok", "txn", None, told),
    ]  # fmt: skip
    history, model = History.of(events), find_model("multi-register")
    (problem,) = encode(history, model)
    assert exhaustive.stuck(problem, model) == 2
    found = find_named(history, model, problem, problem.ret <= 2, Deadline(60))
    assert found is not None
    assert found.contradiction == [0]


def test_a_sum_that_is_a_little_too_great_is_told_with_what_was_certainly_taken_away() -> None:
    """Among more answers than are compared with each other, one is too great only if an add of less than 0 counts."""
    history = spoiled(object_history("counter", 300, 10, False, 0.02, 3), 3)
    (key,) = check(history, "counter").keys
    assert key.contradiction is not None
    amounts = [history.values[history.operations.argument[number]] for number in key.contradiction]
    assert len(amounts) == 2
    assert min(amounts) < 0


def test_an_absurd_answer_is_told_before_many_operations_that_end_earlier() -> None:
    """Fourteen adds of 2 have returned when 29 is read, and adds of 3 and -3 are open: each of the fourteen counts.
    What was read after that is impossible alone."""
    steps: list[tuple[int, EventType, str, int | None]] = []
    for _ in range(14):
        steps += [(0, "invoke", "add", 2), (0, "ok", "add", 2)]
    steps += [(1, "invoke", "read", None), (2, "invoke", "add", 3), (3, "invoke", "add", -3)]
    steps += [(1, "ok", "read", 29), (2, "ok", "add", 3), (3, "ok", "add", -3)]
    absurd: list[tuple[int, EventType, str, int | None]] = [(0, "invoke", "read", None), (0, "ok", "read", 999)]
    keys = []
    for some in (steps, steps + absurd):
        history = History.of(
            Event(n, n, process, kind, f, None, value) for n, (process, kind, f, value) in enumerate(some)
        )
        keys += check(history, "counter").keys
    assert [(len(key.contradiction or ()), key.stuck, key.stuck_is_first) for key in keys] == [
        (15, 31, True),
        (1, 35, False),
    ]


def test_a_sentence_that_counts_what_it_does_not_name_shows_nothing_without_a_proof(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    steps = [("invoke", "add", 5), ("ok", "add", 5), ("invoke", "read", None), ("ok", "read", 3)]
    history = History.of(Event(n, n, 0, kind, f, None, value) for n, (kind, f, value) in enumerate(steps))  # type: ignore[arg-type]
    model = find_model("counter")
    (problem,) = encode(history, model)
    everything = np.ones(len(problem), np.bool_)
    said = first_said(Past(history, model, problem, [0, 1]))
    assert said is not None
    assert said.needs_all
    assert find_named(history, model, problem, everything, Deadline(60)) is not None
    monkeypatch.setattr(named, "_proofs", lambda *_: lambda those: False)
    assert find_named(history, model, problem, everything, Deadline(60)) is None


def test_a_transaction_that_is_let_go_may_have_set_what_it_read() -> None:
    """It found 1 and wrote 1. A read of 1 is impossible only because of what the transaction says it found."""
    asked, told = [["r", "y", None], ["w", "y", 1]], [["r", "y", 1], ["w", "y", 1]]
    events = [
        Event(0, 0, 0, "invoke", "txn", None, asked), Event(1, 1, 1, "invoke", "read", None, ["y"]),
        Event(2, 2, 1, "ok", "read", None, {"y": 1}), Event(3, 3, 0, "ok", "txn", None, told),
    ]  # fmt: skip
    (key,) = check(History.of(events), "multi-register").keys
    (problem,) = encode(History.of(events), find_model("multi-register"))
    assert impossible(problem, find_model("multi-register"), list(key.contradiction or ()))
