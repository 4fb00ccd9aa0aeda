"""Quorums that are none: votes counted too early, twice, or across ballots, and operations learned out of order."""

from __future__ import annotations

from clew.systems.node import Context
from clew.systems.rsl.learner import Learner, LearnerTuple
from clew.systems.rsl.messages import Message2b
from clew.systems.rsl.replica import Replica
from clew.systems.rsl.types import OperationNumber, RequestBatch


def half(replicas: int) -> int:
    """A quorum of half the replicas, rounded down: `n / 2` for `n / 2 + 1`, the off-by-one of LMinQuorumSize.

    A client sees two clusters: either side of a partition elects a leader, which answers as if the other did not exist.
    """
    return max(1, replicas // 2)


class CountsDuplicates(Learner):
    """Counts votes, not voters: a 2b that arrives twice counts twice (received_2b_message_senders as a list).

    akka-raft's candidates took the second copy of a vote for another follower's (Scott et al., 2016).

    A client sees an increment acknowledged and lost again: its batch was never chosen.
    """

    def process_2b(self, source: str, m: Message2b) -> None:
        known = self.unexecuted_learner_state.get(m.opn_2b)
        if m.bal_2b == self.max_ballot_seen and known is not None:
            known.received_2b_message_senders.add(f"{source}, vote {len(known.received_2b_message_senders)}")
        else:
            super().process_2b(source, m)


class CountsAcrossBallots(Learner):
    """Adds up the votes of all ballots: a higher one does not wipe out what was counted.

    A client sees an increment acknowledged that was never chosen: one replica voted for it in its leader's ballot,
    another voted for something else at that place in the next.
    """

    def process_2b(self, source: str, m: Message2b) -> None:
        self.max_ballot_seen = max(self.max_ballot_seen, m.bal_2b)
        known = self.unexecuted_learner_state.get(m.opn_2b)
        if known is None:
            self.unexecuted_learner_state[m.opn_2b] = LearnerTuple(source, m.val_2b)
        else:
            known.received_2b_message_senders.add(source)


class AnswersBeforeQuorum(Learner):
    """Takes a batch for decided when the first vote for it arrives.

    Asynchronous replication, as Redis and MySQL have it by default: the answer is fast, and wrong if the leader fails.

    A client sees an acknowledged increment vanish when the view changes.
    """

    def decision(self, opn: OperationNumber) -> RequestBatch | None:
        known = self.unexecuted_learner_state.get(opn)
        return None if known is None else known.candidate_learned_value


class SkipsHoles(Replica):
    """Executes whatever is decided next, though something before it is not learned yet: `opn == ops_complete` is
    missing in LReplicaNextSpontaneousMaybeMakeDecision.

    A client sees increments return too little: its replica has left out some that it has not heard of.
    """

    def maybe_make_decision(self, ctx: Context) -> bool:
        if super().maybe_make_decision(ctx):
            return True
        executor, learner = self.executor, self.learner
        if executor.next_op_to_execute is None:
            for opn in sorted(learner.unexecuted_learner_state):
                if opn > executor.ops_complete and learner.decision(opn) is not None:
                    executor.ops_complete = opn
                    return super().maybe_make_decision(ctx)
        return False
