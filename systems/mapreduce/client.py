"""The client: it appends records to an input, or submits a job and collects its output when the job is done.

A question that is not answered is asked again. The file system appends a record once, and the master runs a job once,
unless it dies: then the client's next question begins a new job.
"""

from __future__ import annotations

from typing import Any

from clew.systems.mapreduce.messages import (
    Append,
    Appended,
    Collect,
    Collected,
    Done,
    Submit,
    file_system_of,
    master_of,
)
from clew.systems.mapreduce.parameters import Parameters
from clew.systems.mapreduce.word_count import reduce_
from clew.systems.node import ClientContext, Operation


class JobClient:
    """A process that appends to inputs, and counts their words."""

    def __init__(self, parameters: Parameters) -> None:
        self._parameters = parameters
        self._operation: Operation
        self._job: str | None = None
        """The job that is done, and whose output is to be collected."""

    def invoke(self, ctx: ClientContext, operation: Operation) -> None:
        """Ask for the first time."""
        self._operation = operation
        self._job = None
        self._ask(ctx)

    def receive(self, ctx: ClientContext, source: str, message: Any) -> None:
        """Complete the operation, or collect the output of the job."""
        if isinstance(message, Done) and self._job is None:
            self._job = message.job
            self._ask(ctx)
        elif isinstance(message, Appended):
            self._complete(ctx, self._operation.value)
        elif isinstance(message, Collected) and message.job == self._job:
            self._complete(ctx, reduce_([message.lines]))

    def wake(self, ctx: ClientContext, timer: str) -> None:
        """Ask again."""
        self._ask(ctx)

    def _complete(self, ctx: ClientContext, result: Any) -> None:
        ctx.cancel_timer("ask")
        ctx.complete("ok", result)

    def _ask(self, ctx: ClientContext) -> None:
        id, key = self._operation.id, self._operation.key
        if self._operation.f == "append":
            ctx.send(file_system_of(ctx.nodes), Append(id, key, self._operation.value))
        elif self._job is None:
            ctx.send(master_of(ctx.nodes), Submit(id, key))
        else:
            ctx.send(file_system_of(ctx.nodes), Collect(id, self._job))
        ctx.set_timer("ask", self._parameters.ask_again_after)
