"""A process may return and call again at one and the same time, in whichever order the two are written."""

from __future__ import annotations

import pytest

from clew.histories import OK, Event, History, HistoryError


def past(*times: int) -> History:
    """A write and a read of one process; the call of the read is written before the return of the write."""
    begin, again, returned, end = times
    return History.of(
        [
            Event(0, begin, 0, "invoke", "write", None, 1),
            Event(1, again, 0, "invoke", "read"),
            Event(2, returned, 0, "ok", "write", None, 1),
            Event(3, end, 0, "ok", "read", None, 1),
        ]
    )


def test_a_call_written_before_a_return_of_the_same_time_comes_after_it() -> None:
    operations = past(1, 5, 5, 7).operations
    assert operations.invoked.tolist() == [0, 1]
    assert operations.completed.tolist() == [2, 3]
    assert operations.outcome.tolist() == [OK, OK]


def test_a_call_before_the_return_is_an_error() -> None:
    with pytest.raises(
        HistoryError, match="process 0 invokes an operation while its operation at index 0 is still open"
    ):
        _ = past(1, 4, 5, 7).operations


def test_two_calls_and_no_return_are_an_error() -> None:
    events = list(past(1, 5, 5, 7).events())[:2]
    with pytest.raises(HistoryError, match="is still open"):
        _ = History.of(events).operations
