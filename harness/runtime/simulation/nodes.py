"""The nodes of a simulated cluster: whoever can take a step of one and say what its effects are.

Two ways, with the same effects in the same order: `InlineNodes` here calls the node's methods (fast: campaigns,
shrinking), `lockstep.ProcessNodes` gives each node a process of its own (real: a crash is a SIGKILL).
"""

from __future__ import annotations

import random
import typing
from typing import Any

from clew.harness.runtime.failure import raised
from clew.systems.node import Context, Effect, Node
from clew.systems.protocol import Protocol


class Nodes(typing.Protocol):
    """The lives of the nodes, and their steps. A method that takes a step returns its effects, in order."""

    async def start(self, name: str, now: int, seed: int, disk: dict[str, bytes]) -> list[Effect]:
        """Begin a life."""

    async def receive(self, name: str, now: int, source: str, message: Any, body: bytes) -> list[Effect]:
        """Deliver a message; `body` is its JSON."""

    async def wake(self, name: str, now: int, timer: str) -> list[Effect]:
        """A timer is due."""

    async def kill(self, name: str) -> None:
        """End a life, without warning."""


class InlineNodes:
    """Nodes as objects in this process."""

    def __init__(self, system: Protocol, variant: str | None, parameters: Any, names: tuple[str, ...]) -> None:
        self._make = system.variant(variant).node
        self._parameters = parameters
        self._names = names
        self._lives: dict[str, tuple[Node, Context]] = {}

    async def start(self, name: str, now: int, seed: int, disk: dict[str, bytes]) -> list[Effect]:
        try:
            node = self._make(self._parameters)
            ctx = Context(name, self._names, random.Random(seed), disk)
            ctx.now = now
            self._lives[name] = node, ctx
            node.start(ctx)
        except (Exception, SystemExit):
            raise raised("node", name) from None
        return ctx.take()

    async def receive(self, name: str, now: int, source: str, message: Any, body: bytes) -> list[Effect]:
        node, ctx = self._lives[name]
        ctx.now = now
        try:
            node.receive(ctx, source, message)
        except (Exception, SystemExit):
            raise raised("node", name) from None
        return ctx.take()

    async def wake(self, name: str, now: int, timer: str) -> list[Effect]:
        node, ctx = self._lives[name]
        ctx.now = now
        try:
            node.wake(ctx, timer)
        except (Exception, SystemExit):
            raise raised("node", name) from None
        return ctx.take()

    async def kill(self, name: str) -> None:
        del self._lives[name]
