"""What the active faults add up to: cuts and crashes as a union, losses as independent chances, delays as a sum."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from clew.nemesis.fault import Crash, Fault, Network, Partition
from clew.nemesis.latency import Latency


class Disturbance(msgspec.Struct, frozen=True):
    """What faults add to a link: chances for each message, and delays that come on top of its latency."""

    drop: float = 0.0
    duplicate: float = 0.0
    reorder: float = 0.0
    delays: tuple[Latency, ...] = ()


def refused(active: Iterable[Fault]) -> frozenset[tuple[str, str]]:
    """The (source, destination) pairs between which no message arrives: to be asked, never iterated."""
    return frozenset(
        (source, receiver)
        for fault in active
        if isinstance(fault, Partition)
        for receiver, sources in fault.grudge.items()
        for source in sources
    )


def down(active: Iterable[Fault]) -> frozenset[str]:
    """The nodes that must not be running: to be asked, never iterated."""
    return frozenset(node for fault in active if isinstance(fault, Crash) for node in fault.nodes)


def paused(active: Iterable[Fault]) -> frozenset[str]:
    """The nodes that take no step and whose messages and timers wait: test for membership only, never iterate.

    No fault pauses a node yet.
    """
    return frozenset()


def disturbance(active: Iterable[Fault], source: str, destination: str) -> Disturbance:
    """What the faults add to the link from one node to another; not to be asked of a link to or from a client."""
    drop = duplicate = reorder = 0.0
    delays: list[Latency] = []
    for fault in active:
        if not isinstance(fault, Network):
            continue
        if fault.nodes is not None and source not in fault.nodes and destination not in fault.nodes:
            continue
        drop = either(drop, fault.drop)
        duplicate = either(duplicate, fault.duplicate)
        reorder = either(reorder, fault.reorder)
        if fault.delay is not None:
            delays.append(fault.delay)
    return Disturbance(drop, duplicate, reorder, tuple(delays))


def hits(fault: Fault, source: str, destination: str) -> bool:
    """Whether the fault can do something to a message on a link; not to be asked of a network fault and a client."""
    match fault:
        case Partition(grudge):
            return source in grudge.get(destination, ())
        case Crash(nodes):
            return destination in nodes
        case Network():
            return fault.nodes is None or source in fault.nodes or destination in fault.nodes


def either(p: float, q: float) -> float:
    """The chance that at least one of two independent things of chance `p` and `q` happens; exact if one is 0."""
    return p + q * (1.0 - p)
