"""A node that recovers from its disk, or stays silent.

What a node has promised is on its disk. A node that cannot read it has forgotten its promises, and must not act as if
it had made none. So it does not answer. To the others it is down.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

from clew.systems.node import Context, UnreadableDisk

React = Callable[[Context, str, Any], None]
"""Reacts to one message of one type: context, source, message."""


class RecoveringNode(ABC):
    """One life of a node that hands each message to what reacts to its type. Subclasses fill `_react`, and wake."""

    _react: dict[type, React]
    """What reacts to messages, by their type. Empty: the node stays silent for this life."""

    def start(self, ctx: Context) -> None:
        """Begin a life. A node that cannot recover stays silent."""
        try:
            self.recover(ctx)
        except UnreadableDisk as error:
            ctx.log(f"out of order for this life, the disk cannot be read: {error}")
            self._react = {}

    @abstractmethod
    def recover(self, ctx: Context) -> None:
        """Read what the last life left, and begin. Set no timer before all is read.

        Raises `UnreadableDisk` if something cannot be read that every later step relies on.
        """

    def receive(self, ctx: Context, source: str, message: Any) -> None:
        """Hand the message to what reacts to it. Ignore it if nothing does, or if that cannot read what it needs."""
        react = self._react.get(type(message))
        if react is None:
            if self._react:
                ctx.log(f"ignored a {type(message).__name__} from {source}")
            return
        try:
            react(ctx, source, message)
        except UnreadableDisk as error:
            ctx.log(f"ignored a {type(message).__name__}, the disk cannot be read: {error}")
