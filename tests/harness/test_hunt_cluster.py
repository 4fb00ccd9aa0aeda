"""A campaign on a real dask.distributed cluster: scheduler and workers are processes, and one of them dies."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.hunt import campaign, on_cluster
from harness.mistake import Mistake
from harness.plan import load

pytest.importorskip("distributed")

SEEDS = range(40, 120)
SETTINGS = ("workload.operations=40",)


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[tuple[str, list[subprocess.Popen[bytes]]]]:
    """The address of a scheduler, and its two workers."""
    file = tmp_path / "scheduler.json"
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": tmp_path}
    # Without dask's nanny: a worker that is killed stays dead.
    scheduler = [sys.executable, "-m", "distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", "0"]
    scheduler += ["--no-dashboard", "--scheduler-file", str(file)]
    worker = [sys.executable, "-m", "distributed.cli.dask_worker", "--scheduler-file", str(file), "--nthreads", "1"]
    worker += ["--no-nanny", "--no-dashboard", "--host", "127.0.0.1", "--local-directory", str(tmp_path)]
    processes = [subprocess.Popen(scheduler, **quiet)]  # type: ignore[call-overload]
    try:
        processes += [subprocess.Popen(worker, **quiet) for _ in range(2)]  # type: ignore[call-overload]
        deadline = time.monotonic() + 60
        while not file.exists() and time.monotonic() < deadline:
            time.sleep(0.1)
        import json

        address = json.loads(file.read_text())["address"]
        from distributed import Client

        with Client(address) as client:
            client.wait_for_workers(2, timeout=60)
        yield address, processes[1:]
    finally:
        for process in processes:
            process.kill()
            process.wait()


@pytest.mark.filterwarnings("default")
def test_a_killed_worker_loses_no_seed_and_none_is_counted_twice(
    cluster: tuple[str, list[subprocess.Popen[bytes]]],
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
    assert workers[0].wait(10) == -signal.SIGKILL
    assert [trial.seed for trial in found] == list(SEEDS)
    from harness.hunt.trial import trials

    sample = list(SEEDS[::16])
    assert [trial for trial in found if trial.seed in sample] == trials(source, SETTINGS, sample)


@pytest.mark.filterwarnings("default")
def test_no_scheduler_is_a_mistake_of_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Mistake, match="there is no scheduler at nonsense"), on_cluster("nonsense://nowhere"):
        pass
