"""A program: a system that runs as ordinary processes, one for each node, in any language.

    command(node, cluster) ──> process ──> ready(node, cluster)? ──> clients invoke ──> stop, kill, start again

This is a contract. No runtime of clew starts programs yet, and a plan that names one is refused.
"""

from __future__ import annotations

import typing
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clew.systems.node import Complete, Operation
from clew.systems.service import Service


@dataclass(frozen=True)
class ProgramNode:
    """Where one node of a program runs."""

    name: str
    """The name of the node, as plans and histories give it: `n1`."""

    host: str
    """The address at which the other nodes and the clients reach this node."""

    ports: Mapping[str, int]
    """The port that this node listens on, for each name in `Program.ports`."""

    data: Path
    """A folder of this node alone. It is empty at the first start, and keeps its files when the process is killed."""


@dataclass(frozen=True)
class ProgramCluster:
    """All nodes of a program, and the parameters that they share."""

    nodes: tuple[ProgramNode, ...]
    """All nodes, in the order of their names in the plan."""

    parameters: Any
    """An instance of `Program.parameters`, as the plan sets it."""


class ProgramClient(typing.Protocol):
    """One process of the workload. It blocks: each client has a thread of its own."""

    def invoke(self, operation: Operation) -> Complete:
        """Carry out one operation and return how it ended.

        Return `ok` with the result, `fail` if the operation certainly did not happen, `info` if that is unknown. An
        exception counts as `info`: the connection may have broken after the program had done what it was asked.
        """

    def close(self) -> None:
        """Give up the connection. Called once, after the last operation or after one that ended `info`."""


@dataclass(frozen=True, kw_only=True)
class Program(Service):
    """A system of ordinary processes: how to start one, how to tell that it serves, and how to talk to it."""

    command: Callable[[ProgramNode, ProgramCluster], Sequence[str]]
    """`command(node, cluster)` is the argv that starts this node, the same at every start.

    The process stays in the foreground. It ends on SIGTERM, and must survive SIGKILL at any moment: the next start
    finds the data folder as the last one left it.
    """

    client: Callable[[ProgramNode, ProgramCluster], ProgramClient]
    """`client(node, cluster)` makes the client of one process, which should talk to this node first."""

    ready: Callable[[ProgramNode, ProgramCluster], bool]
    """`ready(node, cluster)` tells whether this node serves clients yet.

    It is asked again until it says yes. It returns False, and does not raise, while the node does not listen.
    """

    ports: tuple[str, ...] = ("client",)
    """The names of the TCP ports that each node listens on. Their numbers are in `ProgramNode.ports`."""

    environment: Callable[[ProgramNode, ProgramCluster], Mapping[str, str]] = lambda node, cluster: {}
    """`environment(node, cluster)` is what is added to the environment of the process."""

    leader: Callable[[ProgramCluster], str | None] | None = None
    """`leader(cluster)` is the name of the node that leads now, or None while none does.

    Faults that hit the leader need it. Leave it out for a program without a leader.
    """

    members: Callable[[ProgramCluster], frozenset[str]] | None = None
    """`members(cluster)` are the names of the nodes that are members now. Leave it out if they never change."""

    @property
    def has_leader(self) -> bool:
        return self.leader is not None
