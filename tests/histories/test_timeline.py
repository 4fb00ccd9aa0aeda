"""The lanes of operations, and when they took effect."""

from __future__ import annotations

from clew.histories import Event, History
from clew.histories.timeline import completion_times, linearization_points, operation_lanes


def history(*events: tuple[int, int, str]) -> History:
    """From (time, process, type)."""
    return History.of(Event(n, time, process, type_, "f") for n, (time, process, type_) in enumerate(events))  # type: ignore[arg-type]


def test_a_fresh_process_takes_the_lane_of_the_process_it_replaces() -> None:
    past = history((0, 0, "invoke"), (0, 1, "invoke"), (5, 0, "info"), (6, 2, "invoke"), (7, 2, "ok"), (8, 1, "ok"))
    assert operation_lanes(past.operations, past.time).tolist() == [0, 1, 0]


def test_a_thread_that_comes_late_has_a_lane_of_its_own() -> None:
    past = history((0, 0, "invoke"), (1, 0, "info"), (2, 2, "invoke"), (2, 1, "invoke"), (3, 2, "ok"), (4, 1, "ok"))
    assert operation_lanes(past.operations, past.time).tolist() == [0, 0, 1]


def test_unrelated_processes_have_a_lane_each() -> None:
    past = history((0, 7, "invoke"), (1, 3, "invoke"), (2, 7, "info"), (3, 3, "info"))
    found = operation_lanes(past.operations, past.time).tolist()
    assert len(set(found)) == 2


def test_operations_of_a_lane_do_not_overlap() -> None:
    past = history((0, 0, "invoke"), (0, 2, "invoke"), (1, 4, "invoke"), (9, 0, "ok"), (9, 2, "info"), (9, 4, "ok"))
    assert len(set(operation_lanes(past.operations, past.time).tolist())) == 3


def test_an_operation_that_never_completed_lasts_to_the_end() -> None:
    past = history((0, 0, "invoke"), (3, 1, "invoke"), (4, 1, "info"))
    assert completion_times(past.operations, past.time).tolist() == [4, 4]


def test_points_are_in_order_and_within_their_operations() -> None:
    past = history((0, 0, "invoke"), (2, 1, "invoke"), (10, 1, "ok"), (20, 0, "ok"))
    assert linearization_points(past.operations, [0, 1], 20).tolist() == [5, 6]
    assert linearization_points(past.operations, [1, 0], 20).tolist() == [6, 11]
    assert linearization_points(past.operations, [], 20).tolist() == []
