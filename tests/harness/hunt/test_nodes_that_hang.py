"""A node that loops for ever is named with its seed, and the hunt goes on."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path

import pytest

from clew.harness.hunt.campaign import BATCH
from clew.harness.plan import load, resolve
from tests.harness.conftest import Clew
from tests.harness.echo import PLAN as PLAN_OF_ECHO
from tests.harness.echo import put


def quick_to_see_a_hang(plan: Path) -> Path:
    """Let workers wait for a hanging step for half a second, not for ten: they import the system, and this with it."""
    system = plan.with_name("echo.py")
    limit = "from clew.harness.runtime import watchdog\nwatchdog.STEP_SECONDS_MAX = 0.5\n"
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


@pytest.mark.usefixtures("without_workers")
def test_a_hunt_goes_on_after_a_node_that_loops_for_ever(clew_call: Clew, tmp_path: Path) -> None:
    text = PLAN_OF_ECHO.replace("clients: 1", "clients: {choice: [1, 2]}")
    plan = quick_to_see_a_hang(put(tmp_path, breaks="while source == 'c1': pass", plan=text))
    hangs = [seed for seed in range(4) if resolve(load(str(plan)), seed).workload.clients == 2]
    assert 0 < len(hangs) < 4
    done = clew_call("hunt", "echo.yaml", "--seeds", "0:4", "--until", "all", "--jobs", "1", "--json")
    assert done.returncode == 1, done.stderr
    summary = json.loads(done.stdout.splitlines()[-1])
    assert summary["seeds"] == 4
    assert [(found["seed"], found["failure"]) for found in summary["failures"]] == [(seed, HANGS) for seed in hangs]


@pytest.mark.usefixtures("without_workers")
def test_a_node_that_sends_itself_messages_without_a_delay_ends_as_a_failure(clew_call: Clew, tmp_path: Path) -> None:
    put(tmp_path, breaks="return ctx.send('n1', message)")
    done = clew_call("hunt", "echo.yaml", "--seeds", "0:8", "--jobs", "1")
    assert done.returncode == 1, done.stderr
    assert "seed 0 fails: node: n1 takes more than 100,000 steps within a millisecond" in done.stdout
    assert "does it send itself messages, or set timers, without a delay?" in done.stdout
