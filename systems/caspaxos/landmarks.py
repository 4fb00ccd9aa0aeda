"""Moments in which CASPaxos proposers get in each other's way: a round is begun again, or an acceptor refuses."""

from __future__ import annotations

from clew.systems.caspaxos.messages import Conflict, Key, Prepare, Reply, Request
from clew.systems.invariant import Sent
from clew.systems.landmark import Landmark


def landmarks() -> list[Landmark]:
    """All landmarks, new for one run."""
    return [Retries(), Conflicts()]


class Retries:
    """A proposer begins another round for a request that it has prepared for already."""

    name = "retries"
    watches: tuple[type, ...] = (Request, Prepare, Reply)

    def __init__(self) -> None:
        self._keys: dict[int, Key] = {}
        self._preparing: set[tuple[str, Key]] = set()

    def observe(self, sent: Sent) -> bool:
        """See `Landmark.observe`."""
        # A proposer sends each prepare to itself too. That copy is never lost, so it is sent once a round.
        message = sent.message
        if isinstance(message, Request):
            self._keys[message.id] = message.key
        elif isinstance(message, Reply):
            self._preparing.discard((sent.source, self._keys[message.id]))
        elif sent.source == sent.destination:
            proposer = (sent.source, message.key)
            again = proposer in self._preparing
            self._preparing.add(proposer)
            return again
        return False


class Conflicts:
    """An acceptor refuses a ballot because it has promised a higher one."""

    name = "conflicts"
    watches: tuple[type, ...] = (Conflict,)

    def observe(self, sent: Sent) -> bool:
        """See `Landmark.observe`."""
        return True
