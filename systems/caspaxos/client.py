"""The client: one request to one proposer, and the reply with the same id.

It does not send a request again: a node that restarted in between would not know it and apply the change twice.
"""

from __future__ import annotations

from typing import Any

from clew.systems.caspaxos.change import Change, CompareAndSet, Read, Write
from clew.systems.caspaxos.messages import Reply, Request
from clew.systems.node import ClientContext, Operation


class CasPaxosClient:
    """A process that reads, writes and compares-and-sets registers through the node that its thread belongs to."""

    def __init__(self) -> None:
        self._operation: Operation | None = None

    def invoke(self, ctx: ClientContext, operation: Operation) -> None:
        """Submit the change function to the thread's proposer."""
        self._operation = operation
        proposer = ctx.nodes[ctx.thread % len(ctx.nodes)]
        ctx.send(proposer, Request(operation.id, operation.key, change_of(operation)))

    def receive(self, ctx: ClientContext, source: str, message: Any) -> None:
        """Complete the operation as the proposer says, unless the reply is to one that is over."""
        operation = self._operation
        if operation is None or not isinstance(message, Reply) or message.id != operation.id:
            return
        self._operation = None
        if message.outcome == "ok" and operation.f == "read":
            ctx.complete("ok", message.value)
        else:
            ctx.complete(message.outcome, operation.value, message.error)

    def wake(self, ctx: ClientContext, timer: str) -> None:
        """Sets no timers."""


def change_of(operation: Operation) -> Change:
    """The change function that an operation stands for."""
    if operation.f == "read":
        return Read()
    if operation.f == "write":
        return Write(operation.value)
    assert operation.f == "cas", operation
    expected, value = operation.value
    return CompareAndSet(expected, value)
