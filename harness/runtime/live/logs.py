"""What the processes of a live run print, in files that cannot grow without bound.

    n1's stdout and stderr ── pipe ──┐
    n2's stdout and stderr ── pipe ──┼── one thread ──> nodes/n1.log, nodes/n2.log, clients.log
    c0's stderr            ── pipe ──┘

A process that floods its log is never held up: what is beyond the bound is read and dropped, except for its end. For a
process that breaks, the last lines say why.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import trio

from clew.systems.command import LIFE

LARGEST = 16 << 20
"""Bytes of the largest log."""
TAIL = 8 << 10
"""Bytes of the end of what a process has printed that are kept in any case."""
LAST_LINES = 20
"""How many of the last lines say why a process broke."""
CHUNK = 1 << 16
DRAINED_WITHIN = 1.0
"""Seconds to wait for the last words of a process that has ended. Something that it has started may hold the pipe."""


class _File:
    """One log, and how much is in it."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.stream: IO[bytes] = path.open("ab", buffering=0)
        self.room = LARGEST - self.stream.tell()
        self.ends_line = True

    def write(self, data: bytes) -> int:
        """Write what there is room for. Returns how many bytes were left out."""
        kept = data[: max(self.room, 0)]
        if kept:
            self.stream.write(kept)
            self.room -= len(kept)
            self.ends_line = kept.endswith(b"\n")
        return len(data) - len(kept)

    def say(self, line: str) -> None:
        """Write a line of our own, even if there is no room."""
        self.stream.write((b"" if self.ends_line else b"\n") + line.encode() + b"\n")
        self.ends_line = True


class _Pipe:
    """What one process prints."""

    def __init__(self, descriptor: int, file: _File) -> None:
        self.descriptor = descriptor
        self.file = file
        self.tail = b""
        self.left_out = 0
        self.over = threading.Event()

    def read(self) -> bool:
        """Take what there is. Returns whether more may come."""
        data = os.read(self.descriptor, CHUNK)
        self.tail = (self.tail + data)[-TAIL:]
        self.left_out += self.file.write(data)
        return bool(data)

    def close(self) -> None:
        """Write the end of what was left out."""
        if self.left_out:
            last = self.tail[-min(TAIL, self.left_out) :]
            self.file.say(f"--- {self.left_out - len(last)} bytes are left out here: the log is full")
            self.file.stream.write(last)
            self.file.ends_line = last.endswith(b"\n")
        os.close(self.descriptor)
        self.over.set()


class Logs:
    """The logs of a run. Made by `open_logs`."""

    def __init__(self) -> None:
        self._files: dict[Path, _File] = {}
        self._pipes: dict[str, _Pipe] = {}
        self._new: list[_Pipe] = []
        self._lock = threading.Lock()
        self._ended = False
        self._wake, self._bell = os.pipe()
        self._thread = threading.Thread(target=self._run, name="logs", daemon=True)
        self._thread.start()

    @contextlib.contextmanager
    def writer(self, name: str, path: Path, life: str | None = None) -> Iterator[int]:
        """A descriptor into which the process `name` shall print, for the block that starts it. It ends up in `path`.

        `life` is written first, as a line of the log's own: `2, 3.201 s`.
        """
        source, sink = os.pipe()
        with self._lock:
            file = self._files.get(path)
            if file is None:
                file = self._files[path] = _File(path)
            if life is not None:
                file.say(f"{LIFE}{life}")
            pipe = self._pipes[name] = _Pipe(source, file)
            self._new.append(pipe)
        os.write(self._bell, b"!")
        try:
            yield sink
        finally:
            os.close(sink)

    async def last_words(self, name: str) -> str:
        """The last lines that a process has printed. For one that has ended."""
        if (pipe := self._pipes.get(name)) is not None:
            await trio.to_thread.run_sync(pipe.over.wait, DRAINED_WITHIN)
        return self.tail(name)

    def tail(self, name: str) -> str:
        """The last lines that a process has printed so far."""
        pipe = self._pipes.get(name)
        if pipe is None:
            return ""
        said = pipe.tail.decode(errors="replace").splitlines()
        return "\n".join(said[-LAST_LINES:]).strip()

    def close(self) -> None:
        """Write what there is, and close all files. Whoever still prints gets SIGPIPE."""
        self._ended = True
        os.write(self._bell, b"!")
        self._thread.join()
        os.close(self._bell)
        os.close(self._wake)
        for file in self._files.values():
            file.stream.close()

    def _run(self) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(self._wake, selectors.EVENT_READ)
            while not self._ended:
                for key, _ in selector.select():
                    if key.data is None:
                        os.read(self._wake, CHUNK)
                    elif not self._take(key.data):
                        selector.unregister(key.data.descriptor)
                        key.data.close()
                with self._lock:
                    new, self._new = self._new, []
                for pipe in new:
                    selector.register(pipe.descriptor, selectors.EVENT_READ, pipe)
            left = [*self._new, *(key.data for key in selector.get_map().values() if key.data is not None)]
        for pipe in left:
            os.set_blocking(pipe.descriptor, False)
            with contextlib.suppress(BlockingIOError):
                while self._take(pipe) and pipe.file.room > 0:
                    pass
            pipe.close()

    def _take(self, pipe: _Pipe) -> bool:
        with self._lock:
            return pipe.read()


@contextlib.contextmanager
def open_logs() -> Iterator[Logs]:
    """Logs for as long as the block lasts."""
    logs = Logs()
    try:
        yield logs
    finally:
        logs.close()
