"""A failing run becomes an explicit plan with the same history, and then the smallest plan that fails the same way."""

from __future__ import annotations

import io
import json
import os
import re
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import msgspec
import pytest
import trio

from clew.harness.cli.foreground import stop_signals
from clew.harness.plan import Plan, PlannedOperation, dump, load, loads, resolve, shipped
from clew.harness.run import run, simulate
from clew.harness.shrink import Tried, explicit, shrink_run
from clew.harness.shrink.explicit import members_of
from clew.harness.shrink.reduce import search, turn_down
from clew.harness.shrink.run import smallest_plan
from clew.harness.shrink.smallest import Smallest
from clew.harness.shrink.story import NOT_FINISHED, NOT_REARRANGED, story
from clew.harness.store.folder import RunFolder
from clew.harness.verdict.judge import judge
from clew.harness.verdict.result import Result
from clew.harness.verdict.signature import Signature, signature
from clew.histories import History
from clew.histories import dump as dump_history
from clew.nemesis import FaultEvent
from clew.nemesis.crash import Crash
from tests.harness.conftest import Clew, clew_called_in, clew_in
from tests.harness.echo import put

HIGHEST = "caspaxos-highest-version"


def written(history: History) -> bytes:
    stream = io.BytesIO()
    dump_history(history, stream)
    return stream.getvalue()


@pytest.mark.parametrize("name", [name for name, _ in shipped()])
def test_a_run_as_an_explicit_plan_is_the_same_run_byte_for_byte(name: str) -> None:
    # The plans of RSL have long runs. One seed of each is enough.
    for seed in range(1 if name.startswith("rsl-") else 3):
        plan = resolve(load(name), seed)
        history, outcome = simulate(plan)
        spelled = explicit(plan, history, outcome.rested)
        assert isinstance(spelled.workload.operations, tuple)
        assert resolve(loads(dump(spelled), "plan.yaml", Path())) == spelled
        again, repeated = simulate(spelled)
        assert written(again) == written(history)
        assert repeated.violations == outcome.violations
        assert explicit(spelled, again, repeated.rested) == spelled


def test_an_explicit_plan_has_all_faults_with_their_times_and_none_that_never_began() -> None:
    plan = resolve(load("caspaxos-contention-storm"), 3, ["workload.operations=300"])
    history, outcome = simulate(plan)
    spelled = explicit(plan, history, outcome.rested)
    assert len(spelled.nemesis) == outcome.progress.faults.total() > 0
    assert all(member.at <= (outcome.rested or 0) for member in members_of(spelled))
    assert len(members_of(spelled)) == len(spelled.nemesis) + 300


def test_dials_are_turned_down_as_far_as_the_test_allows() -> None:
    assert turn_down([1] * 20, lambda dials: bool(dials[3] and dials[11])) == tuple(
        int(i in (3, 11)) for i in range(20)
    )
    assert turn_down([900, 40, 7], lambda dials: dials[0] + dials[1] >= 50 and dials[2] > 1) == (10, 40, 2)
    assert turn_down([5, 5], lambda dials: dials == (5, 5)) == (5, 5)
    assert turn_down([0, 0], lambda dials: True) == (0, 0)
    far = [301, 302, 303, 304, 305]
    assert turn_down(far, lambda dials: dials == tuple(far)) == tuple(far)
    # Only the start and dials near it fail, and some dials are down already.
    near = [0, 8, 22, 1, 0, 1, 5]
    assert turn_down(near, lambda dials: dials[2] >= 21 and dials[6] == 5) == (0, 0, 21, 0, 0, 0, 5)


def test_a_search_finds_the_simplest_of_what_is_easy_to_find() -> None:
    assert search([20, 20], lambda dials: dials[0] >= 5, 100) == (5, 0)
    assert search([20, 20], lambda dials: False, 100) is None


def recorded_run(store: Path, plan: Plan) -> Path:
    result = trio.run(lambda: run(plan, nodes="inline", into=store))
    assert result.run is not None
    return Path(result.run)


@pytest.fixture(scope="module")
def failing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a failing run. Tests only read it."""
    return recorded_run(tmp_path_factory.mktemp("failing") / "store", resolve(load(HIGHEST)))


def test_a_shrunk_run_is_small_tells_its_story_and_fails_the_same_way_again(failing: Path, tmp_path: Path) -> None:
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
        (HIGHEST, True),
        ("rsl-heavy-weather answers-from-the-cache", True),
        ("caspaxos-forgets-promises", False),
        ("plain times", False),
    ],
)
def test_shrinking_again_gives_the_same_bytes_and_so_does_shrinking_a_shrunk_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, elsewhere: bool
) -> None:
    """The first also in another process, under another hash seed."""
    original = recorded_run(tmp_path / "store", known_failure(name))
    shrunk = shrink_run(RunFolder(original), into=tmp_path / "first")
    assert shrunk.tried is not Tried.PART
    assert shrunk.result.run is not None
    folders = [shrunk.result.run, shrink_run(RunFolder(Path(shrunk.result.run)), into=tmp_path / "second").result.run]
    if elsewhere:
        monkeypatch.setenv("PYTHONHASHSEED", "1")
        done = clew_in(tmp_path)("shrink", original, "--json", "--store", "third")
        assert done.returncode == 1, done.stderr
        folders.append(json.loads(done.stdout)["run"])
    for file in ("plan.yaml", "history.jsonl", "messages.jsonl"):
        contents = {(tmp_path / folder / file).read_bytes() for folder in folders if folder is not None}
        assert len(contents) == 1, file


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


def test_a_search_that_cannot_try_every_arrangement_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    plan, tried = smallest_plan(resolve(loads(ONE_RESTART, "one-restart.yaml", Path())))
    assert tried is Tried.EVERYTHING
    monkeypatch.setattr(sys.modules["clew.harness.shrink.arrange"], "CANDIDATES_MOST", 1)
    assert smallest_plan(plan) == (plan, Tried.LEAVING_OUT)


def test_a_story_that_says_another_thing_of_the_search_is_written_anew(
    failing: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after a shrink that was interrupted, and then done again to its end."""

    def shrunk(folder: Path, tried: Tried) -> Path:
        monkeypatch.setattr(sys.modules["clew.harness.shrink.run"], "shrink", lambda plan, fails: tried)
        again = shrink_run(RunFolder(folder), into=tmp_path / tried.name).result.run
        assert again is not None
        return Path(again)

    folder, texts = failing, []
    for tried in (Tried.PART, Tried.LEAVING_OUT, Tried.EVERYTHING, Tried.EVERYTHING):
        folder = shrunk(folder, tried)
        texts.append(" ".join((folder / "plan.yaml").read_text().split("What breaks")[0].replace("#", "").split()))
    assert ["are enough" in text for text in texts] == [False, True, True, True]
    assert [NOT_FINISHED in text for text in texts] == [True, False, False, False]
    assert [NOT_REARRANGED in text for text in texts] == [False, True, False, False]
    assert texts[3] == texts[2]


def test_a_search_that_spent_its_budget_says_so(failing: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    budget = sys.modules["clew.harness.shrink.budget"]
    for name, events in (("DESCENT", 5000), ("DESCENT_PLAIN", 5000), ("DESCENT_RUNS", 1), ("PLAIN_NETWORKS", 1)):
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


def broken(plan: Plan) -> str:
    history, outcome = simulate(plan)
    found = signature(judge(plan, history, outcome), history, outcome)
    return "" if found is None else found.broke


ONE_RESTART = """\
name: one-restart
system: {name: caspaxos, nodes: 3, variant: forgets-promises}
workload:
  kind: cas-register
  clients: 3
  timeout: 1s
  operations:
  - {at: 0s, client: 1, f: write, key: 0, value: 1}
  - {at: 14ms, client: 2, f: read, key: 0}
network: {latency: 5ms}
nemesis:
- crash: {target: [n1], at: [16ms], for: 2ms}
"""


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


def split(plan: Plan) -> tuple[list[PlannedOperation], list[FaultEvent]]:
    members = members_of(plan)
    operations = [member for member in members if isinstance(member, PlannedOperation)]
    return operations, [member for member in members if isinstance(member, FaultEvent)]


TWO_WAYS_TO_BREAK = """\
name: two-ways
system: {name: echo.py, nodes: 1}
workload:
  kind: cas-register
  clients: 1
  timeout: 1s
  operations:
  - {at: 0s, client: 0, f: write, key: 0, value: 1}
  - {at: 10ms, client: 0, f: read, key: 0}
  - {at: 20ms, client: 0, f: write, key: 0, value: 2}
  - {at: 30ms, client: 0, f: read, key: 0}
"""
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


def test_a_run_that_does_not_fail_is_refused_with_the_counts_and_nothing_is_written(recorded: Path) -> None:
    before = sorted(recorded.parents[2].rglob("*"))
    done = clew_called_in(recorded.parents[2])("shrink", recorded, "--store", "shrunk")
    assert done.returncode == 254
    assert "fails 0 times out of 3" in done.stderr
    assert done.stderr.count("\n") == 1
    assert sorted(recorded.parents[2].rglob("*")) == before


@pytest.mark.parametrize(("failing", "said"), [(1, "fails 1 time out of 3"), (2, "fails 2 times out of 3")])
def test_a_run_that_fails_now_and_then_is_refused_with_the_counts_and_nothing_is_written(
    clew: Clew, tmp_path: Path, failing: int, said: str
) -> None:
    # The system counts its runs in a process.
    plan = put(
        tmp_path,
        breaks="Node.runs, self.known = getattr(Node, 'runs', 0) + (not hasattr(self, 'known')), True",
        answer=f"4711 if Node.runs <= {failing} else self.value",
    )
    assert clew("run", plan, "--nodes", "inline").returncode == 1
    before = sorted(tmp_path.rglob("*"))
    # In this process it has not run yet.
    done = clew_called_in(tmp_path)("shrink", "store/latest")
    assert done.returncode == 254
    assert said in done.stderr
    assert done.stderr.count("\n") == 1
    assert sorted(tmp_path.rglob("*")) == before


def test_a_store_that_cannot_be_written_is_one_line(failing: Path, tmp_path: Path) -> None:
    clew = clew_called_in(tmp_path)
    (tmp_path / "file").write_text("")
    done = clew("shrink", failing, "--store", "file")
    assert done.returncode == 254
    assert done.stderr == "clew: --store file: no runs can be kept there: Not a directory\n"
    # This is found before the run is tried.
    done = clew("shrink", failing, "--store", "/proc/x")
    assert done.returncode == 254
    assert done.stderr == "clew: --store /proc/x: no runs can be kept there: No such file or directory\n"


def test_the_best_so_far_is_the_smallest_whatever_fails_after_it() -> None:
    whole = resolve(loads(ONE_RESTART, "one-restart.yaml", Path()))
    calm = msgspec.structs.replace(whole, nemesis=())
    told: list[Plan] = []
    best = Smallest(whole, told.append)
    for plan in (calm, whole, calm):
        best.offer(plan)
    assert best.plan == calm
    assert told == [calm]


def test_ctrl_c_keeps_the_best_so_far_and_names_it(tmp_path: Path) -> None:
    # This shrink takes many seconds, but soon finds something smaller.
    recorded_run(tmp_path / "store", resolve(load("caspaxos-dirty-reads")))
    ours, theirs = os.openpty()
    command = [sys.executable, "-c", "from clew.harness.cli.app import main; main()", "shrink", "store/latest"]
    shrinking = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=theirs, text=True)
    os.close(theirs)
    said = b""
    while b" operations, " not in said:
        # Once the first step is on the terminal, there is something to keep.
        said += os.read(ours, 1000)
    shrinking.send_signal(signal.SIGINT)
    output, _ = shrinking.communicate(timeout=60)
    with suppress(OSError):
        # Reading raises at the end of the terminal.
        while more := os.read(ours, 1000):
            said += more
    os.close(ours)
    assert shrinking.returncode == 1
    steps = re.findall(rb"(\d+) operations?, (\d+) faults?, (\d+) nodes?", said)
    kept = re.search(r"interrupted: the best so far to (\d+) operations? and (\d+) faults? on (\d+) nodes?", output)
    assert kept is not None, output
    assert [int(number) for number in kept.groups()] == [int(number) for number in steps[-1]]
    folder = tmp_path / output.split("run: ")[1].strip()
    plan = resolve(load(str(folder / "plan.yaml")))
    assert broken(plan) == "linearizable"
    assert (folder / "verdict.json").exists()
    assert (folder / "plan.yaml").read_text().startswith("# Shrunk from caspaxos-dirty-reads, seed 0, to ")


def test_ctrl_c_while_the_best_is_kept_keeps_it_all_the_same(
    failing: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    interrupts = [signal.SIGINT]
    finish = RunFolder.finish

    def interrupted(folder: RunFolder, result: Result, page: str | None) -> None:
        for number in interrupts:
            interrupts.remove(number)
            signal.raise_signal(number)
        finish(folder, result, page)

    monkeypatch.setattr(RunFolder, "finish", interrupted)
    # Nothing smaller is looked for: the run itself is the best so far.
    monkeypatch.setattr(sys.modules["clew.harness.shrink.run"], "shrink", lambda plan, fails: Tried.EVERYTHING)
    with stop_signals():
        shrunk = shrink_run(RunFolder(failing), into=tmp_path / "shrunk")
    assert not interrupts
    assert shrunk.interrupted
    (folder,) = (tmp_path / "shrunk").glob("caspaxos-*/*")
    assert shrunk.result.run is not None
    assert folder.samefile(shrunk.result.run)
    assert RunFolder(folder).read_result() is not None


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
