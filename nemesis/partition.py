"""Partition: the network is cut. Messages between some endpoints are refused until the fault ends.

    - partition: {kind: majority, every: 2s, for: 1s}
    - partition: {grudge: {n1: [n2, n3]}, at: 3s, for: 1s}

A partition is a grudge (`clew.nemesis.grudge`): who refuses to hear whom. So it may cut one direction only.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from random import Random
from typing import Any, ClassVar

from clew.nemesis.fault import Fault, NodeState
from clew.nemesis.grudge import ALL_KINDS, Grudge, PartitionKind, nodes_needed, split
from clew.nemesis.leader import LEADER
from clew.nemesis.parameter import ExactlyOne, Parameter, Rule, Words
from clew.nemesis.target import by_number


class Partition(Fault, frozen=True, tag="partition"):
    """Receivers refuse what comes from those they hold a grudge against. Clients (`c0`, ...) may take part."""

    grudge: Grudge
    """Who refuses to hear whom."""

    parameters: ClassVar[tuple[Parameter, ...]] = (
        Parameter(
            "kind",
            Words("kind of partition", ALL_KINDS, nodes_needed),
            "How the cluster is cut. Which node is on which side is drawn anew each time.",
        ),
        Parameter(
            "grudge",
            "grudge",
            "Whom each receiver refuses to hear. It may cut one direction only, and may name clients.",
        ),
    )
    rule: ClassVar[Rule | None] = ExactlyOne(("kind", "grudge"))

    @classmethod
    def draw(
        cls, nodes: Sequence[str], random: Random, kind: PartitionKind | None = None, grudge: Grudge | None = None
    ) -> Partition:
        if grudge is None:
            assert kind is not None, "a partition needs a kind or a grudge"
            grudge = split(kind, nodes, random)
        return cls(grudge)

    def parameters_of_entry(self) -> dict[str, Any]:
        return {"grudge": self.grudge}

    def with_leader(self, leader: str) -> Partition:
        """The leader alone on one side, if the grudge is between `LEADER` and all others."""
        if LEADER not in self.grudge:
            return self
        everybody = self.grudge[LEADER]
        others = tuple(node for node in everybody if node != leader)
        return Partition({node: others if node == leader else (leader,) for node in everybody})

    def refused(self) -> Iterable[tuple[str, str]]:
        return ((source, receiver) for receiver, sources in self.grudge.items() for source in sources)

    def hits(self, source: str, destination: str) -> bool:
        return source in self.grudge.get(destination, ())

    def describe(self) -> str:
        """`partition n1 n2 | n3`, or `partition n1 deaf to n3` if it is not a cut between two sides."""
        return f"partition {self._sides() or self._deaf()}"

    def _sides(self) -> str | None:
        receivers = list(self.grudge)
        if not receivers:
            return None
        others = self.grudge[receivers[0]]
        side = tuple(receiver for receiver in receivers if receiver not in others)
        for mine, theirs in ((side, others), (others, side)):
            for receiver in mine:
                if sorted(self.grudge.get(receiver, ())) != sorted(theirs):
                    return None
        return f"{' '.join(side)} | {' '.join(others)}"

    def _deaf(self) -> str:
        return ", ".join(f"{receiver} deaf to {' '.join(sources)}" for receiver, sources in self.grudge.items())

    def states(self, nodes: Sequence[str]) -> Iterable[NodeState]:
        """`cut off` for a node that lost its links to half of the nodes or more, `parted` for one that lost fewer.

        The larger side of a partition can usually go on. The picture shows which nodes cannot.
        """
        for node in nodes:
            lost = {source for source, receiver in self.refused() if receiver == node}
            lost |= {receiver for source, receiver in self.refused() if source == node}
            missed = len(lost.intersection(nodes))
            if missed:
                state = "cut off" if missed * 2 >= len(nodes) else "parted"
                yield NodeState(node, state, f"{state} from {' '.join(sorted(lost, key=by_number))}")

    def renamed(self, names: Mapping[str, str]) -> Partition | None:
        left: dict[str, set[str]] = {}
        for receiver, sources in self.grudge.items():
            if receiver in names:
                stay = {names[source] for source in sources if source in names} - {names[receiver]}
                left.setdefault(names[receiver], set()).update(stay)
        grudge = {receiver: tuple(sorted(left[receiver])) for receiver in sorted(left) if left[receiver]}
        return Partition(grudge) if grudge else None

    def joined(self, other: Fault) -> Partition | None:
        """All that two partitions cut."""
        if not isinstance(other, Partition):
            return None
        receivers = sorted({*self.grudge, *other.grudge})
        return Partition(
            {name: tuple(sorted({*self.grudge.get(name, ()), *other.grudge.get(name, ())})) for name in receivers}
        )
