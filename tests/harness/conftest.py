"""The command line as a user has it, and one recorded run for the tests that only look at it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

Clew = Callable[..., subprocess.CompletedProcess[str]]

PLAN = """\
name: small
system: {name: caspaxos, nodes: 3}
workload: {kind: cas-register, clients: 2, operations: 20, values: 3, timeout: 1s}
network: {latency: {exponential: 5ms}, drop: 0.1}
nemesis:
  - crash: {target: one, at: 50ms, for: 100ms}
  - partition: {kind: one, at: 200ms, for: 100ms}
seed: 5
"""


@pytest.fixture
def clew(tmp_path: Path) -> Clew:
    """Run `clew` with these arguments in an empty folder."""

    def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-c", "from harness.cli import main; main()", *map(str, arguments)]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120)

    return run


@pytest.fixture
def recorded(clew: Clew, tmp_path: Path) -> Path:
    """The folder of a recorded run."""
    (tmp_path / "small.yaml").write_text(PLAN)
    done = clew("run", "small.yaml", "--nodes", "inline")
    assert done.returncode == 0, done.stderr
    return (tmp_path / "store" / "latest").resolve()
