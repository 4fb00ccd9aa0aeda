"""What a plan may set for a Raft cluster, and which settings are refused."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from clew.systems.service import BadParameters

Duration = Annotated[int, msgspec.Meta(ge=0, extra={"unit": "ns"})]
"""Nanoseconds. A plan gives a duration with its unit: `10ms`."""

FUNCTIONS: dict[str, tuple[str, ...]] = {"kv": ("get", "put", "cas", "delete"), "election": ("campaign", "read")}
"""The functions of each object. The name of an object is also the name of its model."""


class Parameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The fields of `system:` in a plan for Raft."""

    object: Literal["kv", "election"] = "kv"
    """What clients see: the replicated store, or only who leads."""
    election_timeout: Duration = 150_000_000
    """How long a follower waits for the leader before it stands for election. Each wait is drawn from once to twice
    this, as in the paper (150 to 300 ms)."""
    heartbeat_period: Duration = 30_000_000
    """The time between two heartbeats of the leader."""
    pre_vote: bool = False
    """Whether a server first asks if it would be elected, and begins a term only then (thesis, 9.6). A server that was
    removed, and does not know it, disturbs nobody so. Needed for changes of the membership."""
    max_entries: int = 64
    """The most entries in one message."""
    snapshot_every: int = 1000
    """After how many entries a server takes a snapshot and forgets them."""
    retransmit_after: Duration = 200_000_000
    """How long a client waits for an answer before it asks the next server."""
    redirect_after: Duration = 5_000_000
    """How long a client waits before it asks again, when a server has said that it does not lead."""

    @property
    def can_change_members(self) -> bool:
        """Whether the members of the cluster can change. A campaign needs no pre-vote, so the election alone cannot."""
        return self.object == "kv" and self.pre_vote


_SHORTEST = 100_000
"""Nanoseconds. A timer with a shorter period would fire so often that a run hardly gets on."""


def validate(parameters: Parameters, nodes: int) -> None:
    """Raise `BadParameters` for a cluster that could never answer."""
    for field in ("max_entries", "snapshot_every"):
        if getattr(parameters, field) < 1:
            raise BadParameters(field, f"{getattr(parameters, field)}; expected more than zero")
    for field in ("election_timeout", "heartbeat_period", "retransmit_after", "redirect_after"):
        if getattr(parameters, field) < _SHORTEST:
            raise BadParameters(field, f"{getattr(parameters, field)} ns; expected at least {_SHORTEST // 1000} us")
    if parameters.heartbeat_period >= parameters.election_timeout:
        raise BadParameters(
            "heartbeat_period",
            f"heartbeats every {parameters.heartbeat_period} ns and elections after {parameters.election_timeout} ns "
            "of silence: every leader would be replaced at once; expected heartbeats more often than that",
        )


def majority(servers: int) -> int:
    """The smallest number of servers of which any two sets share one."""
    return servers // 2 + 1
