"""The acceptor: one promise for the whole log, and one vote for each operation that is not truncated (Acceptor.i.dfy).

    0 ........ log_truncation_point ........ + max_log_length
       truncated            votes

**On disk** (the specification has no disk). `acceptor/promise` holds the promise and the truncation point. The slot
`acceptor/vote/<opn mod max_log_length>` holds a vote. A vote at `opn` moves the truncation point to at least
`opn - max_log_length + 1`, so no two votes from the truncation point on share a slot. When a vote is overwritten, it is
below a truncation point that was written before. So a recovered acceptor has every vote from its truncation point on.

A crash keeps only the first few of the writes that no sync has followed, or none. So the promise is written before the
vote that implies it.
"""

from __future__ import annotations

import msgspec

from clew.systems.node import Context
from clew.systems.rsl.messages import Heartbeat, Message1a, Message1b, Message2a, Message2b
from clew.systems.rsl.parameters import Constants
from clew.systems.rsl.types import ZERO, Ballot, OperationNumber, Vote, Votes


class Promise(msgspec.Struct, frozen=True):
    """The part of an acceptor's state, besides its votes, that must survive a crash."""

    max_bal: Ballot
    """The highest ballot that it has promised. It votes for nothing below."""
    log_truncation_point: OperationNumber
    """The first operation of its log."""


class WrittenVote(msgspec.Struct, frozen=True):
    """A vote as it is written to its slot."""

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
        """The last result of `valid_log_truncation_point`. Every step needs it, but only heartbeats change it."""
        self._written: Promise | None = None

    def recover(self, ctx: Context) -> None:
        """Read what the last life left: its promise, and its votes from its truncation point on."""
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
        """If the ballot is higher than the promise, promise it and report all votes (LAcceptorProcess1a)."""
        if self.max_bal < m.bal_1a:
            self.max_bal = m.bal_1a
            self._write_promise(ctx)
            self._sync(ctx)
            ctx.send(source, Message1b(m.bal_1a, self.log_truncation_point, dict(self.votes)))

    def process_2a(self, ctx: Context, m: Message2a) -> None:
        """Vote, and tell all replicas (LAcceptorProcess2a). The replica has checked that the ballot is high enough."""
        opn = m.opn_2a
        votable = self.log_truncation_point <= opn
        self._raise_promise(m.bal_2a)
        self.truncate_log(ctx, opn - self.constants.params.max_log_length + 1)
        self._write_promise(ctx)
        if votable:
            vote = self.votes[opn] = Vote(m.bal_2a, m.val_2a)
            self._write_vote(ctx, opn, vote)
        self._sync(ctx)
        ctx.broadcast(Message2b(m.bal_2a, opn, m.val_2a), including_self=True)

    def process_heartbeat(self, source: str, m: Heartbeat) -> None:
        """Note how far a replica's checkpoint is. It never goes back (LAcceptorProcessHeartbeat)."""
        sender = self.constants.replica_ids.index(source)
        if m.opn_ckpt > self.last_checkpointed_operation[sender]:
            self.last_checkpointed_operation[sender] = m.opn_ckpt
            self.checkpointed_by_quorum = self.valid_log_truncation_point()

    def truncate_log(self, ctx: Context, opn: OperationNumber) -> bool:
        """Forget the votes below `opn` (LAcceptorTruncateLog). Returns whether that moved the truncation point."""
        if opn <= self.log_truncation_point:
            return False
        self.log_truncation_point = opn
        if self.votes:
            self.votes = {voted: vote for voted, vote in self.votes.items() if voted >= opn}
        ctx.count("truncations")
        return True

    def valid_log_truncation_point(self) -> OperationNumber:
        """The highest checkpoint that a quorum has reached (IsLogTruncationPointValid).

        A quorum has all operations below it in checkpoints. Every quorum of a later view shares a replica with that
        quorum, so one of the replicas of that quorum can always supply the state.
        """
        return sorted(self.last_checkpointed_operation, reverse=True)[self.constants.quorum - 1]

    def _raise_promise(self, bal: Ballot) -> None:
        """Promise the ballot of a vote: to vote is to promise."""
        self.max_bal = bal

    def _write_promise(self, ctx: Context) -> None:
        if self.constants.durable:
            promise = Promise(self.max_bal, self.log_truncation_point)
            if promise != self._written:
                self._written = promise
                ctx.disk.write("acceptor/promise", promise)

    def _write_vote(self, ctx: Context, opn: OperationNumber, vote: Vote) -> None:
        if self.constants.durable:
            ctx.disk.write(f"acceptor/vote/{opn % self.constants.params.max_log_length}", WrittenVote(opn, vote))

    def _sync(self, ctx: Context) -> None:
        if self.constants.durable:
            ctx.disk.sync()
