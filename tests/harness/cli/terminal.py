"""A command on a pseudo-terminal of a given size."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
import threading
from pathlib import Path
from typing import NamedTuple

import pytest

_STYLE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_OWN = ("LESS", "PAGER", "MANPAGER", "LINES", "COLUMNS", "NO_COLOR", "LC_ALL", "LC_CTYPE", "LANG", "PYTHONIOENCODING")
"""Variables of whoever runs the tests, which would change what is seen."""


class Seen(NamedTuple):
    """What a command left on its terminal."""

    code: int
    """The exit code."""
    raw: bytes
    """Everything that was written."""

    @property
    def text(self) -> str:
        """The text without colours; its lines end as usual."""
        return _STYLE.sub("", self.raw.decode()).replace("\r\n", "\n")

    @property
    def lines(self) -> list[str]:
        """The lines of the text."""
        return self.text.splitlines()


def clew_on_terminal(folder: Path, columns: int, *arguments: str | Path, rows: int = 1000, **environment: str) -> Seen:
    """Run `clew` in a folder, on a terminal with this many columns."""
    master, slave = terminal(rows, columns)
    command = [sys.executable, "-c", "from clew.harness.cli.app import main; main()", *map(str, arguments)]
    process = subprocess.Popen(
        command, stdin=slave, stdout=slave, stderr=slave, env=variables(**environment), cwd=folder
    )
    os.close(slave)
    seen = read(master)
    return Seen(process.wait(120), seen)


def clew_called_on_terminal(folder: Path, columns: int, *arguments: str | Path, rows: int = 1000) -> Seen:
    """Call `clew` in this process, on a terminal as `clew_on_terminal` has one: no new process needs a second."""
    from clew.harness.cli.app import main

    master, slave = terminal(rows, columns)
    seen: list[bytes] = []
    reader = threading.Thread(target=lambda: seen.append(read(master)))
    reader.start()
    kept = [os.dup(number) for number in range(3)]
    with pytest.MonkeyPatch.context() as patch:
        for name in os.environ.keys() - variables().keys():
            patch.delenv(name)
        for name, value in variables().items():
            patch.setenv(name, value)
        patch.setattr(sys, "argv", ["clew", *map(str, arguments)])
        patch.chdir(folder)
        try:
            for number in range(3):
                os.dup2(slave, number)
            os.close(slave)
            for number, name in ((1, "stdout"), (2, "stderr")):
                stream = open(number, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
                patch.setattr(sys, name, stream)
                patch.setattr(sys, f"__{name}__", stream)
            with pytest.raises(SystemExit) as end:
                main()
            sys.stdout.flush()
            sys.stderr.flush()
        finally:
            for number, copy in enumerate(kept):
                os.dup2(copy, number)
                os.close(copy)
    reader.join(60)
    return Seen(end.value.code if isinstance(end.value.code, int) else 0, seen[0])


def terminal(rows: int, columns: int) -> tuple[int, int]:
    """The two sides of a pseudo-terminal of this size: the one to read from, and the one that a command writes to."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    return master, slave


def variables(**environment: str) -> dict[str, str]:
    """The environment of a command on a terminal."""
    kept = {name: value for name, value in os.environ.items() if name not in _OWN}
    return {**kept, "TERM": "xterm-256color", "LANG": "C.UTF-8", "PAGER": "cat", **environment}


def read(master: int) -> bytes:
    """All that is written to a terminal until nobody holds its other side."""
    seen = b""
    while True:
        try:
            part = os.read(master, 1 << 16)
        except OSError:  # Linux says so when the other side is closed.
            break
        if not part:
            break
        seen += part
    os.close(master)
    return seen
