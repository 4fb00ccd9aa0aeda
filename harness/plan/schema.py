"""A plan, resolved: every number drawn, every default filled in. All times are whole nanoseconds.

This is what a runtime gets, what `dump` writes into the run folder, and, with the seed, all that a simulated run
depends on.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from clew.nemesis.latency import Constant, Exponential, Latency
from clew.nemesis.schedule import Entry

Check = Literal["linearizable", "invariants", "liveness"]
Runtime = Literal["simulation"]
WorkloadKind = Literal["cas-register", "counter", "kv"]

MILLISECOND = 1_000_000
SECOND = 1_000_000_000


class SystemPlan(msgspec.Struct, frozen=True):
    """Which system, how many nodes of it, and which way of being wrong (None: none).

    `name` is what `systems.find` takes; the path of a Python file is absolute. `parameters` is an instance of the
    system's own `parameters` struct, found valid for that many nodes.
    """

    name: str
    nodes: int
    variant: str | None
    parameters: Any


class PlannedOperation(msgspec.Struct, frozen=True):
    """One operation of an explicit workload: when it is due, on which client thread, and what it asks for.

    `value` is None for a read, a get or a delete, a whole number for a write or an add, a text for a put, `(old, new)`
    of either kind for a compare-and-set.
    """

    at: int
    client: int
    f: str
    key: int
    value: Any


class Workload(msgspec.Struct, frozen=True):
    """What the clients do.

    `operations` is how many they do together, None if only `duration` ends the workload, or the operations themselves
    by time, in which case `mix`, `values`, `rate` and `think` have no meaning. `mix` weighs the functions. Written
    values are all distinct (`unique`) or drawn from 0 to n-1; a counter is counted up by 1, or by 1 to n. With a `rate`
    (operations a second, all clients together) the clients are spread over time, without one each goes on as soon as
    its last operation is over and it has thought for `think`. An operation that takes longer than `timeout` is `info`.
    """

    kind: WorkloadKind
    clients: int
    keys: int
    operations: int | tuple[PlannedOperation, ...] | None
    mix: dict[str, float]
    values: int | Literal["unique"]
    rate: float | None
    think: Latency
    timeout: int
    duration: int | None


class Links(msgspec.Struct, frozen=True):
    """How messages travel: latency of each, and chances that one is lost, doubled, or may overtake earlier ones.

    A link with `reorder` 0 is first in, first out.
    """

    latency: Latency
    drop: float = 0.0
    duplicate: float = 0.0
    reorder: float = 1.0


class NetworkPlan(msgspec.Struct, frozen=True):
    """Links between nodes, and links between clients and nodes (both ways).

    Clients are next to the nodes unless a plan says otherwise: their latency widens what the history shows of an
    operation, and hides anomalies.
    """

    nodes: Links = Links(Exponential(MILLISECOND))
    clients: Links = Links(Constant(0))


class Recovery(msgspec.Struct, frozen=True):
    """After everything is healed: quiet for `after`, then final reads that must be ok within `within`."""

    after: int = SECOND
    within: int = 10 * SECOND


class BudgetPlan(msgspec.Struct, frozen=True):
    """What the checker may use: ns of wall time, bytes of memory."""

    time: int = 60 * SECOND
    memory: int = 1 << 30


Stop = Literal["end", "first-violation"]


class Plan(msgspec.Struct, frozen=True):
    """Everything about a run.

    `stop` says when it ends: when the workload is done and everything was healed and read (`end`), or as soon as the
    history cannot be explained any more.
    """

    name: str
    system: SystemPlan
    runtime: Runtime
    workload: Workload
    network: NetworkPlan
    nemesis: tuple[Entry, ...]
    recovery: Recovery
    checks: tuple[Check, ...]
    budget: BudgetPlan
    seed: int
    stop: Stop = "end"

    @property
    def nodes(self) -> tuple[str, ...]:
        """The names of the nodes: `n1` to `nN`."""
        return node_names(self.system.nodes)

    @property
    def clients(self) -> tuple[str, ...]:
        """The client threads on the network: `c0` and on. A thread keeps its name when its process dies."""
        return client_names(self.workload.clients)


def node_names(count: int) -> tuple[str, ...]:
    """`n1` to `n<count>`."""
    return tuple(f"n{i}" for i in range(1, count + 1))


def client_names(count: int) -> tuple[str, ...]:
    """`c0` to `c<count - 1>`."""
    return tuple(f"c{i}" for i in range(count))
