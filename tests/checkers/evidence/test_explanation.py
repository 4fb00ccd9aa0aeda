"""What an explanation says about states and values: JSON, as in the history, and nothing of Python."""

from __future__ import annotations

from typing import Any

import pytest

from clew.checkers import check
from clew.histories import Event, History


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
