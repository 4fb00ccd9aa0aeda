"""The rules of atomic commitment, as invariants over the messages.

AC1 to AC3 are the rules of Bernstein, Hadzilacos and Goodman (7.3). AC4 (without failures, and if all vote yes, the
decision is to commit) and AC5 (when all failures are repaired, all decide) are about what must happen. No message
breaks them: the liveness check of a plan, and the transactions that do commit, show them. A message counts when it is
sent.
"""

from __future__ import annotations

from clew.systems.invariant import Invariant, Sent, Violation
from clew.systems.two_phase_commit.messages import (
    ABORTED,
    COMMITTED,
    Decision,
    Fate,
    Key,
    Outcome,
    Prepare,
    Submit,
    Vote,
)
from clew.systems.two_phase_commit.parameters import Parameters


def invariants(parameters: Parameters, nodes: int) -> list[Invariant]:
    """All invariants, new for one run of a cluster of this many participants."""
    return [
        TransactionsAreSubmitted(),
        VotesStay(),
        CommitsAreUnanimous(nodes),
        UncertainWait(),
        OneDecision(),
        DecisionsStay(),
    ]


class TransactionsAreSubmitted:
    """A coordinator begins what a client has submitted, and one transaction a key. It does not forget that it has.

    That it has begun is on its disk before it asks for votes (7.4).
    """

    name = "transactions-are-submitted"
    watches: tuple[type, ...] = (Submit, Prepare, Outcome)

    def __init__(self) -> None:
        self._submitted: set[tuple[Key, int]] = set()
        self._begun: dict[Key, tuple[int, int]] = {}

    def observe(self, sent: Sent) -> Violation | None:
        """Look up what a coordinator begins, or denies, in what clients have submitted and in what it has begun."""
        message = sent.message
        if type(message) is Submit:
            self._submitted.add((message.key, message.refusals))
            return None
        if type(message) is Outcome:
            if message.fate is not None or message.key not in self._begun:
                return None
            words = f"{sent.source} says that transaction {message.key}, which has begun, is not submitted"
            return Violation(self.name, words, sent.time, (self._begun[message.key][1], sent.id))
        if (message.key, message.refusals) not in self._submitted:
            words = f"{sent.source} begins transaction {message.key}, and no client has submitted it like that"
            return Violation(self.name, words, sent.time, (sent.id,))
        refusals, number = self._begun.setdefault(message.key, (message.refusals, sent.id))
        if refusals == message.refusals:
            return None
        words = f"{sent.source} begins transaction {message.key} a second time, as another one"
        return Violation(self.name, words, sent.time, (number, sent.id))


class VotesStay:
    """A participant votes once. A copy of its vote is the same vote."""

    name = "votes-stay"
    watches: tuple[type, ...] = (Vote,)

    def __init__(self) -> None:
        self._votes: dict[tuple[str, Key], tuple[bool, int]] = {}

    def observe(self, sent: Sent) -> Violation | None:
        """Compare a vote with the participant's first one."""
        message = sent.message
        yes, number = self._votes.setdefault((sent.source, message.key), (message.yes, sent.id))
        if yes == message.yes:
            return None
        words = f"{sent.source} voted {_word(yes)} on transaction {message.key}, and now votes {_word(message.yes)}"
        return Violation(self.name, words, sent.time, (number, sent.id))


class CommitsAreUnanimous:
    """Somebody may decide to commit only if all participants have voted yes (AC3)."""

    name = "commits-are-unanimous"
    watches: tuple[type, ...] = (Vote, Decision, Outcome)

    def __init__(self, participants: int) -> None:
        self._participants = participants
        self._yes: dict[Key, set[str]] = {}

    def observe(self, sent: Sent) -> Violation | None:
        """Count the yes votes for a transaction that somebody says is committed."""
        message = sent.message
        yes = self._yes.setdefault(message.key, set())
        if type(message) is Vote:
            if message.yes:
                yes.add(sent.source)
            return None
        if message.fate != COMMITTED or len(yes) == self._participants:
            return None
        words = (
            f"{sent.source} says that transaction {message.key} is committed, but {len(yes)} of {self._participants} "
            f"have voted yes"
        )
        return Violation(self.name, words, sent.time, (sent.id,))


class UncertainWait:
    """A participant that has voted yes does not abort by itself (7.4, its uncertainty period).

    It may abort when it was told to: by the coordinator, or by a participant that had not voted yes.
    """

    name = "uncertain-wait"
    watches: tuple[type, ...] = (Prepare, Vote, Decision, Outcome)

    def __init__(self) -> None:
        self._coordinators: dict[Key, str] = {}
        self._yes: dict[tuple[str, Key], int] = {}
        self._aborted: set[Key] = set()
        """The transactions that somebody has aborted who could."""

    def observe(self, sent: Sent) -> Violation | None:
        """Ask who can have been the first to abort."""
        message = sent.message
        key, place = message.key, (sent.source, message.key)
        if type(message) is Prepare:
            self._coordinators[key] = sent.source
        elif type(message) is Vote:
            if message.yes:
                self._yes.setdefault(place, sent.id)
            else:
                self._aborted.add(key)
        elif message.fate == ABORTED and key not in self._aborted:
            if place not in self._yes or self._coordinators.get(key) == sent.source:
                self._aborted.add(key)
                return None
            words = (
                f"{sent.source} has voted yes on transaction {key}, and says that it is aborted, but nobody else has"
            )
            return Violation(self.name, words, sent.time, (self._yes[place], sent.id))
        return None


class OneDecision:
    """All who decide, decide the same (AC1)."""

    name = "one-decision"
    watches: tuple[type, ...] = (Decision, Outcome)

    def __init__(self) -> None:
        self._fates: dict[Key, tuple[Fate, str, int]] = {}

    def observe(self, sent: Sent) -> Violation | None:
        """Compare what is said of a transaction with what was said first."""
        message = sent.message
        if message.fate is None:
            return None
        fate, source, number = self._fates.setdefault(message.key, (message.fate, sent.source, sent.id))
        if fate == message.fate:
            return None
        words = f"{source} said that transaction {message.key} is {fate}, and {sent.source} that it is {message.fate}"
        return Violation(self.name, words, sent.time, (number, sent.id))


class DecisionsStay:
    """Nobody reverses a decision (AC2), or forgets it."""

    name = "decisions-stay"
    watches: tuple[type, ...] = (Decision, Outcome)

    def __init__(self) -> None:
        self._fates: dict[tuple[str, Key], tuple[Fate, int]] = {}

    def observe(self, sent: Sent) -> Violation | None:
        """Compare what a node says of a transaction with what it has said first."""
        message = sent.message
        place = (sent.source, message.key)
        if message.fate is not None:
            self._fates.setdefault(place, (message.fate, sent.id))
        fate, number = self._fates.get(place, (message.fate, sent.id))
        if fate == message.fate:
            return None
        words = (
            f"{sent.source} said that transaction {message.key} is {fate}, and now says that it is "
            f"{message.fate or 'not submitted'}"
        )
        return Violation(self.name, words, sent.time, (number, sent.id))


def _word(yes: bool) -> str:
    return "yes" if yes else "no"
