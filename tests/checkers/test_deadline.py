"""When a search must end."""

from __future__ import annotations

import importlib
import random
import threading
import time
from typing import Any

import pytest
from numba.core import event

from clew.checkers import check
from clew.checkers.deadline import Deadline
from clew.checkers.decision import Decision
from clew.checkers.encoding import Problem
from clew.checkers.kept_code import load_numba
from clew.histories import Event, EventType, History
from tests.checkers.generators import Mix, register_history

HARD = Mix(2_000, 50, (3, 0.3, 3), 20, 0.1)
"""Searched for longer than anybody waits: nobody knows the outcome of one operation of ten."""


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
    load_numba()
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


class StoppedWhenAsked(Deadline):
    """A deadline that is stopped when it is asked for the `last` time, as if by another thread."""

    def __init__(self, last: int) -> None:
        super().__init__()
        self.asked, self.last = 0, last

    def passed(self) -> bool:
        """See `Deadline.passed`."""
        self.asked += 1
        if self.asked == self.last:
            self.stop()
        return super().passed()


@pytest.mark.parametrize("engine", ["competition", "linear", "lazy", "wgl"])
def test_an_engine_whose_check_is_stopped_ends_at_once(engine: str) -> None:
    """Counted in questions: between two of them lies a bounded number of steps, as `test_budget` shows."""
    until = StoppedWhenAsked(20)
    verdict = check(register_history(HARD, random.Random(1)), "cas-register", engine=engine, until=until)
    assert (verdict.verdict, verdict.why) == ("unknown", "time")
    assert 20 <= until.asked < 30


def test_an_error_in_one_key_stops_the_search_of_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """As Ctrl-C does. The check waits for its threads, so these must end."""
    ends: list[Deadline] = []

    def decide(engine: str, problem: object, form: object, model: object, budget: object, end: Deadline) -> None:
        ends.append(end)
        if problem.key == 0:  # type: ignore[attr-defined]
            raise KeyboardInterrupt
        while not end.passed():
            time.sleep(0.001)
        raise KeyboardInterrupt

    monkeypatch.setattr(importlib.import_module("clew.checkers.check"), "_decide", decide)
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    events = [Event(2 * key + at, 2 * key + at, key, kind, "write", key, 1)
              for key in range(2) for at, kind in enumerate(("invoke", "ok"))]  # fmt: skip
    with pytest.raises(KeyboardInterrupt):
        check(History.of(events), "register")  # type: ignore[arg-type]
    assert all(end.passed() for end in ends)


def test_a_violation_of_a_later_key_stops_nobody_before_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """So the first key that is invalid is the same one, however fast the others are."""
    module = importlib.import_module("clew.checkers.check")
    last_is_decided, stopped, whole = threading.Event(), dict[object, bool](), module._decide

    def decide(engine: str, problem: Problem, *others: Any) -> Decision:
        if problem.key == 0:
            assert last_is_decided.wait(60)
        stopped[problem.key] = others[-1].passed()
        return whole(engine, problem, *others)  # type: ignore[no-any-return]

    class Told(Deadline):
        """Says when the first key after the last one would be stopped: then the last one is decided."""

        def stop(self) -> None:
            super().stop()
            last_is_decided.set()

    monkeypatch.setattr(module, "_decide", decide)
    monkeypatch.setattr(Deadline, "child", lambda parent: Told(float("inf"), parent))
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    events = [Event(2 * key + at, 2 * key + at, key, kind, "read", key, 1 if at else None)
              for key in range(3) for at, kind in enumerate[EventType](("invoke", "ok"))]  # fmt: skip
    verdict = check(History.of(events), "register")
    assert stopped == {0: False, 1: False}
    assert [key.why for key in verdict.keys] == [None, "stopped", "stopped"]
