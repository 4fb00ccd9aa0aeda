"""What a plan may set about an RSL cluster (Parameters.i.dfy), with the values of IronFleet's `StaticParams`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

import msgspec

from clew.systems.rsl.application import Application, Counter, KeyValue
from clew.systems.service import BadParameters

Duration = Annotated[int, msgspec.Meta(ge=0, extra={"unit": "ns"})]
"""Nanoseconds; a plan gives them with a unit, as in `10ms`."""

APPLICATIONS: dict[str, type[Application]] = {"counter": Counter, "kv": KeyValue}
FUNCTIONS: dict[str, tuple[str, ...]] = {"counter": ("read", "add-and-get"), "kv": ("get", "put", "cas", "delete")}
"""What clients can ask of each application; it is also the name of the checker's model of it."""


class Parameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The specification's LParameters, and what it leaves to whoever runs it."""

    application: Literal["counter", "kv"] = "counter"
    """What is replicated."""
    durability: Literal["synced", "none"] = "synced"
    """`synced`: promises, votes and checkpoints are on disk before anybody hears of them. `none`: the published
    protocol, which keeps nothing; correct only if a crashed replica stays down."""
    max_log_length: int = 7
    """How many operations may be undecided or unconfirmed by a quorum of checkpoints before the leader waits."""
    baseline_view_timeout_period: Duration = 1_000_000_000
    """The length of an epoch; doubled by each change of view, back to this after an epoch without old requests."""
    heartbeat_period: Duration = 100_000_000
    """How often a replica tells its view, its suspicion and its checkpoint."""
    max_integer_val: int = 2**63 - 1
    """No sequence number, operation number or time goes above this."""
    max_batch_size: int = 32
    """Requests that one operation decides at most."""
    max_batch_delay: Duration = 10_000_000
    """How long the leader waits for a batch to fill."""
    time_before_server_switch: Duration = 1_000_000_000
    """How long a client waits before it sends its request, with the same number, to the next replica."""


_LONGEST_RUN = 10**15
_SHORTEST_PERIOD = 100_000
"""Nanoseconds. Timers that ring at once would ring for ever, and one that rings each microsecond is as good as that."""


def validate(parameters: Parameters, nodes: int) -> None:
    """Raise `BadParameters` for what WFLParameters excludes, and for timers that leave no time for anything else."""
    for field in ("max_log_length", "max_batch_size"):
        if getattr(parameters, field) <= 0:
            raise BadParameters(field, f"{getattr(parameters, field)}; expected more than zero")
    for field in ("baseline_view_timeout_period", "heartbeat_period", "time_before_server_switch"):
        if getattr(parameters, field) < _SHORTEST_PERIOD:
            raise BadParameters(
                field,
                f"{getattr(parameters, field)} ns; expected at least {_SHORTEST_PERIOD // 1000} us, or time is all "
                "spent on timers",
            )
    # Times are bounded by it as well. A timer that is cut off at a bound that has passed would ring for ever.
    if not max(parameters.max_log_length, _LONGEST_RUN) < parameters.max_integer_val < 2**63:
        raise BadParameters(
            "max_integer_val",
            f"{parameters.max_integer_val}; expected more than max_log_length ({parameters.max_log_length}) and than "
            f"any time of a run in nanoseconds ({_LONGEST_RUN}), and at most {2**63 - 1}",
        )


def min_quorum_size(replicas: int) -> int:
    """How many replicas any two quorums of this many share one of (LMinQuorumSize)."""
    return replicas // 2 + 1


@dataclass(frozen=True)
class Constants:
    """What a replica knows from the start (LReplicaConstants)."""

    my_index: int
    replica_ids: tuple[str, ...]
    params: Parameters
    quorum: int
    """LMinQuorumSize of these replicas."""

    @property
    def durable(self) -> bool:
        """Whether promises, votes and checkpoints are kept on disk."""
        return self.params.durability == "synced"

    def upper_bounded_addition(self, x: int, y: int) -> int:
        """The sum, or the largest number there is (UpperBoundedAddition)."""
        return min(x + y, self.params.max_integer_val)
