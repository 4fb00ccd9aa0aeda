"""What acceptors must keep: their promises and their votes."""

from __future__ import annotations

from clew.systems.caspaxos.ballot import NEVER, Ballot
from clew.systems.caspaxos.invariants.horizon import Ballots, Horizon
from clew.systems.caspaxos.messages import Accept, Accepted, Conflict, Key, Promise, Remove, Turned
from clew.systems.invariant import Sent, Violation


class PromisesAreKept:
    """An acceptor's promise never falls, and its votes are never above its promise.

    An acceptor only raises its promise, writes it to disk before it answers, and accepts nothing below it. Every answer
    tells the promise. So the promise must grow from one answer of an acceptor to the next, whatever restarts lie
    between them. It may forget a promise only with a register that it is told to remove.
    """

    name = "promises-are-kept"
    watches: tuple[type, ...] = (Promise, Accepted, Conflict, Turned, Remove)

    def __init__(self) -> None:
        self._promised: dict[tuple[str, Key], tuple[Ballot, int]] = {}
        self._removed: dict[tuple[str, Key], Ballot] = {}

    def observe(self, sent: Sent) -> Violation | None:
        """Compare the promise in an acceptor's answer with its last answer, and with its vote."""
        message = sent.message
        kind = type(message)
        if kind is Promise:
            accepted, promised = message.accepted, message.ballot
        elif kind is Accepted:
            accepted, promised = message.ballot, message.promised
        elif kind is Conflict:
            accepted, promised = NEVER, message.promised
        else:
            _forget(self._promised, self._removed, sent)
            return None
        acceptor = (sent.source, message.key)
        before, number = self._promised.get(acceptor, (NEVER, sent.id))
        self._promised[acceptor] = (promised, sent.id)
        if promised < before and before > self._removed.get(acceptor, NEVER):
            return Violation(
                self.name,
                f"{sent.source} had promised to accept nothing below ballot {before} for key {message.key!r}, "
                f"and now takes part in ballot {promised}",
                sent.time,
                (number, sent.id),
            )
        if accepted > promised:
            return Violation(
                self.name,
                f"{sent.source} accepted ballot {accepted} for key {message.key!r}, above its promise {promised}",
                sent.time,
                (sent.id,),
            )
        return None


class VotesAreReported:
    """A promise reports the acceptor's last vote.

    A vote is on disk before it is sent, and only a vote at a higher ballot replaces it. A promise that reports a lower
    ballot hides a value that may be chosen. It may hide a tombstone that the acceptor is told to remove.
    """

    name = "votes-are-reported"
    watches: tuple[type, ...] = (Accepted, Promise, Turned, Remove)

    def __init__(self) -> None:
        self._voted: dict[tuple[str, Key], tuple[Ballot, int]] = {}
        self._removed: dict[tuple[str, Key], Ballot] = {}

    def observe(self, sent: Sent) -> Violation | None:
        """Compare what a promise reports with the acceptor's last vote."""
        message = sent.message
        kind = type(message)
        if kind is Accepted:
            self._voted[sent.source, message.key] = (message.ballot, sent.id)
        elif kind is Promise:
            acceptor = (sent.source, message.key)
            voted, number = self._voted.get(acceptor, (NEVER, sent.id))
            if message.accepted < voted and voted > self._removed.get(acceptor, NEVER):
                return Violation(
                    self.name,
                    f"{sent.source} voted at ballot {voted} for key {message.key!r}, but in its promise for ballot "
                    f"{message.ballot} reports its last vote at {message.accepted}",
                    sent.time,
                    (number, sent.id),
                )
        else:
            _forget(self._voted, self._removed, sent)
        return None


class VotesWereProposed:
    """An acceptor votes only for what was proposed.

    It accepts a value when an `Accept` asks for it, and that was sent before.
    """

    name = "votes-were-proposed"
    watches: tuple[type, ...] = (Accept, Accepted)

    def __init__(self, horizon: Horizon) -> None:
        self._horizon = horizon
        self._proposed = Ballots[bool](horizon)

    def observe(self, sent: Sent) -> Violation | None:
        """Look for the proposal of a vote."""
        message = sent.message
        key, ballot = message.key, message.ballot
        if type(message) is Accept:
            self._proposed.put(key, ballot, True)
        elif self._proposed.get(key, ballot) is None and not self._horizon.is_forgotten(key, ballot):
            return Violation(
                self.name,
                f"{sent.source} votes at ballot {ballot} for key {key!r}, where nothing was proposed",
                sent.time,
                (sent.id,),
            )
        return None


def _forget(
    known: dict[tuple[str, Key], tuple[Ballot, int]], removed: dict[tuple[str, Key], Ballot], sent: Sent
) -> None:
    """An acceptor that is turned off forgets everything; one that is told to remove a register may forget that.

    From the order on, not from the answer: an acceptor that crashes in between may have forgotten it.
    """
    message = sent.message
    if type(message) is Remove:
        acceptor = (sent.destination, message.key)
        removed[acceptor] = max(removed.get(acceptor, NEVER), message.ballot)
    elif not message.on:
        for register in [register for register in known if register[0] == sent.source]:
            del known[register]
