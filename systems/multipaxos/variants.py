"""Variants of the store on Multi-Paxos. Each has one mistake; `as-published` has those of the published code together.

That code (https://github.com/gleissen/goolong, `src/multipaxos/multipaxos.go` in October 2018) is a case study of a
proof. What is proven is that an instance decides one number. The batch that belongs to the number, and what is done
with it, are not part of the proof. Its authors mended two of the three mistakes in July 2019 (docs/multipaxos.md).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from clew.systems.host_variants import host_variants
from clew.systems.multipaxos.messages import Answer, Command, Request
from clew.systems.multipaxos.parameters import Parameters
from clew.systems.multipaxos.replica import Replica, Roles
from clew.systems.multipaxos.store import Ran, Store
from clew.systems.node import Context
from clew.systems.paxos.learner import Learner
from clew.systems.paxos.messages import Reject
from clew.systems.paxos.proposer import Proposer
from clew.systems.paxos.variants import (
    DecidesAtTheFirstVote,
    ForgetfulAcceptor,
    PicksTheLowestBallot,
    PrefersItsOwn,
    VotesWithoutPromising,
)
from clew.systems.protocol import Hunted, Variant


class SendsItsOwnBatch(PrefersItsOwn):
    """Proposes its own batch where it has learnt of another.

    The published code adopts the number of the other batch, and sends it with the commands of its own.

    A client sees an acknowledged write vanish: another batch has taken its place.
    """


class CommitsUndecided(Proposer):
    """Takes its batch for decided though acceptors have refused it.

    The published code tells all replicas to commit an instance, whether its round succeeded or not.

    A client sees an acknowledged write vanish: the instance is decided for another batch.
    """

    def __init__(self, parameters: Parameters, learner: Learner) -> None:
        super().__init__(parameters, learner)
        self._of_all = learner

    def reject(self, ctx: Context, source: str, message: Reject) -> None:
        round = self._rounds.get(repr(message.key))
        if round is not None and message.ballot == round.ballot:
            asked = round.waiting + round.late
            self._of_all.decided.setdefault(message.key, asked[0][1].value)
        super().reject(ctx, source, message)


class CommitsUndecidedAndItsOwn(CommitsUndecided, SendsItsOwnBatch):
    """Both mistakes."""


class RunsTwice(Store):
    """Keeps no record of what has run, so a request that comes again has a second place in the log.

    A client sees an old value come back: its write ran again, after another one.
    """

    def last(self, client: str) -> Ran | None:
        return None

    def run(self, command: Command) -> Ran:
        return Ran(command.id, *self._execute(command))


class SkipsHoles(Replica):
    """Runs an instance as soon as it is decided, and never those before it that are decided later.

    A client sees an acknowledged write at one replica and not at another.
    """

    def _next(self) -> int | None:
        decided = (key for key in self._learner.decided if isinstance(key, int) and key > self._ran)
        return min(decided, default=None)


class ReadsLocally(Replica):
    """Answers a read from its own store, without a place in the log.

    A client reads a value that was overwritten before it asked: this replica has missed the instances.
    """

    def _request(self, ctx: Context, client: str, message: Request) -> None:
        if message.f == "get":
            ctx.send(client, Answer(message.id, self._store.get(message.key), None))
        else:
            super()._request(ctx, client, message)


def replica_with(roles: Roles) -> Callable[[Parameters], Replica]:
    """A function that makes a replica with these roles, given its parameters."""
    return lambda parameters: Replica(parameters, roles)


PUBLISHED = Roles(acceptor=VotesWithoutPromising, proposer=CommitsUndecidedAndItsOwn)

VARIANTS: Mapping[str, Variant] = {
    variant.name: variant
    for variant in (
        Variant(
            "as-published",
            "the three mistakes of the published code together, so acknowledged writes vanish",
            replica_with(PUBLISHED),
        ),
        Variant(
            "votes-without-promising",
            "a vote is not a promise (as published), so an instance is decided twice and a write vanishes",
            replica_with(Roles(acceptor=VotesWithoutPromising)),
        ),
        Variant(
            "sends-its-own-batch",
            "replicas propose their own batch where another was accepted (as published), so a write vanishes",
            replica_with(Roles(proposer=SendsItsOwnBatch)),
        ),
        Variant(
            "commits-undecided",
            "replicas commit a batch that was refused (as published), so a write is acknowledged and vanishes",
            replica_with(Roles(proposer=CommitsUndecided)),
        ),
        Variant(
            "forgets-promises",
            "acceptors lose their state when they restart, so an instance is decided twice",
            replica_with(Roles(acceptor=ForgetfulAcceptor)),
        ),
        Variant(
            "picks-the-lowest-ballot",
            "replicas pick the accepted batch of the lowest ballot, so an instance is decided twice",
            replica_with(Roles(proposer=PicksTheLowestBallot)),
        ),
        Variant(
            "decides-at-the-first-vote",
            "replicas run a batch that one acceptor has accepted, so another one takes its place",
            replica_with(Roles(learner=DecidesAtTheFirstVote)),
        ),
        Variant(
            "runs-twice",
            "a request that comes again runs again, so old values come back",
            replica_with(Roles(store=RunsTwice)),
        ),
        Variant(
            "skips-holes",
            "replicas run instances without those before them, so they differ",
            SkipsHoles,
        ),
        Variant(
            "reads-locally",
            "replicas answer reads from their own store, so reads return old values",
            ReadsLocally,
        ),
        *host_variants(Replica),
    )
}

DUEL = "multipaxos-duel"
"""A plan in which all replicas propose."""
RESTARTS = "multipaxos-forgets-promises"
"""A plan in which replicas restart again and again."""
HUNTED: Mapping[str, Hunted] = {
    "as-published": Hunted(DUEL),
    "votes-without-promising": Hunted("multipaxos-votes-without-promising"),
    "sends-its-own-batch": Hunted(DUEL),
    "commits-undecided": Hunted(DUEL),
    "forgets-promises": Hunted(RESTARTS),
    "picks-the-lowest-ballot": Hunted(DUEL),
    "decides-at-the-first-vote": Hunted(DUEL),
    "runs-twice": Hunted(DUEL),
    "skips-holes": Hunted(DUEL),
    "reads-locally": Hunted(DUEL),
    "handles-packets-twice": Hunted(DUEL, unnoticed="networks copy packets, so the protocol is made to handle copies"),
    "torn-writes": Hunted(RESTARTS),
    "read-error-as-empty": Hunted(RESTARTS),
    "fsync-lies": Hunted(RESTARTS),
}
"""How each variant is hunted."""
