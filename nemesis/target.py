"""Who is hit: some nodes of the cluster, drawn anew for each fault, or always the same ones by name."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Literal

TargetKind = Literal["one", "minority", "majority", "all", "leader"]
Target = TargetKind | tuple[str, ...]
"""`minority` is as many as a majority can spare (2 of 5, 1 of 4), `majority` the fewest that are one (3 of 5). `leader`
is for when the fault begins to say (`clew.nemesis.leader`)."""


def nodes_needed(kind: TargetKind) -> int:
    """The size of the smallest cluster that has such nodes: 3 for a minority, 1 otherwise."""
    return 3 if kind == "minority" else 1


def choose(target: Target, nodes: Sequence[str], random: Random) -> tuple[str, ...]:
    """The nodes to hit, in the order of `nodes`; an explicit target as it stands.

    Raises `ValueError` if the cluster is too small to have such nodes.
    """
    if isinstance(target, tuple):
        return target
    if target == "leader":
        return ("leader",)
    if len(nodes) < nodes_needed(target):
        raise ValueError(f"a cluster of {len(nodes)} has no {target}; {nodes_needed(target)} nodes are needed")
    sizes = {"one": 1, "minority": (len(nodes) - 1) // 2, "majority": len(nodes) // 2 + 1, "all": len(nodes)}
    chosen = shuffled(nodes, random)[: sizes[target]]
    return tuple(node for node in nodes if node in chosen)


def shuffled(nodes: Sequence[str], random: Random) -> list[str]:
    """The nodes in a random order, by `random()` alone, the one method whose numbers Python promises to keep."""
    return sorted(nodes, key=lambda node: random.random())
