"""What can go wrong, as values: a fault prints, compares, is written to the history and read back.

    Partition   messages refused between some nodes           the links heal at the end
    Crash       nodes killed                                  they restart from what their disks had synced
    Network     messages lost, duplicated, delayed, reordered the links are as before

A fault has no behaviour. The runtime keeps the faults that are active and asks `clew.nemesis.effect` what they add up
to.
"""

from __future__ import annotations

from typing import Any

import msgspec

from clew.nemesis.latency import Latency

Grudge = dict[str, tuple[str, ...]]
"""A receiver -> the sources whose messages it refuses. One-way cuts are grudges held by one side only."""


class Partition(msgspec.Struct, frozen=True, tag="partition"):
    """Receivers refuse what comes from those they hold a grudge against; clients (`c0`, ...) may take part."""

    grudge: Grudge


class Crash(msgspec.Struct, frozen=True, tag="crash"):
    """The nodes die by SIGKILL, stay down, and restart at the end with what their disks had synced."""

    nodes: tuple[str, ...]


class Network(msgspec.Struct, frozen=True, tag="network"):
    """Links between nodes get worse: probabilities for each message and a delay on top of the link's own latency.

    `nodes` limits it to the links that have one of these at either end; None means all links between nodes. Links to
    clients stay as they are.
    """

    drop: float = 0.0
    duplicate: float = 0.0
    reorder: float = 0.0
    delay: Latency | None = None
    nodes: tuple[str, ...] | None = None


Fault = Partition | Crash | Network


class FaultEvent(msgspec.Struct, frozen=True):
    """A fault with its times in ns since the start of the run.

    `until` None means until the workload ends, when everything heals. `number` counts the faults of a run from 0 in
    the order of their start, and tells which start a stop in the history belongs to.
    """

    number: int
    at: int
    until: int | None
    fault: Fault


def name(fault: Fault) -> str:
    """`partition`, `crash` or `network`: the history says `start-<name>` and `stop-<name>`."""
    tag = type(fault).__struct_config__.tag
    assert isinstance(tag, str)
    return tag


def to_value(event: FaultEvent) -> Any:
    """The event as the JSON value of the history's `start-` and `stop-` events."""
    return msgspec.to_builtins(event)


def from_value(value: Any) -> FaultEvent:
    """The event whose `to_value` this is; `msgspec.ValidationError` if it is none."""
    return msgspec.convert(value, FaultEvent)
