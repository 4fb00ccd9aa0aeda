"""The commands of the pages, run for real: the tests compare what they print with what the page shows.

    python -m tests.readme            say which pages differ from what their commands print now
    python -m tests.readme --write    write what they print into the pages

A `console` block shows commands after `$ ` and what they print. All blocks of a page run in one folder, from the top to
the bottom. A line of three dots stands for lines that are left out. The page decides how many lines stand
before it and after it.
"""

from __future__ import annotations

import argparse
import re
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.harness.conftest import clew_called_in

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
ALL_PAGES = (README, ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md")))
CLEW = [sys.executable, "-c", "from clew.harness.cli.app import main; main()"]

NAMED = re.compile(r"`([a-z_]+\.\w+)`:\n\n```\w+\n(.*?)^```$", re.MULTILINE | re.DOTALL)
"""A block that follows the name of a file: the file has this content."""
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", re.MULTILINE)
"""A command of a console block and what it prints."""
LEFT_OUT = "..."
CHANGES = (
    (re.compile(r"\d{8}T\d{6}\.\d{3}Z"), "20261121T120000.000Z"),
    (re.compile(r"(operations by .*) in \d+\.\d\d s$", re.MULTILINE), r"\1 in 0.50 s"),
    (re.compile(r"^(\d+ seeds? in) .* s \(.* a second\)", re.MULTILINE), r"\1 2.0 s (10 a second)"),
)
"""What differs from run to run, and what the pages show instead."""
EXITS = (0, 1)
"""Every command of a page says valid or invalid; none is a mistake."""


def blocks(kind: str, page: Path = README) -> list[str]:
    """The contents of a page's fenced blocks of one kind."""
    return [content for found, content in BLOCK.findall(page.read_text()) if found == kind]


PAGES = tuple(page for page in ALL_PAGES if blocks("console", page))
"""The pages that show what commands print."""


def prepare(folder: Path, page: Path = README) -> None:
    """Write the files that the page says to write, and those that it prints with `cat`."""
    for name, content in NAMED.findall(page.read_text()):
        (folder / name).write_text(content)
    for block in blocks("console", page):
        for command, shown in COMMAND.findall(block):
            if (words := shlex.split(command))[0] == "cat":
                (folder / words[1]).write_text(shown)


def execute(block: str, folder: Path) -> str:
    """The block as it comes out when its commands run in the folder."""
    return "".join(f"$ {command}\n{_printed(command, shown, folder)}" for command, shown in COMMAND.findall(block))


def _printed(command: str, shown: str, folder: Path) -> str:
    program, *words = shlex.split(command)
    if program == "clew" and words[:1] != ["hunt"]:
        # In this process: to start one takes longer than most of the commands. A hunt starts its workers from it.
        done = clew_called_in(folder)(*words)
    else:
        words = {"clew": CLEW, "python": [sys.executable]}.get(program, [program]) + words
        done = subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode in EXITS, (command, done.stderr)
    printed = done.stdout
    for pattern, always in CHANGES:
        printed = pattern.sub(always, printed)
    lines, page = [line.rstrip() for line in printed.splitlines()], shown.splitlines()
    if LEFT_OUT in page:
        before = page.index(LEFT_OUT)
        after = len(page) - before - 1
        lines = [*lines[:before], LEFT_OUT, *lines[len(lines) - after :]]
    return "".join(f"{line}\n" for line in lines)


def rewritten(page: Path) -> str:
    """The page with what its commands print now."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        prepare(folder, page)

        def rerun(match: re.Match[str]) -> str:
            return f"```console\n{execute(match[2], folder)}```" if match[1] == "console" else match[0]

        return BLOCK.sub(rerun, page.read_text())


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true")
    parser.add_argument("pages", nargs="*", type=Path, metavar="PAGE")
    options = parser.parse_args()
    stale = []
    for page in options.pages or PAGES:
        if (text := rewritten(page)) != page.read_text():
            stale.append(str(page))
            if options.write:
                page.write_text(text)
    if stale:
        print("rewritten:" if options.write else "differ:", *stale)
        sys.exit(0 if options.write else 1)


if __name__ == "__main__":
    main()
