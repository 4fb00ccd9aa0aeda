"""A node: a proposer and an acceptor side by side. They share a name and a disk, and talk by messages all the same."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from clew.systems.caspaxos.acceptor import Acceptor
from clew.systems.caspaxos.messages import Accept, Accepted, Conflict, Prepare, Promise, Request
from clew.systems.caspaxos.parameters import Parameters
from clew.systems.caspaxos.proposer import Proposer
from clew.systems.node import Context, UnreadableDisk


class CasPaxosNode:
    """One life of one node of the cluster; all of `ctx.nodes` are proposers and acceptors both."""

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
        """Begin a life. The acceptor recalls a register when it is asked for it.

        A node that cannot read which ballots it has used stays silent for this life: it might use one again.
        """
        try:
            self._proposer.start(ctx)
        except UnreadableDisk as error:
            ctx.log(f"out of order for this life, the disk cannot be read: {error}")
            self._react = {}

    def receive(self, ctx: Context, source: str, message: Any) -> None:
        """Hand the message to the role it is for, if there is one.

        Nothing is answered about a register that cannot be read: what was promised there is not known.
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
        """Only proposers wait."""
        self._proposer.wake(ctx, timer)
