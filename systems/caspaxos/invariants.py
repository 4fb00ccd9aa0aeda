"""The lemmas of the proof that CASPaxos is linearizable (paper, appendix), as invariants over the messages.

Each lemma builds on those before it:

1. Acceptors keep their promises and report their votes.
2. A ballot stands for one value.
3. So nothing is chosen between a proposal and the value that it builds on.
4. So the chosen values form one chain. Versions grow by one along it, and no version has two values.
5. Clients are told only of values in the chain.

A value is *proposed* when an `Accept` is sent with it, has a *vote* when an `Accepted` is sent for it, and is *chosen*
when an accept quorum has voted for it. A message counts when it is sent: what it relies on is on the sender's disk by
then. Each invariant costs a few dictionary look-ups a message, and memory for what was proposed.
"""

from __future__ import annotations

from bisect import bisect_left, insort

from clew.histories import MISMATCH
from clew.systems.caspaxos.ballot import NEVER, Ballot
from clew.systems.caspaxos.change import EMPTY, Versioned
from clew.systems.caspaxos.messages import Accept, Accepted, Conflict, Key, Promise, Reply, Request
from clew.systems.caspaxos.parameters import Parameters
from clew.systems.invariant import Invariant, Sent, Violation


def invariants(parameters: Parameters, nodes: int) -> list[Invariant]:
    """All invariants, new for one run of a cluster of this many nodes."""
    _, quorum = parameters.quorums(nodes)
    return [
        PromisesAreKept(),
        VotesAreReported(),
        OneValuePerBallot(),
        NothingChosenBetween(quorum),
        ChosenVersionIsFinal(quorum),
        VersionsGrowByOne(),
        UuidsAreDistinct(),
        AnswersAreChosen(quorum),
    ]


class PromisesAreKept:
    """An acceptor's promise never falls, and its votes are never above its promise.

    An acceptor only raises its promise, writes it to disk before it answers, and accepts nothing below it. Every answer
    tells the promise. So the promise must grow from one answer of an acceptor to the next, whatever restarts lie
    between them.
    """

    name = "promises-are-kept"
    watches: tuple[type, ...] = (Promise, Accepted, Conflict)

    def __init__(self) -> None:
        self._promised: dict[tuple[str, Key], tuple[Ballot, int]] = {}

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
            return None
        acceptor = (sent.source, message.key)
        before, number = self._promised.get(acceptor, (NEVER, sent.id))
        self._promised[acceptor] = (promised, sent.id)
        if promised < before:
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
    ballot hides a value that may be chosen.
    """

    name = "votes-are-reported"
    watches: tuple[type, ...] = (Accepted, Promise)

    def __init__(self) -> None:
        self._voted: dict[tuple[str, Key], tuple[Ballot, int]] = {}

    def observe(self, sent: Sent) -> Violation | None:
        """Compare what a promise reports with the acceptor's last vote."""
        message = sent.message
        kind = type(message)
        if kind is Accepted:
            self._voted[sent.source, message.key] = (message.ballot, sent.id)
        elif kind is Promise:
            voted, number = self._voted.get((sent.source, message.key), (NEVER, sent.id))
            if message.accepted < voted:
                return Violation(
                    self.name,
                    f"{sent.source} voted at ballot {voted} for key {message.key!r}, but in its promise for ballot "
                    f"{message.ballot} reports its last vote at {message.accepted}",
                    sent.time,
                    (number, sent.id),
                )
        return None


class OneValuePerBallot:
    """A ballot stands for one value.

    A ballot has its proposer's name in it, and a proposer counts its rounds up, across restarts too. It proposes once
    with each ballot. So when an acceptor reports a vote, it reports the value that was proposed at that ballot.
    """

    name = "one-value-per-ballot"
    watches: tuple[type, ...] = (Accept, Promise)

    def __init__(self) -> None:
        self._proposed: dict[tuple[Key, Ballot], tuple[Versioned, int]] = {}

    def observe(self, sent: Sent) -> Violation | None:
        """Compare a proposed or reported value with the first one that was proposed at its ballot."""
        message = sent.message
        kind = type(message)
        if kind is Accept:
            ballot, verb = message.ballot, "proposes"
            value, number = self._proposed.setdefault((message.key, ballot), (message.value, sent.id))
        elif kind is Promise and message.accepted != NEVER:
            ballot, verb = message.accepted, "reports"
            value, number = self._proposed.get((message.key, ballot), (EMPTY, sent.id))
        else:
            return None
        if message.value == value:
            return None
        first = f"{_words(value)} was proposed" if number != sent.id else "nothing was proposed"
        return Violation(
            self.name,
            f"{first} at ballot {ballot} for key {message.key!r}, but {sent.source} {verb} {_words(message.value)}",
            sent.time,
            (number, sent.id) if number != sent.id else (sent.id,),
        )


class Votes:
    """Counts votes, to tell when a proposal is chosen."""

    def __init__(self, quorum: int) -> None:
        self._quorum = quorum
        self._proposed: dict[tuple[Key, Ballot], Sent] = {}
        self._votes: dict[tuple[Key, Ballot], set[str]] = {}

    def observe(self, sent: Sent) -> Sent | None:
        """The proposal that this message completes the quorum of: the first `Accept` that was sent with it. Or None."""
        message = sent.message
        kind = type(message)
        if kind is Accept:
            self._proposed.setdefault((message.key, message.ballot), sent)
        elif kind is Accepted:
            ballot = (message.key, message.ballot)
            votes = self._votes.setdefault(ballot, set())
            if sent.source not in votes:
                votes.add(sent.source)
                if len(votes) == self._quorum:
                    return self._proposed.get(ballot)
        return None


class NothingChosenBetween:
    """Nothing is ever chosen between a proposal's ballot and the ballot that it builds on: the heart of the proof.

    A prepare quorum has promised the proposal's ballot and reported no vote above its base. Every accept quorum shares
    an acceptor with it. That acceptor had not voted in between when it promised, and must not do so afterwards. So a
    proposal descends from everything that is chosen below it.
    """

    name = "nothing-chosen-between"
    watches: tuple[type, ...] = (Accept, Accepted)

    def __init__(self, quorum: int) -> None:
        self._votes = Votes(quorum)
        self._proposed: dict[Key, list[tuple[Ballot, Ballot, int]]] = {}
        self._known: set[tuple[Key, Ballot]] = set()
        self._chosen: dict[Key, list[tuple[Ballot, int]]] = {}

    def observe(self, sent: Sent) -> Violation | None:
        """Compare a new proposal with what is chosen below it, and a newly chosen one with the proposals above it."""
        message = sent.message
        chosen = self._votes.observe(sent)
        if type(message) is Accept and (message.key, message.ballot) not in self._known:
            self._known.add((message.key, message.ballot))
            insort(self._proposed.setdefault(message.key, []), (message.ballot, message.base, sent.id))
            below = self._chosen.get(message.key, [])
            index = bisect_left(below, (message.ballot, -1)) - 1
            if index >= 0 and below[index][0] > message.base:
                return self._violation(sent, message.key, message.ballot, message.base, *below[index], sent.id)
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
    descendant has a higher version.
    """

    name = "chosen-version-is-final"
    watches: tuple[type, ...] = (Accept, Accepted)

    def __init__(self, quorum: int) -> None:
        self._votes = Votes(quorum)
        self._chosen: dict[tuple[Key, int], tuple[Versioned, int]] = {}

    def observe(self, sent: Sent) -> Violation | None:
        """Compare a newly chosen value with the first one of its version."""
        proposal = self._votes.observe(sent)
        if proposal is None:
            return None
        key, value = proposal.message.key, proposal.message.value
        first, number = self._chosen.setdefault((key, value.version), (value, sent.id))
        if first == value:
            return None
        return Violation(
            self.name,
            f"version {value.version} of key {key!r} is chosen twice: {_words(first)}, then {_words(value)} "
            f"at ballot {proposal.message.ballot}",
            sent.time,
            (number, sent.id),
        )


class VersionsGrowByOne:
    """A proposal is the value that it builds on, unchanged, or the next version, with a uuid of its own.

    A proposer applies a change function once to one value, and that makes one version.
    """

    name = "versions-grow-by-one"
    watches: tuple[type, ...] = (Accept,)

    def __init__(self) -> None:
        self._proposed: dict[tuple[Key, Ballot], tuple[Versioned, int]] = {}

    def observe(self, sent: Sent) -> Violation | None:
        """Compare a proposal with the one that it builds on."""
        message = sent.message
        if type(message) is not Accept or (message.key, message.ballot) in self._proposed:
            return None
        value = message.value
        if message.base == NEVER:
            before, number = EMPTY, sent.id
        elif message.base < message.ballot and (message.key, message.base) in self._proposed:
            before, number = self._proposed[message.key, message.base]
        else:
            before, number = None, sent.id
        self._proposed[message.key, message.ballot] = (value, sent.id)
        if before is not None and (
            value == before or (value.version == before.version + 1 and value.uuid != before.uuid)
        ):
            return None
        origin = "nothing that was proposed before" if before is None else _words(before)
        return Violation(
            self.name,
            f"{sent.source} proposes {_words(value)} at ballot {message.ballot} for key {message.key!r}, "
            f"but it builds on ballot {message.base}, which is {origin}",
            sent.time,
            tuple(sorted({number, sent.id})),
        )


class UuidsAreDistinct:
    """A uuid names one value: one key, one version, one state.

    It is drawn at random when a change makes the value, and stays with the value when that is proposed again.
    """

    name = "uuids-are-distinct"
    watches: tuple[type, ...] = (Accept,)

    def __init__(self) -> None:
        self._values: dict[str, tuple[Key, Versioned, int]] = {}

    def observe(self, sent: Sent) -> Violation | None:
        """Compare a proposed value with the first one of its uuid."""
        message = sent.message
        if type(message) is not Accept or message.value.version == 0:
            return None
        key, value, number = self._values.setdefault(message.value.uuid, (message.key, message.value, sent.id))
        if value == message.value and key == message.key:
            return None
        return Violation(
            self.name,
            f"the same uuid names {_words(value)} of key {key!r} and {_words(message.value)} of key {message.key!r}",
            sent.time,
            (number, sent.id),
        )


class AnswersAreChosen:
    """Before a proposer answers `ok` or `mismatch`, a value of its own is chosen, after the request has come.

    It answers when the request's accept round has a quorum. This holds for reads and mismatches too: the accept round
    makes the state that they saw final.
    """

    name = "answers-are-chosen"
    watches: tuple[type, ...] = (Accept, Accepted, Request, Reply)

    def __init__(self, quorum: int) -> None:
        self._votes = Votes(quorum)
        self._requests: dict[int, tuple[Key, int]] = {}
        self._chosen: dict[tuple[str, Key], int] = {}

    def observe(self, sent: Sent) -> Violation | None:
        """Look for a value of the proposer that was chosen between the request and the answer."""
        message = sent.message
        kind = type(message)
        chosen = self._votes.observe(sent)
        if chosen is not None:
            self._chosen[chosen.source, chosen.message.key] = sent.id
        elif kind is Request:
            self._requests[message.id] = (message.key, sent.id)
        elif kind is Reply:
            key, asked = self._requests.pop(message.id, (None, -1))
            if key is None or message.outcome == "info" or (message.outcome == "fail" and message.error != MISMATCH):
                return None
            if self._chosen.get((sent.source, key), -1) < asked:
                return Violation(
                    self.name,
                    f"{sent.source} answers request {message.id} on key {key!r}, but since that request nothing that "
                    f"it proposed was chosen",
                    sent.time,
                    (asked, sent.id),
                )
        return None


def _words(value: Versioned) -> str:
    if value.version == 0:
        return "the empty register"
    return f"version {value.version} = {value.state!r} ({value.uuid[:8]})"
