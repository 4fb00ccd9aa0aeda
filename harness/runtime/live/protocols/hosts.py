"""Node hosts and the process that they are forked from, as the harness sees them."""

from __future__ import annotations

import contextlib
import os
import socket
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec
import trio

from clew.harness.runtime.failure import SystemFailure
from clew.harness.runtime.live.protocols import node_wire as wire
from clew.harness.runtime.live.world.process import Process
from clew.harness.runtime.live.world.world import World


class Host:
    """One life of a node, as the harness sees it."""

    def __init__(self, name: str, life: int, control: socket.socket) -> None:
        self.name = name
        self.life = life
        self.control = control
        self.pid = 0
        self.rest = b""
        self.ready = self.ended = self.killed = self.paused = False
        self.broken = ""
        """What is wrong with the node, if it has told that before it ended."""
        self.done = False
        """Whether it has answered `End`."""
        self.unconfirmed = 0
        """How many `Faults` it has not confirmed."""
        self.processor = 0
        """Nanoseconds of processor time that it has told of."""
        self.heard = time.monotonic()
        self.changed = trio.Event()

    def change(self) -> None:
        """Wake those who wait for this host."""
        self.changed.set()
        self.changed = trio.Event()

    def tell(self, order: wire.Order) -> None:
        """Send it an order."""
        with contextlib.suppress(OSError):
            self.control.send(wire.frame(order))


class HostServer:
    """The process in the world that hosts are forked from."""

    def __init__(self, requests: socket.socket, errors: int) -> None:
        self._requests = requests
        self._errors = errors
        self._lock = trio.Lock()

    async def ready(self) -> None:
        """Wait until it has imported the system."""
        await self._answer()

    async def ask(self, request: wire.Request, descriptors: Sequence[int] = ()) -> int:
        """Send a request, and wait for the answer. Cannot be cancelled: the next answer would be taken for this one."""
        answer = 0
        with trio.CancelScope(shield=True):
            async with self._lock:
                try:
                    socket.send_fds(self._requests, [wire.encode(request)], descriptors)
                except OSError:
                    raise self._lost() from None
                answer = await self._answer()
        return answer

    async def _answer(self) -> int:
        await trio.lowlevel.wait_readable(self._requests)
        answer = self._requests.recv(1 << 16)
        if not answer:
            raise self._lost()
        return msgspec.msgpack.decode(answer, type=int)

    def _lost(self) -> SystemFailure:
        said = os.pread(self._errors, 1 << 16, 0).decode(errors="replace")
        return SystemFailure("node", "", "is lost: the process that nodes are forked from has ended", said)


async def start_server(world: World, setup: wire.Setup, files: contextlib.ExitStack) -> tuple[Process, HostServer]:
    """Start the host server in the world. `files` closes what it needs here."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    files.enter_context(ours)
    ours.setblocking(False)
    errors = os.memfd_create("errors")
    files.callback(os.close, errors)
    nothing = os.open(os.devnull, os.O_RDONLY)
    files.callback(os.close, nothing)
    told = os.memfd_create("setup")
    files.callback(os.close, told)
    os.write(told, msgspec.json.encode(setup))
    os.lseek(told, 0, os.SEEK_SET)
    with theirs:
        process = await world.spawn(
            setup.nodes[0],
            # -P: the folder the user happens to be in is not the nodes' to import from.
            [sys.executable, "-P", "-m", "clew.harness.runtime.live.protocols.host_server", setup.system],
            environment=os.environ,
            folder=Path.cwd(),
            stdin=nothing,
            stdout=errors,
            stderr=errors,
            keep={3: theirs.fileno(), 4: told},
            enters={descriptor: name for name, descriptor in setup.enters.items()},
        )
    return process, HostServer(ours, errors)
