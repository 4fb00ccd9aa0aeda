"""The client: asks a replica, and the others in turn until one answers. The replicas run a command once."""

from __future__ import annotations

from typing import Any

from clew.systems.multipaxos.messages import Answer, Request
from clew.systems.multipaxos.parameters import Parameters
from clew.systems.node import ClientContext, Operation


class StoreClient:
    """A process that uses the store."""

    def __init__(self, parameters: Parameters) -> None:
        self._parameters = parameters
        self._replica = -1
        """The number of the replica that is asked. Before the first request there is none."""
        self._operation: Operation

    def invoke(self, ctx: ClientContext, operation: Operation) -> None:
        """Ask the replica that answered last."""
        self._operation = operation
        if self._replica < 0:
            self._replica = ctx.thread % len(ctx.nodes) if self._parameters.ask == "own" else 0
        self._ask(ctx)

    def receive(self, ctx: ClientContext, source: str, message: Any) -> None:
        """Complete the operation with its result."""
        if isinstance(message, Answer):
            ctx.cancel_timer("retransmit")
            ctx.complete("ok" if message.error is None else "fail", message.value, message.error)

    def wake(self, ctx: ClientContext, timer: str) -> None:
        """Ask the next replica: this one is down, or cannot reach the others."""
        self._replica = (self._replica + 1) % len(ctx.nodes)
        ctx.count("retransmissions")
        self._ask(ctx)

    def _ask(self, ctx: ClientContext) -> None:
        asked = self._operation
        ctx.send(ctx.nodes[self._replica], Request(asked.id, asked.f, asked.key, asked.value))
        ctx.set_timer("retransmit", self._parameters.retransmit_after)
