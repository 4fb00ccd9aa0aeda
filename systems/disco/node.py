"""A node: n1 is the master, and all others store."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from clew.systems.disco.master import Master
from clew.systems.disco.parameters import Parameters
from clew.systems.disco.storage import Storage
from clew.systems.node import Context, Node


class DiscoNode:
    """One life of one node. Its name says which part it plays."""

    def __init__(self, parameters: Parameters, master: Callable[[Parameters], Master] = Master) -> None:
        self._parameters = parameters
        self._master = master
        self._node: Node

    def start(self, ctx: Context) -> None:
        """Begin a life."""
        self._node = self._master(self._parameters) if ctx.name == ctx.nodes[0] else Storage()
        self._node.start(ctx)

    def receive(self, ctx: Context, source: str, message: Any) -> None:
        """Hand the message to the master, or to the storage node."""
        self._node.receive(ctx, source, message)

    def wake(self, ctx: Context, timer: str) -> None:
        """Hand the timer on."""
        self._node.wake(ctx, timer)
