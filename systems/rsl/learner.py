"""The learner: counts the votes of the highest ballot that it has seen, for each operation (Learner.i.dfy)."""

from __future__ import annotations

from clew.systems.rsl.messages import Message2b
from clew.systems.rsl.parameters import Constants
from clew.systems.rsl.types import ZERO, Ballot, OperationNumber, RequestBatch


class LearnerTuple:
    """The votes for one operation."""

    def __init__(self, sender: str, value: RequestBatch) -> None:
        self.received_2b_message_senders = {sender}
        """The acceptors that have voted."""
        self.candidate_learned_value = value
        """The batch that they have voted for."""


class Learner:
    """The learner of one replica (LLearner, LLearnerInit).

    It keeps nothing on disk. After a crash it counts anew: a leader nominates again what may be chosen.
    """

    def __init__(self, constants: Constants) -> None:
        self.constants = constants
        self.max_ballot_seen: Ballot = ZERO
        self.unexecuted_learner_state: dict[OperationNumber, LearnerTuple] = {}

    def process_2b(self, source: str, m: Message2b) -> None:
        """Count a vote (LLearnerProcess2b).

        Votes of different ballots must not be added up. So the first vote of a higher ballot clears all counts.
        """
        if m.bal_2b != self.max_ballot_seen:
            if m.bal_2b < self.max_ballot_seen:
                return
            self.max_ballot_seen = m.bal_2b
            self.unexecuted_learner_state.clear()
        known = self.unexecuted_learner_state.get(m.opn_2b)
        if known is None:
            self.unexecuted_learner_state[m.opn_2b] = LearnerTuple(source, m.val_2b)
        else:
            known.received_2b_message_senders.add(source)

    def decision(self, opn: OperationNumber) -> RequestBatch | None:
        """The batch that a quorum has voted for at `opn`, or None (LReplicaNextSpontaneousMaybeMakeDecision)."""
        known = self.unexecuted_learner_state.get(opn)
        if known is None or len(known.received_2b_message_senders) < self.constants.quorum:
            return None
        return known.candidate_learned_value

    def forget_decision(self, opn: OperationNumber) -> None:
        """Forget the votes for an operation that is executed (LLearnerForgetDecision)."""
        self.unexecuted_learner_state.pop(opn, None)

    def forget_operations_before(self, ops_complete: OperationNumber) -> None:
        """Forget the votes for operations that a supplied state contains (LLearnerForgetOperationsBefore)."""
        state = self.unexecuted_learner_state
        self.unexecuted_learner_state = {opn: known for opn, known in state.items() if opn >= ops_complete}
