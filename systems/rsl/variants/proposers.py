"""Proposers that count the wrong 1b's, pick the wrong batch, or use a ballot twice."""

from __future__ import annotations

from msgspec.structs import replace

from clew.systems.node import Context
from clew.systems.rsl.messages import Message1b
from clew.systems.rsl.proposer import Proposer
from clew.systems.rsl.replica import Replica
from clew.systems.rsl.types import OperationNumber, RequestBatch


class ReusesBallots(Proposer):
    """Does not write down which ballot it has used, and uses it again after a restart.

    A client may see an acknowledged increment vanish. Acceptors promise a ballot only once, so they do not answer the
    second 1a. The 1b's of a quorum must arrive after the restart: late ones, or copies. With them the proposer puts
    second batches where its first ones are.
    """

    def _keep_ballot(self, ctx: Context) -> None:
        return


class PrefersItsOwn(Proposer):
    """Nominates requests of its own clients, even where a 1b reports a vote.

    The word "proposer" suggests it, and many who implement Paxos from memory make this mistake first.

    A client sees an acknowledged increment vanish. The new leader puts another batch at its place, and replicas that
    have not executed the old batch execute the new one.
    """

    def nominate_old_value_and_send_2a(self, ctx: Context) -> None:
        if self.request_queue:
            self.nominate_new_value_and_send_2a(ctx)
        else:
            super().nominate_old_value_and_send_2a(ctx)


class PicksTheLowestBallot(Proposer):
    """Nominates the batch of the lowest ballot that a 1b reports: LValIsHighestNumberedProposal the wrong way round.

    A client sees an acknowledged increment vanish: the batch of a leader that failed replaces the one that was chosen
    under its successor.
    """

    def _select(self, opn: OperationNumber) -> RequestBatch:
        votes = [m.votes[opn] for m in self.received_1b_packets.values() if opn in m.votes]
        return min(votes, key=lambda vote: vote.max_value_bal).max_val


class TakesAny1b(Proposer):
    """Counts 1b's for any ballot: `bal_1b == max_ballot_i_sent_1a` is missing.

    A client may see an acknowledged increment vanish. For that, a 1b must arrive so late that its proposer leads
    another view by then. It does not contain what its acceptor has voted for since.
    """

    def expects_1b(self, source: str, m: Message1b) -> bool:
        return self.current_state == 1 and source not in self.received_1b_packets

    def process_1b(self, source: str, m: Message1b) -> None:
        super().process_1b(source, replace(m, bal_1b=self.max_ballot_i_sent_1a))


class IgnoresTruncation(Replica):
    """Ignores the truncation points in 1b's, and begins where its own log begins.

    LIsAfterLogTruncationPoint is missing, and the truncation in LReplicaNextProcess1b.

    A client sees two increments return the same number. At a place that the other replicas have executed and truncated,
    no 1b reports a vote. So the leader takes the place for free, and a second batch runs there.
    """

    def process_1b(self, ctx: Context, source: str, m: Message1b) -> None:
        if self.proposer.expects_1b(source, m):
            self.proposer.process_1b(source, replace(m, log_truncation_point=0))
