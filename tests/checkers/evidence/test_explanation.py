"""What an explanation says about states and values: JSON, as in the history, and nothing of Python."""

from __future__ import annotations

from typing import Any

import pytest

from clew.checkers import check
from clew.checkers.deadline import Deadline
from clew.checkers.encoding import encode
from clew.checkers.evidence.explanation import state_after
from clew.checkers.models import find_model
from clew.histories import Event, History
from tests.checkers.objects import object_history
from tests.checkers.test_budget import Looked


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


def test_the_state_after_an_order_is_told_only_if_there_is_time() -> None:
    history, model = object_history("append-list", 200, 1, True, 0.0, 0), find_model("append-list")
    (problem,) = encode(history, model)
    order = range(len(problem))
    appended = [event.value for event in history.events() if (event.type, event.f) == ("invoke", "append")]
    assert state_after(model, problem, order, Deadline(60)) == tuple(appended)
    late = Looked(2)
    assert state_after(model, problem, order, late) is None
    assert late.looks == 2
