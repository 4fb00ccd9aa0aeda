"""The endpoints of the simulated network: the nodes and the clients, as things that take steps.

A step returns effects, in their order. `Simulation` carries them out in one place, for nodes and clients alike.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from random import Random
from typing import Any, Protocol

from clew.harness.runtime.failure import raised
from clew.harness.runtime.inline_client import InlineClient
from clew.harness.runtime.simulation.disk import SimulatedDisk
from clew.harness.runtime.simulation.nodes import Nodes
from clew.harness.runtime.thread import Thread
from clew.harness.runtime.watchdog import NOT_OURS, Watchdog
from clew.systems.node import Client, Effect, Operation

NOTHING: list[Effect] = []
"""The effects of a message that nobody hears. Nobody changes the list."""

Waiting = tuple[Any, ...]
"""An event that a paused node has yet to see, as the event loop holds it: kind and arguments."""


class Endpoint(Protocol):
    """A node or a client."""

    name: str
    """Its name on the network."""
    up: bool
    """Whether it runs. Messages to an endpoint that is down are lost."""
    paused: bool
    """Whether it stands still. Its messages and timers wait."""
    timers: dict[str, int]
    """The timers that are set: name -> the number of the event that wakes it. An older event of that name is stale."""
    waiting: list[Waiting]
    """What came while it was paused, in order."""
    disk: SimulatedDisk
    """Its disk. A client has one that is never read: what it writes is gone with its process."""

    async def receive(self, now: int, source: str, message: Any, body: bytes) -> list[Effect]:
        """Take a step: react to a message. `body` is the message as JSON."""

    async def wake(self, now: int, timer: str) -> list[Effect]:
        """Take a step: react to a timer."""


class NodeEndpoint:
    """A node. Its lives come and go; its disk stays."""

    def __init__(self, name: str, disk: SimulatedDisk, nodes: Nodes) -> None:
        self.name = name
        self.up = False
        self.paused = False
        self.timers: dict[str, int] = {}
        self.waiting: list[Waiting] = []
        self.disk = disk
        self.life = -1
        """The number of its life, from 0; -1 before the first one."""
        # The same as methods that await those of `nodes`, without a coroutine more for each message.
        self.receive = partial(nodes.receive, name)
        self.wake = partial(nodes.wake, name)
        self._nodes = nodes

    async def start(self, now: int, seed: int) -> list[Effect]:
        """Begin the next life, and take its first step."""
        return await self._nodes.start(self.name, now, seed, self.disk.contents())

    async def kill(self) -> None:
        """End a life, without warning."""
        await self._nodes.kill(self.name)


class ClientEndpoint(InlineClient):
    """The client of a thread. A client is always an object in this process."""

    def __init__(
        self,
        thread: Thread,
        nodes: tuple[str, ...],
        random: Random,
        make: Callable[[], Client],
        replies: frozenset[type],
        watchdog: Watchdog,
    ) -> None:
        super().__init__(thread, nodes, random, make, replies, watchdog)
        self.up = True
        self.paused = False
        self.waiting: list[Waiting] = []
        self.disk = SimulatedDisk(random)

    def invoke(self, now: int, operation: Operation) -> list[Effect]:
        """Take a step: start an operation."""
        return self._step(now, self._client.invoke, operation)

    async def receive(self, now: int, source: str, message: Any, body: bytes) -> list[Effect]:
        operation = self.thread.operation
        if operation is None or (type(message) in self._replies and message.id != operation.id):
            return NOTHING
        # `_step`, without the call: most events of a run come this way.
        ctx = self._ctx
        ctx.now = now
        ctx.effects.clear()
        self._watchdog.stepping = self._part
        try:
            self._client.receive(ctx, source, message)
        except NOT_OURS:
            raise
        except BaseException as error:
            raise raised("client", self.name, error) from None
        self._watchdog.stepping = None
        return ctx.effects

    async def wake(self, now: int, timer: str) -> list[Effect]:
        return self._step(now, self._client.wake, timer)
