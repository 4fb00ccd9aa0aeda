"""A command that is started without stdout and stderr does its work, and its exit code says what came of it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

CLEW = f"{sys.executable} -c 'if __name__ == \"__main__\": from clew.harness.cli.app import main; main()'"


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        pytest.param("run caspaxos-happy-path --nodes process", 0, marks=pytest.mark.long),
        ("hunt caspaxos-forgets-promises --seeds 0:3 --jobs 1", 1),
        ("plans", 0),
        ("run no-such-plan", 254),
    ],
)
@pytest.mark.parametrize("closed", [pytest.param(">&- 2>&-", marks=pytest.mark.long), "<&- >&- 2>&-"])
def test_closed_standard_streams_change_no_exit_code(tmp_path: Path, arguments: str, code: int, closed: str) -> None:
    command = ["sh", "-c", f"{CLEW} {arguments} {closed}"]
    assert subprocess.run(command, cwd=tmp_path, check=False, timeout=120).returncode == code
