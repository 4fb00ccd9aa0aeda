"""Lemmas about leaders: a ballot belongs to one of them, and it leads with the promises of a quorum."""

from __future__ import annotations

from clew.systems.invariant import Sent, Violation
from clew.systems.rsl.invariants.promises import Promises
from clew.systems.rsl.messages import Message1a, Message1b, Message2a, StartingPhase2


class LeadersUseTheirOwnBallots:
    """A replica sends 1a's and 2a's only in ballots of its own: the `proposer_id` of a ballot is its index.

    (lemma_2aMessageImplicationsForProposerState, lemma_2aMessageHasValidBallot, lemma_MaxBallotISent1aHasMeAsProposer.)
    Replicas are named n1, n2, ... in the order of their indices.
    """

    name = "leaders-use-their-own-ballots"
    watches: tuple[type, ...] = (Message1a, Message2a)

    def __init__(self, replicas: int) -> None:
        self._owners = [f"n{index + 1}" for index in range(replicas)]

    def observe(self, sent: Sent) -> Violation | None:
        """Compare the sender of a 1a or 2a with the owner of its ballot."""
        m = sent.message
        bal = m.bal_2a if type(m) is Message2a else m.bal_1a
        owner = self._owners[bal.proposer_id] if 0 <= bal.proposer_id < len(self._owners) else "no replica"
        if sent.source == owner:
            return None
        does = f"proposes at {m.opn_2a}" if type(m) is Message2a else "sends a 1a"
        return Violation(
            self.name, f"{sent.source} {does} in ballot {bal}, which belongs to {owner}", sent.time, (sent.id,)
        )


class LeadersHaveAQuorum:
    """A leader begins phase 2 only after a quorum of replicas has sent 1b's for its ballot.

    Any two quorums share a replica (lemma_QuorumIndexOverlap). The proof needs it for the quorum of 1b's behind a 2a
    and the quorum of 2b's behind a chosen batch. A leader that counts a 1b twice, a 1b of another ballot, or half the
    replicas as a quorum has no such replica.
    """

    name = "leaders-have-a-quorum"
    watches: tuple[type, ...] = (Message1a, Message1b, StartingPhase2)

    def __init__(self, promises: Promises, quorum: int) -> None:
        self._promises = promises
        self._quorum = quorum

    def observe(self, sent: Sent) -> Violation | None:
        """Count the replicas that have promised the ballot of a leader."""
        m = sent.message
        if type(m) is not StartingPhase2:
            self._promises.see(sent)
            return None
        promised = self._promises.of(m.bal_2)
        if len(promised) >= self._quorum:
            return None
        return Violation(
            self.name,
            f"{sent.source} begins phase 2 of ballot {m.bal_2} with 1b's of "
            f"{', '.join(sorted(promised)) or 'nobody'}; a quorum is {self._quorum} replicas, so that any two "
            "quorums share one",
            sent.time,
            (sent.id,),
        )
