"""What the active faults add up to. Cuts, crashes and pauses form unions, losses are independent, delays are summed.

A runtime asks these functions what faults do, again whenever a fault begins or ends. The sets are for membership tests:
the order in which they iterate depends on string hashes, which differ between processes.
"""

from __future__ import annotations

from collections.abc import Iterable

from clew.nemesis.disturbance import Disturbance
from clew.nemesis.fault import Fault


def refused(active: Iterable[Fault]) -> frozenset[tuple[str, str]]:
    """The (source, destination) pairs between which no message arrives."""
    return frozenset(pair for fault in active for pair in fault.refused())


def down(active: Iterable[Fault]) -> frozenset[str]:
    """The nodes that must not be running."""
    return frozenset(node for fault in active for node in fault.down())


def paused(active: Iterable[Fault]) -> frozenset[str]:
    """The nodes that take no step and whose messages and timers wait."""
    return frozenset(node for fault in active for node in fault.paused())


def excluded(active: Iterable[Fault]) -> frozenset[str]:
    """The nodes that are to be no members of the cluster."""
    return frozenset(node for fault in active for node in fault.excluded())


def disturbance(active: Iterable[Fault], source: str, destination: str) -> Disturbance:
    """What the faults add to the link from one node to another. Ask only about links between nodes."""
    added = Disturbance()
    for fault in active:
        more = fault.disturbance(source, destination)
        if more is not None:
            added = added.plus(more)
    return added


def hits(fault: Fault, source: str, destination: str) -> bool:
    """Whether the fault can do something to a message on this link.

    If one end is a client, ask only faults that have `reaches_clients`.
    """
    return fault.hits(source, destination)
