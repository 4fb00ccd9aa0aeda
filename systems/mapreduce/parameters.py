"""What a plan may set for MapReduce."""

from __future__ import annotations

from typing import Annotated

import msgspec

from clew.systems.service import BadParameters

Duration = Annotated[int, msgspec.Meta(ge=0, extra={"unit": "ns"})]
"""Nanoseconds. A plan gives a duration with its unit: `10ms`."""


class Parameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The fields of `system:` in a plan for MapReduce."""

    split: int = 4
    """How many records are the input of one map task."""
    reduce_tasks: int = 2
    """How many reduce tasks a job has (R in the paper)."""
    task_takes: Duration = 10_000_000
    """How long a worker computes, for one task."""
    ping_every: Duration = 20_000_000
    """The time between two pings of the master. At each ping it sends again what was not answered."""
    dead_after: Duration = 100_000_000
    """How long a worker may be silent. Then the master gives its tasks to others."""
    backup_after: Duration = 60_000_000
    """How long a task may take. Then it gets a backup, if no other task waits for a worker."""
    ask_again_after: Duration = 100_000_000
    """How long a client waits for an answer before it asks again."""


def validate(parameters: Parameters, nodes: int) -> None:
    """Raise `BadParameters` for jobs that cannot be cut, for timers that would fire all the time, and for a master that
    takes all workers for dead."""
    for field in ("split", "reduce_tasks"):
        if getattr(parameters, field) < 1:
            raise BadParameters(field, f"{getattr(parameters, field)}; expected more than zero")
    for field in ("ping_every", "ask_again_after"):
        if getattr(parameters, field) < 100_000:
            raise BadParameters(field, f"{getattr(parameters, field)} ns; expected at least 100 us")
    if parameters.dead_after <= parameters.ping_every:
        least = parameters.ping_every
        raise BadParameters("dead_after", f"{parameters.dead_after} ns; expected more than ping_every, {least} ns")
