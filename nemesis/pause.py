"""Pause: nodes stand still, and go on when the fault ends, with everything they knew.

    - pause: {target: leader, every: 2s, for: 500ms}

    n1 ───────┤ · · · · · · · · ├─────────►     messages to n1 and its timers wait, then n1 gets them in their order
    n2 ───────────────────────────────────►

That is what SIGSTOP, a long garbage collection or the migration of a virtual machine does to a process. Nothing is
lost, so the node does not know that time has passed: a leader may still think that it leads.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from clew.nemesis.fault import NodeState
from clew.nemesis.node_fault import NodeFault


class Pause(NodeFault, frozen=True, tag="pause"):
    """The nodes take no step. Messages and timers for them wait until the fault ends."""

    def paused(self) -> tuple[str, ...]:
        return self.nodes

    def states(self, nodes: Sequence[str]) -> Iterable[NodeState]:
        return [NodeState(node, "paused", "paused") for node in self.nodes]
