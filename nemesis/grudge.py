"""Ways to cut a cluster apart, drawn at random: each gives a grudge.

The pictures show who hears whom: `─` both ways, `►` one way, nothing: not at all. The kinds are Jepsen's.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from typing import Literal, get_args

from clew.nemesis.fault import Grudge
from clew.nemesis.target import shuffled

PartitionKind = Literal["halves", "majority", "one", "majority-ring", "bridge", "one-way", "leader"]
KINDS: tuple[PartitionKind, ...] = tuple(kind for kind in get_args(PartitionKind) if kind != "leader")
"""What can be drawn of any cluster; `leader` takes one that has a leader."""


def split(kind: PartitionKind, nodes: Sequence[str], random: Random) -> Grudge:
    """A random grudge of that kind, its keys and sources in the order of `nodes`; `leader` between the leader, whoever
    that is when it begins (`clew.nemesis.leader`), and all others.

    Raises `ValueError` if the cluster is smaller than `nodes_needed(kind)`.
    """
    if kind == "leader":
        return {"leader": tuple(nodes), **dict.fromkeys(nodes, ("leader",))}
    needed, draw = _KINDS[kind]
    if len(nodes) < needed:
        raise ValueError(f"a partition of kind {kind} needs {needed} nodes, the cluster has {len(nodes)}")
    heard = draw(shuffled(nodes, random), random)
    refused = {receiver: tuple(node for node in nodes if node not in heard[receiver]) for receiver in nodes}
    return {receiver: sources for receiver, sources in refused.items() if sources}


def nodes_needed(kind: PartitionKind) -> int:
    """The size of the smallest cluster that can be cut this way."""
    return 2 if kind == "leader" else _KINDS[kind][0]


Heard = dict[str, list[str]]
"""Who hears whom: a receiver -> the sources it still hears, itself among them."""


def _halves(nodes: list[str], random: Random) -> Heard:
    """Two halves; of an odd number, the second is the larger and a majority.

    n1 ─ n2     n3 ─ n4
                 └ n5 ┘
    """
    middle = len(nodes) // 2
    return _components(nodes[:middle], nodes[middle:])


def _majority(nodes: list[str], random: Random) -> Heard:
    """A minority of a random size is cut off, a majority goes on.

    n1 ─ n2     n3 ─ n4        or       n1     n2 ─ n3
                 └ n5 ┘                         n4 ─ n5
    """
    size = 1 + int(random.random() * ((len(nodes) - 1) // 2))
    return _components(nodes[:size], nodes[size:])


def _one(nodes: list[str], random: Random) -> Heard:
    """One node is alone.

    n1     n2 ─ n3
            n4 ─ n5
    """
    return _components(nodes[:1], nodes[1:])


def _majority_ring(nodes: list[str], random: Random) -> Heard:
    """Each node sees a majority, no two the same one: itself and its nearest on a ring, on both sides.

        n1 ─ n2
       /       \\
      n5       n3
        \\ n4 /

    Links stay two-way, so each node can finish a round with its majority. That takes as many neighbours on one side as
    on the other; of three nodes it would be everyone.
    """
    count = len(nodes)
    each_side = (count // 2 + 1) // 2
    return {
        nodes[i]: [nodes[(i + offset) % count] for offset in range(-each_side, each_side + 1)] for i in range(count)
    }


def _bridge(nodes: list[str], random: Random) -> Heard:
    """Two halves that only one node sees both of.

    n1 ─ n2 ─ n3 ─ n4 ─ n5       with n3 also next to n1 and n5
    """
    bridge, rest = nodes[0], nodes[1:]
    middle = len(rest) // 2
    heard = _components([*rest[:middle], bridge], [*rest[middle:], bridge])
    heard[bridge] = nodes
    return heard


def _one_way(nodes: list[str], random: Random) -> Heard:
    """Some, one or more but not all, hear everybody but are not heard by the rest.

    n1 ─ n2 ◄── n3 ─ n4 ─ n5
    """
    size = 1 + int(random.random() * (len(nodes) - 1))
    muted, rest = nodes[:size], nodes[size:]
    return {**dict.fromkeys(muted, nodes), **dict.fromkeys(rest, rest)}


def _components(*components: list[str]) -> Heard:
    return {node: component for component in components for node in component}


_KINDS: dict[PartitionKind, tuple[int, Callable[[list[str], Random], Heard]]] = {
    "halves": (2, _halves),
    "majority": (3, _majority),
    "one": (2, _one),
    "majority-ring": (4, _majority_ring),
    "bridge": (3, _bridge),
    "one-way": (2, _one_way),
}
