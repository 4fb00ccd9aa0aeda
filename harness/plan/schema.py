"""A resolved plan: every number is drawn, every default filled in. All times are whole nanoseconds.

A runtime gets this plan, and `dump` writes it into the run folder. A simulated run depends on nothing else; a live run
depends on the machine too.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from clew.nemesis.latency import Constant, Exponential, Latency
from clew.nemesis.schedule import Entry

Check = Literal["linearizable", "sequential", "session", "staleness", "invariants", "liveness"]
RuntimeName = Literal["simulation", "live"]
LiveNetworkName = Literal["auto", "tun", "loopback"]
WorkloadKind = Literal[
    "cas-register",
    "versioned-register",
    "counter",
    "kv",
    "election",
    "consensus",
    "atomic-commit",
    "word-count",
    "queue",
    "set",
    "append-list",
    "mutex",
]
Stop = Literal["end", "first-violation"]

MILLISECOND = 1_000_000
SECOND = 1_000_000_000


class SystemPlan(msgspec.Struct, frozen=True):
    """What is tested."""

    name: str
    """What `systems.find_system` takes: the name of a shipped system, or the absolute path of a Python file."""
    nodes: int
    """How many nodes."""
    variant: str | None
    """A way in which the system is broken on purpose. None: it is not."""
    parameters: Any
    """An instance of the system's `parameters` struct, valid for this many nodes."""


class PlannedOperation(msgspec.Struct, frozen=True):
    """One operation of an explicit workload."""

    at: int
    """When it is due."""
    client: int
    """The number of the client thread that invokes it."""
    f: str
    """The function."""
    key: int
    """The key."""
    value: Any
    """The argument, by function:

    read, get, delete, campaign, dequeue             None
    init, write, add-and-get, enqueue, add, append   a whole number
    propose                                          a whole number
    submit                                           how many participants refuse, 0 or more
    put                                              a text
    cas                                              (old, new), both whole numbers or both texts; old may be None. Of a
                                                     versioned register: (version, new), both whole numbers
    """


class Workload(msgspec.Struct, frozen=True):
    """What the clients do."""

    kind: WorkloadKind
    """Which functions operations are made of."""
    clients: int
    """How many client threads."""
    keys: int
    """Operations are about the keys 0 to `keys` - 1."""
    operations: int | tuple[PlannedOperation, ...] | None
    """How many operations all clients do together, or the operations themselves by time. None: `duration` is the limit.

    With explicit operations, `mix`, `values`, `rate` and `think` have no meaning.
    """
    mix: dict[str, float]
    """The functions with their weights."""
    values: int | Literal["unique"]
    """What is written: all values are distinct, or they are drawn from 0 to n-1. A counter adds 1, or 1 to n."""
    rate: float | None
    """Operations a second, all clients together, at random times.

    None: each client begins its next operation when the last one is over and it has waited for `think`.
    """
    think: Latency
    """How long a client waits between two operations."""
    timeout: int
    """An operation that takes longer is `info`."""
    duration: int | None
    """No operation begins after this time. None: `operations` is the limit."""


class Links(msgspec.Struct, frozen=True):
    """How messages travel on a link."""

    latency: Latency
    """How long a message takes."""
    drop: float = 0.0
    """The chance that a message is lost."""
    duplicate: float = 0.0
    """The chance that a message arrives twice."""
    reorder: float = 1.0
    """The chance that a message may overtake earlier ones. With 0, the link is first in, first out."""


class NetworkPlan(msgspec.Struct, frozen=True):
    """How messages travel when no fault is active. The defaults are those of a simulation; see `AS_THEY_COME`."""

    nodes: Links = Links(Exponential(MILLISECOND))
    """Links between nodes."""
    clients: Links = Links(Constant(0))
    """Links between clients and nodes, in both directions.

    They are instant by default. A latency makes operations longer in the history, so that more of them overlap: that
    can hide anomalies.
    """


AS_THEY_COME = NetworkPlan(Links(Constant(0)), Links(Constant(0)))
"""The network of a live run whose plan does not say otherwise: it adds nothing to what the machine takes."""


class LivePlan(msgspec.Struct, frozen=True):
    """What only a live run has."""

    network: LiveNetworkName = "auto"
    """What carries the packets of nodes and clients.

    tun       a network namespace for each of them; clew forwards every packet between them
    loopback  the loopback device of this machine; only for a `Protocol`, whose sockets belong to clew
    auto      `tun` where the machine allows it and `loopback` where not
    """
    ready: int = 30 * SECOND
    """How long a node may take from its start until it serves."""
    pcap: bool = False
    """Whether the packets are written to `packets.pcap` in the folder of the run."""
    keep_data: bool = False
    """Whether the data folders of the nodes are copied to `data/` in the folder of the run."""


class Recovery(msgspec.Struct, frozen=True):
    """What happens after everything has healed."""

    after: int = SECOND
    """How long the cluster is left alone before the final reads."""
    within: int = 10 * SECOND
    """How long the final reads may take until all are `ok`."""


class BudgetPlan(msgspec.Struct, frozen=True):
    """What the checker may use."""

    time: int = 60 * SECOND
    """Nanoseconds of wall time."""
    memory: int = 1 << 30
    """Bytes."""


class Plan(msgspec.Struct, frozen=True):
    """Everything about a run."""

    name: str
    """What the plan is called."""
    system: SystemPlan
    """What is tested."""
    runtime: RuntimeName
    """What carries out the run."""
    workload: Workload
    """What the clients do."""
    network: NetworkPlan
    """How messages travel."""
    nemesis: tuple[Entry, ...]
    """What goes wrong, whom it hits, and when."""
    recovery: Recovery
    """What happens after everything has healed."""
    checks: tuple[Check, ...]
    """How the run is judged."""
    budget: BudgetPlan
    """What the checker may use."""
    seed: int
    """What every random choice follows from."""
    stop: Stop = "end"
    """When the run ends: after the final reads, or as soon as no order of the operations explains the history."""
    live: LivePlan = LivePlan()
    """What only a live run has. A simulation has the defaults."""

    @property
    def nodes(self) -> tuple[str, ...]:
        """The names of the nodes: `n1` to `nN`."""
        return node_names(self.system.nodes)

    @property
    def clients(self) -> tuple[str, ...]:
        """The names of the client threads: `c0`, `c1`, ... A thread keeps its name when it gets a new process."""
        return client_names(self.workload.clients)


def node_names(count: int) -> tuple[str, ...]:
    """`n1` to `n<count>`."""
    return tuple(f"n{i}" for i in range(1, count + 1))


def client_names(count: int) -> tuple[str, ...]:
    """`c0` to `c<count - 1>`."""
    return tuple(f"c{i}" for i in range(count))
