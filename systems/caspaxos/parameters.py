"""What a plan may set for a CASPaxos cluster, and which settings are refused."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from clew.systems.caspaxos.configuration import Configuration
from clew.systems.service import BadParameters

Duration = Annotated[int, msgspec.Meta(ge=0, extra={"unit": "ns"})]
"""Nanoseconds. A plan gives a duration with its unit: `10ms`."""


class Parameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The fields of `system:` in a plan for CASPaxos. Quorums are numbers of acceptors."""

    object: Literal["register", "versioned", "counter", "kv"] = "register"
    """What clients take a register for (`objects.py`)."""
    proposers: int | None = None
    """How many nodes, from `n1` on, clients send requests to. None: all."""
    change_proposer: bool = False
    """Whether a client sends each operation to another proposer, in turn. If not, each client has one proposer."""
    prepare_quorum: int | None = None
    """How many promises a proposer waits for. None: a majority.

    Together with `accept_quorum` it must be more than the number of acceptors, so that every prepare quorum shares an
    acceptor with every accept quorum (FPaxos).
    """
    accept_quorum: int | None = None
    """How many acceptors must accept a value to choose it. None: a majority."""
    one_round_trip: bool = False
    """Whether each accept also asks for the next promise (the paper's one-round-trip optimization).

    The next change then needs no prepare, unless another proposer came between.
    """
    resend_after: Duration = 60_000_000
    """How long a proposer waits for an answer before it asks the silent acceptors again."""
    back_off: Duration = 10_000_000
    """The longest pause after a proposer's first conflict. Each further conflict doubles it. Pauses are random."""
    back_off_max: Duration = 320_000_000
    """The longest pause after any number of conflicts."""
    give_up_after: Duration = 1_000_000_000
    """How long a proposer tries before it tells the client that the operation failed, or that it does not know."""
    collect_after: Duration = 0
    """How long after a delete the collector begins to remove the register. It is as patient with silent nodes.

    0: never; the tombstones stay.
    """

    def quorums(self, nodes: int) -> tuple[int, int]:
        """The sizes of the prepare quorum and the accept quorum in a cluster of this many acceptors."""
        majority = nodes // 2 + 1
        return self.prepare_quorum or majority, self.accept_quorum or majority

    @property
    def can_change_members(self) -> bool:
        """Whether the membership can change: all quorums are majorities, and nobody removes registers meanwhile."""
        return self.prepare_quorum is None and self.accept_quorum is None and not self.collect_after

    def configuration(self, nodes: tuple[str, ...]) -> Configuration:
        """The configuration before any change of the membership."""
        prepare, accept = self.quorums(len(nodes))
        return Configuration(0, nodes, prepare, nodes, accept)


def validate(parameters: Parameters, nodes: int) -> None:
    """Raise `BadParameters` for a cluster that could never answer, or would not be safe."""
    prepare, accept = parameters.quorums(nodes)
    if parameters.proposers is not None and not 1 <= parameters.proposers <= nodes:
        raise BadParameters("proposers", f"{parameters.proposers} proposers among {nodes} nodes; expected 1 to {nodes}")
    for field, quorum in (("prepare_quorum", parameters.prepare_quorum), ("accept_quorum", parameters.accept_quorum)):
        if quorum is not None and not 1 <= quorum <= nodes:
            raise BadParameters(field, f"a quorum of {quorum} among {nodes} acceptors; expected 1 to {nodes}")
    if prepare + accept <= nodes:
        field = "accept_quorum" if parameters.prepare_quorum is None else "prepare_quorum"
        least = nodes + 1 - (prepare if field == "accept_quorum" else accept)
        raise BadParameters(
            field,
            f"a prepare quorum of {prepare} and an accept quorum of {accept} may have no acceptor in common; together "
            f"they must be more than the {nodes} acceptors, so expected {least} to {nodes} here",
        )
    if parameters.one_round_trip and accept < prepare:
        raise BadParameters(
            "accept_quorum",
            f"with one_round_trip an accept quorum ({accept}) is also the next prepare quorum ({prepare}); "
            f"expected {prepare} to {nodes}",
        )
    for field in ("resend_after", "back_off", "back_off_max", "give_up_after"):
        if getattr(parameters, field) <= 0:
            raise BadParameters(field, f"{getattr(parameters, field)} ns; expected a duration above zero")
