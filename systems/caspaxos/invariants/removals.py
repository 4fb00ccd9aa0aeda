"""What must be so before a deleted register is removed, and after that (`collector.py`)."""

from __future__ import annotations

from clew.systems.caspaxos.ballot import Ballot
from clew.systems.caspaxos.messages import (
    Accept,
    Accepted,
    GrownOlder,
    Key,
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

    def __init__(self, nodes: tuple[str, ...]) -> None:
        self._nodes = nodes
        self._done: dict[type, dict[tuple[Key, Ballot], set[str]]] = {Accepted: {}, GrownOlder: {}, Refusing: {}}

    def observe(self, sent: Sent) -> Violation | None:
        """Look for a node that has not done its part before the register is removed."""
        message = sent.message
        register = (message.key, message.ballot)
        if type(message) is not Remove:
            self._done[type(message)].setdefault(register, set()).add(sent.source)
            return None
        for step, what in (
            (Accepted, "has not voted for it"),
            (GrownOlder, "has not grown older for it"),
            (Refusing, "does not refuse what is from before"),
        ):
            missing = [node for node in self._nodes if node not in self._done[step].get(register, set())]
            if missing:
                return Violation(
                    self.name,
                    f"{sent.source} has the tombstone of key {message.key!r} at ballot {message.ballot} removed, "
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

    def __init__(self) -> None:
        self._prepared: dict[tuple[Key, Ballot], tuple[int, int]] = {}
        self._proposed: dict[tuple[Key, Ballot], tuple[int, int]] = {}
        self._least: dict[str, dict[str, int]] = {}

    def observe(self, sent: Sent) -> Violation | None:
        """Compare the age of what an acceptor answers with the least age that it has confirmed."""
        message = sent.message
        kind = type(message)
        if kind is Refusing:
            self._least[sent.source] = message.ages
            return None
        asked = self._prepared if kind in (Prepare, Promise) else self._proposed
        register = (message.key, message.ballot)
        if kind in (Prepare, Accept):
            asked[register] = max(asked.get(register, (-1, -1)), (message.age, sent.id))
            return None
        proposer = message.ballot.proposer
        least = self._least.get(sent.source, {}).get(proposer, 0)
        age, number = asked.get(register, (least, sent.id))
        if age >= least:
            return None
        return Violation(
            self.name,
            f"{sent.source} answers a message of {proposer} at ballot {message.ballot} for key {message.key!r} from "
            f"its age {age}, but has confirmed to refuse what is from before age {least}",
            sent.time,
            tuple(sorted({number, sent.id})),
        )
