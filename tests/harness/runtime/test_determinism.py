"""A run is a pure function of plan and seed: the same history, byte for byte, however and wherever it is run."""

from __future__ import annotations

import os
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import pytest

from clew.harness.plan import shipped

PLANS = [name for name, _ in shipped()]
SEEDS = {"caspaxos-contention-storm": (1, 2), "rsl-storm": (1, 2)}
"""One seed for the others: another seed is another input of the same code, and what differs in code is the plan."""
SHORT = {"rsl": ["--set", "workload.duration=1500ms"]}
"""What the long plans of a system leave out here: the first faults are in what is left."""
HASH_SEEDS = ("0", "1", "4242")


def hashes_of(plan: str, seed: int, nodes: str, hash_seed: str, store: Path) -> tuple[str, str]:
    """The SHA-256 of history and journal that `clew run` writes in a process with this PYTHONHASHSEED."""
    command = [sys.executable, "-c", "from clew.harness.cli.app import main; main()", "run", plan, "--seed", str(seed)]
    # Not judged here: which checks a plan has does not touch its history, and numba costs a second a process.
    command += ["--nodes", nodes, "--store", str(store), "--json", "--set", "checks=[liveness]"]
    if plan.startswith("rsl"):
        # Thousands of requests show nothing more than these, and take minutes in processes of their own.
        command += ["--set", "workload.operations=100"]
    command += SHORT.get(plan.split("-", maxsplit=1)[0], [])
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode in (0, 1), done.stderr
    history, messages = (store / "latest" / name for name in ("history.jsonl", "messages.jsonl"))
    return sha256(history.read_bytes()).hexdigest(), sha256(messages.read_bytes()).hexdigest()


@pytest.mark.parametrize("plan", PLANS)
def test_a_plan_gives_the_same_bytes_inline_and_in_processes_under_any_hash_seed(plan: str, tmp_path: Path) -> None:
    for seed in SEEDS.get(plan, (1,)):
        ways = zip(("inline", "process", "inline"), HASH_SEEDS, strict=True)
        hashes = {way: hashes_of(plan, seed, *way, tmp_path) for way in ways}
        assert len(set(hashes.values())) == 1, hashes


def test_seeds_differ(tmp_path: Path) -> None:
    hashes = {hashes_of("caspaxos-contention-storm", seed, "inline", "0", tmp_path) for seed in range(3)}
    assert len(hashes) == 3
