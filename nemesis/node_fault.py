"""Faults of whole nodes. The nodes are drawn, named, described and shrunk in the same way for all these kinds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from random import Random
from typing import Any, ClassVar, Self

import msgspec

from clew.nemesis.fault import Fault, name
from clew.nemesis.parameter import Parameter
from clew.nemesis.target import Target, choose, named, renamed


class NodeFault(Fault, frozen=True):
    """A fault that hits some nodes. The kind says what happens to them."""

    nodes: tuple[str, ...]
    """The nodes that are hit."""

    parameters: ClassVar[tuple[Parameter, ...]] = (
        Parameter("target", "target", "The nodes that are hit.", required=True),
    )
    hits_nodes: ClassVar[bool] = True

    @classmethod
    def draw(cls, nodes: Sequence[str], random: Random, target: Target) -> Self:
        """The target may name the leader: then that is settled when the fault begins."""
        return cls(choose(target, nodes, random))

    def parameters_of_entry(self) -> dict[str, Any]:
        return {"target": self.nodes}

    def with_leader(self, leader: str) -> Self:
        return msgspec.structs.replace(self, nodes=named(self.nodes, leader))

    def hits(self, source: str, destination: str) -> bool:
        """Every message that is sent to one of the nodes."""
        return destination in self.nodes

    def describe(self) -> str:
        return f"{name(self)} {' '.join(self.nodes)}"

    def renamed(self, names: Mapping[str, str]) -> Self | None:
        nodes = renamed(self.nodes, names)
        return msgspec.structs.replace(self, nodes=nodes) if nodes else None

    def alone(self, node: str) -> Self:
        return msgspec.structs.replace(self, nodes=(node,))
