"""A node: its roles side by side. They share a name and a disk, but talk to each other by messages."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from clew.systems.caspaxos import collector as collection
from clew.systems.caspaxos import membership
from clew.systems.caspaxos.acceptor import Acceptor
from clew.systems.caspaxos.change import Function
from clew.systems.caspaxos.collector import Collector
from clew.systems.caspaxos.membership import Administrator
from clew.systems.caspaxos.messages import (
    Accept,
    Accepted,
    AskKeys,
    Configure,
    Configured,
    Conflict,
    Deleted,
    GrownOlder,
    GrowOlder,
    Held,
    Prepare,
    Promise,
    Reconfigure,
    Refuse,
    Refusing,
    Remove,
    Removed,
    Replicate,
    Replicated,
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
    administrator of the membership. Each collects the registers that its proposer has deleted.

    `acceptor`, `proposer`, `administrator` and `collector` make the roles: variants pass roles of their own.
    `functions` are the change functions that a system adds, by name.
    """

    def __init__(
        self,
        parameters: Parameters,
        *,
        acceptor: Callable[[], Acceptor] = Acceptor,
        proposer: Callable[[Parameters, Mapping[str, Function]], Proposer] = Proposer,
        administrator: Callable[[Parameters], Administrator] = Administrator,
        collector: Callable[[Parameters], Collector] = Collector,
        functions: Mapping[str, Function] = {},
    ) -> None:
        self._acceptor = acceptor()
        self._proposer = proposer(parameters, functions)
        self._administrator = administrator(parameters)
        self._collector = collector(parameters)
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
            Replicate: self._proposer.replicate,
            GrowOlder: self._proposer.grow_older,
            Refuse: self._acceptor.refuse,
            Remove: self._acceptor.remove,
            Deleted: self._collector.deleted,
            Replicated: self._collector.replicated,
            GrownOlder: self._collector.grown_older,
            Refusing: self._collector.refusing,
            Removed: self._collector.removed,
        }

    def recover(self, ctx: Context) -> None:
        """Read which ballots this node has used, so that it uses none again, and which registers it has to remove.

        The acceptor reads a register from disk when it first needs it.
        """
        self._proposer.start(ctx)
        self._collector.start(ctx)

    def wake(self, ctx: Context, timer: str) -> None:
        """Hand the timer to the administrator, the collector or the proposer. The acceptor sets none."""
        if timer == membership.TIMER:
            self._administrator.wake(ctx)
        elif timer == collection.TIMER:
            self._collector.wake(ctx)
        else:
            self._proposer.wake(ctx, timer)
