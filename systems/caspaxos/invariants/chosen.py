"""The heart of the proof: the chosen values form one chain."""

from __future__ import annotations

from bisect import bisect_left, insort

from clew.systems.caspaxos.ballot import NEVER, Ballot
from clew.systems.caspaxos.change import Versioned
from clew.systems.caspaxos.invariants.horizon import Ballots, Horizon
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
    watches: tuple[type, ...] = VOTES

    def __init__(self, votes: Votes, horizon: Horizon) -> None:
        self._votes = votes
        self._horizon = horizon
        self._proposed: dict[Key, list[tuple[Ballot, Ballot, int]]] = {}
        self._known = Ballots[bool](horizon)
        self._chosen: dict[Key, list[tuple[Ballot, int]]] = {}
        """What is chosen from the line on, and the highest ballot below it."""
        self._removed: dict[Key, Ballot] = {}
        horizon.share(self._forget)

    def observe(self, sent: Sent) -> Violation | None:
        """Compare a new proposal with what is chosen below it, and a newly chosen one with the proposals above it."""
        message = sent.message
        chosen = self._votes.observe(sent)
        if type(message) is Remove:
            self._removed[message.key] = max(self._removed.get(message.key, NEVER), message.ballot)
        elif type(message) is Accept:
            if self._known.get(message.key, message.ballot) or self._horizon.is_forgotten(message.key, message.ballot):
                return None
            self._known.put(message.key, message.ballot, True)
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

    def _forget(self, key: Key, line: Ballot) -> None:
        proposed, chosen = self._proposed.get(key, []), self._chosen.get(key, [])
        del proposed[: bisect_left(proposed, (line, NEVER, -1))]
        del chosen[: max(0, bisect_left(chosen, (line, -1)) - 1)]

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

    Of what is chosen below the line, the highest ballot is remembered. No lower version is chosen above it.
    """

    name = "chosen-version-is-final"
    watches: tuple[type, ...] = VOTES

    def __init__(self, votes: Votes, horizon: Horizon) -> None:
        self._votes = votes
        self._chosen: dict[Key, dict[tuple[Ballot, int], tuple[Versioned, Ballot, int]]] = {}
        """For each key, removal and version: the value, the ballot and the vote that were chosen first."""
        self._below: dict[Key, tuple[Ballot, int]] = {}
        """For each key: the removal and the version of the highest ballot that is chosen below the line."""
        self._removed: dict[Key, Ballot] = {}
        horizon.share(self._forget)

    def observe(self, sent: Sent) -> Violation | None:
        """Compare a newly chosen value with the first one of its version."""
        proposal = self._votes.observe(sent)
        if type(sent.message) is Remove:
            key, ballot = sent.message.key, sent.message.ballot
            self._removed[key] = max(self._removed.get(key, NEVER), ballot)
        if proposal is None:
            return None
        key, ballot, value = proposal.message.key, proposal.message.ballot, proposal.message.value
        removed = self._removed.get(key, NEVER)
        since = removed if ballot > removed else NEVER
        known = self._chosen.setdefault(key, {})
        before, least = self._below.get(key, (since, 0))
        if since == before and value.version < least:
            _, lower, number = known[before, least]
            words_ = f"{words(value)} of key {key!r} is chosen at ballot {ballot}, after version {least} at {lower}"
            return Violation(self.name, words_, sent.time, (number, sent.id))
        first, _, number = known.setdefault((since, value.version), (value, ballot, sent.id))
        if first == value:
            return None
        return Violation(
            self.name,
            f"version {value.version} of key {key!r} is chosen twice: {words(first)}, then {words(value)} "
            f"at ballot {ballot}",
            sent.time,
            (number, sent.id),
        )

    def _forget(self, key: Key, line: Ballot) -> None:
        known = self._chosen.get(key, {})
        below = {place: ballot for place, (_, ballot, _) in known.items() if ballot < line}
        if below:
            highest = self._below[key] = max(below, key=lambda place: below[place])
            for place in below.keys() - {highest}:
                del known[place]
