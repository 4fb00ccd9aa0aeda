"""Acceptors that forget, or promise less than they should."""

from __future__ import annotations

from clew.systems.node import Context
from clew.systems.rsl.acceptor import Acceptor, Promise
from clew.systems.rsl.messages import Message1a, Message1b, Message2a
from clew.systems.rsl.replica import Replica
from clew.systems.rsl.types import ZERO, Ballot, OperationNumber


class ForgetsPromises(Acceptor):
    """Writes its votes to disk, but not its promise.

    It looks enough: votes are what gets chosen. But a promise is what keeps an older leader out while a newer one
    relies on the votes that were reported to it. akka-raft's candidates forgot whom they had voted for in just this way
    (Scott et al., 2016).

    A client sees an acknowledged increment vanish or happen twice: after a restart the acceptor votes for an older
    leader, whose batch is chosen next to the newer leader's.
    """

    def _keep_promise(self, ctx: Context) -> None:
        if self.constants.durable:
            ctx.disk.write("acceptor/promise", Promise(ZERO, self.log_truncation_point))


class IgnoresPromises(Replica):
    """Votes for a 2a of any ballot: the guard of LReplicaNextProcess2a is missing.

    akka-raft lacked it too, for messages of an earlier term (Scott et al., 2016).

    A client sees two leaders at work: one that was cut off comes back and has its batches chosen over those of its
    successor.
    """

    def process_2a(self, ctx: Context, source: str, m: Message2a) -> None:
        self.acceptor.process_2a(ctx, m)


class VotesWithoutPromising(Acceptor):
    """Does not raise its promise when it votes.

    "Paxos Made Simple" can be read to allow it, and many have: an acceptor that missed the prepare and saw only the
    accept goes on to vote in a ballot below that one.

    A client may see an acknowledged increment vanish. It takes an acceptor that missed the 1a of the newer leader, got
    its 2a, and then a late one of the older leader.
    """

    def _raise_promise(self, bal: Ballot) -> None:
        return


class PromisesAgain(Acceptor):
    """Promises a ballot again that it has promised: `<=` for BalLt in LAcceptorProcess1a.

    No client can notice. The second 1b tells more votes than the first one, but the proposer takes one 1b from each
    acceptor, and none once it is in phase 2, before which there is no vote in its ballot. It takes a proposer that uses
    a ballot twice to make this dangerous; the invariants see the second promise at once.
    """

    def process_1a(self, ctx: Context, source: str, m: Message1a) -> None:
        if self.max_bal == m.bal_1a:
            ctx.send(source, Message1b(m.bal_1a, self.log_truncation_point, dict(self.votes)))
        else:
            super().process_1a(ctx, source, m)


class TruncatesAtTheFastest(Acceptor):
    """Truncates the log at the highest checkpoint instead of the one that a quorum has reached.

    No client sees a wrong answer: every 1b tells its truncation point, and nothing is proposed below. But below it only
    the fastest replica has the state: while that one is away, the others wait for it, and if it never comes back the
    cluster has lost all. The invariants see a log truncated beyond the checkpoints.
    """

    def valid_log_truncation_point(self) -> OperationNumber:
        return max(self.last_checkpointed_operation)
