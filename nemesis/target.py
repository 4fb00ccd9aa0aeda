"""Targets: which nodes a fault hits. Some that are drawn anew for each fault, or always the same ones by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from random import Random
from typing import Literal

from clew.nemesis.leader import LEADER

TargetKind = Literal["one", "minority", "majority", "all", "leader"]
"""one        a single node
minority   as many as a majority can do without: 2 of 5, 1 of 4
majority   the fewest that are a majority: 3 of 5
all        every node
leader     the node that leads when the fault begins (`clew.nemesis.leader`)
"""
Target = TargetKind | tuple[str, ...]
"""A kind of target, or the names of the nodes."""


def nodes_needed(kind: TargetKind) -> int:
    """The size of the smallest cluster that has such nodes: 3 for a minority, 1 otherwise."""
    return 3 if kind == "minority" else 1


def choose(target: Target, nodes: Sequence[str], random: Random) -> tuple[str, ...]:
    """The nodes to hit, in the order of `nodes`. Names are returned as they are given, the leader as `LEADER`.

    Raises `ValueError` if the cluster is too small to have such nodes.
    """
    if isinstance(target, tuple):
        return target
    if target == "leader":
        return (LEADER,)
    if len(nodes) < nodes_needed(target):
        raise ValueError(f"a cluster of {len(nodes)} has no {target}; {nodes_needed(target)} nodes are needed")
    sizes = {"one": 1, "minority": (len(nodes) - 1) // 2, "majority": len(nodes) // 2 + 1, "all": len(nodes)}
    chosen = shuffled(nodes, random)[: sizes[target]]
    return tuple(node for node in nodes if node in chosen)


def named(nodes: tuple[str, ...], leader: str) -> tuple[str, ...]:
    """The nodes with the leader's name in the place of `LEADER`."""
    return tuple(leader if node == LEADER else node for node in nodes)


def renamed(nodes: tuple[str, ...], names: Mapping[str, str]) -> tuple[str, ...]:
    """The nodes that are left, by their new names (old name -> new name), sorted and each once."""
    return tuple(sorted({names[node] for node in nodes if node in names}))


def by_number(name: str) -> tuple[str, int]:
    """A sort key that puts n10 after n9."""
    digits = name[len(name.rstrip("0123456789")) :]
    return name.removesuffix(digits), int(digits or 0)


def shuffled(nodes: Sequence[str], random: Random) -> list[str]:
    """The nodes in a random order.

    It uses `random()` only: Python promises to keep the numbers of this method, but not those of `shuffle`.
    """
    return sorted(nodes, key=lambda node: random.random())
