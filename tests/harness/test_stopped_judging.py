"""A run whose verdict nobody waits for any more is not searched on."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest
import trio

from clew.checkers.deadline import Deadline
from clew.harness import run
from clew.harness.plan.source import load, resolve


def test_the_first_verdict_is_given_up_when_the_user_stops_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first thread is abandoned, and its search ends; the second one judges the run in a hurry."""
    stop, searching, given_up = trio.CancelScope(), threading.Event(), threading.Event()

    def judge(*arguments: Any, until: Deadline) -> Any:
        if searching.is_set():
            return whole(*arguments, until=until)
        searching.set()
        trio.from_thread.run_sync(stop.cancel)
        while not until.passed():
            given_up.wait(0.001)
        given_up.set()
        return None

    whole = run.judge
    monkeypatch.setattr(run, "judge", judge)
    plan = resolve(load("caspaxos-happy-path"), seed=0)
    result = trio.run(lambda: run.run(plan, nodes="inline", into=tmp_path / "store", stop=stop))
    assert result.verdict == "valid"
    assert given_up.wait(60)
