"""A campaign on a real dask.distributed cluster: scheduler and workers are processes, and one of them dies."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from clew.harness.errors import UserError
from clew.harness.hunt import campaign, on_cluster
from clew.harness.hunt.campaign import BATCH
from clew.harness.hunt.trial import trials
from clew.harness.plan import load, resolve
from tests.harness.conftest import clew_called_in, clew_in
from tests.harness.echo import PLAN, put

# Looked for, not imported: every worker of pytest reads this file, and one of them runs it.
if find_spec("distributed") is None:
    pytest.skip("distributed is not installed", allow_module_level=True)

SEEDS = range(40, 88)
SETTINGS = ("workload.operations=40",)
PATIENCE = 300
"""Seconds after which a test gives up. A busy machine takes one minute for what a quiet one does in five seconds."""
SOMETIMES_WRONG = "self.value if ctx.random.random() < 0.95 else 4711"


Cluster = tuple[str, list[subprocess.Popen[bytes]]]


@contextlib.contextmanager
def cluster_in(folder: Path, count: int = 2, **settings: str) -> Iterator[Cluster]:
    """The address of a scheduler, and its workers, which work in this folder; `settings` are dask's."""
    file = folder / "scheduler.json"
    environment = {**os.environ, **settings}
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": folder, "env": environment}
    # Without dask's nanny: a worker that is killed stays dead.
    scheduler = [sys.executable, "-m", "distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", "0"]
    scheduler += ["--no-dashboard", "--scheduler-file", str(file)]
    worker = [sys.executable, "-m", "distributed.cli.dask_worker", "--scheduler-file", str(file), "--nthreads", "1"]
    worker += ["--no-nanny", "--no-dashboard", "--host", "127.0.0.1", "--local-directory", str(folder)]
    processes = [subprocess.Popen(scheduler, **quiet)]  # type: ignore[call-overload]
    try:
        processes += [subprocess.Popen(worker, **quiet) for _ in range(count)]  # type: ignore[call-overload]
        deadline = time.monotonic() + PATIENCE
        while not file.exists() and time.monotonic() < deadline:
            time.sleep(0.1)
        address = json.loads(file.read_text())["address"]
        from distributed import Client

        with Client(address) as client:
            client.wait_for_workers(count, timeout=PATIENCE)
        yield address, processes[1:]
    finally:
        for process in processes:
            process.kill()
            process.wait()


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    with cluster_in(tmp_path) as made:
        yield made


@pytest.fixture
def one_worker(tmp_path: Path) -> Iterator[Cluster]:
    with cluster_in(tmp_path, count=1) as made:
        yield made


@pytest.mark.long
@pytest.mark.filterwarnings("default")
def test_a_killed_worker_loses_no_seed_and_none_is_counted_twice(
    cluster: Cluster,
) -> None:
    address, workers = cluster
    source = load("caspaxos-highest-version")
    found = []
    with on_cluster(address) as (executor, count):
        assert count == 2
        for trial in campaign(source, SETTINGS, SEEDS, executor, count):
            found.append(trial)
            if len(found) == 20:
                os.kill(workers[0].pid, signal.SIGKILL)
    assert workers[0].wait(PATIENCE) == -signal.SIGKILL
    assert [trial.seed for trial in found] == list(SEEDS)
    sample = list(SEEDS[::16])
    assert [trial for trial in found if trial.seed in sample] == trials(source, SETTINGS, sample)


@pytest.mark.filterwarnings("default")
def test_no_scheduler_is_a_mistake_of_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UserError, match="there is no scheduler at nonsense"), on_cluster("nonsense://nowhere"):
        pass


@pytest.mark.filterwarnings("default")
@pytest.mark.usefixtures("without_workers")
def test_a_plan_by_a_path_from_here_is_hunted_by_workers_elsewhere_as_at_home(
    one_worker: Cluster, tmp_path: Path
) -> None:
    here = tmp_path / "here"
    (here / "plans").mkdir(parents=True)
    put(here / "plans", answer=SOMETIMES_WRONG)
    summaries = []
    for clew, workers in ((clew_in(here), ("--scheduler", one_worker[0])), (clew_called_in(here), ("--jobs", "1"))):
        done = clew("hunt", "plans/echo.yaml", "--seeds", "0:10", "--until", "all", "--json", *workers)
        assert done.returncode == 1, done.stderr
        assert done.stderr == ""
        *verdicts, last = [json.loads(line) for line in done.stdout.splitlines()]
        assert [found["run"] for found in last["failures"]] == [verdict["run"] for verdict in verdicts]
        failures = [found | {"run": None} for found in last["failures"]]
        summaries.append(last | {"failures": failures, "seconds": 0, "campaign": ""})
    assert summaries[0] == summaries[1]
    assert 0 < len(summaries[0]["failures"]) < 10


def hunting(address: str, folder: Path, *arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", "from clew.harness.cli.app import main; main()", "hunt", *arguments]
    command += ["--scheduler", address, "--json"]
    return subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.mark.long
@pytest.mark.filterwarnings("default")
def test_ctrl_c_waits_for_no_job_of_the_cluster_and_tells_what_is_known(cluster: Cluster, tmp_path: Path) -> None:
    # A job is eight seeds, and would take minutes.
    plan = put(tmp_path, plan=PLAN.replace("operations: 20", "operations: 200000"))
    ours = hunting(cluster[0], tmp_path, str(plan), "--until", "all")
    with on_cluster(cluster[0]):
        from distributed import get_client

        deadline = time.monotonic() + PATIENCE
        while not any(get_client().processing().values()):
            assert time.monotonic() < deadline, "no worker got a job"
            time.sleep(0.1)
    time.sleep(0.5)
    ours.send_signal(signal.SIGINT)
    output, errors = ours.communicate(timeout=PATIENCE)
    assert (ours.returncode, errors) == (2, "")
    assert json.loads(output)["interrupted"]


@pytest.mark.long
@pytest.mark.filterwarnings("default")
def test_a_seed_that_kills_its_workers_is_told_after_all_that_is_known(tmp_path: Path) -> None:
    plan = put(
        tmp_path,
        breaks="os.kill(os.getpid(), 9) if source == 'c1' else None",
        plan=PLAN.replace("clients: 1,", "clients: {choice: [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2]},"),
    )
    deadly = next(seed for seed in range(1000) if resolve(load(str(plan)), seed).workload.clients == 2)
    first = deadly // BATCH * BATCH
    assert first, "some seeds come before"
    with cluster_in(tmp_path, DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES="0") as (address, _):
        output, errors = hunting(address, tmp_path, str(plan), "--until", "all").communicate(timeout=PATIENCE)
    summary = json.loads(output)
    assert f"seeds {first} to {first + BATCH - 1}" in errors
    assert errors.count("\n") == 1
    assert summary["error"] in errors
    assert summary["seeds"] == first


@pytest.mark.filterwarnings("default")
def test_a_scheduler_that_is_gone_is_told_after_all_that_is_known(tmp_path: Path) -> None:
    folder = tmp_path / "cluster"
    folder.mkdir()
    plan = put(tmp_path, answer=SOMETIMES_WRONG)
    with cluster_in(folder, count=1) as (address, _):
        ours = hunting(address, tmp_path, str(plan), "--seeds", "0:1000000", "--until", "all")
        assert ours.stdout is not None
        assert json.loads(ours.stdout.readline())["verdict"] == "invalid"
    output, errors = ours.communicate(timeout=PATIENCE)
    assert ours.returncode == 255, output
    assert errors.startswith("clew: the scheduler is gone")
    assert errors.count("\n") == 1
    summary = json.loads(output.splitlines()[-1])
    assert f"seeds from {summary['seeds']} on" in errors
