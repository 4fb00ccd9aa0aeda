"""A line between the harness and a process of a world: messages, and descriptors with them."""

from __future__ import annotations

import marshal
import socket
from collections.abc import Sequence
from typing import Any

import trio

from clew.harness.errors import MachineError


class Line:
    """One end of a socket between this process and a process of the world: messages, and descriptors with them."""

    def __init__(self) -> None:
        self._socket, self.theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        """`theirs` is the other end: close it when the other process has it."""
        self._socket.setblocking(False)

    async def send(self, message: tuple[Any, ...], descriptors: Sequence[int] = ()) -> None:
        """Send a message. Raises OSError if the other process has ended, or the message is too long."""
        data = marshal.dumps(message)
        while True:
            try:
                socket.send_fds(self._socket, [data], descriptors)
                return
            except BlockingIOError:
                await trio.lowlevel.wait_writable(self._socket)

    async def receive(self) -> tuple[tuple[Any, ...], list[int]] | None:
        """The next message, and the descriptors that came with it. None if the line has ended. Raises MachineError."""
        while True:
            try:
                return self.receive_now()
            except BlockingIOError:
                try:
                    await trio.lowlevel.wait_readable(self._socket)
                except trio.ClosedResourceError:
                    return None

    def receive_now(self) -> tuple[tuple[Any, ...], list[int]] | None:
        """As `receive`, but raises BlockingIOError if there is no message."""
        try:
            data, descriptors, flags, _ = socket.recv_fds(self._socket, 1 << 16, 1)
        except BlockingIOError:
            raise
        except OSError:
            return None
        if flags & socket.MSG_CTRUNC:
            # The kernel had no number left for the descriptor that came with the message.
            raise MachineError("this process has too many open files; allow more: ulimit -n 65536")
        return (marshal.loads(data), descriptors) if data else None

    def close(self) -> None:
        """End the line. The other process notices, and so does a task that receives."""
        if self._socket.fileno() >= 0:
            trio.lowlevel.notify_closing(self._socket)
        self._socket.close()
        self.theirs.close()
