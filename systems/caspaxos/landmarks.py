"""What shows that CASPaxos proposers were in each other's way: rounds begun anew, and refusals."""

from __future__ import annotations

from clew.systems.caspaxos.messages import Conflict, Key, Prepare, Reply, Request
from clew.systems.invariant import Sent
from clew.systems.landmark import Landmark


def landmarks() -> list[Landmark]:
    """All of them, fresh for one run."""
    return [Retries(), Conflicts()]


class Retries:
    """A proposer prepares again for a request that it has prepared for already."""

    name = "retries"
    watches: tuple[type, ...] = (Request, Prepare, Reply)

    def __init__(self) -> None:
        self._keys: dict[int, Key] = {}
        self._preparing: set[tuple[str, Key]] = set()

    def observe(self, sent: Sent) -> bool:
        """A prepare to oneself begins a round: those are never lost, so never sent again."""
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
    """An acceptor refuses a ballot, for it has promised a higher one."""

    name = "conflicts"
    watches: tuple[type, ...] = (Conflict,)

    def observe(self, sent: Sent) -> bool:
        """Every refusal counts."""
        return True
