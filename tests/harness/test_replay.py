"""A replay says how often the run was the same and how often it failed, and why it may differ."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.harness.conftest import Clew
from tests.harness.echo import put

RANDOM = "self.value if random.random() < 0.9 else 4711"
BY_ENVIRONMENT = "self.value if os.environ['CLEW_TEST_ANSWER'] == 'right' else 4711"
OBEDIENT = "self.value"


@pytest.fixture
def run(clew_call: Clew, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Path:
    """A run of a system that answers and breaks as the test says."""
    monkeypatch.setenv("CLEW_TEST_ANSWER", "right")
    answer, breaks = request.param
    put(tmp_path, answer=answer, breaks=breaks)
    done = clew_call("run", "echo.yaml", "--nodes", "inline")
    assert "echo, seed" in done.stdout, done.stderr
    return (tmp_path / "store" / "latest").resolve()


@pytest.mark.parametrize("run", [(RANDOM, "")], indirect=True, ids=["random"])
def test_all_times_are_run_and_counted_if_they_differ_and_the_latest_is_no_other_run(
    clew_call: Clew, run: Path
) -> None:
    done = clew_call("replay", run, "--nodes", "inline", "--times", "5", "--json")
    assert done.returncode == 255
    assert done.stderr.count("\n") == 1
    assert "from one another: something in the system does not depend on its seed alone" in done.stderr
    told = json.loads(done.stdout)
    assert (told["times"], len(told["runs"]), sum(told["verdicts"].values())) == (5, 5, 5)
    assert told["failed"] == told["verdicts"].get("invalid", 0)
    assert not told["identical"]
    folders = [run.parents[2] / one["run"] for one in told["runs"]]
    same = [
        folder for folder in folders if (folder / "history.jsonl").read_bytes() == (run / "history.jsonl").read_bytes()
    ]
    assert told["same"] == len(same) < 5
    latest = (run.parents[1] / "latest").resolve()
    assert latest == (same[-1] if same else run)
    # The command in the message shows the first difference.
    _, _, command = done.stderr.strip().partition("see clew ")
    parted = clew_call(*command.split())
    assert parted.returncode == 1, parted.stderr


@pytest.mark.parametrize("run", [(BY_ENVIRONMENT, "")], indirect=True, ids=["environment"])
def test_replays_that_differ_all_alike_are_another_version(
    clew_call: Clew, run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLEW_TEST_ANSWER", "wrong")
    done = clew_call("replay", run, "--nodes", "inline", "--times", "3")
    assert done.returncode == 255
    assert "identical 0 times out of 3, failed 3 times out of 3" in done.stdout
    assert "3 of 3 replays differ" in done.stderr
    assert "all in the same way" in done.stderr
    assert done.stderr.count("\n") == 1
    assert (run.parents[1] / "latest").resolve() == run
    once = clew_call("replay", run, "--nodes", "inline")
    assert once.returncode == 255
    assert "the replay differs" in once.stderr
    assert (run.parents[1] / "latest").resolve() == run
    monkeypatch.setenv("CLEW_TEST_ANSWER", "right")
    done = clew_call("replay", run, "--nodes", "inline", "--times", "2")
    assert done.returncode == 0, done.stderr
    assert "identical 2 times out of 2, failed 0 times out of 2" in done.stdout
    assert (run.parents[1] / "latest").resolve() != run


@pytest.mark.parametrize(
    "run", [(OBEDIENT, "if message.id > 9: raise ValueError('ten')")], indirect=True, ids=["breaks"]
)
def test_a_node_that_breaks_each_time_failed_each_time(clew_call: Clew, run: Path) -> None:
    done = clew_call("replay", run, "--nodes", "inline", "--times", "3", "--json")
    assert done.returncode == 255, done.stderr
    told = json.loads(done.stdout)
    assert (told["times"], told["same"], told["failed"]) == (3, 3, 3)
