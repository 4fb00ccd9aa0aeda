"""The learner: it counts votes until a majority has accepted one ballot ("Paxos Made Simple", 2.3)."""

from __future__ import annotations

from typing import Any

from clew.systems.paxos.messages import Accepted, Ballot, Key


class Learner:
    """The learners of all keys on one node. They keep nothing on disk: what is decided can be learnt again."""

    def __init__(self) -> None:
        self.decided: dict[Key, Any] = {}
        """What is known to be decided, by key."""
        self._voters: dict[tuple[Key, Ballot], set[str]] = {}

    def accepted(self, acceptor: str, message: Accepted, majority: int) -> bool:
        """Count a vote. Returns whether it has decided the key."""
        if message.key in self.decided:
            return False
        voters = self._voters.setdefault((message.key, message.ballot), set())
        voters.add(acceptor)
        if len(voters) < majority:
            return False
        self.decided[message.key] = message.value
        return True
