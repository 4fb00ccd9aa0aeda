"""The client: asks one proposer, and waits for the decision. The number of its thread says which proposer."""

from __future__ import annotations

from typing import Any

from clew.systems.node import ClientContext, Operation
from clew.systems.paxos.messages import Decision, Request


class PaxosClient:
    """A process that proposes values and reads decisions."""

    def invoke(self, ctx: ClientContext, operation: Operation) -> None:
        """Send the request."""
        ctx.send(ctx.nodes[ctx.thread % len(ctx.nodes)], Request(operation.id, operation.key, operation.value))

    def receive(self, ctx: ClientContext, source: str, message: Any) -> None:
        """Complete the operation with what is decided."""
        if isinstance(message, Decision):
            ctx.complete("ok", message.value)

    def wake(self, ctx: ClientContext, timer: str) -> None:
        """Do nothing: this client sets no timers."""
