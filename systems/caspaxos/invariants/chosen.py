"""The heart of the proof: the chosen values form one chain."""

from __future__ import annotations

from bisect import bisect_left, insort

from clew.systems.caspaxos.ballot import NEVER, Ballot
from clew.systems.caspaxos.change import Versioned
from clew.systems.caspaxos.configuration import Configuration
from clew.systems.caspaxos.invariants.votes import VOTES, Votes, words
from clew.systems.caspaxos.messages import Accept, Key, Remove
from clew.systems.invariant import Sent, Violation


class NothingChosenBetween:
    """Nothing is ever chosen between a proposal's ballot and the ballot that it builds on: the heart of the proof.

    A prepare quorum has promised the proposal's ballot and reported no vote above its base. Every accept quorum shares
    an acceptor with it. That acceptor had not voted in between when it promised, and must not do so afterwards. So a
    proposal descends from everything that is chosen below it.

    Acceptors may forget a tombstone once they are told to remove it. A proposal that then builds on nothing, at a
    higher ballot, stands for one that builds on the tombstone: both are empty.
    """

    name = "nothing-chosen-between"
    watches: tuple[type, ...] = (*VOTES, Remove)

    def __init__(self, first: Configuration) -> None:
        self._votes = Votes(first)
        self._proposed: dict[Key, list[tuple[Ballot, Ballot, int]]] = {}
        self._known: set[tuple[Key, Ballot]] = set()
        self._chosen: dict[Key, list[tuple[Ballot, int]]] = {}
        self._removed: dict[Key, Ballot] = {}

    def observe(self, sent: Sent) -> Violation | None:
        """Compare a new proposal with what is chosen below it, and a newly chosen one with the proposals above it."""
        message = sent.message
        if type(message) is Remove:
            self._removed[message.key] = max(self._removed.get(message.key, NEVER), message.ballot)
            return None
        chosen = self._votes.observe(sent)
        if type(message) is Accept and (message.key, message.ballot) not in self._known:
            self._known.add((message.key, message.ballot))
            base = message.base
            if base == NEVER and message.ballot > self._removed.get(message.key, NEVER):
                base = self._removed.get(message.key, NEVER)
            insort(self._proposed.setdefault(message.key, []), (message.ballot, base, sent.id))
            below = self._chosen.get(message.key, [])
            index = bisect_left(below, (message.ballot, -1)) - 1
            if index >= 0 and below[index][0] > base:
                return self._violation(sent, message.key, message.ballot, base, *below[index], sent.id)
        elif chosen is not None:
            key, ballot = chosen.message.key, chosen.message.ballot
            insort(self._chosen.setdefault(key, []), (ballot, sent.id))
            # Newest first: a newly chosen proposal is one of the last, so the loop ends soon.
            for above, base, number in reversed(self._proposed[key]):
                if above <= ballot:
                    break
                if base < ballot:
                    return self._violation(sent, key, above, base, ballot, sent.id, number)
        return None

    def _violation(
        self, sent: Sent, key: Key, ballot: Ballot, base: Ballot, chosen: Ballot, vote: int, proposal: int
    ) -> Violation:
        return Violation(
            self.name,
            f"the proposal at ballot {ballot} for key {key!r} builds on ballot {base}, but ballot {chosen}, "
            f"in between, is chosen: it need not descend from that, so what was chosen there may be lost",
            sent.time,
            tuple(sorted({proposal, vote})),
        )


class ChosenVersionIsFinal:
    """No version has two chosen values.

    Of two chosen values, the one at the higher ballot descends from the other, or is the same value proposed again. A
    descendant has a higher version. When acceptors forget a tombstone, the versions of its key begin again.
    """

    name = "chosen-version-is-final"
    watches: tuple[type, ...] = (*VOTES, Remove)

    def __init__(self, first: Configuration) -> None:
        self._votes = Votes(first)
        self._chosen: dict[tuple[Key, Ballot, int], tuple[Versioned, int]] = {}
        self._removed: dict[Key, Ballot] = {}

    def observe(self, sent: Sent) -> Violation | None:
        """Compare a newly chosen value with the first one of its version."""
        if type(sent.message) is Remove:
            key, ballot = sent.message.key, sent.message.ballot
            self._removed[key] = max(self._removed.get(key, NEVER), ballot)
            return None
        proposal = self._votes.observe(sent)
        if proposal is None:
            return None
        key, value = proposal.message.key, proposal.message.value
        removed = self._removed.get(key, NEVER)
        since = removed if proposal.message.ballot > removed else NEVER
        first, number = self._chosen.setdefault((key, since, value.version), (value, sent.id))
        if first == value:
            return None
        return Violation(
            self.name,
            f"version {value.version} of key {key!r} is chosen twice: {words(first)}, then {words(value)} "
            f"at ballot {proposal.message.ballot}",
            sent.time,
            (number, sent.id),
        )
