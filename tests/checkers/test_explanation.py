"""What an explanation says about states and values: JSON, as in the history, and nothing of Python."""

from __future__ import annotations

from typing import Any

import pytest

from checkers import check
from histories import Event, History


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
