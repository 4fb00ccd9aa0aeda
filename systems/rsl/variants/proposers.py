"""Proposers that count or choose wrongly among the 1b's, or use a ballot twice."""

from __future__ import annotations

from msgspec.structs import replace

from clew.systems.node import Context
from clew.systems.rsl.messages import Message1b
from clew.systems.rsl.proposer import Proposer
from clew.systems.rsl.replica import Replica
from clew.systems.rsl.types import OperationNumber, RequestBatch


class ReusesBallots(Proposer):
    """Does not write down which ballots it has sent a 1a for, and after a restart takes the same one again.

    A client may see an acknowledged increment vanish. Acceptors promise a ballot once, so the second 1a is answered by
    nobody who answered the first one: it takes 1b's of a quorum from before the crash that are still on their way, or
    on their way again, when the proposer is back. With them it puts second batches where its first ones are.
    """

    def _keep_ballot(self, ctx: Context) -> None:
        return


class PrefersItsOwn(Proposer):
    """Nominates what its own clients wait for, whether a 1b reports a vote there or not.

    It is what the word "proposer" suggests, and the first mistake of whoever implements Paxos from memory.

    A client sees an acknowledged increment vanish: the new leader puts another batch in its place, and replicas that
    had not executed the old one execute the new one.
    """

    def nominate_old_value_and_send_2a(self, ctx: Context) -> None:
        if self.request_queue:
            self.nominate_new_value_and_send_2a(ctx)
        else:
            super().nominate_old_value_and_send_2a(ctx)


class PicksTheLowestBallot(Proposer):
    """Nominates the batch of the lowest ballot that a 1b reports: LValIsHighestNumberedProposal with the wrong end.

    A client sees an acknowledged increment vanish: the batch of a leader that failed replaces the one that its
    successor had chosen.
    """

    def _select(self, opn: OperationNumber) -> RequestBatch:
        votes = [m.votes[opn] for m in self.received_1b_packets.values() if opn in m.votes]
        return min(votes, key=lambda vote: vote.max_value_bal).max_val


class TakesAny1b(Proposer):
    """Counts 1b's of whatever ballot for its own: `bal_1b == max_ballot_i_sent_1a` is missing.

    A client may see an acknowledged increment vanish. It takes a 1b that is so late that its proposer leads another
    view by then: what its acceptor has voted for since is not in it.
    """

    def expects_1b(self, source: str, m: Message1b) -> bool:
        return self.current_state == 1 and source not in self.received_1b_packets

    def process_1b(self, source: str, m: Message1b) -> None:
        super().process_1b(source, replace(m, bal_1b=self.max_ballot_i_sent_1a))


class IgnoresTruncation(Replica):
    """Takes no notice of the truncation points in 1b's, and begins where its own log begins
    (LIsAfterLogTruncationPoint, and the truncation in LReplicaNextProcess1b).

    A client sees an increment return what another has returned: at a place that the others have executed and forgotten,
    no 1b reports a vote, so the leader takes it for free and executes a new batch there.
    """

    def process_1b(self, ctx: Context, source: str, m: Message1b) -> None:
        if self.proposer.expects_1b(source, m):
            self.proposer.process_1b(source, replace(m, log_truncation_point=0))
