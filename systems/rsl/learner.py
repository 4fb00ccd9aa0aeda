"""The learner: counts the votes for each operation, of the highest ballot that it has seen."""

from __future__ import annotations

from clew.systems.rsl.messages import Message2b
from clew.systems.rsl.parameters import Constants
from clew.systems.rsl.types import ZERO, Ballot, OperationNumber, RequestBatch


class LearnerTuple:
    """Who voted for an operation, and for what."""

    def __init__(self, sender: str, value: RequestBatch) -> None:
        self.received_2b_message_senders = {sender}
        self.candidate_learned_value = value


class Learner:
    """The learner of one replica (LLearner, LLearnerInit). A crash forgets what it counted: votes can be cast again."""

    def __init__(self, constants: Constants) -> None:
        self.constants = constants
        self.max_ballot_seen: Ballot = ZERO
        self.unexecuted_learner_state: dict[OperationNumber, LearnerTuple] = {}

    def process_2b(self, source: str, m: Message2b) -> None:
        """Count a vote (LLearnerProcess2b).

        Votes of different ballots must not be added up: a higher ballot wipes out what was counted so far.
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
        """What a quorum voted for at `opn`, if one has (LReplicaNextSpontaneousMaybeMakeDecision)."""
        known = self.unexecuted_learner_state.get(opn)
        if known is None or len(known.received_2b_message_senders) < self.constants.quorum:
            return None
        return known.candidate_learned_value

    def forget_decision(self, opn: OperationNumber) -> None:
        """It is executed (LLearnerForgetDecision)."""
        self.unexecuted_learner_state.pop(opn, None)

    def forget_operations_before(self, ops_complete: OperationNumber) -> None:
        """They are part of a state that was supplied (LLearnerForgetOperationsBefore)."""
        state = self.unexecuted_learner_state
        self.unexecuted_learner_state = {opn: known for opn, known in state.items() if opn >= ops_complete}
