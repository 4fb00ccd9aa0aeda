"""The nodes of a simulated cluster, as something that takes steps and returns their effects.

There are two ways, with the same effects in the same order. `InlineNodes` calls the methods of the node in this
process: fast, for hunting and shrinking. `lockstep.ProcessNodes` gives each node a process of its own: real, a crash is
a SIGKILL.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any, Protocol

from clew.harness.runtime.failure import Part, raised
from clew.harness.runtime.watchdog import NOT_OURS, Watchdog
from clew.systems.node import Context, Effect, Node


class Nodes(Protocol):
    """The lives of the nodes, and their steps. A method that takes a step returns its effects, in their order.

    Carry them out before the node takes its next step: the list is the node's, and is used again.
    Every method raises `SystemFailure` if the node breaks.
    """

    async def start(self, name: str, now: int, seed: int, disk: dict[str, bytes]) -> list[Effect]:
        """Begin a life of the node `name` at `now` (ns), with a seed for its random numbers and what its disk holds."""

    async def receive(self, name: str, now: int, source: str, message: Any, body: bytes) -> list[Effect]:
        """Deliver a message; `body` is its JSON."""

    async def wake(self, name: str, now: int, timer: str) -> list[Effect]:
        """Tell the node that a timer is due."""

    async def kill(self, name: str) -> None:
        """End a life, without warning."""


class InlineNodes:
    """Nodes as objects in this process. `make()` gives a node for one life."""

    def __init__(self, make: Callable[[], Node], names: tuple[str, ...], watchdog: Watchdog) -> None:
        self._make = make
        self._names = names
        self._watchdog = watchdog
        self._lives: dict[str, tuple[Node, Context, tuple[Part, str]]] = {}

    async def start(self, name: str, now: int, seed: int, disk: dict[str, bytes]) -> list[Effect]:
        ctx = Context(name, self._names, Random(seed), disk)
        self._watchdog.stepping = "node", name
        try:
            node = self._make()
        except NOT_OURS:
            raise
        except BaseException as error:
            raise raised("node", name, error) from None
        self._lives[name] = node, ctx, ("node", name)
        return self._step(name, now, "start")

    async def receive(self, name: str, now: int, source: str, message: Any, body: bytes) -> list[Effect]:
        # `_step`, without the call: most events of a run come this way.
        node, ctx, self._watchdog.stepping = self._lives[name]
        ctx.now = now
        ctx.effects.clear()
        try:
            node.receive(ctx, source, message)
        except NOT_OURS:
            raise
        except BaseException as error:
            raise raised("node", name, error) from None
        self._watchdog.stepping = None
        return ctx.effects

    async def wake(self, name: str, now: int, timer: str) -> list[Effect]:
        return self._step(name, now, "wake", timer)

    async def kill(self, name: str) -> None:
        del self._lives[name]

    def _step(self, name: str, now: int, step: str, *arguments: Any) -> list[Effect]:
        node, ctx, self._watchdog.stepping = self._lives[name]
        ctx.now = now
        ctx.effects.clear()
        try:
            # By its name, and in here: a node may lack the method.
            getattr(node, step)(ctx, *arguments)
        except NOT_OURS:
            raise
        except BaseException as error:
            raise raised("node", name, error) from None
        self._watchdog.stepping = None
        return ctx.effects
