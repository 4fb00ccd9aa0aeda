"""The acceptor: one promise for the whole log, and a vote for each operation of the part that is not truncated yet.

    0 ........ log_truncation_point ........ + max_log_length
       truncated            votes

**On disk.** `acceptor/promise` holds the promise and the truncation point, `acceptor/vote/<opn mod max_log_length>` a
vote. A vote at `opn` moves the truncation point to `opn - max_log_length + 1` at least, so the votes above it never
share a slot, and a vote that is overwritten lies below a truncation point that was written before it: a recovered
acceptor has every vote from its truncation point on. The promise goes to disk before the vote that implies it, for a
crash keeps the first of the writes that no sync has followed.
"""

from __future__ import annotations

import msgspec

from clew.systems.node import Context
from clew.systems.rsl.messages import Heartbeat, Message1a, Message1b, Message2a, Message2b
from clew.systems.rsl.parameters import Constants
from clew.systems.rsl.types import ZERO, Ballot, OperationNumber, Vote, Votes


class Promise(msgspec.Struct, frozen=True):
    """What an acceptor must never forget besides its votes."""

    max_bal: Ballot
    log_truncation_point: OperationNumber


class WrittenVote(msgspec.Struct, frozen=True):
    """A vote as it lies in its slot."""

    opn: OperationNumber
    vote: Vote


class Acceptor:
    """The acceptor of one replica (LAcceptor, LAcceptorInit)."""

    def __init__(self, constants: Constants) -> None:
        self.constants = constants
        self.max_bal = ZERO
        self.votes: Votes = {}
        self.last_checkpointed_operation = [0] * len(constants.replica_ids)
        self.log_truncation_point: OperationNumber = 0
        self.checkpointed_by_quorum: OperationNumber = 0
        """The valid log truncation point: asked for with every packet, and changed by heartbeats alone."""
        self._written: Promise | None = None

    def recover(self, ctx: Context) -> None:
        """Go on as the life before: with its promise, and its votes from its truncation point on."""
        promise = ctx.disk.read("acceptor/promise", Promise)
        if promise is None:
            return
        self._written = promise
        self.max_bal, self.log_truncation_point = promise.max_bal, promise.log_truncation_point
        found = [
            written
            for key in ctx.disk.keys()  # noqa: SIM118 (a disk is no dictionary)
            if key.startswith("acceptor/vote/")
            and (written := ctx.disk.read(key, WrittenVote)) is not None
            and written.opn >= self.log_truncation_point
        ]
        self.votes = {written.opn: written.vote for written in sorted(found, key=lambda written: written.opn)}

    def process_1a(self, ctx: Context, source: str, m: Message1a) -> None:
        """Promise a higher ballot, and tell all votes (LAcceptorProcess1a)."""
        if self.max_bal < m.bal_1a:
            self.max_bal = m.bal_1a
            self._keep_promise(ctx)
            self._sync(ctx)
            ctx.send(source, Message1b(m.bal_1a, self.log_truncation_point, dict(self.votes)))

    def process_2a(self, ctx: Context, m: Message2a) -> None:
        """Vote, and tell everybody (LAcceptorProcess2a; whether the ballot is high enough is the replica's to see)."""
        opn = m.opn_2a
        votable = self.log_truncation_point <= opn
        self._raise_promise(m.bal_2a)
        self.truncate_log(ctx, opn - self.constants.params.max_log_length + 1)
        self._keep_promise(ctx)
        if votable:
            vote = self.votes[opn] = Vote(m.bal_2a, m.val_2a)
            self._keep_vote(ctx, opn, vote)
        self._sync(ctx)
        ctx.broadcast(Message2b(m.bal_2a, opn, m.val_2a), including_self=True)

    def process_heartbeat(self, source: str, m: Heartbeat) -> None:
        """Take notice of how far a replica's checkpoint is; it never goes back (LAcceptorProcessHeartbeat)."""
        sender = self.constants.replica_ids.index(source)
        if m.opn_ckpt > self.last_checkpointed_operation[sender]:
            self.last_checkpointed_operation[sender] = m.opn_ckpt
            self.checkpointed_by_quorum = self.valid_log_truncation_point()

    def truncate_log(self, ctx: Context, opn: OperationNumber) -> bool:
        """Forget the votes below `opn` (LAcceptorTruncateLog); whether there was anything to do."""
        if opn <= self.log_truncation_point:
            return False
        self.log_truncation_point = opn
        if self.votes:
            self.votes = {voted: vote for voted, vote in self.votes.items() if voted >= opn}
        ctx.count("truncations")
        return True

    def valid_log_truncation_point(self) -> OperationNumber:
        """The checkpoint that just a quorum has reached (IsLogTruncationPointValid).

        A quorum has all operations below it in checkpoints, and every quorum of a later view meets that one: there is
        always somebody to ask for the state.
        """
        return sorted(self.last_checkpointed_operation, reverse=True)[self.constants.quorum - 1]

    def _raise_promise(self, bal: Ballot) -> None:
        """A vote is a promise too."""
        self.max_bal = bal

    def _keep_promise(self, ctx: Context) -> None:
        if self.constants.durable:
            promise = Promise(self.max_bal, self.log_truncation_point)
            if promise != self._written:
                self._written = promise
                ctx.disk.write("acceptor/promise", promise)

    def _keep_vote(self, ctx: Context, opn: OperationNumber, vote: Vote) -> None:
        if self.constants.durable:
            ctx.disk.write(f"acceptor/vote/{opn % self.constants.params.max_log_length}", WrittenVote(opn, vote))

    def _sync(self, ctx: Context) -> None:
        if self.constants.durable:
            ctx.disk.sync()
