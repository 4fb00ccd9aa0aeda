"""A system under test as a value: its nodes, its client, its messages, and what is known to be true of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec

from clew.systems.invariant import Invariant
from clew.systems.landmark import Landmark
from clew.systems.node import Client, Node


class NoParameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Of a system that has nothing to set."""


class BadParameters(ValueError):
    """Parameters that no cluster can have, as (field, what is wrong and what would be right)."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field
        self.message = message


@dataclass(frozen=True)
class Variant:
    """One way to build the nodes of a system wrongly; `summary` says what is wrong and what a client can see."""

    name: str
    summary: str
    node: Callable[[Any], Node]
    client: Callable[[Any], Client] | None = None


@dataclass(frozen=True)
class Hunted:
    """How a variant is hunted: by the shipped plan of this name, after these settings (`network.drop=0.25`).

    `unnoticed` says why no client can tell the variant from the system as it should be, if none can.
    """

    plan: str
    settings: tuple[str, ...] = ()
    unnoticed: str = ""


@dataclass(frozen=True)
class System:
    """Everything the harness needs to know of a system that is written sans-IO.

    `node(parameters)` and `client(parameters)` make one life of a node and one process of a client. `messages` is the
    union of the message structs. `parameters` is a struct with defaults: the fields that a plan may set under
    `system:` besides `name`, `nodes` and `variant`; `validate(parameters, nodes)` raises `BadParameters` for a cluster
    that cannot be. `functions` are the `f`s that the client understands, `model` the checker's model of them; of a
    system that serves one thing or another by its parameters they are functions of these, and `functions_of` and
    `model_of` are for whoever wants to know.
    `invariants(parameters, nodes)` makes fresh monitors for one run of a cluster of that many nodes, for what a quorum
    is depends on both. `landmarks()` makes fresh counters of what only the protocol can name, for campaigns. `leads` is
    the message that tells that its sender leads from now on; None of a system without a leader. `hunted` says for each
    variant how `clew bench bugs` looks for it.
    """

    name: str
    summary: str
    messages: Any
    node: Callable[[Any], Node]
    client: Callable[[Any], Client]
    model: str | Callable[[Any], str]
    functions: tuple[str, ...] | Callable[[Any], tuple[str, ...]]
    parameters: type[msgspec.Struct] = NoParameters
    validate: Callable[[Any, int], None] = lambda parameters, nodes: None
    invariants: Callable[[Any, int], list[Invariant]] = lambda parameters, nodes: []
    landmarks: Callable[[], list[Landmark]] = list
    variants: Mapping[str, Variant] = field(default_factory=dict)
    leads: type[msgspec.Struct] | None = None
    hunted: Mapping[str, Hunted] = field(default_factory=dict)

    def model_of(self, parameters: Any) -> str:
        """The checker's model of what a cluster with these parameters serves."""
        return self.model if isinstance(self.model, str) else self.model(parameters)

    def functions_of(self, parameters: Any) -> tuple[str, ...]:
        """What clients can ask of a cluster with these parameters."""
        return self.functions if isinstance(self.functions, tuple) else self.functions(parameters)

    def variant(self, name: str | None) -> Variant:
        """The named variant; the correct system for None."""
        if name is None:
            return Variant("none", "the system as it should be", self.node, self.client)
        variant = self.variants[name]
        return variant if variant.client is not None else replace(variant, client=self.client)
