"""The commands of the pages, run for real: the test compares what they print with what the page shows.

python -m tests.readme    runs them and writes what they print into the pages
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
PAGES = (README, ROOT / "docs" / "models.md")
CLEW = [sys.executable, "-c", "from clew.harness.cli.app import main; main()"]

NAMED = re.compile(r"`([a-z_]+\.\w+)`:\n\n```\w+\n(.*?)^```$", re.MULTILINE | re.DOTALL)
"""A block that is introduced by the name of the file that it is to be."""
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
CHECKED = re.compile(r"(operations by .*) in \d+\.\d\d s$", re.MULTILINE)
STAMP = re.compile(r"\d{8}T\d{6}\.\d{3}Z")
EXITS = (0, 1)
"""No command of a page is a mistake or fails."""


def blocks(kind: str, page: Path = README) -> list[str]:
    """The contents of a page's fenced blocks of one kind."""
    return [content for found, content in BLOCK.findall(page.read_text()) if found == kind]


def prepare(folder: Path, page: Path = README) -> None:
    """Write the files that the page says to write, and the histories that it prints."""
    for name, content in NAMED.findall(page.read_text()):
        (folder / name).write_text(content)
    for block in blocks("console", page):
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


def rewrite(page: Path) -> None:
    """Put what the commands print into the page."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        prepare(folder, page)

        def rerun(match: re.Match[str]) -> str:
            return f"```console\n{execute(match[2], folder)}```" if match[1] == "console" else match[0]

        page.write_text(BLOCK.sub(rerun, page.read_text()))


if __name__ == "__main__":
    for each in PAGES:
        rewrite(each)
