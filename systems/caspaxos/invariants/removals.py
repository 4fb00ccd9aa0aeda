"""What must be so before a deleted register is removed, and after that (`collector.py`)."""

from __future__ import annotations

from clew.systems.caspaxos.invariants.horizon import Ballots, Horizon
from clew.systems.caspaxos.messages import (
    Accept,
    Accepted,
    GrownOlder,
    Prepare,
    Promise,
    Refusing,
    Remove,
)
from clew.systems.invariant import Sent, Violation


class RemovalsArePrepared:
    """A tombstone is removed only when every node has done what the steps before ask of it.

    Each acceptor has voted for it, each proposer has grown older for it, and each acceptor refuses what is from before.
    """

    name = "removals-are-prepared"
    watches: tuple[type, ...] = (Accepted, GrownOlder, Refusing, Remove)

    def __init__(self, nodes: tuple[str, ...], horizon: Horizon) -> None:
        self._nodes = nodes
        self._horizon = horizon
        self._done = {step: Ballots[set[str]](horizon) for step in (Accepted, GrownOlder, Refusing)}

    def observe(self, sent: Sent) -> Violation | None:
        """Look for a node that has not done its part before the register is removed."""
        message = sent.message
        key, ballot = message.key, message.ballot
        if type(message) is not Remove:
            self._done[type(message)].first(key, ballot, set()).add(sent.source)
            return None
        if self._horizon.is_forgotten(key, ballot):
            return None
        for step, what in (
            (Accepted, "has not voted for it"),
            (GrownOlder, "has not grown older for it"),
            (Refusing, "does not refuse what is from before"),
        ):
            done = self._done[step].get(key, ballot) or set()
            missing = [node for node in self._nodes if node not in done]
            if missing:
                return Violation(
                    self.name,
                    f"{sent.source} has the tombstone of key {key!r} at ballot {ballot} removed, "
                    f"but {missing[0]} {what}",
                    sent.time,
                    (sent.id,),
                )
        return None


class TheOldIsRefused:
    """An acceptor answers no message that is younger than it was told to accept from that proposer.

    So no accept from before a removal brings an old value back. A message that is sent again has the proposer's present
    age.
    """

    name = "the-old-is-refused"
    watches: tuple[type, ...] = (Prepare, Accept, Promise, Accepted, Refusing)

    def __init__(self, horizon: Horizon) -> None:
        self._prepared = Ballots[tuple[int, int]](horizon)
        self._proposed = Ballots[tuple[int, int]](horizon)
        self._least: dict[str, dict[str, int]] = {}

    def observe(self, sent: Sent) -> Violation | None:
        """Compare the age of what an acceptor answers with the least age that it has confirmed."""
        message = sent.message
        kind = type(message)
        if kind is Refusing:
            self._least[sent.source] = message.ages
            return None
        asked = self._prepared if kind in (Prepare, Promise) else self._proposed
        known = asked.get(message.key, message.ballot)
        if kind in (Prepare, Accept):
            asked.put(message.key, message.ballot, max(known or (-1, -1), (message.age, sent.id)))
            return None
        proposer = message.ballot.proposer
        least = self._least.get(sent.source, {}).get(proposer, 0)
        age, number = known or (least, sent.id)
        if age >= least:
            return None
        return Violation(
            self.name,
            f"{sent.source} answers a message of {proposer} at ballot {message.ballot} for key {message.key!r} from "
            f"its age {age}, but has confirmed to refuse what is from before age {least}",
            sent.time,
            tuple(sorted({number, sent.id})),
        )
