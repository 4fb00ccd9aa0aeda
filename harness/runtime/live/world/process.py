"""One process of a world, as the harness sees it; `reaper.py` is the other end of its line."""

from __future__ import annotations

import contextlib
import os
import signal
from typing import Any

import trio

from clew.harness.runtime.live.world.line import Line


class Process:
    """One process of a world, with all processes that it starts, daemons too.

    All of them are killed when it ends, when it is killed, and when the world ends. Any task may call any method at any
    time. A cancelled call changes nothing for the process.
    """

    def __init__(self, name: str, line: Line, reaper: int, namespace: bool) -> None:
        self.name = name
        """The endpoint that it runs at."""
        self._line = line
        self._reaper: int | None = reaper
        """A pidfd. The end of the reaper is the end of everything below it. None once that has been seen."""
        self._namespace = namespace
        """Whether the reaper is the first process of a PID namespace."""
        self._status = -int(signal.SIGKILL)
        """A reaper that is killed has no time to tell."""
        self._orders = 0
        self._ordering = trio.Lock()
        self._waiting = trio.Lock()

    @property
    def has_ended(self) -> bool:
        """Whether somebody has waited for it, and it has ended."""
        return self._reaper is None

    async def wait(self) -> int:
        """Wait until it has ended, and all that it started. Returns its exit status, or minus the signal that ended it.

        What it started is killed when it ends.
        """
        async with self._waiting:
            if self._reaper is not None:
                await trio.lowlevel.wait_readable(self._reaper)
                os.close(self._reaper)
                self._reaper = None
                with contextlib.suppress(BlockingIOError):
                    while (received := self._line.receive_now()) is not None:
                        self._note(received[0])
                self._line.close()
        return self._status

    async def kill(self) -> None:
        """Kill it and all that it started. Returns when nothing of it is left. Does nothing if it has ended.

        It is not cancelled: what is being killed ends soon.
        """
        with trio.CancelScope(shield=True):
            if self._reaper is not None:
                if self._namespace:
                    with contextlib.suppress(ProcessLookupError):
                        signal.pidfd_send_signal(self._reaper, signal.SIGKILL)
                else:
                    with contextlib.suppress(OSError):
                        await self._line.send(("kill",))
            await self.wait()

    async def pause(self) -> None:
        """Stop it and all that it started (SIGSTOP). Returns when it has stopped, or has ended.

        A program that waits for a disk stops when the disk has answered; this does not wait for that.
        """
        await self._order("pause", "stopped")

    async def resume(self) -> None:
        """Let it go on (SIGCONT). Returns when it goes on, or has ended."""
        await self._order("resume", "continued")

    async def _order(self, order: str, answer: str) -> None:
        async with self._ordering:
            self._orders += 1
            # An order that was cancelled is answered too. The number tells the answers apart.
            wanted = (answer, self._orders)
            with contextlib.suppress(OSError):
                await self._line.send((order, self._orders))
                while (received := await self._line.receive()) is not None and received[0] != wanted:
                    self._note(received[0])

    def _note(self, message: tuple[Any, ...]) -> None:
        if message[0] == "ended":
            self._status = message[1]
