"""Proposers that count the wrong 1b's, pick the wrong batch, or use a ballot twice."""

from __future__ import annotations

from msgspec.structs import replace

from clew.systems.node import Context
from clew.systems.rsl.messages import Message1b, Message2a
from clew.systems.rsl.proposer import Proposer, is_after_log_truncation_point
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


class CountsA1bTwice(Proposer):
    """Counts 1b's instead of replicas: `other_packet.src != p.src` is missing, so a 1b that arrives twice counts twice.

    The learner's mistake in `CountsDuplicates`, on the other side of the protocol. A client may see an acknowledged
    increment vanish. For that, the copy must stand for the only replica of a quorum that knows what was chosen. A
    leader counts its own 1b first, so that takes more than three replicas.
    """

    def expects_1b(self, source: str, m: Message1b) -> bool:
        return m.bal_1b == self.max_ballot_i_sent_1a and self.current_state == 1

    def process_1b(self, source: str, m: Message1b) -> None:
        self.received_1b_packets[f"{source}, 1b {len(self.received_1b_packets)}"] = m


class LeadsForeignViews(Proposer):
    """Goes on leading when the view changes, in the ballot of the new view.

    The comparison of `current_view` with `max_ballot_i_sent_1a` is missing, and so is the step back to state 0 when a
    view ends. Many read "the current view" as the ballot to use: it is that of one replica only.

    A client sees an acknowledged increment vanish or happen twice: two replicas propose in one ballot, and learners
    count votes for the one as votes for the other.
    """

    def can_nominate_using_operation_number(self, log_truncation_point: OperationNumber, opn: OperationNumber) -> bool:
        return (
            is_after_log_truncation_point(opn, self.received_1b_packets)
            and opn < log_truncation_point + self.constants.params.max_log_length
        )

    def _nominate(self, ctx: Context, batch: RequestBatch) -> None:
        opn = self.next_operation_number_to_propose
        self.next_operation_number_to_propose += 1
        ctx.broadcast(Message2a(self.election_state.current_view, opn, batch), including_self=True)

    def _step_down(self) -> None:
        return


class ReusesItsBuffer(Proposer):
    """Reads all requests of a batch from one buffer, which the last packet has overwritten.

    The mistake of a host that hands out its receive buffer without a copy. The specification's request is a value, so
    its proof does not see buffers. Fonseca et al. (EuroSys 2017) found one client's request run as another's in a
    verified system, by a mistake in the same layer.

    A client sees its increment count as a read, or its read count as an increment.
    """

    def nominate_new_value_and_send_2a(self, ctx: Context) -> None:
        size = min(len(self.request_queue), self.constants.params.max_batch_size)
        for index in range(size):
            self.request_queue[index] = replace(self.request_queue[index], request=self.request_queue[size - 1].request)
        super().nominate_new_value_and_send_2a(ctx)


class IgnoresTruncation(Replica):
    """Ignores the truncation points in 1b's, and begins where its own log begins.

    LIsAfterLogTruncationPoint is missing, and the truncation in LReplicaNextProcess1b.

    A client sees two increments return the same number. At a place that the other replicas have executed and truncated,
    no 1b reports a vote. So the leader takes the place for free, and a second batch runs there.
    """

    def process_1b(self, ctx: Context, source: str, m: Message1b) -> None:
        if self.proposer.expects_1b(source, m):
            self.proposer.process_1b(source, replace(m, log_truncation_point=0))
