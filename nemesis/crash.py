"""Crash: nodes are killed, and start again when the fault ends.

- crash: {target: minority, every: 2s, for: 1s}

n1 ────────╳              ├──────────►      what n1 had synced to its disk is there again, the rest is lost
n2 ──────────────────────────────────►
"""

from __future__ import annotations

from clew.nemesis.node_fault import NodeFault


class Crash(NodeFault, frozen=True, tag="crash"):
    """The nodes die as by SIGKILL and stay down. When the fault ends they start from what their disks had synced."""

    def down(self) -> tuple[str, ...]:
        return self.nodes
