"""When a search must end."""

from __future__ import annotations

import time

from numba.core import event

from checkers.clock import Clock


def test_it_is_over_after_its_time_or_when_stopped_or_when_its_parent_is() -> None:
    parent = Clock(0.05)
    child = parent.child()
    assert not child.over()
    assert not parent.over()
    time.sleep(0.06)
    assert child.over()
    other = Clock(60)
    other.stop()
    assert other.over()


def test_compiling_does_not_count() -> None:
    clock = Clock(0.05)
    with clock.searching():
        with event.trigger_event("numba:compile"):
            time.sleep(0.06)
            assert not clock.over()
            with event.trigger_event("numba:compile"):
                time.sleep(0.01)
        assert not clock.over()
        assert not clock.child().over()
        time.sleep(0.06)
        assert clock.over()
    with event.trigger_event("numba:compile"):
        time.sleep(0.01)
    assert clock.over()
