"""What the invariants remember: who has proposed which batch in which ballot, and who has voted for it.

All invariants of a run share these. Each shows them every message that it watches, and only the first time counts.
"""

from __future__ import annotations

from clew.systems.invariant import Sent
from clew.systems.rsl.types import Ballot, OperationNumber, RequestBatch

Place = tuple[Ballot, OperationNumber]
"""A ballot, and a place of the log."""


class Proposals:
    """For each ballot and place of the log: the batch and the id of the first 2a."""

    def __init__(self) -> None:
        self._sent: dict[Place, tuple[RequestBatch, int]] = {}
        self._last = -1
        self._found: tuple[RequestBatch, int] = ((), -1)

    def add(self, sent: Sent) -> tuple[RequestBatch, int]:
        """Note a 2a. Returns the first one for its ballot and place, with the id of `sent` if that is this one."""
        if sent.id != self._last:
            m = sent.message
            self._last = sent.id
            self._found = self._sent.setdefault((m.bal_2a, m.opn_2a), (m.val_2a, sent.id))
        return self._found

    def get(self, bal: Ballot, opn: OperationNumber) -> tuple[RequestBatch, int] | None:
        """The first 2a for a ballot and place, or None."""
        return self._sent.get((bal, opn))


class Votes:
    """For each ballot and place of the log: who has voted. For each place of the log: what was chosen there first."""

    def __init__(self, quorum: int) -> None:
        self.batches: dict[OperationNumber, RequestBatch] = {}
        """The batch that was chosen first at each place of the log."""
        self._quorum = quorum
        self._voters: dict[Place, set[str]] = {}
        self._last = -1
        self._completes = False

    def chosen(self, sent: Sent) -> bool:
        """Note a 2b. Returns whether it completes a quorum. The quorum has then chosen the batch of this 2b."""
        if sent.id == self._last:
            return self._completes
        self._last = sent.id
        self._completes = False
        m = sent.message
        place = (m.bal_2b, m.opn_2b)
        voters = self._voters.get(place)
        if voters is None:
            voters = self._voters[place] = set()
        if sent.source not in voters:
            voters.add(sent.source)
            if len(voters) == self._quorum:
                self._completes = True
                self.batches.setdefault(m.opn_2b, m.val_2b)
        return self._completes


def same(one: RequestBatch, other: RequestBatch) -> bool:
    """Whether two batches are equal. Mostly they are one object, when nodes run inline: then nothing is compared."""
    return one is other or one == other


def words(batch: RequestBatch) -> str:
    """The batch in words: its first three requests, and how many more there are."""
    if not batch:
        return "the empty batch"
    first = ", ".join(f"{request.client}#{request.seqno}" for request in batch[:3])
    return f"the batch {first}" + (f" and {len(batch) - 3} more" if len(batch) > 3 else "")
