"""What the invariants remember of the replicas that promise a ballot."""

from __future__ import annotations

from clew.systems.invariant import Sent
from clew.systems.rsl.messages import Message1a, Message1b
from clew.systems.rsl.types import ZERO, Ballot


class Promises:
    """The 1b's for each ballot in which a leader may still propose.

    A proposer goes to higher and higher ballots, and never back. So its next 1a ends its earlier ballots, and the 1b's
    for these are forgotten.
    """

    def __init__(self) -> None:
        self._of: dict[Ballot, dict[str, Message1b]] = {}
        self._latest: dict[int, Ballot] = {}
        """For each proposer: the highest ballot that it has sent a 1a for."""

    def see(self, sent: Sent) -> None:
        """Note a 1a or 1b. The same message may be shown many times."""
        m = sent.message
        if type(m) is Message1b:
            if m.bal_1b >= self._latest.get(m.bal_1b.proposer_id, ZERO):
                self._of.setdefault(m.bal_1b, {})[sent.source] = m
        elif type(m) is Message1a and m.bal_1a > self._latest.get(m.bal_1a.proposer_id, ZERO):
            latest = self._latest[m.bal_1a.proposer_id] = m.bal_1a
            for bal in [bal for bal in self._of if bal.proposer_id == latest.proposer_id and bal < latest]:
                del self._of[bal]

    def of(self, bal: Ballot) -> dict[str, Message1b]:
        """The last 1b of each replica for a ballot, by replica. Empty if its proposer has gone on."""
        return self._of.get(bal, {})
