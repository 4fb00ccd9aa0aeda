"""Network: links between nodes get worse. Messages are lost, duplicated, reordered or delayed.

    - network: {drop: 0.5, delay: {exponential: 20ms}, target: one, random: 5s, for: 1s}

The network of a plan (its `network` section) says how links are all the time; this fault comes on top of it. Links to
clients stay as they are.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from random import Random
from typing import Any, ClassVar

import msgspec

from clew.nemesis.disturbance import Disturbance
from clew.nemesis.fault import Fault, NodeState
from clew.nemesis.latency import Constant, Latency
from clew.nemesis.parameter import AtLeastOne, Parameter, Rule
from clew.nemesis.target import Target, choose, named, renamed


class BadNetwork(Fault, frozen=True, tag="network"):
    """Links between nodes get worse, all of them or those of some nodes."""

    drop: float = 0.0
    """The chance that a message is lost."""
    duplicate: float = 0.0
    """The chance that a message arrives twice."""
    reorder: float = 0.0
    """The chance that a message may overtake earlier ones."""
    delay: Latency | None = None
    """What each message takes longer."""
    nodes: tuple[str, ...] | None = None
    """Only links with one of these nodes at either end are hit; None: all links between nodes."""

    parameters: ClassVar[tuple[Parameter, ...]] = (
        Parameter("drop", "chance", "The chance that a message is lost.", default=0.0),
        Parameter("duplicate", "chance", "The chance that a message arrives twice.", default=0.0),
        Parameter("reorder", "chance", "The chance that a message may overtake earlier ones.", default=0.0),
        Parameter("delay", "latency", "How much longer each message takes."),
        Parameter(
            "target", "target", "Only links with one of these nodes at either end. Without it, all links between nodes."
        ),
    )
    rule: ClassVar[Rule | None] = AtLeastOne(("drop", "duplicate", "reorder", "delay"), "a change of the network")
    reaches_clients: ClassVar[bool] = False

    @classmethod
    def draw(
        cls,
        nodes: Sequence[str],
        random: Random,
        drop: float = 0.0,
        duplicate: float = 0.0,
        reorder: float = 0.0,
        delay: Latency | None = None,
        target: Target | None = None,
    ) -> BadNetwork:
        return cls(drop, duplicate, reorder, delay, None if target is None else choose(target, nodes, random))

    def parameters_of_entry(self) -> dict[str, Any]:
        values = {
            "drop": self.drop,
            "duplicate": self.duplicate,
            "reorder": self.reorder,
            "delay": self.delay,
            "target": self.nodes,
        }
        return {name: value for name, value in values.items() if value is not None}

    def with_leader(self, leader: str) -> BadNetwork:
        return self if self.nodes is None else msgspec.structs.replace(self, nodes=named(self.nodes, leader))

    def disturbance(self, source: str, destination: str) -> Disturbance | None:
        if not self.hits(source, destination):
            return None
        return Disturbance(self.drop, self.duplicate, self.reorder, () if self.delay is None else (self.delay,))

    def hits(self, source: str, destination: str) -> bool:
        return self.nodes is None or source in self.nodes or destination in self.nodes

    def describe(self) -> str:
        chances = (("drop", self.drop), ("duplicate", self.duplicate), ("reorder", self.reorder))
        changes = [f"{name} {chance:g}" for name, chance in chances if chance]
        if self.delay is not None:
            changes.append(f"delay {self.delay.describe()}")
        links = "" if self.nodes is None else f" of {' '.join(self.nodes)}"
        return f"network{links}: {', '.join(changes)}"

    def states(self, nodes: Sequence[str]) -> Iterable[NodeState]:
        return [NodeState(node, "disturbed", self.describe()) for node in (nodes if self.nodes is None else self.nodes)]

    def renamed(self, names: Mapping[str, str]) -> BadNetwork | None:
        if self.nodes is None:
            return self
        nodes = renamed(self.nodes, names)
        return msgspec.structs.replace(self, nodes=nodes) if nodes else None

    def is_random(self) -> bool:
        return not (isinstance(self.delay, Constant | None) and self.drop in (0, 1) and self.duplicate in (0, 1))
