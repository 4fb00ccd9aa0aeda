"""A failing run becomes the smallest plan that fails the same way."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import msgspec
import pytest

from clew.harness.plan import Plan, load, loads, resolve
from clew.harness.run import simulate
from clew.harness.shrink import Tried, shrink_run
from clew.harness.shrink.run import smallest_plan
from clew.harness.store.folder import RunFolder
from clew.harness.verdict.judge import judge
from clew.harness.verdict.signature import Signature, signature
from clew.nemesis.crash import Crash
from tests.harness.conftest import clew_called_in, clew_in
from tests.harness.echo import put
from tests.harness.shrink.runs import HIGHEST, ONE_RESTART, TWO_WAYS_TO_BREAK, broken, recorded_run, split


@pytest.mark.long
def test_a_shrunk_run_is_small_tells_its_story_and_fails_the_same_way_again(failing: Path, tmp_path: Path) -> None:
    """The suite shrinks runs of other plans. README.md shows how it tells the story, docs/tour.md the replay."""
    clew = clew_called_in(tmp_path)
    done = clew("shrink", failing, "--json", "--store", "first")
    assert done.returncode == 1, done.stderr
    result = json.loads(done.stdout)
    assert result["verdict"] == "invalid"
    folder = tmp_path / result["run"]
    assert {path.name for path in tmp_path.iterdir()} == {"first"}, "no notes of Hypothesis"
    text = (folder / "plan.yaml").read_text()
    assert text.startswith(f"# Shrunk from {HIGHEST}, seed 2: ")
    assert "clew run ./plan.yaml" in text
    plan = resolve(load(str(folder / "plan.yaml")))
    assert isinstance(plan.workload.operations, tuple)
    assert len(plan.workload.operations) <= 3
    assert len(plan.nemesis) <= 3
    assert plan.system.nodes == 3
    assert broken(plan) == "linearizable"
    replayed = clew("replay", folder, "--nodes", "inline", "--times", "2", "--store", "first")
    assert replayed.returncode == 1
    assert "failed 2 times out of 2" in replayed.stdout
    told = clew("replay", folder, "--nodes", "inline", "--times", "2", "--json", "--store", "first")
    assert told.returncode == 1
    both = json.loads(told.stdout)
    assert (both["verdict"], both["times"], both["failed"], both["identical"]) == ("invalid", 2, 2, True)
    assert both["verdicts"] == {"invalid": 2}
    assert [run["verdict"] for run in both["runs"]] == ["invalid", "invalid"]


PLAIN_TIMES = """\
name: plain-times
system: {name: caspaxos, nodes: 3, variant: forgets-promises}
workload: {kind: cas-register, clients: 3, operations: 12, timeout: 1s, think: 5ms, values: 5}
network: {latency: 5ms}
nemesis:
- crash: {target: [n1], at: [16ms, 60ms, 90ms], for: 2ms}
- partition: {kind: one, at: [30ms], for: 20ms}
"""


def known_failure(name: str) -> Plan:
    if name == "plain times":
        return next(
            plan for seed in range(50) if broken(plan := resolve(loads(PLAIN_TIMES, "plain-times.yaml", Path()), seed))
        )
    plan, _, variant = name.partition(" ")
    return resolve(load(plan), None, [f"system.variant={variant}"] if variant else [])


@pytest.mark.parametrize(
    ("name", "elsewhere"),
    [
        ("plain times", True),
        pytest.param(HIGHEST, True, marks=pytest.mark.long),
        pytest.param("rsl-heavy-weather answers-from-the-cache", True, marks=pytest.mark.long),
        pytest.param("caspaxos-forgets-promises", False, marks=pytest.mark.long),
    ],
)
def test_shrinking_again_gives_the_same_bytes_and_so_does_shrinking_a_shrunk_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, elsewhere: bool
) -> None:
    """The first ones also in another process, under another hash seed, and without assertions (`python -O`)."""
    original = recorded_run(tmp_path / "store", known_failure(name))
    shrunk = shrink_run(RunFolder(original), into=tmp_path / "first")
    assert shrunk.tried is not Tried.PART
    assert shrunk.result.run is not None
    folders = [shrunk.result.run, shrink_run(RunFolder(Path(shrunk.result.run)), into=tmp_path / "second").result.run]
    if elsewhere:
        monkeypatch.setenv("PYTHONHASHSEED", "1")
        monkeypatch.setenv("PYTHONOPTIMIZE", "1")
        done = clew_in(tmp_path)("shrink", original, "--json", "--store", "third")
        assert done.returncode == 1, done.stderr
        folders.append(json.loads(done.stdout)["run"])
    for file in ("plan.yaml", "history.jsonl", "messages.jsonl"):
        contents = {(tmp_path / folder / file).read_bytes() for folder in folders if folder is not None}
        assert len(contents) == 1, file


@pytest.mark.long
@pytest.mark.parametrize(("name", "seed"), [(HIGHEST, 2), ("rsl-picks-the-lowest-ballot", 1)])
def test_rounds_go_on_until_one_finds_nothing_smaller(monkeypatch: pytest.MonkeyPatch, name: str, seed: int) -> None:
    """With small budgets these two plans take several rounds. Shrinking the result again finds nothing smaller."""
    budgets = {"DESCENT": 40_000, "DESCENT_PLAIN": 20_000, "DESCENT_RUNS": 3}
    for key, events in budgets.items():
        monkeypatch.setattr(sys.modules["clew.harness.shrink.budget"], key, events)
    for key, events in (("PLAIN_NETWORKS", 10_000), ("ARRANGEMENTS", 20_000)):
        monkeypatch.setattr(sys.modules["clew.harness.shrink.shrink"], key, events)
    shrunk, tried = smallest_plan(resolve(load(name), seed))
    assert smallest_plan(shrunk) == (shrunk, tried)


def test_one_restart_at_the_right_moment_is_enough_to_lose_a_write() -> None:
    plan = resolve(loads(ONE_RESTART, "one-restart.yaml", Path()))
    assert broken(plan) == "linearizable"
    assert broken(msgspec.structs.replace(plan, nemesis=())) == ""
    assert broken(resolve(loads(ONE_RESTART, "one-restart.yaml", Path()), None, ["system.variant=none"])) == ""


def test_two_restarts_that_nothing_between_makes_one_are_shrunk_to_one() -> None:
    plan, _ = smallest_plan(resolve(load("caspaxos-forgets-promises"), 2))
    operations, faults = split(plan)
    assert len(operations) <= 2
    assert [fault.fault for fault in faults] == [Crash(("n1",))]
    assert plan.system.nodes == 1
    assert broken(plan) == "linearizable"


BREAKS = """if message.f == "read" and self.value is None:
            raise KeyError("nothing")
        if message.f == "read" and self.value == 2:
            raise ValueError("two")"""


def test_a_node_that_breaks_is_shrunk_to_one_that_breaks_over_the_same(tmp_path: Path) -> None:
    # Without the write before it, the last read breaks the node too: with one operation less, but in another way.
    plan = resolve(load(str(put(tmp_path, breaks=BREAKS, plan=TWO_WAYS_TO_BREAK))))
    shrunk, _ = smallest_plan(plan)
    assert [operation.f for operation in split(shrunk)[0]] == ["write"], "and the final read"
    history, outcome = simulate(shrunk)
    found = signature(judge(shrunk, history, outcome), history, outcome)
    assert found == Signature("node", error="ValueError: two")


def test_any_failure_counts_if_asked_for_and_only_then(tmp_path: Path) -> None:
    clew = clew_called_in(tmp_path)
    # It takes two writes to get a wrong answer, but a read before any write breaks the node.
    breaks = """self.writes = getattr(self, "writes", 0) + (message.f == "write")
        if message.f == "read" and not self.writes:
            raise KeyError("nothing")"""
    put(tmp_path, breaks=breaks, answer="4711 if self.writes > 1 else self.value", plan=TWO_WAYS_TO_BREAK)
    done = clew("run", "echo.yaml", "--nodes", "inline", "--json")
    assert done.returncode == 1, done.stderr
    assert json.loads(done.stdout)["checks"]["linearizable"]["verdict"] == "invalid"
    shrunk = {}
    for option in ((), ("--any",)):
        done = clew("shrink", "store/latest", "--json", "--store", f"shrunk{len(option)}", *option)
        result = json.loads(done.stdout)
        shrunk[option] = split(resolve(load(str(tmp_path / result["run"] / "plan.yaml"))))[0]
        assert ("KeyError: 'nothing'" in result.get("error", "")) == bool(option)
    assert [operation.f for operation in shrunk[()]] == ["write", "write"]
    assert [operation.f for operation in shrunk[("--any",)]] == ["read"]
