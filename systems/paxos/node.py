"""A node: a proposer, an acceptor and a learner side by side."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from clew.systems.node import Context, UnreadableDisk
from clew.systems.paxos.acceptor import Acceptor
from clew.systems.paxos.learner import Learner
from clew.systems.paxos.messages import Accept, Accepted, Prepare, Promise, Reject, Request
from clew.systems.paxos.parameters import Parameters
from clew.systems.paxos.proposer import Proposer


@dataclass(frozen=True)
class Roles:
    """What a node is made of. Variants bring their own."""

    acceptor: Callable[[], Acceptor] = Acceptor
    learner: Callable[[], Learner] = Learner
    proposer: Callable[[Parameters, Learner], Proposer] = Proposer


class PaxosNode:
    """One life of one node."""

    def __init__(self, parameters: Parameters, roles: Roles = Roles()) -> None:
        self._acceptor = roles.acceptor()
        self._proposer = roles.proposer(parameters, roles.learner())
        self._react: dict[type, Callable[[Context, str, Any], None]] = {
            Request: self._proposer.request,
            Prepare: self._acceptor.prepare,
            Promise: self._proposer.promise,
            Accept: self._acceptor.accept,
            Accepted: self._proposer.accepted,
            Reject: self._proposer.reject,
        }

    def start(self, ctx: Context) -> None:
        """Begin a life. A node that cannot read which ballots it has used stays silent: it might use one again."""
        try:
            self._proposer.start(ctx)
        except UnreadableDisk as error:
            ctx.log(f"out of order for this life, the disk cannot be read: {error}")
            self._react = {}

    def receive(self, ctx: Context, source: str, message: Any) -> None:
        """Hand the message to its role. An acceptor that cannot read what it has promised does not answer."""
        react = self._react.get(type(message))
        try:
            if react is not None:
                react(ctx, source, message)
        except UnreadableDisk as error:
            ctx.log(f"ignored a {type(message).__name__}, the disk cannot be read: {error}")

    def wake(self, ctx: Context, timer: str) -> None:
        """Hand the timer to the proposer."""
        self._proposer.wake(ctx, timer)
