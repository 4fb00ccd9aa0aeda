"""The SHA-256 of the history and the messages of every shipped plan: what a change must not change by accident.

    python -m tests.harness.runtime.hashes      writes `hashes.json` anew

A change that is meant to change histories (another network model, another draw, another version of clew) writes the
list anew, and its commit says why.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from hashlib import sha256
from pathlib import Path

from clew.harness.plan import shipped
from tests.harness.plans import DATABASES

PLANS = [name for name, _ in shipped() if name not in DATABASES]
SEEDS = {"caspaxos-contention-storm": (1, 2), "rsl-storm": (1, 2)}
"""The seeds of a plan, if not just seed 1. Another seed is another input of the same code; a plan reaches other
code."""
SHORT = ("workload.operations=100", "workload.duration=1500ms")
"""What the long plans of RSL and Raft run with here. The first faults are in what is left; all of it takes minutes in
processes."""
RECORDED = Path(__file__).with_name("hashes.json")


def hashes_of(plan: str, seed: int, nodes: str, hash_seed: str, store: Path) -> dict[str, str]:
    """The hashes of the files that `clew run` writes, in a process with this PYTHONHASHSEED."""
    command = [sys.executable, "-c", "from clew.harness.cli.app import main; main()", "run", plan, "--seed", str(seed)]
    # Not judged here: the checks of a plan do not change its history, and numba costs a second a process.
    command += ["--nodes", nodes, "--store", str(store), "--json", "--set", "checks=[liveness]"]
    if plan.startswith(("rsl", "raft")):
        command += [argument for setting in SHORT for argument in ("--set", setting)]
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode in (0, 1), done.stderr
    names = ("history.jsonl", "messages.jsonl")
    return {name: sha256((store / "latest" / name).read_bytes()).hexdigest() for name in names}


def recorded() -> dict[str, dict[str, str]]:
    """The list as it stands: "<plan> <seed>" -> file name -> hash."""
    listed: dict[str, dict[str, str]] = json.loads(RECORDED.read_text())
    return listed


def main() -> None:
    listed = {}
    for plan in PLANS:
        for seed in SEEDS.get(plan, (1,)):
            with tempfile.TemporaryDirectory() as store:
                listed[f"{plan} {seed}"] = hashes_of(plan, seed, "inline", "0", Path(store))
    RECORDED.write_text(json.dumps(listed, indent=1) + "\n")


if __name__ == "__main__":
    main()
