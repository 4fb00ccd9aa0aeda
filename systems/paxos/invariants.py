"""The lemmas of the proof that Paxos is safe, as invariants over the messages.

I1 and I2 are the two halves of the inductive invariant in Pillai's "Mechanised Verification of Paxos-like Consensus
Protocols" (2018, 4.1.3). P1a, P2c and the others are Lamport's ("Paxos Made Simple", 2001, 2.2). A value is *chosen*
when a majority has accepted it at one ballot. A message counts when it is sent.

Keys are remembered for ever, because anybody may ask what was decided. Whoever needs no more of a key calls `forget`,
and then shows the invariants no more messages about it.
"""

from __future__ import annotations

from typing import Any

from clew.systems.invariant import Invariant, Sent, Violation
from clew.systems.paxos.messages import NEVER, Accept, Accepted, Ballot, Decision, Key, Promise, Reject, Request
from clew.systems.paxos.parameters import Parameters, majority


def invariants(parameters: Parameters, nodes: int) -> list[Invariant]:
    """All invariants, new for one run of a cluster of this many acceptors."""
    chosen = Chosen(majority(nodes))
    return [
        PromisesAreKept(),
        VotesAreReported(),
        ProposalsAreFromClients(),
        OneValuePerBallot(),
        ProposalsAreSafe(majority(nodes)),
        ChosenValueStays(chosen),
        DecisionsAreChosen(chosen),
    ]


class PromisesAreKept:
    """An acceptor accepts a proposal only if it has not promised a higher ballot (P1a)."""

    name = "promises-are-kept"
    watches: tuple[type, ...] = (Promise, Accepted, Reject)

    def __init__(self) -> None:
        self._promised: dict[Key, dict[str, tuple[Ballot, int]]] = {}

    def observe(self, sent: Sent) -> Violation | None:
        """Compare an acceptor's answer with the highest ballot that it has promised."""
        message = sent.message
        ballot = message.promised if type(message) is Reject else message.ballot
        promised = self._promised.setdefault(message.key, {})
        before, number = promised.get(sent.source, (NEVER, sent.id))
        promised[sent.source] = max((before, number), (ballot, sent.id))
        if ballot >= before:
            return None
        words = (
            f"{sent.source} had promised to accept nothing below ballot {before} for key {message.key!r}, and now "
            f"takes part in ballot {ballot}"
        )
        return Violation(self.name, words, sent.time, (number, sent.id))

    def forget(self, key: Key) -> None:
        """Forget a key."""
        self._promised.pop(key, None)


class VotesAreReported:
    """A promise reports the acceptor's last vote (2.2, phase 1b)."""

    name = "votes-are-reported"
    watches: tuple[type, ...] = (Accepted, Promise)

    def __init__(self) -> None:
        self._voted: dict[Key, dict[str, tuple[Ballot, int]]] = {}

    def observe(self, sent: Sent) -> Violation | None:
        """Compare what a promise reports with the acceptor's last vote."""
        message = sent.message
        votes = self._voted.setdefault(message.key, {})
        voted, number = votes.get(sent.source, (NEVER, sent.id))
        if type(message) is Accepted:
            votes[sent.source] = max((voted, number), (message.ballot, sent.id))
        elif message.accepted < voted:
            words = (
                f"{sent.source} voted at ballot {voted} for key {message.key!r}, but in its promise for ballot "
                f"{message.ballot} reports its last vote at {message.accepted}"
            )
            return Violation(self.name, words, sent.time, (number, sent.id))
        return None

    def forget(self, key: Key) -> None:
        """Forget a key."""
        self._voted.pop(key, None)


class ProposalsAreFromClients:
    """Only a value that has been proposed may be chosen (2.1).

    When a client has been told what is decided for a key, nothing else is chosen for it any more, or
    `chosen-value-stays` breaks. So from then on nothing is remembered of what clients propose for that key, and
    proposals are not compared.
    """

    name = "proposals-are-from-clients"
    watches: tuple[type, ...] = (Request, Accept, Decision)

    def __init__(self) -> None:
        self._asked: dict[Key, set[str]] = {}
        self._decided: set[Key] = set()

    def observe(self, sent: Sent) -> Violation | None:
        """Look a proposal up in what clients have asked for."""
        message = sent.message
        key = message.key
        if type(message) is Decision and message.value is not None:
            self._decided.add(key)
            self._asked.pop(key, None)
        elif key in self._decided:
            return None
        elif type(message) is Request:
            self._asked.setdefault(key, set()).add(repr(message.value))
        elif type(message) is Accept and repr(message.value) not in self._asked.get(key, ()):
            words = f"{sent.source} proposes {message.value!r} for key {key!r}, and no client has"
            return Violation(self.name, words, sent.time, (sent.id,))
        return None


class OneValuePerBallot:
    """A ballot stands for one value (I1)."""

    name = "one-value-per-ballot"
    watches: tuple[type, ...] = (Accept, Accepted)

    def __init__(self) -> None:
        self._values: dict[Key, dict[Ballot, tuple[Any, int]]] = {}

    def observe(self, sent: Sent) -> Violation | None:
        """Compare a value with the first one of its ballot."""
        message = sent.message
        value, number = self._values.setdefault(message.key, {}).setdefault(message.ballot, (message.value, sent.id))
        if value == message.value:
            return None
        words = f"ballot {message.ballot} for key {message.key!r} stands for {value!r} and for {message.value!r}"
        return Violation(self.name, words, sent.time, (number, sent.id))

    def forget(self, key: Key) -> None:
        """Forget a key."""
        self._values.pop(key, None)


class ProposalsAreSafe:
    """A majority has promised the ballot of a proposal, and its value is that of the highest vote that they reported,
    if they reported any (P2c)."""

    name = "proposals-are-safe"
    watches: tuple[type, ...] = (Promise, Accept)

    def __init__(self, majority: int) -> None:
        self._majority = majority
        self._promises: dict[Key, dict[str, tuple[Ballot, dict[str, tuple[Promise, int]]]]] = {}
        """For each key and proposer: its last ballot, and the promises for that. It never goes back to another."""

    def observe(self, sent: Sent) -> Violation | None:
        """Compare a proposal with the promises for its ballot.

        All promises that were sent are looked at, and the proposer may not have got them all. So any majority will do.
        """
        message = sent.message
        of_key = self._promises.setdefault(message.key, {})
        last, promises = of_key.get(message.ballot.proposer, (NEVER, {}))
        if message.ballot != last:
            promises = {}
        if type(message) is Promise:
            if message.ballot >= last:
                promises.setdefault(sent.source, (message, sent.id))
                of_key[message.ballot.proposer] = (message.ballot, promises)
            return None
        # The proposer may have seen those that do not forbid its value, and no others.
        reported = sorted(promises.values(), key=lambda each: each[0].accepted)
        allowed = 0
        for count, (promise, _) in enumerate(reported, 1):
            free = promise.accepted == NEVER
            if free or promise.value == message.value:
                allowed = count
        if allowed >= self._majority:
            return None
        words = (
            f"{sent.source} proposes {message.value!r} at ballot {message.ballot} for key {message.key!r}, but no "
            "majority of promises for this ballot allows that value"
        )
        return Violation(self.name, words, sent.time, (*(number for _, number in reported), sent.id))

    def forget(self, key: Key) -> None:
        """Forget a key."""
        self._promises.pop(key, None)


class Chosen:
    """What is chosen, seen from outside."""

    def __init__(self, majority: int) -> None:
        self._majority = majority
        self._voters: dict[Key, dict[Ballot, set[str]]] = {}
        self.values: dict[Key, tuple[Ballot, Any, int]] = {}
        """Key -> the first ballot that was chosen, its value, and the message that made it so."""

    def see(self, sent: Sent) -> None:
        """Count a vote. The same vote may be shown many times."""
        message = sent.message
        if type(message) is Accepted:
            voters = self._voters.setdefault(message.key, {}).setdefault(message.ballot, set())
            voters.add(sent.source)
            if len(voters) >= self._majority:
                self.values.setdefault(message.key, (message.ballot, message.value, sent.id))

    def forget(self, key: Key) -> None:
        """Forget a key."""
        self._voters.pop(key, None)
        self.values.pop(key, None)


class ChosenValueStays:
    """Once a value is chosen, every proposal of a higher ballot has this value (I2)."""

    name = "chosen-value-stays"
    watches: tuple[type, ...] = (Accept, Accepted)

    def __init__(self, chosen: Chosen) -> None:
        self._chosen = chosen

    def observe(self, sent: Sent) -> Violation | None:
        """Compare a proposal with the chosen value."""
        self._chosen.see(sent)
        message = sent.message
        if message.key not in self._chosen.values:
            return None
        ballot, value, number = self._chosen.values[message.key]
        if message.ballot <= ballot or message.value == value:
            return None
        words = (
            f"{value!r} is chosen for key {message.key!r} at ballot {ballot}, but {message.value!r} is proposed at "
            f"ballot {message.ballot}"
        )
        return Violation(self.name, words, sent.time, (number, sent.id))

    def forget(self, key: Key) -> None:
        """Forget a key."""
        self._chosen.forget(key)


class DecisionsAreChosen:
    """A client is told only of a value that is chosen (2.3). A reader may be told that nothing is."""

    name = "decisions-are-chosen"
    watches: tuple[type, ...] = (Accepted, Decision)

    def __init__(self, chosen: Chosen) -> None:
        self._chosen = chosen

    def observe(self, sent: Sent) -> Violation | None:
        """Compare what a client is told with the chosen value."""
        self._chosen.see(sent)
        message = sent.message
        if type(message) is not Decision or message.value is None:
            return None
        _, value, number = self._chosen.values.get(message.key, (NEVER, None, sent.id))
        if value == message.value:
            return None
        there = "nothing" if value is None else repr(value)
        words = f"{sent.source} says that {message.value!r} is decided for key {message.key!r}, but {there} is chosen"
        return Violation(self.name, words, sent.time, (number, sent.id))

    def forget(self, key: Key) -> None:
        """Forget a key."""
        self._chosen.forget(key)
