"""The README's commands, run for real: the test compares what they print with what it shows.

python -m tests.readme    runs them and writes what they print into the README
"""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
CLEW = [sys.executable, "-c", "from harness.cli import main; main()"]

BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
CHECKED = re.compile(r"(operations by .*) in \d+\.\d\d s$", re.MULTILINE)
STAMP = re.compile(r"\d{8}T\d{6}\.\d{3}Z")
EXITS = (0, 1)
"""No command of the README is a mistake or fails."""


def blocks(kind: str) -> list[str]:
    """The contents of the README's fenced blocks of one kind."""
    return [content for found, content in BLOCK.findall(README.read_text()) if found == kind]


def prepare(folder: Path) -> None:
    """Write the files that the README says to write: the example system, its plan, the history that it prints."""
    system = next(block for block in blocks("python") if "System(" in block)
    (folder / "register.py").write_text(system)
    plan = next(block for block in blocks("yaml") if "register.py" in block)
    (folder / "register.yaml").write_text(plan)
    for block in blocks("console"):
        if shown := re.search(r"^\$ cat (\S+)\n(.*?)(?=^\$ |\Z)", block, re.MULTILINE | re.DOTALL):
            (folder / shown[1]).write_text(shown[2])


def execute(block: str, folder: Path) -> str:
    """The block as it comes out when its commands are run in the folder."""
    lines = []
    for command in re.findall(r"^\$ (.*)$", block, re.MULTILINE):
        words = shlex.split(command)
        words = CLEW + words[1:] if words[0] == "clew" else words
        done = subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False, timeout=120)
        assert done.returncode in EXITS, (command, done.stderr)
        lines.append(f"$ {command}\n{done.stdout}")
    return CHECKED.sub(r"\1 in 0.50 s", STAMP.sub("20261121T120000.000Z", "".join(lines)))


def rewrite() -> None:
    """Put what the commands print into the README."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        prepare(folder)

        def rerun(match: re.Match[str]) -> str:
            return f"```console\n{execute(match[2], folder)}```" if match[1] == "console" else match[0]

        README.write_text(BLOCK.sub(rerun, README.read_text()))


if __name__ == "__main__":
    rewrite()
