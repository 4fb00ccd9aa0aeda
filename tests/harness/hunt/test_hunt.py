"""A hunt says what broke, keeps the failing runs, and says what the faults touched."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from clew.harness.cli.output.hunt import print_hunt
from clew.harness.cli.signals import stop_signals
from clew.harness.errors import MachineError
from clew.harness.hunt import Found, Hunt, Trial, hunt
from clew.harness.hunt.coverage import coverage
from clew.harness.hunt.trial import trials
from clew.harness.plan import Plan, PlanError, load, loads
from clew.harness.plan.error import Place
from clew.harness.run import simulate
from clew.harness.store.folder import RunFolder
from clew.harness.verdict.judge import judge
from clew.harness.verdict.result import Result
from clew.harness.verdict.signature import Signature
from tests.harness.conftest import Clew
from tests.harness.hunt.hunts import PLAN, SOURCE, AtOnce


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
        every = hunt(SOURCE, executor, 1, seeds=range(10), until="all", into=None)
        first = hunt(SOURCE, executor, 3, seeds=range(10), into=tmp_path)
    assert every.seeds == 10
    assert len(every.failures) > 1
    assert first.failures[0].seed == every.failures[0].seed
    assert first.seeds == first.failures[0].seed + 1
    assert first.failures[0].run is not None
    assert (Path(first.failures[0].run) / "verdict.json").exists()
    assert sum(len(group) for group in every.groups().values()) == len(every.failures)
    assert every.exit_code == 1


FOUND = Found(0, Signature("linearizable"), None, 0.0)


@pytest.mark.parametrize(
    ("hunted", "code"),
    [
        (Hunt(seeds=1), 0),
        (Hunt(seeds=1, failures=[FOUND]), 1),
        (Hunt(seeds=1, failures=[FOUND], undecided=1, interrupted=True), 1),
        (Hunt(seeds=1, undecided=1), 2),
        (Hunt(seeds=1, interrupted=True), 2),
        (Hunt(), 2),
        (Hunt(seeds=1, failures=[FOUND], error=PlanError(Place("plan.yaml"), "", "")), 254),
        (Hunt(seeds=1, failures=[FOUND], error=OSError()), 255),
        (Hunt(seeds=1, error=MachineError("")), 255),
    ],
)
def test_the_exit_code_is_that_of_a_failure_unless_the_hunt_broke(hunted: Hunt, code: int) -> None:
    assert hunted.exit_code == code


def test_what_failed_most_often_comes_first_and_then_what_failed_first() -> None:
    seeds = {"liveness": [0], "linearizable": [1, 4], "invariants": [2], "node": [3, 5]}
    broke = {seed: name for name, of_name in seeds.items() for seed in of_name}
    hunted = Hunt(failures=[Found(seed, Signature(broke[seed]), None, 0.0) for seed in sorted(broke)])
    assert [kind.broke for kind in hunted.groups()] == ["linearizable", "node", "liveness", "invariants"]


def test_a_seed_that_fails_is_not_counted_as_undecided() -> None:
    hunted = Hunt()
    for signature in (None, FOUND.signature):
        hunted.add(Trial(0, "unknown", signature, {}))
    assert (hunted.seeds, hunted.undecided) == (2, 1)


def test_the_coverage_tells_faults_that_touched_an_operation_from_those_that_did_not() -> None:
    late = loads(
        PLAN.replace("random: 200ms", "at: 10ms").replace("operations: 20", "operations: 1, think: 1s"), "late", Path()
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
    # So short that only some seeds fail: to judge and to keep a failing run takes longer than everything else.
    (tmp_path / "swarm.yaml").write_text(PLAN.replace("operations: 20", "operations: 6"))
    outputs = []
    for jobs in ("1", "2"):
        done = clew("hunt", "swarm.yaml", "--seeds", "0:6", "--until", "all", "--jobs", jobs, "--json")
        assert done.returncode == 1, done.stderr
        *verdicts, last = [json.loads(line) for line in done.stdout.splitlines()]
        assert last["seeds"] == 6
        assert [found["seed"] for found in last["failures"]] == [verdict["seed"] for verdict in verdicts]
        assert 1 < len(verdicts) < 6
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


@pytest.mark.parametrize("number", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.long)])
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
    done = clew_call("hunt", "swarm.yaml", "--seeds", "0:15", "--until", "all")
    assert done.returncode == 1, done.stderr
    told = dict(re.findall(r"^seed (\d+) fails: (.*)$", done.stdout, re.MULTILINE))
    assert re.search(rf"^15 seeds in \d+\.\d s \(\d+\.\d a second\): {len(told)} fail$", done.stdout, re.MULTILINE)
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
    text = PLAN.replace("operations: 20", "operations: 6")  # so that only some seeds fail
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
            seeds=range(10),
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
