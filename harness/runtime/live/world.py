"""The world of a live run: where its processes live, and what each of them sees as the network."""

from __future__ import annotations

import socket
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from clew.harness.runtime.live.addresses import Addresses


class Process(ABC):
    """One process of a world, with all processes that it starts, daemons too."""

    name: str
    """The endpoint that it runs at."""

    @abstractmethod
    async def wait(self) -> int:
        """Wait until it has ended, and all that it started. Returns its exit status, or minus the signal that ended it.

        What it started is killed when it ends.
        """

    @abstractmethod
    async def kill(self) -> None:
        """Kill it and all that it started. Returns when nothing of it is left. Does nothing if it has ended."""

    @abstractmethod
    async def pause(self) -> None:
        """Stop it and all that it started (SIGSTOP). Returns when it has stopped."""

    @abstractmethod
    async def resume(self) -> None:
        """Let it go on (SIGCONT)."""


class World(ABC):
    """What `open_world` and `open_loopback` give: endpoints with an address each, and processes that live there."""

    addresses: Addresses
    """The address of each endpoint."""

    tuns: Mapping[str, int]
    """For each endpoint the descriptor at which its packets come out and go in. Empty on loopback."""

    @abstractmethod
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
        """Start a process at an endpoint. Returns when the program runs.

        `environment` is all of its environment, `folder` is its working directory. `stdin`, `stdout`, `stderr` and
        `keep` (the number that the process sees -> a descriptor of ours) are the only descriptors that it gets; they
        stay open here. `enters` (the number that the process sees -> an endpoint) gives it descriptors of network
        namespaces, and the right to `setns` into them; nothing on loopback.

        Raises `CannotStart` if there is no such program, or it cannot be executed.
        """

    @abstractmethod
    async def udp_socket(self, endpoint: str) -> socket.socket:
        """A non-blocking UDP socket of this endpoint. It is not bound. The caller closes it."""

    @abstractmethod
    async def tcp_socket(self, endpoint: str) -> socket.socket:
        """A non-blocking TCP socket of this endpoint. It is not bound. The caller closes it."""


class CannotStart(Exception):
    """A program cannot be started. The message is one line that names the program and says why."""


@asynccontextmanager
async def open_world(endpoints: Sequence[str]) -> AsyncIterator[World]:
    """A world of namespaces: each endpoint has a network of its own, which ends in `World.tuns`.

    Leaving the block ends every process, also when it is left by cancellation, and returns when none is left.
    Raises MachineError, with what would mend it, if this machine allows no namespaces.
    """
    raise NotImplementedError
    yield


@asynccontextmanager
async def open_loopback(endpoints: Sequence[str]) -> AsyncIterator[World]:
    """A world without namespaces: all endpoints are on the machine's loopback, each with an address of its own.

    It is for programs that bind their own address and start no daemons that resist; no packet passes through clew.
    Leaving the block ends every process, also when it is left by cancellation, and returns when none is left.
    """
    raise NotImplementedError
    yield
