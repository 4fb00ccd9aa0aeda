"""What the invariants remember: who has proposed which batch in which ballot, and who has voted for it."""

from __future__ import annotations

from clew.systems.invariant import Sent
from clew.systems.rsl.types import Ballot, OperationNumber, RequestBatch

Place = tuple[Ballot, OperationNumber]
"""A ballot, and a place of the log."""


class Proposals:
    """For each ballot and place of the log: the batch and the id of the first 2a."""

    def __init__(self) -> None:
        self._sent: dict[Place, tuple[RequestBatch, int]] = {}

    def add(self, sent: Sent) -> tuple[RequestBatch, int]:
        """Note a 2a. Returns the first one for its ballot and place."""
        m = sent.message
        return self._sent.setdefault((m.bal_2a, m.opn_2a), (m.val_2a, sent.id))

    def get(self, bal: Ballot, opn: OperationNumber) -> tuple[RequestBatch, int] | None:
        """The first 2a for a ballot and place, or None."""
        return self._sent.get((bal, opn))


class Votes:
    """For each ballot and place of the log: who has voted."""

    def __init__(self, quorum: int) -> None:
        self._quorum = quorum
        self._voters: dict[Place, dict[str, int]] = {}

    def chosen(self, sent: Sent) -> bool:
        """Note a 2b. Returns whether it completes a quorum. The quorum has then chosen the batch of this 2b."""
        m = sent.message
        voters = self._voters.setdefault((m.bal_2b, m.opn_2b), {})
        if sent.source in voters:
            return False
        voters[sent.source] = sent.id
        return len(voters) == self._quorum


def same(one: RequestBatch, other: RequestBatch) -> bool:
    """Whether two batches are equal. Mostly they are one object, when nodes run inline: then nothing is compared."""
    return one is other or one == other


def words(batch: RequestBatch) -> str:
    """The batch in words: its first three requests, and how many more there are."""
    if not batch:
        return "the empty batch"
    first = ", ".join(f"{request.client}#{request.seqno}" for request in batch[:3])
    return f"the batch {first}" + (f" and {len(batch) - 3} more" if len(batch) > 3 else "")
