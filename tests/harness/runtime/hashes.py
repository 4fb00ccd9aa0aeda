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
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path

from clew.harness.plan import shipped
from tests.harness.plans import DATABASES

PLANS = [name for name, _ in shipped() if name not in DATABASES]
SYSTEMS = sorted({name.split("-")[0] for name in PLANS})
"""The first words of the names of the plans."""
SEEDS = {"caspaxos-contention-storm": (1, 2), "rsl-storm": (1, 2)}
"""The seeds of a plan, if not just seed 1. Another seed is another input of the same code; a plan reaches other
code."""
IN_SUITE = {
    "caspaxos-deletion",
    "caspaxos-membership",
    "disco-storm",
    "mapreduce-storm",
    "multipaxos-forgets-promises",
    "paxos-forgets-promises",
    "raft-membership",
    "raft-snapshots",
    "rsl-forgets-promises",
    "two-phase-commit-storm",
}
"""The plans that the suite runs, inline and in processes; `make fuzz` runs all. Processes get from their plan the
messages, the disk after a crash, and the variant. Together these plans have every type of message, a crash in every
system, and variants. The rest of a plan, its network and its other faults, is the harness's, and the same inline."""
SHORT = ("workload.operations=100", "workload.duration=1500ms")
"""What the long plans of RSL, Raft and Multi-Paxos run with here. The first faults are in what is left; all of it takes
minutes in processes."""
RUN_ALL = """
import sys
from clew.harness.cli.app import main
for line in sys.stdin.read().splitlines():
    sys.argv = ["clew", *line.split()]
    try:
        main()
    except SystemExit as end:
        assert end.code in (0, 1), (line, end.code)
"""
"""Runs a command of clew for each line of its input."""
RECORDED = Path(__file__).with_name("hashes.json")


def hashes_of(runs: Iterable[tuple[str, int]], nodes: str, hash_seed: str, store: Path) -> dict[str, dict[str, str]]:
    """The hashes of the files that `clew run` writes for each (plan, seed), in a process with this PYTHONHASHSEED.

    One process makes all of them: it takes longer to start than most runs, and no run may depend on those before it.
    """
    lines, folders = [], {}
    for plan, seed in runs:
        folders[f"{plan} {seed}"] = folder = store / f"{plan}-{seed}"
        # Not judged here: the checks of a plan do not change its history, and numba costs half a second.
        settings = ["checks=[liveness]", *(SHORT if plan.startswith(("rsl", "raft", "multipaxos")) else ())]
        command = f"run {plan} --seed {seed} --nodes {nodes} --store {folder} --json"
        lines.append(" ".join([command, *(f"--set {setting}" for setting in settings)]))
    command = [sys.executable, "-c", RUN_ALL]
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
    done = subprocess.run(command, input="\n".join(lines), env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    names = ("history.jsonl", "messages.jsonl")
    return {
        run: {name: sha256((folder / "latest" / name).read_bytes()).hexdigest() for name in names}
        for run, folder in folders.items()
    }


def recorded() -> dict[str, dict[str, str]]:
    """The list as it stands: "<plan> <seed>" -> file name -> hash."""
    listed: dict[str, dict[str, str]] = json.loads(RECORDED.read_text())
    return listed


def runs_of(system: str) -> list[tuple[str, int]]:
    """The (plan, seed) whose hashes are listed, of the plans that begin with the name of this system."""
    return [(plan, seed) for plan in PLANS if plan.startswith(f"{system}-") for seed in SEEDS.get(plan, (1,))]


def main() -> None:
    with tempfile.TemporaryDirectory() as store:
        listed = {}
        for run in [run for system in SYSTEMS for run in runs_of(system)]:
            # Each in a process of its own. The test makes many in one, and so it sees a run that depends on others.
            listed |= hashes_of([run], "inline", "0", Path(store))
    RECORDED.write_text(json.dumps(dict(sorted(listed.items())), indent=1) + "\n")


if __name__ == "__main__":
    main()
