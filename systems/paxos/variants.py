"""Variants of Paxos. Each has one mistake."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from clew.systems.host_variants import host_variants
from clew.systems.node import Context
from clew.systems.paxos.acceptor import Acceptor, AcceptorState
from clew.systems.paxos.learner import Learner
from clew.systems.paxos.messages import NEVER, Accept, Accepted, Key, Promise
from clew.systems.paxos.node import PaxosNode, Roles
from clew.systems.paxos.parameters import Parameters
from clew.systems.paxos.proposer import Proposer
from clew.systems.protocol import Hunted, Variant


class ForgetfulAcceptor(Acceptor):
    """Keeps its state in memory only. After a restart it has promised nothing and accepted nothing.

    A client is told another decision than the one before.
    """

    def _remember(self, ctx: Context, key: Key, state: AcceptorState) -> None:
        self._states[key] = state


class VotesWithoutPromising(Acceptor):
    """Accepts a proposal without raising its promise. "Paxos Made Simple" can be read like that, and has been
    (Brooker, 2021): the acceptor may not have got the prepare of the ballot that it votes at.

    A client is told another decision than the one before: an older proposal replaced the chosen one.
    """

    def _voted(self, state: AcceptorState, message: Accept) -> AcceptorState:
        return AcceptorState(state.promised, message.ballot, message.value)


class ComparesTheValue(Acceptor):
    """Compares the proposed *value* with the number that it has promised.

    The simulator in "Mechanised Verification of Paxos-like Consensus Protocols" (Pillai, 2018, 4.1.4) does. While
    values are larger than numbers, promises are not kept. When the numbers are larger, nobody accepts a value.

    A client gets no answers.
    """

    def _refuses(self, state: AcceptorState, message: Accept) -> bool:
        return bool(message.value < state.promised.round)


class PrefersItsOwn(Proposer):
    """Proposes its client's value even if a value was accepted already.

    A client is told another decision than the one before.
    """

    def _choose(self, promises: Iterable[Promise], own: Iterable[Any]) -> Any:
        mine = next((value for value in own if value is not None), None)
        return super()._choose(promises, own) if mine is None else mine


class PicksTheLowestBallot(Proposer):
    """Proposes the accepted value of the lowest ballot instead of the highest.

    A client is told another decision than the one before: a value that failed comes back.
    """

    def _choose(self, promises: Iterable[Promise], own: Iterable[Any]) -> Any:
        accepted = [promise for promise in promises if promise.accepted > NEVER]
        if not accepted:
            return super()._choose(promises, own)
        return min(accepted, key=lambda promise: promise.accepted).value


class DecidesAtTheFirstVote(Learner):
    """Takes a value for decided that one acceptor has accepted.

    Two clients are told two decisions.
    """

    def accepted(self, acceptor: str, message: Accepted, majority: int) -> bool:
        return super().accepted(acceptor, message, 1)


def node_with(roles: Roles) -> Callable[[Parameters], PaxosNode]:
    """A function that makes a node with these roles, given its parameters."""
    return lambda parameters: PaxosNode(parameters, roles)


VARIANTS: Mapping[str, Variant] = {
    variant.name: variant
    for variant in (
        Variant(
            "forgets-promises",
            "acceptors lose their state when they restart, so that a key is decided twice",
            node_with(Roles(acceptor=ForgetfulAcceptor)),
        ),
        Variant(
            "votes-without-promising",
            "a vote is not a promise, so that an older proposal replaces the chosen one",
            node_with(Roles(acceptor=VotesWithoutPromising)),
        ),
        Variant(
            "compares-the-value",
            "acceptors compare the value with the number they have promised, so that clients get no answers",
            node_with(Roles(acceptor=ComparesTheValue)),
        ),
        Variant(
            "prefers-its-own",
            "proposers propose their own value where another was accepted, so that a key is decided twice",
            node_with(Roles(proposer=PrefersItsOwn)),
        ),
        Variant(
            "picks-the-lowest-ballot",
            "proposers pick the accepted value of the lowest ballot, so that a key is decided twice",
            node_with(Roles(proposer=PicksTheLowestBallot)),
        ),
        Variant(
            "decides-at-the-first-vote",
            "learners take one vote for a decision, so that clients are told different ones",
            node_with(Roles(learner=DecidesAtTheFirstVote)),
        ),
        *host_variants(PaxosNode),
    )
}

RESTARTS = "paxos-forgets-promises"
"""A plan in which nodes restart again and again."""
HUNTED: Mapping[str, Hunted] = {
    "forgets-promises": Hunted(RESTARTS),
    "votes-without-promising": Hunted("paxos-votes-without-promising"),
    "compares-the-value": Hunted("paxos-duel", ("recovery.within=10s",)),
    "prefers-its-own": Hunted("paxos-duel"),
    "picks-the-lowest-ballot": Hunted("paxos-duel"),
    "decides-at-the-first-vote": Hunted("paxos-duel"),
    "handles-packets-twice": Hunted(
        "paxos-duel", unnoticed="networks copy packets, so the protocol is made to handle copies"
    ),
    "torn-writes": Hunted(RESTARTS),
    "read-error-as-empty": Hunted(RESTARTS),
    "fsync-lies": Hunted(RESTARTS),
}
"""How each variant is hunted."""
