"""Membership: a node leaves the cluster, and joins it again when the fault ends.

    - membership: {node: one, every: 2s, for: 1s}

    n1 ───────────────────────────────────►
    n2 ────────┤  no member  ├────────────►     it leaves when the fault begins, and joins again when it ends

The nemesis only orders the change. The system carries it out, step by step, while clients go on; other faults may come
in between. A node that is no member still runs. What it does then is the system's to say: in CASPaxos it serves
clients and comes back empty, in Raft it waits and catches up.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from random import Random
from typing import Any, ClassVar, Self

from clew.nemesis.fault import NodeState
from clew.nemesis.node_fault import NodeFault
from clew.nemesis.parameter import Parameter
from clew.nemesis.target import choose


class Membership(NodeFault, frozen=True, tag="membership"):
    """The node is to be no member while the fault is active."""

    parameters: ClassVar[tuple[Parameter, ...]] = (
        Parameter("node", "node", "The node that leaves. `one`: it is drawn anew each time.", required=True),
    )
    needs_members: ClassVar[bool] = True

    @classmethod
    def draw(cls, nodes: Sequence[str], random: Random, node: str) -> Self:  # type: ignore[override]  # Not a target.
        return cls(choose("one", nodes, random) if node == "one" else (node,))

    def parameters_of_entry(self) -> dict[str, Any]:
        return {"node": self.nodes[0]}

    def excluded(self) -> tuple[str, ...]:
        return self.nodes

    def states(self, nodes: Sequence[str]) -> Iterable[NodeState]:
        return [NodeState(node, "no member", "no member") for node in self.nodes]
