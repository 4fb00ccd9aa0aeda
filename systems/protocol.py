"""A protocol: a system that is written sans-IO, as nodes and a client that react to messages and timers (`node.py`).

clew runs the nodes itself, in simulation: as objects in its own process, or each as a process in lockstep. So it sees
every message, and a run repeats byte for byte.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec

from clew.systems.invariant import Invariant
from clew.systems.landmark import Landmark
from clew.systems.node import Client, Node
from clew.systems.service import Service


@dataclass(frozen=True)
class Variant:
    """A protocol with one known mistake."""

    name: str
    """The name of the variant, as a plan gives it under `system.variant`."""

    summary: str
    """What is wrong and what a client sees of it, in one line. `clew systems` prints it."""

    node: Callable[[Any], Node]
    """`node(parameters)` makes one life of a node that has the mistake."""

    client: Callable[[Any], Client] | None = None
    """`client(parameters)` makes a client that has the mistake. None: the client of the protocol."""


@dataclass(frozen=True)
class Hunted:
    """How `clew bench bugs` hunts for a variant."""

    plan: str
    """The name of the shipped plan that the hunt runs."""

    settings: tuple[str, ...] = ()
    """What the hunt changes in the plan, as for `--set`: `network.drop=0.25`."""

    unnoticed: str = ""
    """Why no client can tell this variant from the correct protocol. Empty if a client can."""


@dataclass(frozen=True, kw_only=True)
class Protocol(Service):
    """A system of sans-IO nodes and clients. See `node.py` for what a node and a client are."""

    messages: Any
    """The union of all message structs. Each is frozen and has a tag of its own."""

    node: Callable[[Any], Node]
    """`node(parameters)` makes one life of a node. It is called for every start and every restart."""

    client: Callable[[Any], Client]
    """`client(parameters)` makes the client of one process. An operation that ends `info` also ends its process."""

    invariants: Callable[[Any, int], list[Invariant]] = lambda parameters, nodes: []
    """`invariants(parameters, nodes)` makes fresh invariants for one run of a cluster of that many nodes.

    It gets both because both decide what a quorum is.
    """

    landmarks: Callable[[], list[Landmark]] = list
    """`landmarks()` makes fresh landmarks for one run: what a hunt counts in the messages, such as view changes."""

    leads: type[msgspec.Struct] | None = None
    """The message whose sender leads from the moment it is sent. None if the protocol has no leader.

    Faults that hit the leader need it.
    """

    order: Callable[[Any], Callable[[int, tuple[str, ...]], msgspec.Struct] | None] = lambda parameters: None
    """`order(parameters)(number, members)` makes the message that tells a node who is to be a member of the cluster.

    Each node sends it to itself when the nemesis changes the members, and when it starts after that. Orders count from
    1 on. `order(parameters)` is None if the members cannot change.
    """

    variants: Mapping[str, Variant] = field(default_factory=dict)
    """The known-broken variants, by name."""

    hunted: Mapping[str, Hunted] = field(default_factory=dict)
    """How each variant is hunted, by the variant's name."""

    @property
    def has_leader(self) -> bool:
        return self.leads is not None

    def variant(self, name: str | None) -> Variant:
        """The variant of this name, its client filled in. None: the correct protocol. `KeyError` if there is none."""
        if name is None:
            return Variant("none", "the correct protocol", self.node, self.client)
        variant = self.variants[name]
        return variant if variant.client is not None else replace(variant, client=self.client)
