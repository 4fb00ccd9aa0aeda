"""What a plan may set for an RSL cluster (Parameters.i.dfy). The defaults are those of IronFleet's `StaticParams`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

import msgspec

from clew.systems.rsl.application import Application, Counter, KeyValue
from clew.systems.service import BadParameters

Duration = Annotated[int, msgspec.Meta(ge=0, extra={"unit": "ns"})]
"""Nanoseconds. A plan gives a duration with its unit: `10ms`."""

APPLICATIONS: dict[str, type[Application]] = {"counter": Counter, "kv": KeyValue}
FUNCTIONS: dict[str, tuple[str, ...]] = {"counter": ("read", "add-and-get"), "kv": ("get", "put", "cas", "delete")}
"""The functions of each application. The name of an application is also the name of its model."""


class Parameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The fields of `system:` in a plan for RSL: the specification's LParameters, and what it leaves open."""

    application: Literal["counter", "kv"] = "counter"
    """Which application is replicated."""
    durability: Literal["synced", "none"] = "synced"
    """What replicas keep on disk.

    `synced`: promises, votes and checkpoints are on disk before a replica sends a message that relies on them. `none`:
    nothing, as in the published protocol. It is correct only if crashed replicas stay down.
    """
    max_log_length: int = 7
    """How many operations may be above the checkpoints of a quorum before the leader waits."""
    baseline_view_timeout_period: Duration = 1_000_000_000
    """The length of an epoch. Each new view doubles it. An epoch in which no request is overdue resets it."""
    heartbeat_period: Duration = 100_000_000
    """The time between two heartbeats of a replica."""
    heartbeats: Literal["staggered", "together"] = "staggered"
    """When replicas that start at the same time beat.

    `staggered`: in turn, a period divided by the number of replicas apart, as if they had started one after the other.
    `together`: at the same moments. A leader whose log is full then waits for all heartbeats at once, a whole period.
    """
    max_integer_val: int = 2**63 - 1
    """The largest sequence number, operation number and time."""
    max_batch_size: int = 32
    """The most requests that one operation decides."""
    max_batch_delay: Duration = 10_000_000
    """How long the leader waits for more requests before it sends a batch that is not full."""
    time_before_server_switch: Duration = 1_000_000_000
    """How long a client waits for a reply before it sends its request, with the same number, to the next replica."""


_LONGEST_RUN = 10**15
"""Nanoseconds: eleven days."""
_SHORTEST_PERIOD = 100_000
"""Nanoseconds. A timer with a shorter period would fire so often that a run hardly gets on."""


def validate(parameters: Parameters, nodes: int) -> None:
    """Raise `BadParameters` for what WFLParameters excludes, and for timers that would fire all the time."""
    for field in ("max_log_length", "max_batch_size"):
        if getattr(parameters, field) <= 0:
            raise BadParameters(field, f"{getattr(parameters, field)}; expected more than zero")
    for field in ("baseline_view_timeout_period", "heartbeat_period", "time_before_server_switch"):
        if getattr(parameters, field) < _SHORTEST_PERIOD:
            raise BadParameters(
                field,
                f"{getattr(parameters, field)} ns; expected at least {_SHORTEST_PERIOD // 1000} us, so that replicas "
                "can do more than handle timers",
            )
    # It bounds times too. Once the time of the run had passed it, a timer would fire again and again without end.
    if not max(parameters.max_log_length, _LONGEST_RUN) < parameters.max_integer_val < 2**63:
        raise BadParameters(
            "max_integer_val",
            f"{parameters.max_integer_val}; expected at most {2**63 - 1}, more than max_log_length "
            f"({parameters.max_log_length}), and more nanoseconds than any run takes ({_LONGEST_RUN})",
        )


def min_quorum_size(replicas: int) -> int:
    """The smallest size of quorums of which any two share a replica (LMinQuorumSize)."""
    return replicas // 2 + 1


@dataclass(frozen=True)
class Constants:
    """What a replica knows from the start (LReplicaConstants)."""

    my_index: int
    """The place of this replica in `replica_ids`."""
    replica_ids: tuple[str, ...]
    """The names of all replicas."""
    params: Parameters
    quorum: int
    """The size of a quorum (LMinQuorumSize)."""

    @property
    def durable(self) -> bool:
        """Whether replicas keep promises, votes and checkpoints on disk."""
        return self.params.durability == "synced"

    def upper_bounded_addition(self, x: int, y: int) -> int:
        """The sum, or `max_integer_val` if the sum is larger (UpperBoundedAddition)."""
        return min(x + y, self.params.max_integer_val)
