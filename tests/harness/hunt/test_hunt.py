"""A hunt tries every seed once and in order, for any workers. It says what broke, and what the faults touched."""

from __future__ import annotations

import json
import multiprocessing
import os
import pickle
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, Executor, Future
from contextlib import nullcontext, suppress
from pathlib import Path
from typing import Any

import pytest

from clew.harness.cli.output.hunt import print_hunt
from clew.harness.cli.signals import stop_signals
from clew.harness.errors import MachineError
from clew.harness.hunt import Hunt, at_home, campaign, hunt
from clew.harness.hunt.campaign import BATCH
from clew.harness.hunt.coverage import coverage
from clew.harness.hunt.trial import trials
from clew.harness.plan import Plan, PlanError, Source, load, loads, resolve, shipped
from clew.harness.run import simulate
from clew.harness.store.folder import RunFolder
from clew.harness.verdict.judge import judge
from clew.harness.verdict.result import Result
from tests.harness.conftest import Clew
from tests.harness.echo import PLAN as PLAN_OF_ECHO
from tests.harness.echo import put

PLAN = """\
name: swarm
system: {name: caspaxos, nodes: {choice: [3, 5]}, variant: forgets-promises}
workload: {kind: cas-register, clients: 3, operations: 60, timeout: 1s}
network: {latency: {exponential: 5ms}, drop: {uniform: [0, 0.2]}}
nemesis:
  - crash: {target: one, random: 200ms, for: 100ms}
"""
SOURCE = loads(PLAN, "swarm.yaml", Path())


class AtOnce(Executor):
    """Does a job when it is submitted."""

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future


@pytest.fixture
def without_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands try their seeds in this process: for claims about what they print and keep."""
    monkeypatch.setattr("clew.harness.hunt.at_home", lambda jobs: nullcontext((AtOnce(), 1)))


class Backwards(Executor):
    """Does nothing until somebody waits for a result. Then it does the last job first."""

    def __init__(self) -> None:
        self.waiting: list[tuple[Future[Any], Callable[[], Any]]] = []

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        backwards = self

        class Late(Future[Any]):
            def result(self, timeout: float | None = None) -> Any:
                while backwards.waiting:
                    future, job = backwards.waiting.pop()
                    future.set_result(job())
                return super().result(timeout)

        future = Late()
        self.waiting.append((future, lambda: fn(*args, **kwargs)))
        return future


def tried(workers: int, executor: Executor) -> list[Any]:
    with executor:
        return list(campaign(SOURCE, [], range(5, 30), executor, workers))


def test_the_trials_are_the_same_whoever_does_them() -> None:
    one = tried(1, AtOnce())
    assert [trial.seed for trial in one] == list(range(5, 30))
    assert tried(4, Backwards()) == one
    with at_home(2) as (processes, workers):
        assert list(campaign(SOURCE, [], range(5, 30), processes, workers)) == one


def test_the_trials_are_the_same_if_every_job_ends_early(monkeypatch: pytest.MonkeyPatch) -> None:
    one = tried(1, AtOnce())
    monkeypatch.setattr(sys.modules["clew.harness.hunt.campaign"], "JOB_SECONDS_MAX", 0.0)
    assert len(trials(SOURCE, [], range(BATCH), seconds_max=0.0)) == 1
    assert tried(1, AtOnce()) == one
    assert tried(4, Backwards()) == one
    with at_home(2) as (processes, workers):
        assert list(campaign(SOURCE, [], range(5, 30), processes, workers)) == one


def test_a_campaign_to_the_first_failure_ends_with_it_and_no_job_goes_beyond_it() -> None:
    source = loads(PLAN.replace("operations: 60", "operations: 6"), "swarm.yaml", Path())  # only some seeds fail
    each = trials(source, [], range(1, 1 + BATCH))
    failing = [trial.signature is not None for trial in each]
    assert 0 < failing.index(True) < BATCH - 1
    expected = each[: failing.index(True) + 1]
    assert trials(source, [], range(1, 1 + BATCH), to_failure=True) == expected
    for workers, executor in ((1, AtOnce()), (4, Backwards())):
        with executor:
            assert list(campaign(source, [], range(1, 30), executor, workers, to_failure=True)) == expected


def test_a_campaign_over_time_tries_the_first_seeds_and_no_others() -> None:
    with AtOnce() as executor:
        until = time.monotonic() + 0.5
        seeds = [trial.seed for trial in campaign(SOURCE, [], iter(range(10**9)), executor, 1, until)]
    assert seeds == list(range(len(seeds)))
    assert seeds


def test_no_seed_is_begun_after_the_time_but_the_first_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """A job of several seeds ends with its current one. A job that waited for its worker until then tries none."""
    with AtOnce() as executor:
        assert [trial.seed for trial in campaign(SOURCE, [], range(5, 30), executor, 1, time.monotonic())] == [5]
    monkeypatch.setattr(sys.modules["clew.harness.hunt.campaign"], "BATCH", 1)
    until = time.monotonic() + 0.2

    class Busy(AtOnce):
        """Begins no job before the time is over."""

        def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
            class Late(Future[Any]):
                def result(self, timeout: float | None = None) -> Any:
                    time.sleep(max(0.0, until - time.monotonic()))
                    return fn(*args, **kwargs)

            return Late()

    with Busy() as executor:
        assert [trial.seed for trial in campaign(SOURCE, [], range(5, 30), executor, 2, until)] == [5]


def test_after_the_time_no_failing_run_is_kept_but_the_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """To keep a run takes longer than to find it. Of many that were found in time, most may be left at its end."""
    now, kept = [0.0], []

    def slowly(plan: Plan, into: Path | None, campaign: str) -> Result:
        now[0] += 6
        kept.append(plan.seed)
        return judge(plan, *simulate(plan), run=into)

    monkeypatch.setattr(sys.modules["clew.harness.hunt.hunt"], "_again", slowly)
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    with AtOnce() as executor:
        hunted = hunt(SOURCE, executor, 1, seconds=10, until="all", into=tmp_path)
        failing = [found.seed for found in hunted.failures]
        assert len(failing) > 2
        assert kept == failing[:2]
        print_hunt(hunted, json=False)
        assert f"the last {len(failing) - 2} failing runs have no folder" in capsys.readouterr().out
        kept.clear()
        once = hunt(SOURCE, executor, 1, seconds=1e-9, until="all", into=tmp_path)
        assert (once.seeds, once.unkept, kept) == (1, 0, [0])


def test_the_tables_of_a_hunt_end_without_spaces_and_without_a_seed_there_are_none(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with AtOnce() as executor:
        print_hunt(hunt(SOURCE, executor, 1, seeds=range(3), until="all", into=None), json=False)
    printed = capsys.readouterr().out.splitlines()
    assert any(line.startswith("coverage") for line in printed)
    assert [line for line in printed if line != line.rstrip()] == []
    print_hunt(Hunt(interrupted=True), json=False)
    assert "coverage" not in capsys.readouterr().out


def summary(hunted: Hunt) -> dict[str, Any]:
    return {name: value for name, value in hunted.summary().items() if name not in ("seconds", "campaign")}


def test_a_hunt_ends_at_the_first_failure_or_goes_on(tmp_path: Path) -> None:
    with AtOnce() as executor:
        every = hunt(SOURCE, executor, 1, seeds=range(20), until="all", into=None)
        first = hunt(SOURCE, executor, 3, seeds=range(20), into=tmp_path)
    assert every.seeds == 20
    assert len(every.failures) > 1
    assert first.failures[0].seed == every.failures[0].seed
    assert first.seeds == first.failures[0].seed + 1
    assert first.failures[0].run is not None
    assert (Path(first.failures[0].run) / "verdict.json").exists()
    assert sum(len(group) for group in every.groups().values()) == len(every.failures)
    assert every.exit_code == 1


def test_the_coverage_tells_faults_that_touched_an_operation_from_those_that_did_not() -> None:
    late = loads(
        PLAN.replace("random: 200ms", "at: 10ms").replace("operations: 60", "operations: 1, think: 1s"), "late", Path()
    )
    with AtOnce() as executor:
        storm = hunt(SOURCE, executor, 1, seeds=range(8), until="all", into=None)
        calm = hunt(late, executor, 1, seeds=range(8), until="all", into=None)
    assert 0 < storm.counts["touched"]["crash"] <= storm.counts["faults"]["crash"]
    assert storm.counts["landmarks"]["retries"] > 0
    assert calm.counts["faults"]["crash"] == 8
    assert calm.counts["touched"]["crash"] == 0
    assert ("crash faults", 8, "0.0 % touched an operation") in coverage(calm.counts, calm.seeds)


def test_the_coverage_names_what_the_nodes_of_a_system_count() -> None:
    source = load("rsl-kv-catch-up")
    counts = trials(source, [], [0])[0].counts["landmarks"]
    assert min(counts["view changes"], counts["state transfers"], counts["truncations"]) > 0
    rows = [what for what, _, _ in coverage({"landmarks": Counter(counts)}, 1)]
    assert {"view changes", "state transfers", "truncations"} <= set(rows)


def test_json_is_a_verdict_for_each_failing_run_and_a_summary_whatever_the_jobs(clew: Clew, tmp_path: Path) -> None:
    (tmp_path / "swarm.yaml").write_text(PLAN)
    outputs = []
    for jobs in ("1", "2"):
        done = clew("hunt", "swarm.yaml", "--seeds", "0:12", "--until", "all", "--jobs", jobs, "--json")
        assert done.returncode == 1, done.stderr
        *verdicts, last = [json.loads(line) for line in done.stdout.splitlines()]
        assert last["seeds"] == 12
        assert [found["seed"] for found in last["failures"]] == [verdict["seed"] for verdict in verdicts]
        for found, verdict in zip(last["failures"], verdicts, strict=True):
            assert verdict["verdict"] == "invalid"
            assert verdict["run"] == found["run"]
            assert verdict["campaign"] == last["campaign"]
            assert json.loads((tmp_path / found["run"] / "verdict.json").read_text()) == verdict
        mine = {"run": None, "campaign": None}
        outputs.append(([verdict | mine for verdict in verdicts], last | {"failures": [], "seconds": 0} | mine))
    assert outputs[0] == outputs[1]
    assert len({path.name for path in (tmp_path / "store" / "swarm").iterdir()}) == 2 * len(verdicts)


@pytest.mark.usefixtures("without_workers")
def test_a_hunt_that_finds_nothing_is_valid(clew_call: Clew) -> None:
    for seeds, said in (("0:3", "3 seeds in "), ("2:3", "1 seed in ")):
        done = clew_call("hunt", "caspaxos-happy-path", "--seeds", seeds, "--jobs", "1")
        assert done.returncode == 0, done.stderr
        assert done.stdout.startswith(said)
        assert "nothing was broken" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--seeds", "5:5"), "--seeds 5:5"),
        (("--seeds", "all"), "--seeds all"),
        (("--seeds", f"0:{2**63}"), f"the largest B is {2**63 - 1}"),
        (("--seeds", "0:9", "--time", "1m"), "--seeds 0:9 and --time 1m: expected one of them"),
        (("--time", "ten"), "--time ten"),
        (("--time", "0s"), "more than 0s"),
        (("--time", "9999999999h"), "at most 2562047h"),
        (("--store", ""), "'--store': expected a folder"),
        (("--store", "/proc/x"), "--store /proc/x: no runs can be kept there"),
        (("--jobs", "0"), "--jobs 0"),
        (("--scheduler", "tcp://127.0.0.1:1", "--jobs", "2"), "expected one of them"),
        (("--set", "workload.cleints=3"), "workload.cleints"),
        (("--until", "never"), "never"),
    ],
)
def test_a_mistake_is_one_line_and_254(clew_call: Clew, tmp_path: Path, arguments: tuple[str, ...], said: str) -> None:
    done = clew_call("hunt", "caspaxos-happy-path", *arguments)
    assert done.returncode == 254, done.stderr
    assert said in done.stderr
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "store").exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_ends_a_hunt_with_what_is_known_and_without_orphans(tmp_path: Path, number: signal.Signals) -> None:
    command = [sys.executable, "-c", "if __name__ == '__main__':\n from clew.harness.cli.app import main; main()"]
    command += ["hunt", "caspaxos-contention-storm", "--time", "10m", "--jobs", "2", "--json", "--store", str(tmp_path)]
    marked = {**os.environ, "CLEW_TEST_MARK": str(tmp_path)}
    # This is how a shell without job control starts a command in the background.
    background = ["sh", "-c", 'trap "" INT; exec "$@"', "sh", *command]
    hunting = subprocess.Popen(background, env=marked, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 60
    while len(alive(tmp_path)) < 3:
        assert time.monotonic() < deadline, "the workers are not processes"
        time.sleep(0.1)
    time.sleep(1)
    hunting.send_signal(number)
    output, errors = hunting.communicate(timeout=60)
    assert hunting.returncode == 2, errors
    assert "Traceback" not in errors
    assert json.loads(output.splitlines()[-1])["interrupted"]
    time.sleep(0.5)
    assert not alive(tmp_path)


def test_ctrl_c_while_a_failing_run_is_kept_names_its_seed_and_leaves_no_half_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(RunFolder, "finish", lambda folder, result, page: signal.raise_signal(signal.SIGINT))
    named = []
    with AtOnce() as executor, stop_signals():
        hunted = hunt(
            SOURCE, executor, 1, seeds=range(20), until="all", into=tmp_path, found=lambda found, _: named.append(found)
        )
    assert hunted.interrupted
    assert named == hunted.failures
    assert [(found.seed, found.run) for found in hunted.failures] == [(hunted.seeds - 1, None)]
    assert not list(tmp_path.iterdir())


@pytest.mark.usefixtures("without_workers")
def test_failures_are_told_as_they_are_found_and_then_in_a_table_by_what_broke(clew_call: Clew, tmp_path: Path) -> None:
    (tmp_path / "swarm.yaml").write_text(PLAN)
    done = clew_call("hunt", "swarm.yaml", "--seeds", "0:30", "--until", "all")
    assert done.returncode == 1, done.stderr
    told = dict(re.findall(r"^seed (\d+) fails: (.*)$", done.stdout, re.MULTILINE))
    assert re.search(rf"^30 seeds in \d+\.\d s \(\d+\.\d a second\): {len(told)} fail$", done.stdout, re.MULTILINE)
    head, *lines = done.stdout.split("\n\n")[1].splitlines()
    assert head.split() == ["what", "broke", "counterexample", "runs", "seeds", "first", "run"]
    rows = [re.split(r" {2,}", line.strip()) for line in lines]
    counts = [int(row[-3]) for row in rows]
    assert counts == sorted(counts, reverse=True)
    assert len(counts) > 1
    listed = []
    for row in rows:
        *broke, runs, seeds, first = row
        *shown, last = seeds.split()
        assert (last == "...") == (int(runs) > len(shown) + 1)
        seeds_shown = shown if last == "..." else [*shown, last]
        listed += seeds_shown
        # All failures of a row broke alike. A row has the check, its invariant, and the counterexample.
        verdict = json.loads((tmp_path / first / "verdict.json").read_text())
        assert verdict["seed"] == int(seeds_shown[0])
        assert told[seeds_shown[0]] == verdict["happened"]
        assert verdict["checks"][broke[0].partition(",")[0]]["verdict"] == "invalid"
    assert sum(counts) == len(told)
    assert len(set(listed)) == len(listed)
    assert set(listed) <= set(told)


def test_on_a_terminal_a_line_tells_seeds_rate_faults_and_failures_so_far(tmp_path: Path) -> None:
    text = PLAN.replace("operations: 60", "operations: 6")  # so that only some seeds fail
    (tmp_path / "swarm.yaml").write_text(text)
    ours, theirs = os.openpty()
    script = "if __name__ == '__main__':\n from clew.harness.cli.app import main; main()"
    command = [sys.executable, "-c", script, "hunt", "swarm.yaml", "--seeds", "0:12", "--until", "all", "--jobs", "1"]
    wide = {**os.environ, "COLUMNS": "150", "TERM": "xterm"}
    hunting = subprocess.Popen(command, cwd=tmp_path, env=wide, stdout=subprocess.DEVNULL, stderr=theirs)
    os.close(theirs)
    said = b""
    with suppress(OSError):
        # Reading raises at the end of the terminal.
        while more := os.read(ours, 10000):
            said += more
    hunting.wait(60)
    os.close(ours)
    line = rb"swarm  (\d+) of 12 seeds  ([\d.,]+) a second  (?:about [\w ]+ left  )?([\d,]+) faults?  (\d+) failures?"
    shown = {tuple(float(number.replace(b",", b"")) for number in found) for found in re.findall(line, said)}
    those = trials(loads(text, "swarm.yaml", Path()), [], range(12))
    assert any(seeds > failures > 0 for seeds, _, _, failures in shown)
    for seeds, rate, faults, failures in shown:
        assert rate > 0
        assert faults == sum(sum(trial.counts["faults"].values()) for trial in those[: int(seeds)])
        # The line is drawn by the clock: a seed is counted a moment before its failure, which is run once more.
        assert 0 <= sum(trial.signature is not None for trial in those[: int(seeds)]) - failures <= 1


def test_a_killed_worker_loses_no_seed_and_none_is_counted_twice() -> None:
    found = []
    with at_home(2) as (executor, count):
        for trial in campaign(SOURCE, [], range(60), executor, count):
            found.append(trial)
            if len(found) == 10:
                victim, *_ = multiprocessing.active_children()
                victim.kill()
    assert [trial.seed for trial in found] == list(range(60))
    assert found[30:40] == trials(SOURCE, [], range(30, 40))
    assert not multiprocessing.active_children()


class Doomed(AtOnce):
    """Its workers die over every job."""

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        future.set_exception(BrokenExecutor())
        return future


def test_workers_that_die_again_and_again_are_one_line() -> None:
    with Doomed() as executor, pytest.raises(MachineError, match="seeds from 5 on"):
        list(campaign(SOURCE, [], range(5, 30), executor, 1))


def test_a_hunt_whose_workers_die_has_what_it_knew_before() -> None:
    class Mortal(AtOnce):
        """Its workers do one job, and die over every later one."""

        jobs = 0

        def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
            self.jobs += 1
            return (AtOnce if self.jobs == 1 else Doomed).submit(self, fn, *args, **kwargs)

    with Mortal() as executor:
        hunted = hunt(SOURCE, executor, 1, seeds=range(40), until="all", into=None)
    assert hunted.seeds == BATCH
    assert hunted.failures
    assert isinstance(hunted.error, MachineError)
    assert f"seeds from {BATCH} on" in hunted.summary()["error"]
    assert hunted.exit_code == 255


@pytest.mark.usefixtures("without_workers")
def test_a_hunt_that_comes_to_a_seed_whose_plan_cannot_be_has_what_it_knew_before(
    clew_call: Clew, tmp_path: Path
) -> None:
    text = PLAN.replace("target: one", "target: [n5]").replace("[3, 5]", "[5, 5, 5, 5, 5, 5, 5, 5, 5, 3]")
    (tmp_path / "swarm.yaml").write_text(text)
    impossible = next(seed for seed in range(100) if not possible(load(str(tmp_path / "swarm.yaml")), seed))
    assert impossible % BATCH, "others of its job come before it"
    done = clew_call("hunt", "swarm.yaml", "--until", "all", "--json", "--jobs", "1")
    assert done.returncode == 254
    assert "n5" in done.stderr
    assert done.stderr.count("\n") == 1
    summary = json.loads(done.stdout.splitlines()[-1])
    assert summary["seeds"] == impossible
    assert summary["error"] in done.stderr


def possible(source: Source, seed: int) -> bool:
    try:
        resolve(source, seed)
    except PlanError:
        return False
    return True


@pytest.mark.parametrize("every_verdict", [True, False])
def test_beyond_the_kept_runs_there_are_no_folders_and_verdicts_only_for_who_wants_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, every_verdict: bool
) -> None:
    module = sys.modules["clew.harness.hunt.hunt"]
    monkeypatch.setattr(module, "KEPT", 2)
    again = module._again  # type: ignore[attr-defined]
    run_again, verdicts = [], []

    def counted(plan: Plan, into: Path | None, campaign: str) -> Result:
        run_again.append(plan.seed)
        result: Result = again(plan, into, campaign)
        return result

    monkeypatch.setattr(module, "_again", counted)
    with AtOnce() as executor:
        hunted = hunt(
            SOURCE,
            executor,
            1,
            seeds=range(20),
            until="all",
            into=tmp_path,
            every_verdict=every_verdict,
            found=lambda found, result: verdicts.append(result and result.verdict),
        )
    failing = [found.seed for found in hunted.failures]
    assert len(failing) > 2
    wanted = len(failing) if every_verdict else 2
    assert run_again == failing[:wanted]
    assert verdicts == ["invalid"] * wanted + [None] * (len(failing) - wanted)
    assert [found.run is None for found in hunted.failures] == [i >= 2 for i in range(len(failing))]
    assert hunted.summary()["unkept"] == len(failing) - 2


def alive(mark: Path) -> list[int]:
    """The processes that have the mark in their environment."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                environment = (entry / "environ").read_bytes()
                state = (entry / "stat").read_text().rsplit(")", 1)[1].split()[0]
            except OSError:
                continue
            if f"CLEW_TEST_MARK={mark}".encode() in environment and state != "Z":
                found.append(int(entry.name))
    return found


def test_every_shipped_plan_can_be_sent_to_a_worker() -> None:
    for name, _ in shipped():
        source = load(name)
        assert pickle.loads(pickle.dumps(source)) == source


def quick_to_see_a_hang(plan: Path) -> Path:
    """Let workers wait for a hanging step for half a second, not for ten: they import the system, and this with it."""
    system = plan.with_name("echo.py")
    limit = "from clew.harness.runtime.simulation import watchdog\nwatchdog.STEP_SECONDS_MAX = 0.5\n"
    system.write_text(limit + system.read_text())
    return plan


HANGS = "node: n1 hangs: one step takes longer than 0.5 s"


def test_a_node_that_loops_for_ever_is_named_with_its_seed_and_the_hunt_keeps_its_time(
    clew: Clew, tmp_path: Path
) -> None:
    quick_to_see_a_hang(put(tmp_path, breaks="while True: pass"))
    began = time.monotonic()
    done = clew("hunt", "echo.yaml", "--time", "1s", "--until", "all", "--jobs", "1")
    # A seed takes half a second, and is run twice. The rest of the time starts processes.
    assert time.monotonic() - began < 60
    assert done.returncode == 1, done.stderr
    failing = re.findall(r"^seed (\d+) fails: (.*)$", done.stdout, re.MULTILINE)
    assert failing == [(str(seed), HANGS) for seed in range(len(failing))]
    assert 1 <= len(failing) < BATCH, "not even the job that was begun is finished"


def test_a_hunt_goes_on_after_a_node_that_loops_for_ever(clew: Clew, tmp_path: Path) -> None:
    text = PLAN_OF_ECHO.replace("clients: 1", "clients: {choice: [1, 2]}")
    plan = quick_to_see_a_hang(put(tmp_path, breaks="while source == 'c1': pass", plan=text))
    hangs = [seed for seed in range(4) if resolve(load(str(plan)), seed).workload.clients == 2]
    assert 0 < len(hangs) < 4
    done = clew("hunt", "echo.yaml", "--seeds", "0:4", "--until", "all", "--jobs", "1", "--json")
    assert done.returncode == 1, done.stderr
    summary = json.loads(done.stdout.splitlines()[-1])
    assert summary["seeds"] == 4
    assert [(found["seed"], found["failure"]) for found in summary["failures"]] == [(seed, HANGS) for seed in hangs]


def test_a_node_that_sends_itself_messages_without_a_delay_ends_as_a_failure(clew: Clew, tmp_path: Path) -> None:
    put(tmp_path, breaks="return ctx.send('n1', message)")
    done = clew("hunt", "echo.yaml", "--seeds", "0:8", "--jobs", "1")
    assert done.returncode == 1, done.stderr
    assert "seed 0 fails: node: n1 takes more than 100,000 steps within a millisecond" in done.stdout
    assert "does it send itself messages, or set timers, without a delay?" in done.stdout
