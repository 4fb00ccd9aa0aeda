"""All weaker promises of one history."""

from __future__ import annotations

from typing import Any

import pytest

from clew.checkers import Budget, check, what_holds
from clew.histories import Event, History

Said = tuple[int, str, Any, Any]
"""A process, a function, a key and a value: one operation, over before the next begins."""


def history(*said: Said) -> History:
    """Operations one after the other, a second each: half a second, and half a second of rest."""
    events: list[Event] = []
    for number, (process, f, key, value) in enumerate(said):
        begin = number * 1_000_000_000
        argument = None if f == "read" else value
        events.append(Event(2 * number, begin, process, "invoke", f, key, argument))
        events.append(Event(2 * number + 1, begin + 500_000_000, process, "ok", f, key, value))
    return History.of(events)


def kept(past: History) -> dict[str, str]:
    return {promise.name: promise.kept for promise in what_holds(past).promises}


def test_a_stale_replica_keeps_everything_but_is_old() -> None:
    past = history((0, "write", "x", 1), (0, "write", "x", 2), (1, "read", "x", 1), (1, "read", "x", 2))
    assert not check(past).valid
    found = what_holds(past)
    assert str(found) == ("sequential consistency yes, session guarantees yes, every read is at most 500 ms old")


def test_reading_back_in_time_breaks_monotonic_reads() -> None:
    past = history((0, "write", "x", 1), (0, "write", "x", 2), (1, "read", "x", 2), (1, "read", "x", 1))
    found = what_holds(past)
    assert str(found) == (
        "sequential consistency no, read your writes yes, monotonic reads no, monotonic writes unknown, "
        "writes follow reads unknown, every read is at most 1.5 s old"
    )
    assert found["monotonic reads"].kept == "no"
    assert found["monotonic writes"].kept == "unknown"
    assert found["writes follow reads"].kept == "unknown"
    assert set(found["monotonic reads"].operations) == {0, 1, 2, 3}
    assert "operation 3: read by client 1" in found["monotonic reads"].why


def test_missing_an_own_write_breaks_read_your_writes() -> None:
    past = history((0, "write", "x", 1), (0, "read", "x", None))
    found = what_holds(past)
    assert (found["read your writes"].kept, found["monotonic reads"].kept) == ("no", "yes")
    assert "together" not in str(found)
    assert found["bounded staleness"].oldest == 500_000_000


def test_writes_that_arrive_out_of_order_break_monotonic_writes() -> None:
    past = history((0, "write", "x", 1), (0, "write", "y", 2), (1, "read", "y", 2), (1, "read", "x", None))
    found = kept(past)
    assert found["monotonic writes"] == "no"
    assert found["read your writes"] == found["monotonic reads"] == found["writes follow reads"] == "yes"
    assert found["all four session guarantees together"] == "no"


def test_an_answer_without_its_question_breaks_writes_follow_reads() -> None:
    past = history(
        (0, "write", "question", 1),
        (1, "read", "question", 1),
        (1, "write", "answer", 2),
        (2, "read", "answer", 2),
        (2, "read", "question", None),
    )
    found = kept(past)
    assert found["writes follow reads"] == "no"
    assert found["read your writes"] == found["monotonic reads"] == found["monotonic writes"] == "yes"


def test_sequential_consistency_is_not_local() -> None:
    past = history((0, "write", "x", 1), (0, "read", "y", None), (1, "write", "y", 2), (1, "read", "x", None))
    found = kept(past)
    assert found["sequential consistency"] == "no"
    assert found["all four session guarantees together"] == "yes"
    for key in ("x", "y"):
        alone = [event for event in past.events() if event.key == key]
        assert kept(History.of(alone))["sequential consistency"] == "yes"


def test_a_fresh_process_is_a_fresh_session() -> None:
    """After an unknown outcome, nobody promises that the client which takes over sees what the old one saw."""
    events = list(history((0, "write", "x", 1), (0, "write", "x", 2), (2, "read", "x", 1)).events())
    events[3] = Event(3, events[3].time, 0, "info", "write", "x", 2, "timeout")
    assert set(kept(History.of(events)).values()) == {"yes"}


def test_a_value_that_nobody_wrote_is_explained_by_nothing() -> None:
    assert set(kept(history((0, "write", "x", 1), (1, "read", "x", 7))).values()) == {"no"}


def test_a_failed_write_does_not_count() -> None:
    events = list(history((0, "write", "x", 1), (1, "read", "x", 1)).events())
    events[1] = Event(1, events[1].time, 0, "fail", "write", "x", 1)
    assert set(kept(History.of(events)).values()) == {"no"}


def test_values_that_are_written_twice_leave_the_sessions_unknown() -> None:
    past = history((0, "write", "x", 1), (1, "write", "x", 1), (1, "read", "x", None))
    found = kept(past)
    assert found["monotonic reads"] == found["all four session guarantees together"] == "unknown"
    assert found["sequential consistency"] == "no"
    assert found["bounded staleness"] == "yes"


def test_a_mismatch_is_never_taken_for_granted() -> None:
    events = list(history((0, "write", "x", 1), (0, "cas", "x", [1, 2])).events())
    events[3] = Event(3, events[3].time, 0, "fail", "cas", "x", [1, 2], "mismatch")
    found = kept(History.of(events))
    assert found["read your writes"] == "unknown"
    assert found["sequential consistency"] == "no"


@pytest.mark.parametrize(
    ("model", "said", "answer"),
    [
        ("fifo-queue", [(0, "enqueue", None, 1), (0, "enqueue", None, 2), (1, "dequeue", None, 2)], "no"),
        ("fifo-queue", [(0, "enqueue", None, 1), (1, "enqueue", None, 2), (1, "dequeue", None, 2)], "yes"),
        ("set", [(0, "add", None, 1), (1, "read", None, [])], "yes"),
    ],
)
def test_other_models_are_searched_for_one_order(model: str, said: list[Said], answer: str) -> None:
    events = list(history(*said).events())
    for number, event in enumerate(events):
        if event.type == "invoke" and event.f == "dequeue":
            events[number] = Event(event.index, event.time, event.process, "invoke", event.f, None)
    found = {promise.name: promise.kept for promise in what_holds(History.of(events), model).promises}
    assert found["sequential consistency"] == answer
    assert found["read your writes"] == "unknown"


def test_a_search_that_takes_too_long_is_unknown() -> None:
    past = history((0, "write", "x", 1), (1, "write", "x", 1), (1, "read", "x", None))
    found = {promise.name: promise.kept for promise in what_holds(past, budget=Budget(seconds=0)).promises}
    assert found["sequential consistency"] == found["bounded staleness"] == "unknown"


def test_an_empty_history_keeps_everything() -> None:
    assert "no" not in kept(History.of([])).values()
