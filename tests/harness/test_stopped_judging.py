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

    budgets = []

    def judge(*arguments: Any, until: Deadline) -> Any:
        budgets.append(arguments[0].budget.time)
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
    assert budgets == [plan.budget.time, run.STOPPED_BUDGET], "the user has waited for the checker already"


def test_a_kernel_that_is_being_compiled_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing stops a compiler. So the run gets a verdict without a search."""
    stop, over, judged = trio.CancelScope(), threading.Event(), []

    def judge(*arguments: Any, until: Deadline) -> Any:
        judged.append(until)
        if len(judged) == 1:
            trio.from_thread.run_sync(stop.cancel)
        if len(judged) < 3:
            over.wait(60)
            return None
        return whole(*arguments, until=until)

    whole = run.judge
    monkeypatch.setattr(run, "judge", judge)
    monkeypatch.setattr(run, "STOPPED_BUDGET", 100_000_000)  # a thread must begin within twice that
    plan = resolve(load("caspaxos-happy-path"), seed=0)
    result = trio.run(lambda: run.run(plan, nodes="inline", into=tmp_path / "store", stop=stop))
    over.set()
    assert len(judged) == 3
    assert judged[-1].passed()
    assert result.checks["linearizable"].verdict == "unknown"


def test_a_verdict_that_is_there_is_kept_when_the_user_stops_the_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop, judged, pages, over = trio.CancelScope(), [], [], threading.Event()

    def judge(*arguments: Any, until: Deadline) -> Any:
        judged.append(whole(*arguments, until=until))
        return judged[-1]

    def report(record: Any) -> str:
        pages.append(record)
        if len(pages) == 1:
            trio.from_thread.run_sync(stop.cancel)
            over.wait(60)
        return "the page"

    whole = run.judge
    monkeypatch.setattr(run, "judge", judge)
    monkeypatch.setattr(run, "report", report)
    plan = resolve(load("caspaxos-happy-path"), seed=0)
    result = trio.run(lambda: run.run(plan, nodes="inline", into=tmp_path / "store", stop=stop))
    over.set()
    assert len(judged) == 1
    assert result.verdict == "valid"
    assert (tmp_path / "store" / "latest" / "report.html").read_text() == "the page"
