"""The log of a node: what its processes print, life after life, in `nodes/<name>.log` of the run's folder."""

from __future__ import annotations

import os
from pathlib import Path

LAST_BYTES = 4096
"""How much of the end of a log is quoted when a node ends by itself."""
LAST_LINES = 20
"""How many lines of it at most."""


class NodeLog:
    """One node's log. Each life is appended to those before it, below a line that says when it began."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._start = 0

    def open(self, life: int, now: int) -> int:
        """A descriptor for the stdout and stderr of a life (counted from 0) that begins `now`. The caller closes it."""
        descriptor = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)
        if life > 0:
            os.write(descriptor, f"--- life {life + 1}, {now / 1e9:.3f} s\n".encode())
        self._start = os.fstat(descriptor).st_size
        return descriptor

    def last_words(self) -> str:
        """The last lines of the life that was begun last. Empty if it has printed nothing."""
        try:
            with self.path.open("rb") as stream:
                stream.seek(0, os.SEEK_END)
                stream.seek(max(self._start, stream.tell() - LAST_BYTES))
                text = stream.read().decode(errors="replace")
        except FileNotFoundError:
            return ""
        return "\n".join(text.splitlines()[-LAST_LINES:])
