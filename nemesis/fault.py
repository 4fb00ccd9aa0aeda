"""The contract of a kind of fault. A kind is one module, such as `crash`; `faults` lists them.

A fault is a small frozen value. It prints, compares, is written to the history and read back. It does nothing by
itself: the runtime keeps the faults that are active and asks `clew.nemesis.effect` what they add up to.

    entry of a plan ── draw ──► fault ── with_leader ──► fault in the history ──► effect, words, picture
    entry of a plan ◄── parameters_of_entry ── fault ── renamed, joined, alone ──► smaller faults, for shrinking
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from random import Random
from typing import Any, ClassVar

import msgspec

from clew.nemesis.disturbance import Disturbance
from clew.nemesis.parameter import Parameter, Rule


class NodeState(msgspec.Struct, frozen=True):
    """What a fault means for one node while it is active, for the picture of the cluster in a report."""

    node: str
    state: str
    """In a word or two: nodes of the same state look the same."""
    words: str
    """In full, for this node."""


class Fault(msgspec.Struct, frozen=True):
    """One fault with everything drawn: it names the nodes that it hits.

    A subclass is a kind of fault. Its struct tag is the name of the kind in plans and histories, its fields are what
    the history says of it. Methods that a kind does not override have no effect. Methods with `nodes` get the names of
    all nodes of the cluster, in order.
    """

    parameters: ClassVar[tuple[Parameter, ...]] = ()
    """What an entry of a plan may say about this kind, in the order in which plans are read and written."""
    rule: ClassVar[Rule | None] = None
    """Which of the parameters go together."""
    reaches_clients: ClassVar[bool] = True
    """Whether it may do something to a link between a client and a node. If not, ask `disturbance` and `hits` of links
    between nodes only."""
    needs_members: ClassVar[bool] = False
    """Whether it is only for systems that can change their members (`Protocol.order`)."""
    hits_nodes: ClassVar[bool] = False
    """Whether it happens to whole nodes rather than to links. The report of a run without violations offers to jump to
    the first of these faults."""

    # From a plan, and back

    @classmethod
    def draw(cls, nodes: Sequence[str], random: Random, *args: Any, **parameters: Any) -> Fault:
        """The fault of an entry with these parameters, by name. Where they leave something open, `random` decides.

        Raises `ValueError` if the cluster is too small for such a fault.
        """
        return cls()

    def parameters_of_entry(self) -> dict[str, Any]:
        """The parameters of a plan entry that always draws exactly this fault."""
        return {}

    def with_leader(self, leader: str) -> Fault:
        """The fault with the node that leads now in the place of `LEADER` (`clew.nemesis.leader`)."""
        return self

    # What it does

    def refused(self) -> Iterable[tuple[str, str]]:
        """The (source, destination) pairs between which no message arrives."""
        return ()

    def down(self) -> Iterable[str]:
        """The nodes that do not run. They lose what they had not synced, and start again when the fault ends."""
        return ()

    def paused(self) -> Iterable[str]:
        """The nodes that take no step and whose messages and timers wait. They lose nothing."""
        return ()

    def excluded(self) -> Iterable[str]:
        """The nodes that are to be no members of the cluster. The system carries it out, and takes its time."""
        return ()

    def disturbance(self, source: str, destination: str) -> Disturbance | None:
        """What it adds to the link from one node to another; None if it leaves that link alone."""
        return None

    def hits(self, source: str, destination: str) -> bool:
        """Whether it can do something to a message on this link. A run counts the faults that hit an operation."""
        return False

    # Words and picture

    def describe(self) -> str:
        """The fault in one short line without its times. It begins with the name of the kind."""
        return name(self)

    def states(self, nodes: Sequence[str]) -> Iterable[NodeState]:
        """What to draw at the nodes while it is active. The journal already shows which nodes are down."""
        return ()

    # How it shrinks

    def renamed(self, names: Mapping[str, str]) -> Fault | None:
        """The fault for the endpoints that are left, by their new names; None if it has nothing left to hit.

        `names` maps old names of nodes and clients to new ones. Two may become one; those that go are missing.
        """
        return self

    def joined(self, other: Fault) -> Fault | None:
        """One fault that does what this and the other do together; None if there is none, or it is not worth trying."""
        return None

    def alone(self, node: str) -> Fault | None:
        """The same kind of fault, hitting this node only, to be tried at another moment; None if there is none."""
        return None

    def is_random(self) -> bool:
        """Whether chance decides what happens to a message while it is active."""
        return False


class FaultEvent(msgspec.Struct, frozen=True, omit_defaults=True):
    """A fault and when it happens. Times are in ns since the start of the run."""

    number: int
    """Counts the faults of a run from 0 in the order of their start. It links a stop in the history to its start."""
    at: int
    """When it begins."""
    until: int | None
    """When it ends. None: when the workload ends and everything heals."""
    fault: Fault
    stays: bool = False
    """Whether it stays when everything else heals, to the end of the run. Then `until` is None."""


def name_of(kind: type[Fault]) -> str:
    """The name of a kind of fault in plans and histories: `partition`, `crash`, ..."""
    tag = kind.__struct_config__.tag
    assert isinstance(tag, str), f"{kind.__name__} needs a tag"
    return tag


def name(fault: Fault) -> str:
    """The name of its kind. The history says `start-<name>` and `stop-<name>`."""
    return name_of(type(fault))


def to_value(event: FaultEvent) -> Any:
    """The event as the JSON value of the history's `start-` and `stop-` events; `faults.from_value` reads it back."""
    return msgspec.to_builtins(event)
