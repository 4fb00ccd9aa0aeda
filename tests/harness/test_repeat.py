"""A live run that is run again is counted: no two live runs have the same bytes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from clew.harness.verdict.signature import Signature, same_way
from tests.harness.conftest import Clew
from tests.harness.lying import PLAN, lying


def test_failures_are_counted_and_the_latest_is_the_last_that_failed_as_the_original(
    clew_call: Clew, tmp_path: Path
) -> None:
    lying(tmp_path, (1, 2, 4))
    assert clew_call("run", "echo.yaml").returncode == 1
    done = clew_call("replay", "store/latest", "--times", "4")
    assert done.returncode == 1, done.stderr
    lines = done.stdout.splitlines()
    assert len(lines) == 5
    assert lines[-1].startswith("2 of 4 runs failed, all in the same way: linearizable (")
    assert "run 4: valid" in lines[3]
    folders = [Path(line.rsplit("  ", 1)[1]) for line in lines[:4]]
    assert (tmp_path / "store" / "latest").resolve() == tmp_path / folders[2]


def test_the_counts_as_json(clew_call: Clew, tmp_path: Path) -> None:
    lying(tmp_path, (1, 2))
    clew_call("run", "echo.yaml")
    done = clew_call("replay", "store/latest", "--times", "2", "--json")
    assert done.returncode == 1
    told = json.loads(done.stdout)
    assert {name: told[name] for name in ("verdict", "times", "failed", "same", "verdicts")} == {
        "verdict": "invalid",
        "times": 2,
        "failed": 1,
        "same": 1,
        "verdicts": {"invalid": 1, "valid": 1},
    }
    assert told["failure"].startswith("linearizable (")
    assert [run["verdict"] for run in told["runs"]] == ["invalid", "valid"]


def test_one_more_run_says_whether_it_failed_too(clew_call: Clew, tmp_path: Path) -> None:
    lying(tmp_path, (1,))
    clew_call("run", "echo.yaml")
    original = (tmp_path / "store" / "latest").resolve()
    done = clew_call("replay", original)
    assert done.returncode == 0
    assert "it did not fail: the original failed by linearizable (" in done.stdout
    assert (tmp_path / "store" / "latest").resolve() == original


def test_a_broken_part_is_the_same_failure_whatever_numbers_it_prints(clew_call: Clew, tmp_path: Path) -> None:
    lying(tmp_path, (1, 2), error="int(f'x{os.getpid()}')")
    assert clew_call("run", "echo.yaml").returncode == 255
    done = clew_call("replay", "store/latest", "--times", "2")
    assert done.returncode == 255, done.stderr
    assert "1 of 2 runs failed, all in the same way: node: ValueError" in done.stdout


def test_the_same_way_is_the_same_check_or_the_same_last_line() -> None:
    reads = Signature("linearizable", counterexample=("write ok", "read ok"))
    assert same_way(reads, Signature("linearizable", "a lemma"))
    assert not same_way(reads, Signature("liveness"))
    assert not same_way(reads, None)
    assert same_way(None, None)
    assert same_way(Signature("node", error="at 12:03:07 panic 0x7f"), Signature("node", error="at 9:13:17 panic 0x1"))
    assert not same_way(Signature("node", error="exited with status a"), Signature("node", error="raised a"))
    assert not same_way(Signature("invariants", "one"), Signature("invariants", "another"))


def test_ctrl_c_ends_the_replays_and_what_was_run_is_counted(clew_call: Clew, tmp_path: Path) -> None:
    lying(tmp_path, (1,), PLAN.replace("operations: 6", "duration: 60s, rate: 20"))
    # The run is ended as soon as a read was wrong.
    (tmp_path / "echo.yaml").write_text((tmp_path / "echo.yaml").read_text() + "stop: first-violation\n")
    assert clew_call("run", "echo.yaml").returncode == 1
    original = (tmp_path / "store" / "latest").resolve()
    command = [sys.executable, "-c", "from clew.harness.cli.app import main; main()"]
    again = subprocess.Popen(
        [*command, "replay", original, "--times", "9"], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    # The second life of the count is the second run: it has begun.
    while not (tmp_path / "count").exists() or os.path.getsize(tmp_path / "count") < 2:
        assert again.poll() is None
    again.send_signal(signal.SIGINT)
    out, err = again.communicate(timeout=60)
    assert again.returncode in (0, 2), err
    assert b"run 1, interrupted: " in out
    assert b"0 of 1 run failed" in out


@pytest.mark.parametrize("missing", ["verdict.json", "history.jsonl"])
def test_a_run_that_was_killed_is_refused_in_a_line(clew_call: Clew, tmp_path: Path, missing: str) -> None:
    lying(tmp_path, (1,))
    clew_call("run", "echo.yaml")
    (tmp_path / "store" / "latest" / missing).unlink()
    done = clew_call("replay", "store/latest")
    assert done.returncode == 254
    assert done.stderr.count("\n") == 1
    assert "it was killed" in done.stderr
