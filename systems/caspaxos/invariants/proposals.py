"""What proposers may propose, and what acceptors may vote for."""

from __future__ import annotations

from clew.systems.caspaxos.ballot import NEVER, Ballot
from clew.systems.caspaxos.change import EMPTY, Versioned
from clew.systems.caspaxos.configuration import Configuration
from clew.systems.caspaxos.invariants.horizon import Ballots, Horizon
from clew.systems.caspaxos.invariants.values import Values
from clew.systems.caspaxos.invariants.votes import Configurations, words
from clew.systems.caspaxos.messages import Accept, Accepted, Configured, Prepare, Promise
from clew.systems.invariant import Sent, Violation


class OneValuePerBallot:
    """A ballot stands for one value.

    A ballot has its proposer's name in it, and a proposer counts its rounds up, across restarts too. It proposes once
    with each ballot. So when an acceptor reports a vote, it reports the value that was proposed at that ballot.
    """

    name = "one-value-per-ballot"
    watches: tuple[type, ...] = (Accept, Promise)

    def __init__(self, horizon: Horizon) -> None:
        self._horizon = horizon
        self._proposed = Ballots[tuple[Versioned, int]](horizon)

    def observe(self, sent: Sent) -> Violation | None:
        """Compare a proposed or reported value with the first one that was proposed at its ballot."""
        message = sent.message
        kind = type(message)
        if kind is Accept:
            ballot, verb = message.ballot, "proposes"
            value, number = self._proposed.first(message.key, ballot, (message.value, sent.id))
        elif kind is Promise and message.accepted != NEVER:
            ballot, verb = message.accepted, "reports"
            if self._horizon.is_forgotten(message.key, ballot):
                return None
            value, number = self._proposed.get(message.key, ballot) or (EMPTY, sent.id)
        else:
            return None
        if message.value == value:
            return None
        first = f"{words(value)} was proposed" if number != sent.id else "nothing was proposed"
        return Violation(
            self.name,
            f"{first} at ballot {ballot} for key {message.key!r}, but {sent.source} {verb} {words(message.value)}",
            sent.time,
            (number, sent.id) if number != sent.id else (sent.id,),
        )


class VersionsGrowByOne:
    """A proposal is the value that it builds on, unchanged, or the next version, with a uuid of its own.

    A proposer applies a change function once to one value, and that makes one version.
    """

    name = "versions-grow-by-one"
    watches: tuple[type, ...] = (Accept,)

    def __init__(self, horizon: Horizon) -> None:
        self._horizon = horizon
        self._proposed = Ballots[tuple[Versioned, int]](horizon)

    def observe(self, sent: Sent) -> Violation | None:
        """Compare a proposal with the one that it builds on."""
        message = sent.message
        key, ballot, base, value = message.key, message.ballot, message.base, message.value
        if self._proposed.get(key, ballot) is not None or self._horizon.is_forgotten(key, ballot):
            return None
        self._proposed.put(key, ballot, (value, sent.id))
        before: Versioned | None
        before, number = EMPTY, sent.id
        if base != NEVER:
            if self._horizon.is_forgotten(key, base):
                return None
            before, number = (self._proposed.get(key, base) if base < ballot else None) or (None, sent.id)
        if before is not None and (
            value == before or (value.version == before.version + 1 and value.uuid != before.uuid)
        ):
            return None
        origin = "nothing that was proposed before" if before is None else words(before)
        return Violation(
            self.name,
            f"{sent.source} proposes {words(value)} at ballot {ballot} for key {key!r}, "
            f"but it builds on ballot {base}, which is {origin}",
            sent.time,
            tuple(sorted({number, sent.id})),
        )


class UuidsAreDistinct:
    """A uuid names one value: one key, one version, one state.

    It is drawn at random when a change makes the value, and stays with the value when that is proposed again.
    """

    name = "uuids-are-distinct"
    watches: tuple[type, ...] = (Accept,)

    def __init__(self, values: Values) -> None:
        self._values = values

    def observe(self, sent: Sent) -> Violation | None:
        """Compare a proposed value with the first one of its uuid."""
        message = sent.message
        if message.value.version == 0:
            return None
        key, value, number = self._values.propose(sent)
        if value == message.value and key == message.key:
            return None
        return Violation(
            self.name,
            f"the same uuid names {words(value)} of key {key!r} and {words(message.value)} of key {message.key!r}",
            sent.time,
            (number, sent.id),
        )


class BallotsAreOwn:
    """A proposer prepares and proposes at ballots with its own name only.

    So no two proposers ever use the same ballot.
    """

    name = "ballots-are-own"
    watches: tuple[type, ...] = (Prepare, Accept)

    def observe(self, sent: Sent) -> Violation | None:
        """Compare the name in the ballot with the sender."""
        message = sent.message
        if message.ballot.proposer == sent.source:
            return None
        verb = "prepares" if type(message) is Prepare else "proposes at"
        return Violation(
            self.name,
            f"{sent.source} {verb} ballot {message.ballot} for key {message.key!r}, which is not its own",
            sent.time,
            (sent.id,),
        )


class ProposalsArePromised:
    """A prepare quorum has promised the ballot of a proposal, and reported no vote above the base of the proposal.

    An acceptor promises in its answer to a prepare. With one round trip, its vote says that it promised the next
    ballot too. A proposer builds on the highest vote of the quorum that it has heard, whichever quorum that is.
    """

    name = "proposals-are-promised"
    watches: tuple[type, ...] = (Promise, Accepted, Accept, Configured)

    def __init__(self, first: Configuration, horizon: Horizon) -> None:
        self._configurations = Configurations(first)
        self._horizon = horizon
        self._promised = Ballots[dict[str, Ballot]](horizon)
        self._proposed = Ballots[bool](horizon)

    def observe(self, sent: Sent) -> Violation | None:
        """Count the promises for the ballot of a new proposal, and those of them that report no vote above its base."""
        message = sent.message
        kind = type(message)
        if kind is Promise:
            self._promised.first(message.key, message.ballot, {})[sent.source] = message.accepted
        elif kind is Accepted:
            self._promised.first(message.key, message.promised, {})[sent.source] = message.ballot
        elif kind is Configured:
            self._configurations.learn(sent.source, message.configuration)
        else:
            key, ballot = message.key, message.ballot
            if self._proposed.get(key, ballot) is not None or self._horizon.is_forgotten(key, ballot):
                return None
            self._proposed.put(key, ballot, True)
            configuration = self._configurations.of(sent.source)
            reported = self._promised.pop(key, ballot) or {}
            promised = sorted(set(reported).intersection(configuration.prepare))
            what = f"{sent.source} proposes at ballot {ballot} for key {key!r}"
            if len(promised) < configuration.prepare_quorum:
                who = ", ".join(promised) or "nobody"
                why = f"{what}, which {who} promised; a quorum is {configuration.prepare_quorum}"
                return Violation(self.name, why, sent.time, (sent.id,))
            above = [name for name in promised if reported[name] > message.base]
            if len(promised) - len(above) < configuration.prepare_quorum:
                votes = ", ".join(f"{name} reported a vote at ballot {reported[name]}" for name in above)
                why = f"{what} and builds on ballot {message.base}, but {votes}"
                return Violation(self.name, why, sent.time, (sent.id,))
        return None
