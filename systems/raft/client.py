"""The client: asks the server that it takes for the leader, and the others in turn until one answers (section 8).

It sends a request again with the same number. The servers run a number once.
"""

from __future__ import annotations

from typing import Any

from clew.systems.node import ClientContext, Operation
from clew.systems.raft.messages import Answer, NotLeader, Request
from clew.systems.raft.parameters import Parameters

REDIRECT = "redirect"
RETRANSMIT = "retransmit"


CHANGES = ("put", "cas", "delete")
"""The functions that return what they were asked to set."""


class RaftClient:
    """A process that uses the store, or asks who leads. Its first request goes to the server of its thread's number."""

    def __init__(self, parameters: Parameters) -> None:
        self._parameters = parameters
        self._server = -1
        """The number of the server that is asked. Before the first request there is none."""
        self._operation: Operation | None = None

    def invoke(self, ctx: ClientContext, operation: Operation) -> None:
        """Send the request. A campaign goes to the client's own server, which is to win it, and to no other."""
        self._operation = operation
        if self._server < 0 or operation.f == "campaign":
            self._server = ctx.thread % len(ctx.nodes)
        self._ask(ctx, operation)

    def receive(self, ctx: ClientContext, source: str, message: Any) -> None:
        """Complete the operation, or ask the server that leads."""
        operation = self._operation
        if operation is None or not isinstance(message, Answer | NotLeader):
            return
        if isinstance(message, NotLeader) and operation.f != "campaign":
            if source == ctx.nodes[self._server]:
                self._server = ctx.nodes.index(message.leader) if message.leader else self._following(ctx)
                ctx.cancel_timer(RETRANSMIT)
                ctx.set_timer(REDIRECT, self._parameters.redirect_after)
            return
        self._operation = None
        ctx.cancel_timer(RETRANSMIT)
        ctx.cancel_timer(REDIRECT)
        if isinstance(message, NotLeader):
            ctx.complete("fail", None, "deposed")
        elif message.error is not None:
            ctx.complete("fail", operation.value, message.error)
        else:
            ctx.complete("ok", operation.value if operation.f in CHANGES else message.value)

    def wake(self, ctx: ClientContext, timer: str) -> None:
        """Ask the server that leads; or the next one, if no answer has come."""
        if self._operation is None:
            return
        if timer == RETRANSMIT:
            ctx.count("retransmissions")
            self._server = self._following(ctx)
        self._ask(ctx, self._operation)

    def _ask(self, ctx: ClientContext, operation: Operation) -> None:
        ctx.send(ctx.nodes[self._server], Request(operation.id, operation.f, operation.key, operation.value))
        if operation.f != "campaign":
            ctx.set_timer(RETRANSMIT, self._parameters.retransmit_after)

    def _following(self, ctx: ClientContext) -> int:
        return (self._server + 1) % len(ctx.nodes)
