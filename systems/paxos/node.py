"""A node: a proposer, an acceptor and a learner side by side."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from clew.systems.node import Context
from clew.systems.paxos.acceptor import Acceptor
from clew.systems.paxos.learner import Learner
from clew.systems.paxos.messages import Accept, Accepted, Prepare, Promise, Reject, Request
from clew.systems.paxos.parameters import Parameters
from clew.systems.paxos.proposer import Proposer
from clew.systems.recovering_node import RecoveringNode


@dataclass(frozen=True)
class Roles:
    """What a node is made of. Variants bring their own."""

    acceptor: Callable[[], Acceptor] = Acceptor
    learner: Callable[[], Learner] = Learner
    proposer: Callable[[Parameters, Learner], Proposer] = Proposer


class PaxosNode(RecoveringNode):
    """One life of one node."""

    def __init__(self, parameters: Parameters, roles: Roles = Roles()) -> None:
        self._acceptor = roles.acceptor()
        self._proposer = roles.proposer(parameters, roles.learner())
        self._react = {
            Request: self._proposer.request,
            Prepare: self._acceptor.prepare,
            Promise: self._proposer.promise,
            Accept: self._acceptor.accept,
            Accepted: self._proposer.accepted,
            Reject: self._proposer.reject,
        }

    def recover(self, ctx: Context) -> None:
        """Read which ballots this node has used, so that it uses none again. The acceptor reads later."""
        self._proposer.start(ctx)

    def wake(self, ctx: Context, timer: str) -> None:
        """Hand the timer to the proposer."""
        self._proposer.wake(ctx, timer)
