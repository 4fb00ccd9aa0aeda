"""A replica: acceptor, proposer, learner and executor side by side, and the scheduler's ten actions (Replica.i.dfy).

The specification's scheduler repeats ten actions for ever: it processes a packet, if one has come, and tries nine
actions that need no packet. Mostly these find nothing to do. Here, a step of the node processes at most one packet, and
then repeats the nine actions until none of them finds anything to do. The specification allows that schedule. Some
actions wait for a moment in time. A timer wakes the replica at each such moment.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from clew.systems.node import Context
from clew.systems.recovering_node import RecoveringNode
from clew.systems.rsl import parameters
from clew.systems.rsl.acceptor import Acceptor
from clew.systems.rsl.election import ElectionState
from clew.systems.rsl.executor import Executor
from clew.systems.rsl.learner import Learner
from clew.systems.rsl.messages import (
    AppStateRequest,
    AppStateSupply,
    Heartbeat,
    Message1a,
    Message1b,
    Message2a,
    Message2b,
    ReplyMessage,
    RequestMessage,
    StartingPhase2,
)
from clew.systems.rsl.parameters import Constants, Parameters
from clew.systems.rsl.proposer import Proposer


@dataclass(frozen=True)
class Roles:
    """What a replica is made of. A variant replaces one of them."""

    acceptor: Callable[[Constants], Acceptor] = Acceptor
    election: Callable[[Constants], ElectionState] = ElectionState
    proposer: Callable[[Constants, ElectionState], Proposer] = Proposer
    learner: Callable[[Constants], Learner] = Learner
    executor: Callable[[Constants], Executor] = Executor
    min_quorum_size: Callable[[int], int] = parameters.min_quorum_size


CORRECT = Roles()


class Replica(RecoveringNode):
    """One life of one replica (LReplica, LReplicaInit, LScheduler)."""

    constants: Constants
    acceptor: Acceptor
    proposer: Proposer
    learner: Learner
    executor: Executor

    def __init__(self, params: Parameters, roles: Roles = CORRECT) -> None:
        self._params = params
        self._roles = roles
        self.next_heartbeat_time = 0
        self._timers: dict[str, int] = {}
        self._react = {
            RequestMessage: self.process_request,
            Message1a: self.process_1a,
            Message1b: self.process_1b,
            StartingPhase2: self.process_starting_phase_2,
            Message2a: self.process_2a,
            Message2b: self.process_2b,
            ReplyMessage: self.process_reply,
            AppStateRequest: self.process_app_state_request,
            AppStateSupply: self.process_app_state_supply,
            Heartbeat: self.process_heartbeat,
        }
        self._actions: tuple[Callable[[Context], bool], ...] = (
            self.maybe_enter_new_view_and_send_1a,
            self.maybe_enter_phase_2,
            self.maybe_nominate_value_and_send_2a,
            self.truncate_log_based_on_checkpoints,
            self.maybe_make_decision,
            self.maybe_execute,
            self.check_for_view_timeout,
            self.check_for_quorum_of_view_suspicions,
            self.maybe_send_heartbeat,
        )

    # The node

    def recover(self, ctx: Context) -> None:
        """Begin a life, from what is on disk."""
        roles = self._roles
        constants = self.constants = Constants(
            ctx.nodes.index(ctx.name), ctx.nodes, self._params, roles.min_quorum_size(len(ctx.nodes))
        )
        election = roles.election(constants)
        self.acceptor = roles.acceptor(constants)
        self.proposer = roles.proposer(constants, election)
        self.learner = roles.learner(constants)
        self.executor = roles.executor(constants)
        if constants.durable:
            self.acceptor.recover(ctx)
            self.proposer.recover(ctx)
            self.executor.recover(ctx)
            election.recover(max(self.acceptor.max_bal, self.proposer.max_ballot_i_sent_1a))
        if self._params.heartbeats == "staggered":
            period = self._params.heartbeat_period
            self.next_heartbeat_time = ctx.now + period * constants.my_index // len(constants.replica_ids)
        self._act(ctx)

    def receive(self, ctx: Context, source: str, message: Any) -> None:
        """Process one packet: action 0 (LReplicaNextProcessPacket). Then do the other nine."""
        if not self._react:
            return
        kind = type(message)
        if kind is not RequestMessage and source not in self.constants.replica_ids:
            ctx.log(f"ignored a {kind.__name__} from {source}, which is no replica")
            return
        self._react[kind](ctx, source, message)
        self._act(ctx)

    def wake(self, ctx: Context, timer: str) -> None:
        """Do actions 1 to 9: one of them waits for this moment."""
        del self._timers[timer]
        self._act(ctx)

    def _act(self, ctx: Context) -> None:
        """Repeat actions 1 to 9 until none of them finds anything to do. Then set the timers."""
        busy = True
        while busy:
            busy = False
            for action in self._actions:
                if action(ctx):
                    busy = True
        timers = self._timers
        if self.next_heartbeat_time != timers.get("heartbeat"):
            self._wake_at(ctx, "heartbeat", self.next_heartbeat_time)
        epoch_end = self.proposer.election_state.epoch_end_time
        if epoch_end != timers.get("epoch"):
            self._wake_at(ctx, "epoch", epoch_end)
        batch_due = self.proposer.incomplete_batch_timer
        if batch_due is not None and batch_due != timers.get("batch") and batch_due > ctx.now:
            self._wake_at(ctx, "batch", batch_due)

    def _wake_at(self, ctx: Context, timer: str, time: int) -> None:
        self._timers[timer] = time
        ctx.set_timer(timer, time - ctx.now)

    # Packets

    def process_request(self, ctx: Context, source: str, m: RequestMessage) -> None:
        """Answer the request if it was executed already, or else propose it (LReplicaNextProcessRequest).

        The specification ignores requests above MaxAppRequestSize, 128 MB of bytes. Here a request is a key and a value
        or two, and has no limit.
        """
        if self.executor.satisfied(source, m.seqno_req):
            self.executor.process_request(ctx, source, m.seqno_req)
        else:
            self.proposer.process_request(source, m)

    def process_1a(self, ctx: Context, source: str, m: Message1a) -> None:
        """Hand a 1a to the acceptor (LReplicaNextProcess1a)."""
        self.acceptor.process_1a(ctx, source, m)

    def process_1b(self, ctx: Context, source: str, m: Message1b) -> None:
        """Keep a 1b, and truncate the log where its sender has truncated it (LReplicaNextProcess1b)."""
        if self.proposer.expects_1b(source, m):
            self.proposer.process_1b(source, m)
            self.acceptor.truncate_log(ctx, m.log_truncation_point)

    def process_starting_phase_2(self, ctx: Context, source: str, m: StartingPhase2) -> None:
        """Ask for the state if this replica lags (LReplicaNextProcessStartingPhase2)."""
        self.executor.process_starting_phase_2(ctx, m)

    def process_2a(self, ctx: Context, source: str, m: Message2a) -> None:
        """Vote, unless the acceptor has promised a higher ballot (LReplicaNextProcess2a)."""
        if self.acceptor.max_bal <= m.bal_2a and m.opn_2a <= self.constants.params.max_integer_val:
            self.acceptor.process_2a(ctx, m)

    def process_2b(self, ctx: Context, source: str, m: Message2b) -> None:
        """Count a vote, if its operation is not learned yet (LReplicaNextProcess2b)."""
        executor = self.executor
        if executor.ops_complete < m.opn_2b or (
            executor.ops_complete == m.opn_2b and executor.next_op_to_execute is None
        ):
            self.learner.process_2b(source, m)

    def process_reply(self, ctx: Context, source: str, m: ReplyMessage) -> None:
        """Ignore a reply: replies are for clients (LReplicaNextProcessReply)."""
        ctx.log(f"ignored a reply from {source}")

    def process_app_state_supply(self, ctx: Context, source: str, m: AppStateSupply) -> None:
        """Take over a state that is further, and forget the votes below it (LReplicaNextProcessAppStateSupply)."""
        if self.executor.process_app_state_supply(ctx, m):
            self.learner.forget_operations_before(m.opn_state_supply)

    def process_app_state_request(self, ctx: Context, source: str, m: AppStateRequest) -> None:
        """Supply the state, if it is far enough (LReplicaNextProcessAppStateRequest)."""
        self.executor.process_app_state_request(ctx, source, m)

    def process_heartbeat(self, ctx: Context, source: str, m: Heartbeat) -> None:
        """Hand a heartbeat to the election and to the acceptor (LReplicaNextProcessHeartbeat)."""
        self.proposer.process_heartbeat(source, m, ctx.now)
        self.acceptor.process_heartbeat(source, m)

    # Actions 1 to 9: each returns whether it did anything

    def maybe_enter_new_view_and_send_1a(self, ctx: Context) -> bool:
        """Action 1: begin to lead a new view (LReplicaNextSpontaneousMaybeEnterNewViewAndSend1a)."""
        return self.proposer.maybe_enter_new_view_and_send_1a(ctx)

    def maybe_enter_phase_2(self, ctx: Context) -> bool:
        """Action 2: begin phase 2 (LReplicaNextSpontaneousMaybeEnterPhase2)."""
        return self.proposer.maybe_enter_phase_2(ctx, self.acceptor.log_truncation_point)

    def maybe_nominate_value_and_send_2a(self, ctx: Context) -> bool:
        """Action 3: nominate a batch (LReplicaNextReadClockMaybeNominateValueAndSend2a)."""
        return self.proposer.maybe_nominate_value_and_send_2a(ctx, self.acceptor.log_truncation_point)

    def truncate_log_based_on_checkpoints(self, ctx: Context) -> bool:
        """Action 4: truncate the log (LReplicaNextSpontaneousTruncateLogBasedOnCheckpoints)."""
        return self.acceptor.truncate_log(ctx, self.acceptor.checkpointed_by_quorum)

    def maybe_make_decision(self, ctx: Context) -> bool:
        """Action 5: hand the next decided batch to the executor (LReplicaNextSpontaneousMaybeMakeDecision)."""
        executor = self.executor
        if executor.next_op_to_execute is not None:
            return False
        batch = self.learner.decision(executor.ops_complete)
        if batch is None:
            return False
        executor.get_decision(self.learner.max_ballot_seen, batch)
        return True

    def maybe_execute(self, ctx: Context) -> bool:
        """Action 6: execute that batch (LReplicaNextSpontaneousMaybeExecute)."""
        executor = self.executor
        outstanding = executor.next_op_to_execute
        if outstanding is None or executor.ops_complete >= self.constants.params.max_integer_val:
            return False
        self.proposer.reset_view_timer_due_to_execution(outstanding.v)
        self.learner.forget_decision(executor.ops_complete)
        executor.execute(ctx)
        return True

    def check_for_view_timeout(self, ctx: Context) -> bool:
        """Action 7: end the epoch, if it is time (LReplicaNextReadClockCheckForViewTimeout)."""
        return self.proposer.check_for_view_timeout(ctx.now)

    def check_for_quorum_of_view_suspicions(self, ctx: Context) -> bool:
        """Action 8: go to the next view, if a quorum suspects this one.

        (LReplicaNextReadClockCheckForQuorumOfViewSuspicions)
        """
        return self.proposer.check_for_quorum_of_view_suspicions(ctx.now)

    def maybe_send_heartbeat(self, ctx: Context) -> bool:
        """Action 9: write a checkpoint, and announce it (LReplicaNextReadClockMaybeSendHeartbeat)."""
        if ctx.now < self.next_heartbeat_time:
            return False
        constants = self.constants
        self.next_heartbeat_time = constants.upper_bounded_addition(ctx.now, constants.params.heartbeat_period)
        self.executor.checkpoint(ctx)
        election = self.proposer.election_state
        suspicious = constants.my_index in election.current_view_suspectors
        heartbeat = Heartbeat(election.current_view, suspicious, self.executor.ops_complete)
        ctx.broadcast(heartbeat, including_self=True)
        return True
