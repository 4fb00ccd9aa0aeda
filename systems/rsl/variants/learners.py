"""Learners that count votes wrongly: for too small a quorum, twice, or across ballots. Replicas that skip holes."""

from __future__ import annotations

from clew.systems.node import Context
from clew.systems.rsl.learner import Learner, LearnerTuple
from clew.systems.rsl.messages import Message2b
from clew.systems.rsl.replica import Replica
from clew.systems.rsl.types import OperationNumber, RequestBatch


def half_quorum(replicas: int) -> int:
    """A quorum of half the replicas, rounded down: `n / 2` instead of `n / 2 + 1` in LMinQuorumSize.

    A client sees two clusters: each side of a partition elects a leader, and each leader answers as if it were alone.
    """
    return max(1, replicas // 2)


class CountsDuplicates(Learner):
    """Counts votes instead of voters: a 2b that arrives twice counts twice (received_2b_message_senders as a list).

    akka-raft's candidates took the second copy of a vote for that of another follower (Scott et al., 2016).

    A client sees an acknowledged increment vanish: its batch was never chosen.
    """

    def process_2b(self, source: str, m: Message2b) -> None:
        known = self.unexecuted_learner_state.get(m.opn_2b)
        if m.bal_2b == self.max_ballot_seen and known is not None:
            known.received_2b_message_senders.add(f"{source}, vote {len(known.received_2b_message_senders)}")
        else:
            super().process_2b(source, m)


class CountsAcrossBallots(Learner):
    """Adds up the votes of all ballots: the first vote of a higher one does not clear the counts.

    A client sees an acknowledged increment vanish: its batch was never chosen. One replica voted for it in one ballot,
    and another replica voted for another batch in the next.
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

    This is asynchronous replication, the default of Redis and MySQL: the answer is fast, and wrong if the leader fails.

    A client sees an acknowledged increment vanish when the view changes.
    """

    def decision(self, opn: OperationNumber) -> RequestBatch | None:
        known = self.unexecuted_learner_state.get(opn)
        return None if known is None else known.candidate_learned_value


class SkipsHoles(Replica):
    """Executes the next batch that it has learned, even if it has not learned the one before.

    `opn == ops_complete` is missing in LReplicaNextSpontaneousMaybeMakeDecision.

    A client sees increments return too little: its replica has left out others.
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
