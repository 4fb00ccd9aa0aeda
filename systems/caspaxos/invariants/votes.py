"""Which proposals have the votes of a quorum, in the configurations of their proposers."""

from __future__ import annotations

from clew.systems.caspaxos.change import Versioned
from clew.systems.caspaxos.configuration import Configuration
from clew.systems.caspaxos.invariants.horizon import Ballots, Horizon
from clew.systems.caspaxos.messages import Accept, Accepted, Configured, Remove, Turned
from clew.systems.invariant import Sent

VOTES: tuple[type, ...] = (Accept, Accepted, Configured, Turned, Remove)
"""The messages that `Votes` needs to see."""


class Configurations:
    """Which configuration each proposer works with. It tells when it takes a new one, before it uses it."""

    def __init__(self, first: Configuration) -> None:
        self._first = first
        self._latest: dict[str, Configuration] = {}

    def of(self, proposer: str) -> Configuration:
        """The configuration in which a proposer sends now."""
        return self._latest.get(proposer, self._first)

    def learn(self, proposer: str, configuration: Configuration) -> None:
        """A proposer has told its configuration. Late copies of older ones are ignored."""
        if configuration.number > self.of(proposer).number:
            self._latest[proposer] = configuration


class Votes:
    """Counts votes, to tell when a proposal is chosen.

    A proposer ends all its rounds when it takes a new configuration. A vote that is sent after that is for nobody. So
    is a vote for an old proposal from an acceptor that was turned off and on again.

    All invariants of a run share the counts. Each shows every message that it watches, and only the first time counts.
    """

    def __init__(self, first: Configuration, horizon: Horizon) -> None:
        self._configurations = Configurations(first)
        self._horizon = horizon
        self._proposed = Ballots[tuple[Sent, Configuration, set[str]]](horizon)
        """The first `Accept` of each ballot, the configuration of its proposer, and who has voted for it."""
        self._emptied: dict[str, int] = {}
        self._last = -1
        self._completes: Sent | None = None

    def observe(self, sent: Sent) -> Sent | None:
        """The proposal that this message completes the quorum of: the first `Accept` that was sent with it. Or None."""
        if sent.id != self._last:
            self._last = sent.id
            self._horizon.see(sent)
            self._completes = self._count(sent)
        return self._completes

    def _count(self, sent: Sent) -> Sent | None:
        message = sent.message
        kind = type(message)
        if kind is Accept:
            if self._proposed.get(message.key, message.ballot) is None:
                proposal = (sent, self._configurations.of(sent.source), set[str]())
                self._proposed.put(message.key, message.ballot, proposal)
        elif kind is Accepted:
            return self._vote(sent)
        elif kind is Configured:
            self._configurations.learn(sent.source, message.configuration)
        elif kind is Turned and not message.on:
            self._emptied[sent.source] = sent.id
        return None

    def _vote(self, sent: Sent) -> Sent | None:
        message = sent.message
        proposed = self._proposed.get(message.key, message.ballot)
        if proposed is None:
            return None
        proposal, configuration, votes = proposed
        if configuration is not self._configurations.of(proposal.source):
            return None
        if sent.source not in configuration.accept or self._emptied.get(sent.source, -1) > proposal.id:
            return None
        if sent.source in votes:
            return None
        votes.add(sent.source)
        return proposal if len(votes) == configuration.accept_quorum else None


def words(value: Versioned) -> str:
    """A value, as explanations name it."""
    if value.version == 0:
        return "the empty register"
    return f"version {value.version} = {value.state!r} ({value.uuid[:8]})"
