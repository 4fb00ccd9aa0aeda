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
from pathlib import Path
from typing import NamedTuple

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
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    kept = {name: value for name, value in os.environ.items() if name not in _OWN}
    kept = {**kept, "TERM": "xterm-256color", "LANG": "C.UTF-8", "PAGER": "cat", **environment}
    command = [sys.executable, "-c", "from clew.harness.cli.app import main; main()", *map(str, arguments)]
    process = subprocess.Popen(command, stdin=slave, stdout=slave, stderr=slave, env=kept, cwd=folder)
    os.close(slave)
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
    return Seen(process.wait(120), seen)
