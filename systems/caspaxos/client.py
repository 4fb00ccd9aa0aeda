"""The client: sends one request to one proposer, and waits for the reply.

It sends no request twice, so the outcome of a lost request stays unknown.
"""

from __future__ import annotations

from typing import Any

from clew.systems.caspaxos.change import Change, CompareAndSet, Read, Write
from clew.systems.caspaxos.messages import Reply, Request
from clew.systems.node import ClientContext, Operation


class CasPaxosClient:
    """A process that uses the registers through one proposer. The number of its thread says which."""

    _operation: Operation

    def invoke(self, ctx: ClientContext, operation: Operation) -> None:
        """Submit the change function."""
        self._operation = operation
        proposer = ctx.nodes[ctx.thread % len(ctx.nodes)]
        ctx.send(proposer, Request(operation.id, operation.key, change_of(operation)))

    def receive(self, ctx: ClientContext, source: str, message: Any) -> None:
        """Complete the operation as the proposer says."""
        if not isinstance(message, Reply):
            return
        if message.outcome == "ok" and self._operation.f == "read":
            ctx.complete("ok", message.value)
        else:
            ctx.complete(message.outcome, self._operation.value, message.error)

    def wake(self, ctx: ClientContext, timer: str) -> None:
        """Do nothing: this client sets no timers."""


def change_of(operation: Operation) -> Change:
    """The change function that an operation stands for."""
    if operation.f == "read":
        return Read()
    if operation.f == "write":
        return Write(operation.value)
    assert operation.f == "cas", operation
    expected, value = operation.value
    return CompareAndSet(expected, value)
