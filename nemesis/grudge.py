"""Grudges: who refuses to hear whom, and the ways to draw one that cuts a cluster apart.

The pictures show who hears whom: `─` both ways, `►` one way, no line: not at all. The kinds are Jepsen's.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from typing import Literal, get_args

from clew.nemesis.leader import LEADER
from clew.nemesis.target import shuffled

Grudge = dict[str, tuple[str, ...]]
"""A receiver -> the sources whose messages it refuses. A cut of one direction is a grudge that one side only holds."""

PartitionKind = Literal["halves", "majority", "one", "majority-ring", "bridge", "one-way", "leader"]
ALL_KINDS: tuple[PartitionKind, ...] = get_args(PartitionKind)
KINDS: tuple[PartitionKind, ...] = tuple(kind for kind in ALL_KINDS if kind != "leader")
"""The kinds for any cluster. `leader` needs one that has a leader."""


def split(kind: PartitionKind, nodes: Sequence[str], random: Random) -> Grudge:
    """A random grudge of this kind, its keys and sources in the order of `nodes`.

    That of kind `leader` is between `LEADER` and all nodes; the partition makes it one between the leader and the
    others when it begins. Raises `ValueError` if the cluster is smaller than `nodes_needed(kind)`.
    """
    if kind == "leader":
        return {LEADER: tuple(nodes), **dict.fromkeys(nodes, (LEADER,))}
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
"""Who hears whom: a receiver -> the sources that it still hears, itself among them."""


def _halves(nodes: list[str], random: Random) -> Heard:
    """Two halves. If the number of nodes is odd, the second is the larger one, and a majority.

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
    """Each node sees a majority, and no two see the same one: a node hears itself and its neighbours on a ring.

        n1 ─ n2
       /       \\
      n5       n3
        \\ n4 /

    Links work both ways, so each node can finish a round with its majority. Therefore each node hears as many
    neighbours on one side as on the other. With three nodes that would be everyone.
    """
    count = len(nodes)
    each_side = (count // 2 + 1) // 2
    return {
        nodes[i]: [nodes[(i + offset) % count] for offset in range(-each_side, each_side + 1)] for i in range(count)
    }


def _bridge(nodes: list[str], random: Random) -> Heard:
    """Two halves, and one node that sees both.

    n1 ─ n2 ─ n3 ─ n4 ─ n5       with n3 also next to n1 and n5
    """
    bridge, rest = nodes[0], nodes[1:]
    middle = len(rest) // 2
    heard = _components([*rest[:middle], bridge], [*rest[middle:], bridge])
    heard[bridge] = nodes
    return heard


def _one_way(nodes: list[str], random: Random) -> Heard:
    """Some nodes hear everybody, but the rest does not hear them.

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
