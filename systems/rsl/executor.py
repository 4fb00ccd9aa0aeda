"""The executor: applies decided batches in the order of the log, and answers their clients (Executor.i.dfy).

It also supplies its state to replicas that lag behind.

**At most once.** Clients send requests again, so a request may be decided at several places of the log. In the
specification it then runs several times, and the application must expect that. Here the executor runs it once: it skips
a request whose number is not above the client's last one. All replicas must skip the same requests. So the replies that
they remember, the *reply cache*, are part of the replicated state: they are in checkpoints, and are supplied with the
state.

**On disk** (the specification has no disk). A checkpoint is written before a heartbeat announces it (`checkpoint.py`).
Truncation relies on that: no acceptor keeps the votes below the checkpoints of a quorum.
"""

from __future__ import annotations

from random import Random

from clew.systems.node import Context, UnreadableDisk
from clew.systems.rsl.application import Application
from clew.systems.rsl.checkpoint import STATE, Checkpoint, CheckpointDisk, OutstandingOperation
from clew.systems.rsl.messages import AppStateRequest, AppStateSupply, ReplyMessage, StartingPhase2
from clew.systems.rsl.parameters import APPLICATIONS, Constants
from clew.systems.rsl.types import ZERO, Ballot, OperationNumber, RequestBatch


class Executor:
    """The executor of one replica (LExecutor, LExecutorInit)."""

    def __init__(self, constants: Constants) -> None:
        self.constants = constants
        self._application = APPLICATIONS[constants.params.application]
        self.app: Application = self._application.initialize()
        self.ops_complete: OperationNumber = 0
        self.max_bal_reflected = ZERO
        self.next_op_to_execute: OutstandingOperation | None = None
        self.reply_cache: dict[str, ReplyMessage] = {}
        self._checkpointed = 0
        self._disk = CheckpointDisk()

    def recover(self, ctx: Context) -> None:
        """Read the last checkpoint. Raises `UnreadableDisk`, also if it is not of this application."""
        state, operations = self._disk.read(ctx)
        if state is None:
            return
        try:
            self.app = self._application.deserialize(state.app_state)
        except ValueError as error:
            raise UnreadableDisk(f"{STATE}: {error}") from None
        self.ops_complete = state.ops_complete
        self.max_bal_reflected = state.max_bal_reflected
        self.reply_cache = state.reply_cache
        unheard = Context(ctx.name, ctx.nodes, Random(0), {})  # The clients have had their replies.
        for operation in operations:
            self._run(unheard, operation)
        self._checkpointed = self.ops_complete

    def checkpoint(self, ctx: Context) -> None:
        """Have a checkpoint of the present state on disk."""
        if self.constants.durable and self._checkpointed < self.ops_complete:
            self._checkpointed = self.ops_complete
            self._disk.write(ctx, self.ops_complete, self._state)

    def get_decision(self, bal: Ballot, v: RequestBatch) -> None:
        """Take over the batch that is decided at `ops_complete` (LExecutorGetDecision)."""
        self.next_op_to_execute = OutstandingOperation(v, bal)

    def execute(self, ctx: Context) -> None:
        """Apply that batch, and answer its clients (LExecutorExecute)."""
        outstanding = self.next_op_to_execute
        assert outstanding is not None
        self._run(ctx, outstanding)
        if self.constants.durable:
            self._disk.add(outstanding)
        self.next_op_to_execute = None

    def process_app_state_supply(self, ctx: Context, m: AppStateSupply) -> bool:
        """Take over a supplied state if it is further than this one (LExecutorProcessAppStateSupply).

        Returns whether it did. A text that is no state is refused.
        """
        if m.opn_state_supply <= self.ops_complete:
            return False
        try:
            self.app = self._application.deserialize(m.app_state)
        except ValueError as error:
            ctx.log(f"refused a state: {error}")
            return False
        self.ops_complete = m.opn_state_supply
        self.max_bal_reflected = m.bal_state_supply
        self.next_op_to_execute = None
        self._take_over_replies(m)
        self._disk.replace()
        ctx.count("state transfers")
        return True

    def process_app_state_request(self, ctx: Context, source: str, m: AppStateRequest) -> None:
        """Supply the state to a replica that lags, if this one is far enough (LExecutorProcessAppStateRequest)."""
        if self.max_bal_reflected <= m.bal_state_req and self.ops_complete >= m.opn_state_req:
            ctx.send(source, self._supply())

    def process_starting_phase_2(self, ctx: Context, m: StartingPhase2) -> None:
        """Ask all replicas for their state if the log begins above what is executed here.

        (LExecutorProcessStartingPhase2)
        """
        if m.log_truncation_point_2 > self.ops_complete:
            ctx.broadcast(AppStateRequest(m.bal_2, m.log_truncation_point_2), including_self=True)

    def satisfied(self, client: str, seqno: int) -> bool:
        """Whether this or a later request of the client is executed (the condition of LReplicaNextProcessRequest)."""
        cached = self.reply_cache.get(client)
        return cached is not None and seqno <= cached.seqno_reply

    def process_request(self, ctx: Context, client: str, seqno: int) -> None:
        """Send the client its last reply again (LExecutorProcessRequest). It knows by the number what it answers."""
        ctx.send(client, self.reply_cache[client])

    def _run(self, ctx: Context, operation: OutstandingOperation) -> None:
        self._handle_request_batch(ctx, operation.v)
        self.ops_complete += 1
        self.max_bal_reflected = max(self.max_bal_reflected, operation.bal)

    def _state(self) -> Checkpoint:
        return Checkpoint(self.ops_complete, self.max_bal_reflected, self.app.serialize(), self.reply_cache)

    def _handle_request_batch(self, ctx: Context, batch: RequestBatch) -> None:
        """Run the requests that are not satisfied yet (HandleRequestBatch, which runs them all)."""
        for index, request in enumerate(batch):
            client, seqno = request.client, request.seqno
            cached = self.reply_cache.get(client)
            if cached is None or seqno > cached.seqno_reply:
                reply = self.app.handle_request(request.request)
                cached = self.reply_cache[client] = ReplyMessage(seqno, reply, self.ops_complete, index)
            else:
                ctx.count("requests decided again")
            if cached.seqno_reply == seqno:
                ctx.send(client, cached)

    def _supply(self) -> AppStateSupply:
        return AppStateSupply(self.max_bal_reflected, self.ops_complete, self.app.serialize(), dict(self.reply_cache))

    def _take_over_replies(self, m: AppStateSupply) -> None:
        self.reply_cache = dict(m.reply_cache)
