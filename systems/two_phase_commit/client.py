"""The client: it submits a transaction to its coordinator, and reads at a participant what has become of it.

A reader asks the participant that the number of its thread says, so that different clients see different participants.
If that one does not know, the reader asks the coordinator. A question that is not answered is asked again: it does no
harm, because a transaction begins and ends once.
"""

from __future__ import annotations

from typing import Any

from clew.systems.node import ClientContext, Operation
from clew.systems.two_phase_commit.messages import Outcome, Read, Submit, Undecided, coordinator_of
from clew.systems.two_phase_commit.parameters import Parameters


class CommitClient:
    """A process that submits transactions and reads their outcomes."""

    def __init__(self, parameters: Parameters) -> None:
        self._parameters = parameters
        self._operation: Operation

    def invoke(self, ctx: ClientContext, operation: Operation) -> None:
        """Ask for the first time."""
        self._operation = operation
        self._ask(ctx)

    def receive(self, ctx: ClientContext, source: str, message: Any) -> None:
        """Complete the operation with what is decided. A participant that does not know names nobody who does."""
        if isinstance(message, Outcome):
            ctx.cancel_timer("ask")
            ctx.complete("ok", message.fate)
        elif isinstance(message, Undecided):
            ctx.send(coordinator_of(message.key, ctx.nodes), Read(message.id, message.key))

    def wake(self, ctx: ClientContext, timer: str) -> None:
        """Ask again."""
        self._ask(ctx)

    def _ask(self, ctx: ClientContext) -> None:
        id, key = self._operation.id, self._operation.key
        if self._operation.f == "submit":
            ctx.send(coordinator_of(key, ctx.nodes), Submit(id, key, self._operation.value))
        else:
            ctx.send(ctx.nodes[ctx.thread % len(ctx.nodes)], Read(id, key))
        ctx.set_timer("ask", self._parameters.ask_again_after)
