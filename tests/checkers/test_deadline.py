"""When a search must end."""

from __future__ import annotations

import time

from numba.core import event

from clew.checkers.deadline import Deadline


def test_it_passes_with_time_or_when_stopped_or_when_its_parent_passes() -> None:
    parent = Deadline(0.05)
    child = parent.child()
    assert not child.passed()
    assert not parent.passed()
    time.sleep(0.06)
    assert child.passed()
    other = Deadline(60)
    other.stop()
    assert other.passed()


def test_the_time_in_which_numba_compiles_does_not_count() -> None:
    deadline = Deadline(0.05)
    with deadline.not_counting_compilation():
        with event.trigger_event("numba:compile"):
            time.sleep(0.06)
            assert not deadline.passed()
            with event.trigger_event("numba:compile"):
                time.sleep(0.01)
        assert not deadline.passed()
        assert not deadline.child().passed()
        time.sleep(0.06)
        assert deadline.passed()
    with event.trigger_event("numba:compile"):
        time.sleep(0.01)
    assert deadline.passed()


def test_stopping_a_parent_stops_its_children_and_not_the_other_way_round() -> None:
    parent = Deadline(60)
    one, other = parent.child(), parent.child()
    one.stop()
    assert one.passed()
    assert not other.passed()
    assert not parent.passed()
    parent.stop()
    assert other.passed()
