"""The world of a live run: where its processes live, and what each of them sees as the network.

    async with open_world(["n1", "n2", "c0"]) as world:
        node = await world.spawn("n1", ["./server", "--port", "80"], ...)
        await node.kill()

`open_world` makes a world of namespaces: every endpoint has a network of its own, whose packets come out at a
descriptor here. `open_loopback` makes one that needs no rights, without a network of its own. `world_process.py` is the
other end: the process that makes namespaces and starts processes. It dies with this one, and everything with it.
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Literal

import trio

import clew
from clew.harness.errors import MachineError
from clew.harness.runtime.live.world.addresses import Addresses
from clew.harness.runtime.live.world.cannot_start import CannotStart, cannot_start
from clew.harness.runtime.live.world.line import Line
from clew.harness.runtime.live.world.machine import NoWorld, look
from clew.harness.runtime.live.world.process import Process

MAIN = """
import sys
sys.path.append(sys.argv.pop(1))
from clew.harness.runtime.live.world.world_process import main
main()
"""


RESERVED_PORT = 17077
"""The UDP port that a run binds on an address of its own, so that no other run takes the same addresses."""


class World:
    """What `open_world` and `open_loopback` give: endpoints with an address each, and processes that live there."""

    def __init__(self, addresses: Addresses, outer: subprocess.Popen[bytes], control: Line, namespaces: bool) -> None:
        self.addresses = addresses
        """The address of each endpoint."""
        self.tuns: dict[str, int] = {}
        """For each endpoint the descriptor at which its packets come out and go in, not blocking. Empty on loopback."""
        self._outer = outer
        self._control = control
        self._namespaces = namespaces
        self._init: int | None = None
        """A pidfd of the process whose end ends all others."""
        self._processes: set[Process] = set()
        self._asking = trio.Lock()

    async def spawn(
        self,
        endpoint: str,
        argv: Sequence[str],
        *,
        environment: Mapping[str, str],
        folder: Path,
        stdin: int,
        stdout: int,
        stderr: int,
        keep: Mapping[int, int] | None = None,
        enters: Mapping[int, str] | None = None,
    ) -> Process:
        """Start a process at an endpoint. Returns when the program runs, a few milliseconds later.

        `environment` is all of its environment; the program is looked up in its PATH. `folder` is its working folder.
        `stdin`, `stdout`, `stderr` and `keep` (the number that the process sees -> a descriptor of ours) are the only
        descriptors that it gets; they stay open here. It has no controlling terminal, and default signal handlers.
        `enters` (the number that the process sees -> an endpoint) gives it descriptors of network namespaces, and the
        right to `setns` into them. On loopback it gives nothing.

        Raises `CannotStart` if there is no such program or folder, or it cannot be executed; MachineError if the
        world has ended; KeyError if there is no such endpoint.
        """
        self.addresses.of(endpoint)
        given = {0: stdin, 1: stdout, 2: stderr, **(keep or {})}
        request = [[*argv], {**environment}, str(folder), [*given], {**(enters or {})}]
        line = await self._ask("spawn", endpoint, request, [*given.values()])
        reaper: int | None = None
        started = False
        ended: tuple[Any, ...] | None = None
        try:
            while reaper is None or not started:
                received = await line.receive()
                if received is None:
                    raise self._why_it_ended()
                message, descriptors = received
                if message[0] == "pidfd":
                    (reaper,) = descriptors
                elif message[0] == "started":
                    started = True
                elif message[0] == "ended":
                    # A short life may be over before the world has told its pidfd.
                    ended = message
                elif message[0] == "failed":
                    raise cannot_start(argv[0], folder, environment.get("PATH", os.defpath), *message[1:])
        except BaseException:
            # The reaper kills the program when its line ends.
            line.close()
            if reaper is not None:
                os.close(reaper)
            raise
        process = Process(endpoint, line, reaper, self._namespaces)
        if ended is not None:
            process._note(ended)
        self._processes = {other for other in self._processes if not other.has_ended} | {process}
        return process

    async def udp_socket(self, endpoint: str) -> socket.socket:
        """A non-blocking UDP socket of this endpoint. It is not bound. The caller closes it."""
        return await self._socket(endpoint, "udp", socket.SOCK_DGRAM)

    async def tcp_socket(self, endpoint: str) -> socket.socket:
        """A non-blocking TCP socket of this endpoint. It is not bound. The caller closes it."""
        return await self._socket(endpoint, "tcp", socket.SOCK_STREAM)

    async def _socket(self, endpoint: str, name: str, kind: socket.SocketKind) -> socket.socket:
        self.addresses.of(endpoint)
        if self._namespaces:
            line = await self._ask(name, endpoint, [], [])
            try:
                received = await line.receive()
            finally:
                line.close()
            if received is None:
                raise self._why_it_ended()
            message, descriptors = received
            if message[0] == "failed":
                raise MachineError(f"cannot make a socket at {endpoint}: {os.strerror(message[1])}")
            made = socket.socket(socket.AF_INET, kind, fileno=descriptors[0])
        else:
            made = socket.socket(socket.AF_INET, kind)
        made.setblocking(False)
        return made

    async def _ask(self, request: str, endpoint: str, details: list[Any], descriptors: list[int]) -> Line:
        """Send a request. Returns the line on which the answers come."""
        line = Line()
        try:
            async with self._asking:
                await self._control.send((request, endpoint, *details), [line.theirs.fileno(), *descriptors])
        except OSError as error:
            line.close()
            if error.errno == errno.EMSGSIZE:
                raise CannotStart(f"cannot start {details[0][0]}: its arguments and environment are too long") from None
            raise self._why_it_ended() from None
        except BaseException:
            line.close()
            raise
        line.theirs.close()
        return line

    async def _start(self) -> None:
        """Wait until the world is ready. Raises MachineError."""
        ready = False
        while not ready or (self._namespaces and self._init is None):
            received = await self._control.receive()
            if received is None:
                raise MachineError("the process that makes the world of a run ended before it was ready")
            (kind, *details), descriptors = received
            if kind == "init":
                (self._init,) = descriptors
            elif kind == "tun":
                (self.tuns[details[0]],) = descriptors
            elif kind == "ready":
                ready = True
            elif kind == "refused":
                stage, number, words = details
                raise NoWorld(stage, number, words, look())
            else:
                raise RuntimeError(f"the process of the world broke:\n{details[0]}")

    def _why_it_ended(self) -> Exception:
        with contextlib.suppress(BlockingIOError):
            if (received := self._control.receive_now()) is not None:
                return RuntimeError(f"the process of the world broke: {received[0]}")
        return MachineError("the processes of the run's world were killed from outside")

    async def _end(self) -> None:
        """End every process, and return when none is left."""
        with trio.CancelScope(shield=True):
            for tun in self.tuns.values():
                os.close(tun)
            self.tuns = {}
            outer = os.pidfd_open(self._outer.pid)
            # Somebody may have stopped it.
            signal.pidfd_send_signal(outer, signal.SIGCONT)
            self._control.close()
            if self._init is not None:
                with contextlib.suppress(ProcessLookupError):
                    signal.pidfd_send_signal(self._init, signal.SIGKILL)
                os.close(self._init)
            for process in self._processes:
                await process.wait()
            # The outer process ends when init has ended, and init when everything below it has ended.
            await trio.lowlevel.wait_readable(outer)
            os.close(outer)
            self._outer.wait()


@asynccontextmanager
async def open_world(endpoints: Sequence[str]) -> AsyncIterator[World]:
    """A world of namespaces: each endpoint has a network of its own, which ends in `World.tuns`.

    It takes a tenth of a second. Call it in the thread that runs trio: the world dies with that thread. Leaving the
    block ends every process, also when it is left by cancellation, and returns when none is left.
    Raises `NoWorld`, a MachineError that says what would mend it, if this machine does not allow it.
    """
    async with _open(Addresses.of_endpoints(endpoints), "namespaces") as world:
        yield world


@asynccontextmanager
async def open_loopback(endpoints: Sequence[str]) -> AsyncIterator[World]:
    """A world without namespaces: all endpoints are on the machine's loopback, each with an address of its own.

    It is for programs that bind their own address. No packet passes through clew. Leaving the block ends every
    process, also when it is left by cancellation, and returns when none is left. Raises MachineError.
    """
    with _reserve_prefix() as prefix:
        async with _open(Addresses.of_endpoints(endpoints, prefix), "loopback") as world:
            yield world


@asynccontextmanager
async def _open(addresses: Addresses, mode: Literal["namespaces", "loopback"]) -> AsyncIterator[World]:
    control = Line()
    try:
        # Not by `trio.run_process`: it forks in a thread, and the process dies with the thread that forked it.
        outer = subprocess.Popen(
            [
                *(sys.executable, "-I", "-S", "-c", MAIN, str(Path(clew.__file__).parent.parent)),
                *(mode, str(os.getpid())),
                *(f"{name}={address}" for name, address in addresses.by_name.items()),
            ],
            stdin=control.theirs.fileno(),
            stdout=subprocess.DEVNULL,
            start_new_session=True,
        )
    except BaseException:
        control.close()
        raise
    control.theirs.close()
    world = World(addresses, outer, control, mode == "namespaces")
    try:
        await world._start()
        yield world
    finally:
        await world._end()


@contextlib.contextmanager
def _reserve_prefix() -> Iterator[str]:
    """A prefix of loopback addresses that no other run of this machine has while the block lasts."""
    first = secrets.randbelow(254)
    for number in range(254):
        prefix = f"127.{1 + (first + number) % 254}"
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as reserved:
            try:
                reserved.bind((f"{prefix}.255.254", RESERVED_PORT))
            except OSError as error:
                if error.errno != errno.EADDRINUSE:
                    raise MachineError(f"cannot use the loopback address {prefix}.255.254: {error.strerror}") from None
                continue
            yield prefix
            return
    raise MachineError("254 other runs use all loopback addresses of this machine")
