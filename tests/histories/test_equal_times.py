"""A process may complete an operation and invoke the next at the same time; both orders in the file are right."""

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


def test_an_invocation_may_stand_before_a_completion_of_the_same_time() -> None:
    operations = past(1, 5, 5, 7).operations
    assert operations.invoked.tolist() == [0, 1]
    assert operations.completed.tolist() == [2, 3]
    assert operations.outcome.tolist() == [OK, OK]


def test_an_earlier_invocation_before_the_completion_is_an_error() -> None:
    with pytest.raises(
        HistoryError, match="process 0 invokes an operation while its operation at index 0 is still open"
    ):
        _ = past(1, 4, 5, 7).operations


def test_two_invocations_without_a_completion_are_an_error() -> None:
    events = list(past(1, 5, 5, 7).events())[:2]
    with pytest.raises(HistoryError, match="is still open"):
        _ = History.of(events).operations


def refused(*events: tuple[int, str]) -> str:
    """Why a history of one process is refused, of these times and types."""
    history = History.of(
        Event(index, time, 0, kind, "write", None, 1)  # type: ignore[arg-type]
        for index, (time, kind) in enumerate(events)
    )
    with pytest.raises(HistoryError) as error:
        _ = history.operations
    return str(error.value)


def test_a_third_invocation_before_the_completion_is_an_error() -> None:
    said = refused((1, "invoke"), (5, "invoke"), (5, "invoke"), (5, "ok"), (6, "ok"))
    assert "invokes an operation while its operation at index 0 is still open" in said


def test_nobody_goes_on_at_the_time_of_an_unknown_outcome_under_the_old_name() -> None:
    said = refused((1, "invoke"), (5, "invoke"), (5, "info"), (6, "ok"))
    assert "invokes an operation while its operation at index 0 is still open" in said


def test_an_unknown_outcome_does_not_become_known_later() -> None:
    assert "completes an operation (ok) that it has not invoked" in refused((1, "invoke"), (5, "info"), (6, "ok"))
