"""`.ci/run` ends with all that it has started."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from tests.readme import ROOT

MAKE = """#!/bin/sh
# As make, where one target fails; when the demo is made, the compiler is there already.
echo "$@" >> made
test "$1" != demo || until test -s pids; do sleep 0.01; done
test "$1" != "$FAILS"
"""
PYTHON = """#!/bin/sh
# A compiler that never ends: a process, and a worker of it.
sleep 60 &
echo $$ $! > pids
sleep 60
"""


NOTHING = "#!/bin/sh\n"
PROGRAMS = {
    "bin/make": MAKE,
    "bin/apt-get": NOTHING,
    "bin/dpkg": NOTHING,
    "bin/chromedriver": NOTHING,
    ".venv/bin/python": PYTHON,
}


@pytest.mark.parametrize("fails", ["demo", ".venv/dev"])
def test_when_a_step_fails_what_ran_beside_it_is_ended(tmp_path: Path, fails: str) -> None:
    (tmp_path / ".ci").mkdir()
    shutil.copy(ROOT / ".ci" / "run", tmp_path / ".ci")
    for name, text in PROGRAMS.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)
    environment = {**os.environ, "PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}", "FAILS": fails}
    done = subprocess.run([tmp_path / ".ci" / "run"], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stderr
    assert (tmp_path / "made").read_text().splitlines()[-1] == fails, "nothing more was made"
    beside = [int(pid) for pid in (tmp_path / "pids").read_text().split()]
    # A process that was killed ends a moment later.
    deadline = time.monotonic() + 10
    while any(map(runs, beside)) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not any(map(runs, beside))


def runs(pid: int) -> bool:
    """Whether there is such a process, and it has not ended."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return False
    return state not in "ZX"
