"""What an explanation says about states and values: JSON, as in the history, and nothing of Python."""

from __future__ import annotations

from typing import Any

import pytest

from clew.checkers import check
from clew.checkers.deadline import Deadline
from clew.checkers.decision import Decision
from clew.checkers.encoding import encode
from clew.checkers.evidence.claims import ImpossibleTogether
from clew.checkers.evidence.explanation import find_claims
from clew.checkers.models import find_model
from clew.checkers.parts import part_of
from clew.histories import Event, EventType, History


@pytest.mark.parametrize(
    ("value", "text"), [({"a": [1, 2]}, '{"a": [1, 2]}'), (1.5, "1.5"), (True, "true"), ([1], "[1]")]
)
def test_a_state_is_told_as_json(value: Any, text: str) -> None:
    events = [
        Event(0, 0, 0, "invoke", "write", None, value),
        Event(1, 1, 0, "ok", "write", None, value),
        Event(2, 2, 0, "invoke", "read"),
        Event(3, 3, 0, "ok", "read", None, 0),
    ]
    words = check(History.of(events), "register").explanation
    assert words is not None
    assert f"the state {text}." in words


def test_a_result_that_looks_like_its_argument_is_told_where_it_says_something() -> None:
    events = [
        event
        for process, at in ((0, 0), (1, 2))
        for event in (
            Event(at, at, process, "invoke", "add-and-get", None, 1),
            Event(at + 1, at + 1, process, "ok", "add-and-get", None, 1),
        )
    ]
    words = check(History.of(events), "counter").explanation
    assert words is not None
    assert words.count("returned 1") == 4


def test_a_read_of_nothing_is_told_and_a_write_says_no_more_than_what_it_wrote() -> None:
    events = [
        Event(0, 0, 0, "invoke", "write", None, 5),
        Event(1, 1, 0, "ok", "write", None, 5),
        Event(2, 2, 0, "invoke", "read"),
        Event(3, 3, 0, "ok", "read", None, None),
    ]
    words = check(History.of(events), "register").explanation
    assert words is not None
    assert "returned 5" not in words
    assert "returned null" in words


def test_a_take_of_nothing_says_so() -> None:
    events = [
        Event(0, 0, 0, "invoke", "enqueue", None, 5),
        Event(1, 1, 0, "ok", "enqueue", None, 5),
        Event(2, 2, 0, "invoke", "dequeue"),
        Event(3, 3, 0, "ok", "dequeue"),
    ]
    verdict = check(History.of(events), "fifo-queue")
    assert "dequeue by client 0 from 2 ns to 3 ns returned nothing" in str(verdict.explanation)
    assert verdict.core[-1] == "client 0: dequeue → nil"


def test_what_is_said_of_a_value_is_about_the_operation_that_no_order_explains() -> None:
    """1 came back, though it was written once. A later read returned 9, which nobody had written."""
    steps: list[tuple[int, EventType, str, int | None]] = [(0, "invoke", "write", 1), (1, "invoke", "write", 2)]
    for value in (1, 2, 1):
        steps += [(2, "invoke", "read", None), (2, "ok", "read", value)]
    steps += [(0, "ok", "write", 1), (1, "ok", "write", 2), (2, "invoke", "read", None), (2, "ok", "read", 9)]
    history = History.of(Event(at, at, p, kind, f, None, value) for at, (p, kind, f, value) in enumerate(steps))
    (key,) = check(history, "register").keys
    assert key.stuck == 7
    assert "needs" not in str(key.explanation)


def test_a_part_of_a_container_leaves_open_what_was_done_to_other_elements() -> None:
    model = find_model("stack")
    steps = [("push", 1), ("push", 2), ("push", 2), ("pop", 1), ("pop", 1)]
    events = [
        Event(2 * at + end, 2 * at + end, 0, kind, f, None, value if end or f == "push" else None)
        for at, (f, value) in enumerate(steps)
        for end, kind in enumerate[EventType](("invoke", "ok"))
    ]
    history = History.of(events)
    (problem,) = encode(history, model)
    stuck = int(problem.ret[4])
    for part, elements in ((None, False), (part_of(problem, model, {1}), True)):
        decision = Decision("invalid", stuck=stuck, part=part)
        claims = find_claims(history, model, problem, None, decision, [0, 3, 4], [0, 3, 4], Deadline(60))
        (together,) = (claim for claim in claims if isinstance(claim, ImpossibleTogether))
        assert together.elements == elements


def test_of_two_elements_that_were_still_there_the_sentence_names_the_listed_one() -> None:
    steps = [
        (0, "invoke", "enqueue", 1), (1, "invoke", "enqueue", 2), (0, "ok", "enqueue", 1), (1, "ok", "enqueue", 2),
        (0, "invoke", "dequeue", None), (0, "ok", "dequeue", None),
    ]  # fmt: skip
    history = History.of(Event(n, n, p, kind, f, None, value) for n, (p, kind, f, value) in enumerate(steps))  # type: ignore[arg-type]
    (key,) = check(history, "fifo-queue").keys
    listed = {history.values[history.operations.argument[number]] for number in key.contradiction or ()} - {None}
    assert len(listed) == 1
    assert f"but {listed.pop()} was still there" in key.happened
