"""Variants of two-phase commit. Each has one mistake."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from clew.systems.host_variants import host_variants
from clew.systems.node import Context
from clew.systems.protocol import Hunted, Variant
from clew.systems.two_phase_commit.coordinator import Coordinator
from clew.systems.two_phase_commit.log import Log, State
from clew.systems.two_phase_commit.messages import ABORTED, COMMITTED, Fate, Key
from clew.systems.two_phase_commit.node import CommitNode, Roles
from clew.systems.two_phase_commit.parameters import Parameters
from clew.systems.two_phase_commit.participant import Participant


class ForgetfulLog(Log):
    """Keeps in memory only that a transaction has begun."""

    def write(self, ctx: Context, key: Key, state: State, *, forced: bool = True) -> None:
        if state == "begun":
            self._states[key] = state
        else:
            super().write(ctx, key, state, forced=forced)


class PresumesCommit(Coordinator):
    """Commits what it finds begun and not decided after a crash. *Presumed commit* (Mohan, Lindsay and Obermarck, 1986)
    may do so only for transactions that it has no record of at all, because it logs which ones it has begun.

    A client is told that a transaction is committed, another one that a participant has refused it.
    """

    def _after_crash(self) -> Fate:
        return COMMITTED


class TakesSilenceForYes(Coordinator):
    """Commits when votes have not come in time.

    A client is told that a transaction is committed which a participant has refused, or never heard of.
    """

    def _without_votes(self) -> Fate:
        return COMMITTED


class ForgetsWhatItBegan(Coordinator):
    """Asks for votes before the log says that the transaction has begun. After a crash it knows nothing of it.

    A participant that has voted yes asks in vain. A client is told that a transaction is aborted, by a participant that
    had not voted, another one that nobody has submitted it.
    """

    def __init__(self, parameters: Parameters) -> None:
        super().__init__(parameters)
        self._log = ForgetfulLog("coordinator")


class ForgetsItsDecision(Coordinator):
    """Tells its decision before it is safe in the log. After a crash it finds the transaction begun, and aborts it.

    A client is told that a transaction is committed, another one that it is aborted.
    """

    def _record(self, ctx: Context, key: Key, fate: Fate) -> None:
        self._log.write(ctx, key, fate, forced=False)


class ForgetsItsVote(Participant):
    """Votes yes before that is safe in the log. After a crash it believes that it can abort alone.

    A client is told that a transaction is committed. Another participant was uncertain and asked this one: there a
    client is told that it is aborted.
    """

    def _promise(self, ctx: Context, key: Key) -> None:
        self._log.write(ctx, key, "prepared", forced=False)


class AbortsAlone(Participant):
    """Aborts if it was not told in time, though it has voted yes.

    A client is told that a transaction is committed, another one that it is aborted.
    """

    def _ask(self, ctx: Context, key: Key) -> None:
        self._log.write(ctx, key, ABORTED)


def node_with(roles: Roles) -> Callable[[Parameters], CommitNode]:
    """A function that makes a node with these roles, given its parameters."""
    return lambda parameters: CommitNode(parameters, roles)


VARIANTS: Mapping[str, Variant] = {
    variant.name: variant
    for variant in (
        Variant(
            "presumes-commit",
            "a coordinator commits what it had not decided before a crash, though somebody may have refused",
            node_with(Roles(coordinator=PresumesCommit)),
        ),
        Variant(
            "takes-silence-for-yes",
            "a coordinator commits when votes are missing, though somebody may have refused",
            node_with(Roles(coordinator=TakesSilenceForYes)),
        ),
        Variant(
            "forgets-what-it-began",
            "a coordinator asks for votes before it is logged that it began, so a crash leaves participants uncertain",
            node_with(Roles(coordinator=ForgetsWhatItBegan)),
        ),
        Variant(
            "forgets-its-decision",
            "a coordinator tells its decision before it is logged, so a crash turns a commit into an abort",
            node_with(Roles(coordinator=ForgetsItsDecision)),
        ),
        Variant(
            "forgets-its-vote",
            "a participant that has voted yes forgets it in a crash, and aborts what others commit",
            node_with(Roles(participant=ForgetsItsVote)),
        ),
        Variant(
            "aborts-alone",
            "a participant that has voted yes aborts when the decision is late, though others commit",
            node_with(Roles(participant=AbortsAlone)),
        ),
        *host_variants(CommitNode),
    )
}

STORM = "two-phase-commit-storm"
RESTARTS = "two-phase-commit-forgets-its-vote"
"""A plan in which nodes restart again and again."""
HUNTED: Mapping[str, Hunted] = {
    "presumes-commit": Hunted(RESTARTS),
    "takes-silence-for-yes": Hunted(STORM),
    "forgets-what-it-began": Hunted(RESTARTS, ("nemesis.0.crash.for=60ms",)),
    "forgets-its-decision": Hunted(RESTARTS),
    "forgets-its-vote": Hunted(RESTARTS),
    "aborts-alone": Hunted(STORM),
    "handles-packets-twice": Hunted(STORM, unnoticed="networks copy packets, so the protocol is made to handle copies"),
    "torn-writes": Hunted(RESTARTS),
    "read-error-as-empty": Hunted(RESTARTS),
    "fsync-lies": Hunted(RESTARTS),
}
"""How each variant is hunted."""
