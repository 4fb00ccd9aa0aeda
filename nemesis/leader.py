"""Faults that hit whoever leads: a name that stands for the leader until the fault begins.

Faults are drawn ahead of time, and who will lead then is for the cluster to decide. So a fault names the `LEADER`, and
the runtime settles it when it begins. The history tells who was hit, and a plan made from it names that node.
"""

from __future__ import annotations

import msgspec

from clew.nemesis.fault import Crash, Fault, FaultEvent, Network, Partition

LEADER = "leader"
"""Stands for the node that leads when the fault begins. No node has this name."""


def with_leader(event: FaultEvent, leader: str) -> FaultEvent:
    """The event with this node for the leader; the same one if it names none."""
    return msgspec.structs.replace(event, fault=_with_leader(event.fault, leader))


def _with_leader(fault: Fault, leader: str) -> Fault:
    match fault:
        case Crash(nodes):
            return Crash(_named(nodes, leader))
        case Network(nodes=nodes) if nodes is not None:
            return msgspec.structs.replace(fault, nodes=_named(nodes, leader))
        case Partition(grudge) if LEADER in grudge:
            everybody = grudge[LEADER]
            others = tuple(node for node in everybody if node != leader)
            return Partition({node: others if node == leader else (leader,) for node in everybody})
        case _:
            return fault


def _named(nodes: tuple[str, ...], leader: str) -> tuple[str, ...]:
    return tuple(leader if node == LEADER else node for node in nodes)
