"""What a plan may set about a CASPaxos cluster, and which clusters cannot be."""

from __future__ import annotations

from typing import Annotated

import msgspec

from clew.systems.service import BadParameters

Duration = Annotated[int, msgspec.Meta(ge=0, extra={"unit": "ns"})]
"""Nanoseconds; a plan gives them with a unit, as in `10ms`."""


class Parameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Quorums count acceptors."""

    prepare_quorum: int | None = None
    """Promises that a proposer waits for; a majority if not given. Together with `accept_quorum` more than there are
    acceptors, so that every prepare quorum meets every accept quorum (FPaxos)."""
    accept_quorum: int | None = None
    """Acceptors that make a value chosen; a majority if not given."""
    one_round_trip: bool = False
    """Ask for the next promise with each accept, and skip the prepare of the next change if nobody came between."""
    resend_after: Duration = 60_000_000
    """How long a proposer waits for silent acceptors before it asks them again."""
    back_off: Duration = 10_000_000
    """Upper end of the random pause after a proposer's first conflict; doubled by each further one."""
    back_off_max: Duration = 320_000_000
    """Where the doubling ends."""
    give_up_after: Duration = 1_000_000_000
    """How long a proposer tries before it tells the client that it failed, or that it does not know."""

    def quorums(self, nodes: int) -> tuple[int, int]:
        """Sizes of the prepare and the accept quorum in a cluster of this many acceptors."""
        majority = nodes // 2 + 1
        return self.prepare_quorum or majority, self.accept_quorum or majority


def validate(parameters: Parameters, nodes: int) -> None:
    """Raise `BadParameters` for a cluster that cannot work, or could work only by breaking its promises."""
    prepare, accept = parameters.quorums(nodes)
    for field, quorum in (("prepare_quorum", parameters.prepare_quorum), ("accept_quorum", parameters.accept_quorum)):
        if quorum is not None and not 1 <= quorum <= nodes:
            raise BadParameters(field, f"a quorum of {quorum} among {nodes} acceptors; expected 1 to {nodes}")
    if prepare + accept <= nodes:
        field = "accept_quorum" if parameters.prepare_quorum is None else "prepare_quorum"
        least = nodes + 1 - (prepare if field == "accept_quorum" else accept)
        raise BadParameters(
            field,
            f"prepare quorums of {prepare} and accept quorums of {accept} need not meet among {nodes} acceptors; "
            f"together they must be more than {nodes}, so expected {least} to {nodes} here",
        )
    if parameters.one_round_trip and accept < prepare:
        raise BadParameters(
            "accept_quorum",
            f"with one_round_trip the {accept} acceptors of an accept quorum stand in for the {prepare} of a prepare "
            f"quorum; expected {prepare} to {nodes}",
        )
    for field in ("resend_after", "back_off", "back_off_max", "give_up_after"):
        if getattr(parameters, field) <= 0:
            raise BadParameters(field, f"{getattr(parameters, field)} ns; expected a duration above zero")
