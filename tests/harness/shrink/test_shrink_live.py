"""Shrinking a live run: a candidate counts if it fails k of n times in the same way."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st

from clew.harness.cli.output.shrink import live_line, print_shrunk_live
from clew.harness.plan import Plan, PlannedOperation, load, loads, resolve
from clew.harness.run import Attempt, attempt, header
from clew.harness.runtime.outcome import Outcome
from clew.harness.shrink import fails_live, run_live, shrink_live
from clew.harness.shrink.fails_live import Count, FailsLive, OutOfTime, Search
from clew.harness.shrink.frequency import MISSED, Rule, missed, rule
from clew.harness.shrink.run_live import ShrunkLive
from clew.harness.shrink.shrink import Tried
from clew.harness.verdict.result import Result
from clew.harness.verdict.signature import Signature
from clew.histories import History, Recorder
from tests.harness.conftest import Clew
from tests.harness.lying import PLAN as LIVE_PLAN
from tests.harness.lying import folders, lying

ALWAYS = tuple(range(1, 1000))
TEXT = """\
name: many
runtime: live
system: {name: caspaxos, nodes: 3}
workload: {kind: cas-register, clients: 2, operations: 1}
"""
SOURCE = loads(TEXT, "many.yaml", Path())
WANTED = Signature("linearizable")


def explicit(count: int) -> Plan:
    """A live plan with so many writes, one each 10 ms; the value of a write is its number."""
    plan = resolve(SOURCE)
    writes = tuple(PlannedOperation(i * 10_000_000, i % 2, "write", 0, i) for i in range(count))
    return msgspec.structs.replace(plan, workload=msgspec.structs.replace(plan.workload, operations=writes, keys=1))


class Fake:
    """In the place of live runs: a run fails if the plan has these values, and it is its turn."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, needed: set[int], turns: Iterator[bool]) -> None:
        self.needed = needed
        self.turns = turns
        self.plans: list[Plan] = []
        monkeypatch.setattr(fails_live, "simulate", self.run)
        monkeypatch.setattr(fails_live, "judge", lambda plan, history, outcome: self.judged(plan))
        monkeypatch.setattr(fails_live, "signature", lambda fails, history, outcome: WANTED if fails else None)
        monkeypatch.setattr(fails_live, "_moment", lambda *_: None)

    def run(self, plan: Plan, seconds: float) -> tuple[History, Outcome]:
        self.plans.append(plan)
        return Recorder(header(plan)).history(), Outcome()

    def judged(self, plan: Plan) -> bool:
        operations = plan.workload.operations
        assert isinstance(operations, tuple)
        return self.needed <= {operation.value for operation in operations} and next(self.turns)


def forever(*pattern: bool) -> Iterator[bool]:
    while True:
        yield from pattern


@given(st.integers(1, 20).flatmap(lambda runs: st.tuples(st.integers(1, min(runs, 3)), st.just(runs))))
def test_a_candidate_that_fails_as_often_as_the_original_is_missed_less_than_once_in_twenty(
    seen: tuple[int, int],
) -> None:
    failed, runs = seen
    found, chance = rule(failed, runs), (failed + 1) / (runs + 2)
    assert missed(found.needed, found.runs, chance) < MISSED
    # No smaller number of runs keeps that.
    assert missed(found.needed, found.runs - 1, chance) >= MISSED or found.runs == found.needed


def test_the_rules_that_the_docstring_names() -> None:
    named = re.findall(r"failed (\d+) of (\d+)\s+(\d+) of (\d+)", rule.__doc__ or "")
    assert len(named) == 6
    for failed, runs, needed, of in named:
        assert rule(int(failed), int(runs)) == Rule(int(needed), int(of))


@pytest.mark.parametrize(
    ("turns", "fails", "runs"),
    [
        ((True, True), True, 2),
        ((True, False, False, True), True, 4),
        ((False, False, False), False, 3),
        ((True, False, False, False), False, 4),
    ],
)
def test_a_candidate_gets_no_more_runs_than_it_takes(
    monkeypatch: pytest.MonkeyPatch, turns: tuple[bool, ...], fails: bool, runs: int
) -> None:
    fake = Fake(monkeypatch, set(), iter(turns))
    question = FailsLive(WANTED, Search(time.monotonic(), 60, rule=Rule(2, 4)))
    assert (question(explicit(3)) is not None) == fails
    assert len(fake.plans) == runs
    # The answer is remembered.
    assert (question(explicit(3)) is not None) == fails
    assert len(fake.plans) == runs


def test_nothing_is_known_of_a_candidate_whose_runs_were_cut_short(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = Fake(monkeypatch, set(), iter((True,)))
    question = FailsLive(WANTED, Search(time.monotonic(), 60, rule=Rule(2, 4)))
    with pytest.raises(StopIteration):
        question(explicit(3))
    fake.turns = iter((True, True))
    assert question(explicit(3)) is not None


@pytest.mark.parametrize("any_failure", [False, True])
def test_another_failure_counts_only_if_any_does(any_failure: bool) -> None:
    question = FailsLive(WANTED, Search(0, 1), any_failure)
    assert question.matches(WANTED)
    assert question.matches(Signature("liveness")) == any_failure
    assert not question.matches(None)


def test_what_is_needed_is_left_although_a_run_fails_only_two_times_of_three(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = Fake(monkeypatch, {7, 30}, forever(True, False, True))
    question = FailsLive(WANTED, Search(time.monotonic(), 600, rule=Rule(2, 5)))
    start = question(explicit(60))
    assert start is not None
    assert shrink_live.shrink_live(start, question) is Tried.LEAVING_OUT
    assert question.best is not None
    operations = question.best.plan.workload.operations
    assert isinstance(operations, tuple)
    assert [operation.value for operation in operations] == [7, 30]
    assert len(fake.plans) < 300


def test_no_run_begins_when_the_time_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = Fake(monkeypatch, set(), forever(True))
    question = FailsLive(WANTED, Search(time.monotonic() - 100, 99, rule=Rule(1, 1)))
    with pytest.raises(OutOfTime):
        question(explicit(2))
    assert fake.plans == []


ENDLESS = LIVE_PLAN.replace("operations: 6", "operations: [{at: 1h, client: 0, f: read}]").replace(
    ", mix: {read: 1, write: 2}", ""
)


def test_a_run_that_is_under_way_when_the_time_is_over_is_cancelled(tmp_path: Path) -> None:
    lying(tmp_path, ALWAYS, ENDLESS)
    plan = resolve(load(str(tmp_path / "echo.yaml")))
    question = FailsLive(WANTED, Search(time.monotonic(), 1.5, rule=Rule(1, 1)))
    with pytest.raises(OutOfTime):
        question(plan)
    assert question.search.runs == 0
    with pytest.raises(trio.TooSlowError):
        attempt(plan, tmp_path / "store", seconds=1)
    assert folders(tmp_path / "store") == []


@pytest.mark.long
def test_when_the_last_runs_have_no_time_the_first_that_failed_is_kept(
    clew_call: Clew, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[float] = []
    failed: list[str] = []

    def once(plan: Plan, into: Path, *, seconds: float) -> Attempt:
        calls.append(seconds)
        if failed:
            raise trio.TooSlowError
        one = attempt(plan, into, seconds=seconds)
        # On a busy machine a read may end by its timeout.
        failed.extend(["failed"] * (one.result.verdict == "invalid"))
        return one

    monkeypatch.setattr(run_live, "attempt", once)
    lying(tmp_path, ALWAYS)
    clew_call("run", "echo.yaml")
    done = clew_call("shrink", "store/latest", "--time", "1m")
    assert done.returncode == 1, done.stderr
    assert "failed 1 of " in done.stdout
    assert "the time was over before it was run as often as it should be: --time gives it more" in done.stdout
    assert (tmp_path / "store" / "latest" / "verdict.json").exists()
    # All parts share one budget.
    assert max(calls) < 60


@pytest.mark.long
def test_when_the_last_runs_have_no_time_at_all_the_line_says_so(
    clew_call: Clew, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(plan: Plan, into: Path, *, seconds: float) -> Attempt:
        raise trio.TooSlowError

    monkeypatch.setattr(run_live, "attempt", never)
    lying(tmp_path, ALWAYS)
    clew_call("run", "echo.yaml")
    done = clew_call("shrink", "store/latest", "--time", "1m")
    assert done.returncode == 254
    assert done.stderr == (
        "clew: the time is over: 60 s are too few to see the smallest plan fail again; --time gives it more\n"
    )


def test_a_terminal_gets_the_beginning_of_a_long_story_and_the_path_of_the_plan(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "".join(f"# story {i}\n" for i in range(30)) + "name: many\n" * 11
    shrunk = ShrunkLive(
        plan=explicit(1), signature=WANTED, result=Result("invalid", "many", 0, {}, 1, "", "store/many-shrunk/1"),
        operations=1,
        faults=0, failed=5, times=5, hurried=False, rule=Rule(2, 4), candidates=1, runs=9, seconds=1.0,
        tried=Tried.LEAVING_OUT, interrupted=False, text=text,
    )  # fmt: skip
    print_shrunk_live(shrunk, json=False)
    assert text in capsys.readouterr().out
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    print_shrunk_live(shrunk, json=False)
    out = capsys.readouterr().out
    assert out.startswith(
        "".join(f"# story {i}\n" for i in range(20)) + "... 21 lines more: store/many-shrunk/1/plan.yaml"
    )
    assert "name: many" not in out
    print_shrunk_live(msgspec.structs.replace(shrunk, text="# short\nname: many\n"), json=False)
    assert capsys.readouterr().out.startswith("# short\nname: many\n")


def test_a_live_run_is_shrunk_to_a_plan_that_runs_and_replays(clew_call: Clew, tmp_path: Path) -> None:
    lying(tmp_path, ALWAYS, LIVE_PLAN.replace("operations: 6", "operations: 2"))
    assert clew_call("run", "echo.yaml").returncode == 1
    original = (tmp_path / "store" / "latest").resolve()
    done = clew_call("shrink", "store/latest", "--time", "1m")
    assert done.returncode == 1, done.stderr
    assert "shrunk to 1 operation and 0 faults on 1 node after " in done.stdout
    assert "failed 5 of 5 times; a candidate had to fail 2 of 4 times" in done.stdout
    assert "# No two live runs are alike." in done.stdout
    kept = tmp_path / done.stdout.rsplit("run: ", 1)[1].strip()
    assert (tmp_path / "store" / "latest").resolve() == kept
    # Of all runs that it took, only this one is left.
    assert folders(tmp_path / "store") == sorted([original, kept])
    assert kept.parent.name == "echo-shrunk"
    text = (kept / "plan.yaml").read_text()
    assert text in done.stdout
    # The original's own patience: what was made short for the search alone is not in the result.
    assert "stop: end" in text
    again = clew_call("replay", kept, "--times", "2")
    assert "2 of 2 runs failed, all in the same way" in again.stdout


def test_a_failure_that_does_not_come_back_is_refused_in_a_line(clew_call: Clew, tmp_path: Path) -> None:
    lying(tmp_path, (1,), LIVE_PLAN.replace("operations: 6", "operations: 2"))
    assert clew_call("run", "echo.yaml").returncode == 1
    done = clew_call("shrink", "store/latest", "--time", "2s")
    assert done.returncode == 254
    assert re.fullmatch(
        r"clew: the failure did not come back in \d+ runs? of \d+ s together, so it cannot be shrunk: linearizable.*\n",
        done.stderr,
    )


def test_a_valid_run_is_refused_at_once(clew_call: Clew, tmp_path: Path) -> None:
    lying(tmp_path, ())
    assert clew_call("run", "echo.yaml").returncode == 0
    done = clew_call("shrink", "store/latest")
    assert done.returncode == 254
    assert "did not fail: there is nothing to shrink" in done.stderr
    assert (tmp_path / "count").stat().st_size == 1


@pytest.mark.long
def test_ctrl_c_keeps_the_smallest_plan_so_far(clew_call: Clew, tmp_path: Path) -> None:
    lying(tmp_path, ALWAYS)
    clew_call("run", "echo.yaml")
    command = [sys.executable, "-c", "from clew.harness.cli.app import main; main()", "shrink", "store/latest"]
    shrinking = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    # After one run to record, three to measure the frequency, and two with all operations, it searches.
    while (tmp_path / "count").stat().st_size < 8:
        assert shrinking.poll() is None
        time.sleep(0.01)
    shrinking.send_signal(signal.SIGINT)
    out, err = shrinking.communicate(timeout=60)
    assert shrinking.returncode == 1, err
    assert b"interrupted: shrunk so far to " in out
    assert b"failed 5 of 5 times" in out


def test_time_is_for_live_runs(clew_call: Clew, recorded: Path) -> None:
    done = clew_call("shrink", recorded, "--time", "1m")
    assert done.returncode == 254
    assert "--time 1m: only for live runs" in done.stderr


def test_the_line_of_progress() -> None:
    search = Search(time.monotonic(), 300, runs=2, count=Count(1, 2))
    assert live_line(search) == "0 of 300 s  2 runs  how often does it fail? 1 of 2 so far"
    search.rule = Rule(2, 4)
    assert live_line(search).endswith("with all operations and faults as a list: failed 1 of 2, must fail 2 of 4 times")
    search.best, search.candidates = explicit(8), 5
    assert live_line(search) == (
        "0 of 300 s  2 runs  8 operations, 0 faults, 3 nodes  candidate 5: failed 1 of 2, must fail 2 of 4 times"
    )
