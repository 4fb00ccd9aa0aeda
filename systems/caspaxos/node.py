"""A node: its roles side by side. They share a name and a disk, but talk to each other by messages."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from clew.systems.caspaxos.acceptor import Acceptor
from clew.systems.caspaxos.change import Function
from clew.systems.caspaxos.membership import TIMER, Administrator
from clew.systems.caspaxos.messages import (
    Accept,
    Accepted,
    AskKeys,
    Configure,
    Configured,
    Conflict,
    Held,
    Prepare,
    Promise,
    Reconfigure,
    Reply,
    Request,
    Turn,
    Turned,
)
from clew.systems.caspaxos.parameters import Parameters
from clew.systems.caspaxos.proposer import Proposer
from clew.systems.node import Context
from clew.systems.recovering_node import RecoveringNode


class CasPaxosNode(RecoveringNode):
    """One life of one node. Every node of the cluster is both a proposer and an acceptor. One of them is also the
    administrator of the membership.

    `acceptor`, `proposer` and `administrator` make the roles: variants pass roles of their own. `functions` are the
    change functions that a system adds, by name.
    """

    def __init__(
        self,
        parameters: Parameters,
        *,
        acceptor: Callable[[], Acceptor] = Acceptor,
        proposer: Callable[[Parameters, Mapping[str, Function]], Proposer] = Proposer,
        administrator: Callable[[Parameters], Administrator] = Administrator,
        functions: Mapping[str, Function] = {},
    ) -> None:
        self._acceptor = acceptor()
        self._proposer = proposer(parameters, functions)
        self._administrator = administrator(parameters)
        self._react = {
            Request: self._proposer.request,
            Prepare: self._acceptor.prepare,
            Promise: self._proposer.promise,
            Accept: self._acceptor.accept,
            Accepted: self._proposer.accepted,
            Conflict: self._proposer.conflict,
            Configure: self._proposer.configure,
            Turn: self._acceptor.turn,
            AskKeys: self._acceptor.ask_keys,
            Reconfigure: self._administrator.reconfigure,
            Configured: self._administrator.configured,
            Turned: self._administrator.turned,
            Held: self._administrator.held,
            Reply: self._administrator.reply,
        }

    def recover(self, ctx: Context) -> None:
        """Read which ballots this node has used, so that it uses none again.

        The acceptor reads a register from disk when it first needs it.
        """
        self._proposer.start(ctx)

    def wake(self, ctx: Context, timer: str) -> None:
        """Hand the timer to the administrator or the proposer. The acceptor sets none."""
        if timer == TIMER:
            self._administrator.wake(ctx)
        else:
            self._proposer.wake(ctx, timer)
