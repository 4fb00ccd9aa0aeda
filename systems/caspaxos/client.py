"""The client: sends one request to one proposer, and waits for the reply.

It sends no request twice, so the outcome of a lost request stays unknown.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from clew.systems.caspaxos.change import TELLING, Change, Function
from clew.systems.caspaxos.messages import Reply, Request
from clew.systems.caspaxos.objects import change_of, told
from clew.systems.caspaxos.parameters import Parameters
from clew.systems.node import ClientContext, Operation


class CasPaxosClient:
    """A process that uses the registers through one proposer, which the number of its thread names.

    With `change_proposer` each operation goes to another proposer. The number of the operation says which: it grows by
    two from one operation of a lone client to the next, so such a client goes through the proposers in turn.
    """

    _operation: Operation
    _change: Change

    def __init__(self, parameters: Parameters, functions: Mapping[str, Function] = {}) -> None:
        self._parameters = parameters
        self._functions = functions

    def invoke(self, ctx: ClientContext, operation: Operation) -> None:
        """Submit the change function."""
        self._operation = operation
        proposers = ctx.nodes[: self._parameters.proposers]
        turn = operation.id // 2 if self._parameters.change_proposer else 0
        proposer = proposers[(ctx.thread + turn) % len(proposers)]
        self._change = change_of(operation, self._parameters.object, self._functions)
        ctx.send(proposer, Request(operation.id, operation.key, self._change))

    def receive(self, ctx: ClientContext, source: str, message: Any) -> None:
        """Complete the operation as the proposer says."""
        if not isinstance(message, Reply):
            return
        if message.outcome == "ok" and isinstance(self._change, TELLING):
            ctx.complete("ok", told(message.value, self._parameters.object))
        else:
            ctx.complete(message.outcome, self._operation.value, message.error)

    def wake(self, ctx: ClientContext, timer: str) -> None:
        """Do nothing: this client sets no timers."""
