"""A hunt over live runs keeps the recording of the very run that failed, and nothing else."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from clew.harness.hunt.live import live_workers
from tests.harness.conftest import Clew
from tests.harness.lying import PLAN, folders, lying


def test_the_recording_that_failed_is_kept_although_the_plan_fails_no_more(clew_call: Clew, tmp_path: Path) -> None:
    # Of three runs only the second one answers wrongly. Running its plan again would find nothing.
    lying(tmp_path, (2,))
    done = clew_call("hunt", "echo.yaml", "--seeds", "0:3", "--until", "all", "--jobs", "1", "--json")
    assert done.returncode == 1, done.stderr
    verdict, summary = map(json.loads, done.stdout.splitlines())
    assert summary["seeds"] == 3
    (failure,) = summary["failures"]
    assert failure["run"] == verdict["run"]
    assert verdict["verdict"] == "invalid"
    assert verdict["campaign"] == summary["campaign"]
    assert folders(tmp_path / "store") == [tmp_path / failure["run"]]
    assert (tmp_path / "store" / "latest").resolve() == tmp_path / failure["run"]
    assert json.loads((tmp_path / failure["run"] / "verdict.json").read_text())["run"] == failure["run"]
    assert {"report.html", "history.jsonl", "messages.jsonl", "nodes"} <= set(os.listdir(tmp_path / failure["run"]))


def test_what_was_tried_beyond_the_first_failure_leaves_nothing(clew_call: Clew, tmp_path: Path) -> None:
    lying(tmp_path, tuple(range(1, 100)))
    done = clew_call("hunt", "echo.yaml", "--jobs", "2")
    assert done.returncode == 1, done.stderr
    assert "seed 0 fails: " in done.stdout
    assert len(folders(tmp_path / "store")) == 1


def test_a_hunt_that_is_stopped_ends_its_runs_and_leaves_nothing_aside(tmp_path: Path) -> None:
    lying(tmp_path, (), PLAN.replace("operations: 6", "duration: 60s, rate: 20"))
    command = [sys.executable, "-c", "from clew.harness.cli.app import main; main()", "hunt", "echo.yaml"]
    hunting = subprocess.Popen([*command, "--jobs", "2"], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    while not (tmp_path / "count").exists() or os.path.getsize(tmp_path / "count") < 2:
        assert hunting.poll() is None
        time.sleep(0.01)
    hunting.send_signal(signal.SIGINT)
    out, err = hunting.communicate(timeout=60)
    assert hunting.returncode == 2, err
    assert b"interrupted): 0 fail" in out
    assert err == b""
    assert folders(tmp_path / "store") == []


def test_a_cluster_cannot_try_live_runs(clew_call: Clew, tmp_path: Path) -> None:
    lying(tmp_path, ())
    done = clew_call("hunt", "echo.yaml", "--scheduler", "tcp://127.0.0.1:1")
    assert done.returncode == 254
    assert done.stderr == "clew: --scheduler: the runs of echo are live and take place on this machine; use --jobs\n"


def test_by_default_half_of_the_cores_have_a_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(6)))
    with live_workers(None, tmp_path) as (_, jobs):
        assert jobs == 3
