"""Pipes and sockets to the processes of a live run, used without ever waiting for a process that does not read.

Outbox     writes at once what fits, and keeps the rest until the reader has made room
lines      the lines that come out, until the other end closes
"""

from __future__ import annotations

import contextlib
import errno
import os
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator

import trio

LONGEST_LINE = 16 << 20
"""Bytes of the longest line that is taken. A program that prints more without a line break prints garbage."""
MOST_WAITING = 64 << 20
"""Bytes that may wait for a process that does not read. What comes then is dropped."""
CHUNK = 1 << 16


class LineTooLong(Exception):
    """A process has printed `LONGEST_LINE` bytes without a line break."""


class Outbox:
    """What a process shall get at one of its descriptors. The descriptor here is non-blocking, and belongs to this."""

    def __init__(self, descriptor: int) -> None:
        os.set_blocking(descriptor, False)
        self._descriptor = descriptor
        self._waiting: deque[bytes] = deque()
        self._bytes = 0
        self._more = trio.Event()
        self._closed = False

    def write(self, data: bytes) -> bool:
        """Give the process these bytes, now or when it has room for them. Never blocks.

        Returns False if they are dropped, because too much is waiting or nobody reads there any more.
        """
        if self._closed or self._bytes + len(data) > MOST_WAITING:
            return False
        if not self._waiting:
            data = data[self._write(data) :]
        if data and not self._closed:
            self._waiting.append(data)
            self._bytes += len(data)
            self._more.set()
        return not self._closed

    def close(self) -> None:
        """Drop what waits. `run` ends."""
        self._closed = True
        self._more.set()

    def _write(self, data: bytes) -> int:
        try:
            return os.write(self._descriptor, data)
        except BlockingIOError:
            return 0
        except OSError as error:
            if error.errno not in (errno.EPIPE, errno.ECONNRESET):
                raise
            # The process has ended; whoever waits for it will say so.
            self._closed = True
            return len(data)

    async def run(self) -> None:
        """Write what waits, until it is cancelled or nobody reads any more. Closes the descriptor."""
        try:
            while not self._closed:
                if not self._waiting:
                    self._more = trio.Event()
                    await self._more.wait()
                    continue
                await trio.lowlevel.wait_writable(self._descriptor)
                while self._waiting and not self._closed:
                    data = self._waiting[0]
                    written = self._write(data)
                    self._bytes -= written
                    if written < len(data):
                        self._waiting[0] = data[written:]
                        break
                    self._waiting.popleft()
        finally:
            self._closed = True
            trio.lowlevel.notify_closing(self._descriptor)
            os.close(self._descriptor)


@contextlib.asynccontextmanager
async def lines(descriptor: int) -> AsyncIterator[AsyncIterator[bytes]]:
    """Gives the lines that come out of a pipe or socket, without their line breaks, until its other end closes.

    The descriptor belongs to this, and is closed at the end of the block. Bytes after the last line break are dropped.
    Iterating raises `LineTooLong`.
    """
    try:
        async with contextlib.aclosing(_lines(descriptor)) as found:
            yield found
    finally:
        trio.lowlevel.notify_closing(descriptor)
        os.close(descriptor)


async def _lines(descriptor: int) -> AsyncGenerator[bytes, None]:
    os.set_blocking(descriptor, False)
    rest: list[bytes] = []
    length = 0
    while True:
        try:
            data = os.read(descriptor, CHUNK)
        except BlockingIOError:
            await trio.lowlevel.wait_readable(descriptor)
            continue
        except ConnectionResetError:
            return
        if not data:
            return
        *whole, last = data.split(b"\n")
        if whole:
            whole[0] = b"".join([*rest, whole[0]])
            rest, length = [], 0
            for line in whole:
                yield line
        rest.append(last)
        length += len(last)
        if length > LONGEST_LINE:
            raise LineTooLong
        await trio.lowlevel.checkpoint()
