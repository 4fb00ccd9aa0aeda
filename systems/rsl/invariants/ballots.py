"""Who proposed what in which ballot, and who voted for it when: what the invariants remember."""

from __future__ import annotations

from clew.systems.invariant import Sent
from clew.systems.rsl.types import Ballot, OperationNumber, RequestBatch

Place = tuple[Ballot, OperationNumber]
"""A ballot and a place in the log."""


class Proposals:
    """The batch and the journal's number of the first 2a for each ballot and place."""

    def __init__(self) -> None:
        self._sent: dict[Place, tuple[RequestBatch, int]] = {}

    def add(self, sent: Sent) -> tuple[RequestBatch, int]:
        """Take notice of a 2a; the first one for its ballot and place."""
        m = sent.message
        return self._sent.setdefault((m.bal_2a, m.opn_2a), (m.val_2a, sent.id))

    def get(self, bal: Ballot, opn: OperationNumber) -> tuple[RequestBatch, int] | None:
        """The first 2a for a ballot and place."""
        return self._sent.get((bal, opn))


class Votes:
    """Who has voted in which ballot for what, and when that makes a quorum."""

    def __init__(self, quorum: int) -> None:
        self._quorum = quorum
        self._voters: dict[Place, dict[str, int]] = {}

    def chosen(self, sent: Sent) -> bool:
        """Take notice of a 2b; whether it is the one that completes a quorum, of the batch that it names itself."""
        m = sent.message
        voters = self._voters.setdefault((m.bal_2b, m.opn_2b), {})
        if sent.source in voters:
            return False
        voters[sent.source] = sent.id
        return len(voters) == self._quorum


def same(one: RequestBatch, other: RequestBatch) -> bool:
    """Inline, a batch is mostly one object wherever it goes, and need not be compared."""
    return one is other or one == other


def words(batch: RequestBatch) -> str:
    """The batch in a sentence: its first requests, and how many more there are."""
    if not batch:
        return "the empty batch"
    first = ", ".join(f"{request.client}#{request.seqno}" for request in batch[:3])
    return f"the batch {first}" + (f" and {len(batch) - 3} more" if len(batch) > 3 else "")
