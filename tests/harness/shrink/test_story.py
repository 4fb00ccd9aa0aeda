"""What a shrink says: how the run fails, and whether everything smaller was tried."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from clew.harness.plan import load, loads, resolve
from clew.harness.run import simulate
from clew.harness.shrink import Tried, shrink_run
from clew.harness.shrink.run import smallest_plan
from clew.harness.shrink.story import NOT_FINISHED, NOT_REARRANGED, story
from clew.harness.store.folder import RunFolder
from clew.harness.verdict.judge import judge
from clew.harness.verdict.signature import signature
from tests.harness.conftest import Clew, clew_called_in
from tests.harness.echo import put
from tests.harness.shrink.runs import ONE_RESTART, recorded_run


def test_a_search_that_cannot_try_every_arrangement_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules["clew.harness.shrink.arrange"], "CANDIDATES_MOST", 1)
    _, tried = smallest_plan(resolve(loads(ONE_RESTART, "one-restart.yaml", Path())))
    assert tried is Tried.LEAVING_OUT


def test_a_story_that_says_another_thing_of_the_search_is_written_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after a shrink that was interrupted, and then done again to its end."""

    def shrunk(folder: Path, tried: Tried) -> Path:
        monkeypatch.setattr(sys.modules["clew.harness.shrink.run"], "shrink", lambda plan, fails: tried)
        again = shrink_run(RunFolder(folder), into=tmp_path / tried.name).result.run
        assert again is not None
        return Path(again)

    plan = resolve(loads(ONE_RESTART, "one-restart.yaml", Path()))
    folder, texts = recorded_run(tmp_path / "store", plan), []
    for tried in (Tried.PART, Tried.LEAVING_OUT, Tried.EVERYTHING, Tried.EVERYTHING):
        folder = shrunk(folder, tried)
        texts.append(" ".join((folder / "plan.yaml").read_text().split("What breaks")[0].replace("#", "").split()))
    assert ["are enough" in text for text in texts] == [False, True, True, True]
    assert [NOT_FINISHED in text for text in texts] == [True, False, False, False]
    assert [NOT_REARRANGED in text for text in texts] == [False, True, False, False]
    assert texts[3] == texts[2]


def test_a_search_that_spent_its_budget_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    failing = recorded_run(tmp_path / "one", resolve(loads(ONE_RESTART, "one-restart.yaml", Path())))
    budget = sys.modules["clew.harness.shrink.budget"]
    for name, events in (("DESCENT", 50), ("DESCENT_PLAIN", 50), ("DESCENT_RUNS", 1), ("PLAIN_NETWORKS", 1)):
        monkeypatch.setattr(budget, name, events)
    monkeypatch.setattr(sys.modules["clew.harness.shrink.shrink"], "PLAIN_NETWORKS", 1)
    done = clew_called_in(tmp_path)("shrink", failing)
    (folder,) = (tmp_path / "store").glob("*/2*")
    words = " ".join((folder / "plan.yaml").read_text().replace("#", "").split())
    assert "are enough" not in words
    assert "The search ended before it had tried everything: fewer may be enough." in words
    assert "the budget of the search is spent before everything was tried" in done.stdout


def test_reads_that_nobody_answers_are_told_once_with_their_number() -> None:
    plan = resolve(load("caspaxos-forgets-promises"), 0, ["system.variant=torn-writes", "checks=[liveness]"])
    shrunk, tried = smallest_plan(plan)
    history, outcome = simulate(shrunk)
    result = judge(shrunk, history, outcome)
    found = signature(result, history, outcome)
    assert found is not None
    told = story(plan, shrunk, tried, found, result, history)
    unanswered = [line for line in told.splitlines() if "info" in line]
    assert len(unanswered) <= shrunk.workload.clients
    times = sum(int(number) for number in re.findall(r"info, (\d+) times", told))
    assert times > 20


def test_a_client_that_breaks_is_called_a_client_in_hunts_and_stories(clew_call: Clew, tmp_path: Path) -> None:
    put(tmp_path)
    system = tmp_path / "echo.py"
    completes = 'ctx.complete("ok", message.value)'
    system.write_text(system.read_text().replace(completes, f"{completes}; self.operation"))
    done = clew_call("hunt", "echo.yaml", "--seeds", "0:1", "--jobs", "1")
    error = "AttributeError: 'Client' object has no attribute 'operation'"
    assert done.returncode == 1, done.stderr
    assert f"seed 0 fails: client: {error}" in done.stdout
    done = clew_call("shrink", "store/latest")
    words = " ".join(done.stdout.replace("#", "").split())
    assert f"What breaks: the client. {error}" in words
    assert "1 operation and 0 faults on 1 node are enough" in words
