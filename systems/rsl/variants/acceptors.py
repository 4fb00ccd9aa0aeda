"""Acceptors that forget a promise, do not keep it, promise too often, or truncate too much."""

from __future__ import annotations

from clew.systems.node import Context
from clew.systems.rsl.acceptor import Acceptor, Promise
from clew.systems.rsl.messages import Message1a, Message1b, Message2a
from clew.systems.rsl.replica import Replica
from clew.systems.rsl.types import ZERO, Ballot, OperationNumber


class ForgetsPromises(Acceptor):
    """Writes its votes to disk, but not its promise.

    That looks enough: votes choose a batch. But promises keep an older leader out while a newer one relies on the votes
    that were reported to it. akka-raft's candidates forgot in this way whom they had voted for (Scott et al., 2016).

    A client sees an acknowledged increment vanish or happen twice. After a restart the acceptor votes for an older
    leader, and that leader's batch is chosen next to the newer leader's.
    """

    def _write_promise(self, ctx: Context) -> None:
        if self.constants.durable:
            ctx.disk.write("acceptor/promise", Promise(ZERO, self.log_truncation_point))


class IgnoresPromises(Replica):
    """Votes for a 2a of any ballot: the condition of LReplicaNextProcess2a is missing.

    akka-raft did not check the term of some messages either (Scott et al., 2016).

    A client sees two leaders at work. One was cut off, comes back, and gets its batches chosen over those of its
    successor.
    """

    def process_2a(self, ctx: Context, source: str, m: Message2a) -> None:
        self.acceptor.process_2a(ctx, m)


class VotesWithoutPromising(Acceptor):
    """Does not raise its promise when it votes.

    Many have read "Paxos Made Simple" to allow it. An acceptor that has missed the 1a and got only the 2a of a ballot
    then votes in lower ballots.

    A client may see an acknowledged increment vanish. For that, an acceptor must miss the 1a of the newer leader, get
    its 2a, and then get a late 2a of the older leader.
    """

    def _raise_promise(self, bal: Ballot) -> None:
        return


class PromisesAgain(Acceptor):
    """Promises a ballot again that it has promised already: `<=` instead of BalLt in LAcceptorProcess1a.

    No client can tell. The second 1b may report more votes than the first one. But the proposer counts one 1b of each
    acceptor, and none in phase 2, and its ballot gets no votes before that. It would be dangerous if a proposer used a
    ballot twice. The invariants see the second promise at once.
    """

    def process_1a(self, ctx: Context, source: str, m: Message1a) -> None:
        if self.max_bal == m.bal_1a:
            ctx.send(source, Message1b(m.bal_1a, self.log_truncation_point, dict(self.votes)))
        else:
            super().process_1a(ctx, source, m)


class TruncatesAtTheFastest(Acceptor):
    """Truncates the log at the highest checkpoint instead of the one that a quorum has reached.

    No client sees a wrong answer: every 1b reports its truncation point, and no leader proposes below it. But only the
    fastest replica has the state below that point. The others wait until it comes back. If it never does, the cluster
    has lost its state. The invariants see a log that is truncated beyond the checkpoints of a quorum.
    """

    def valid_log_truncation_point(self) -> OperationNumber:
        return max(self.last_checkpointed_operation)
