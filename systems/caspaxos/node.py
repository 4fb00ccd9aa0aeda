"""A node: a proposer and an acceptor side by side. They share a name and a disk, but talk to each other by messages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from clew.systems.caspaxos.acceptor import Acceptor
from clew.systems.caspaxos.messages import Accept, Accepted, Conflict, Prepare, Promise, Request
from clew.systems.caspaxos.parameters import Parameters
from clew.systems.caspaxos.proposer import Proposer
from clew.systems.node import Context, UnreadableDisk


class CasPaxosNode:
    """One life of one node. Every node of the cluster is both a proposer and an acceptor.

    `acceptor` and `proposer` make the roles: variants pass roles of their own.
    """

    def __init__(
        self,
        parameters: Parameters,
        *,
        acceptor: Callable[[], Acceptor] = Acceptor,
        proposer: Callable[[Parameters], Proposer] = Proposer,
    ) -> None:
        self._acceptor = acceptor()
        self._proposer = proposer(parameters)
        self._react: dict[type, Callable[[Context, str, Any], None]] = {
            Request: self._proposer.request,
            Prepare: self._acceptor.prepare,
            Promise: self._proposer.promise,
            Accept: self._acceptor.accept,
            Accepted: self._proposer.accepted,
            Conflict: self._proposer.conflict,
        }

    def start(self, ctx: Context) -> None:
        """Begin a life. The acceptor reads a register from disk when it first needs it.

        A node that cannot read which ballots it has used might use one again. So it stays silent for this life.
        """
        try:
            self._proposer.start(ctx)
        except UnreadableDisk as error:
            ctx.log(f"out of order for this life, the disk cannot be read: {error}")
            self._react = {}

    def receive(self, ctx: Context, source: str, message: Any) -> None:
        """Hand the message to its role. Ignore messages that are for no role.

        An acceptor that cannot read a register does not know what it has promised there. So it does not answer.
        """
        react = self._react.get(type(message))
        if react is None:
            ctx.log(f"ignored a {type(message).__name__} from {source}")
            return
        try:
            react(ctx, source, message)
        except UnreadableDisk as error:
            ctx.log(f"ignored a {type(message).__name__}, the disk cannot be read: {error}")

    def wake(self, ctx: Context, timer: str) -> None:
        """Hand the timer to the proposer. The acceptor sets none."""
        self._proposer.wake(ctx, timer)
