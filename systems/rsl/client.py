"""The client (IronRSLClient): sends a request to one replica, and then to the next ones until a reply comes.

Replicas know a client by its address, and expect its request numbers to grow. A process that takes over the address of
another must go on above its numbers. So the number of a request is the id of its operation: ids grow during a run.
"""

from __future__ import annotations

from typing import Any

from clew.systems.node import ClientContext, Operation
from clew.systems.rsl.application import Add, AppRequest, Cas, Delete, Get, Put, Read
from clew.systems.rsl.messages import ReplyMessage, RequestMessage
from clew.systems.rsl.parameters import Parameters

RETRANSMIT = "retransmit"


class RslClient:
    """A process that uses the replicated application.

    As in the original, its first request goes to the first replica, and each later one to the replica that it asked
    last.
    """

    def __init__(self, parameters: Parameters) -> None:
        self._time_before_server_switch = parameters.time_before_server_switch
        self._primary_server_index = 0
        self._operation: Operation | None = None
        self._request: RequestMessage | None = None

    def invoke(self, ctx: ClientContext, operation: Operation) -> None:
        """Send the request to the primary."""
        self._operation = operation
        self._request = RequestMessage(operation.id, request_of(operation))
        self._send(ctx, self._request)

    def receive(self, ctx: ClientContext, source: str, message: Any) -> None:
        """Complete the operation with the first reply that has its number. Ignore all other replies."""
        operation = self._operation
        if operation is None or type(message) is not ReplyMessage or message.seqno_reply != operation.id:
            return
        self._operation = self._request = None
        ctx.cancel_timer(RETRANSMIT)
        reply = message.reply
        if reply.error is None:
            # A compare-and-set is answered with its pair, which is a list in a history.
            ctx.complete("ok", list(reply.value) if type(reply.value) is tuple else reply.value)
        else:
            ctx.complete("fail", operation.value, reply.error)

    def wake(self, ctx: ClientContext, timer: str) -> None:
        """No reply has come: send the same request, with the same number, to the next replica."""
        if self._request is not None:
            ctx.count("retransmissions")
            self._primary_server_index = (self._primary_server_index + 1) % len(ctx.nodes)
            self._send(ctx, self._request)

    def _send(self, ctx: ClientContext, request: RequestMessage) -> None:
        ctx.send(ctx.nodes[self._primary_server_index], request)
        ctx.set_timer(RETRANSMIT, self._time_before_server_switch)


def request_of(operation: Operation) -> AppRequest:
    """The application's request for an operation."""
    f, key, value = operation.f, operation.key, operation.value
    if f == "add-and-get":
        return Add(key, value)
    if f == "read":
        return Read(key)
    if f == "get":
        return Get(key)
    if f == "put":
        return Put(key, value)
    if f == "cas":
        return Cas(key, *value)
    assert f == "delete", operation
    return Delete(key)
