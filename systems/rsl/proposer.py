"""The proposer: leads its replica's views, from the promises of a quorum to one batch after the other (Proposer.i.dfy).

    0 not leading ── the view is mine: 1a ─> 1 phase 1 ── 1b's of a quorum: StartingPhase2 ─> 2 phase 2: 2a, 2a, ...
         ^                                                                                         │
         └─────────────────────────── a higher view, by suspicion or heartbeat ────────────────────┘

In phase 2 it goes through the log from the truncation point on. At each place it nominates a batch:

- where a 1b reports a vote, the batch of the highest ballot, again;
- in a hole below such a vote, whatever requests wait, or none;
- above the last vote, new requests, when the batch is full or has waited long enough.
"""

from __future__ import annotations

from clew.systems.node import Context
from clew.systems.rsl.election import ElectionState
from clew.systems.rsl.messages import Heartbeat, Message1a, Message1b, Message2a, RequestMessage, StartingPhase2
from clew.systems.rsl.parameters import Constants
from clew.systems.rsl.types import Ballot, OperationNumber, Request, RequestBatch

Received1b = dict[str, Message1b]
"""The 1b's for one ballot, by sender: one of each acceptor."""

FIRST_VIEW = Ballot(1, 0)


class Proposer:
    """The proposer of one replica (LProposer, LProposerInit).

    **On disk** (the specification has no disk). `proposer/max_ballot_i_sent_1a` is written before the 1a is sent. If a
    proposer used a ballot again in a later life, late 1b's from the earlier life could let it propose a second batch at
    the same place.
    """

    def __init__(self, constants: Constants, election_state: ElectionState) -> None:
        self.constants = constants
        self.current_state = 0
        self.request_queue: list[Request] = []
        self.max_ballot_i_sent_1a = Ballot(0, constants.my_index)
        self.next_operation_number_to_propose: OperationNumber = 0
        self.received_1b_packets: Received1b = {}
        self.highest_seqno_requested_by_client_this_view: dict[str, int] = {}
        self.incomplete_batch_timer: int | None = None
        self.election_state = election_state
        self._last_proposal: OperationNumber = -1

    def recover(self, ctx: Context) -> None:
        """Read the last ballot of the earlier lives, so that this life uses higher ones."""
        sent = ctx.disk.read("proposer/max_ballot_i_sent_1a", Ballot)
        if sent is not None:
            self.max_ballot_i_sent_1a = sent

    def process_request(self, source: str, m: RequestMessage) -> None:
        """Note a request for the election. If this replica leads, queue it (LProposerProcessRequest).

        It is queued only if the client has sent no later request in this view.
        """
        request = Request(source, m.seqno_req, m.val)
        self.election_state.reflect_received_request(request)
        highest = self.highest_seqno_requested_by_client_this_view
        if self.current_state != 0 and m.seqno_req > highest.get(source, -1):
            self.request_queue.append(request)
            highest[source] = m.seqno_req

    def maybe_enter_new_view_and_send_1a(self, ctx: Context) -> bool:
        """Begin phase 1 if this replica leads the view and has not begun it yet (LProposerMaybeEnterNewViewAndSend1a).

        Returns whether it did anything, as do the other `maybe_` functions.
        """
        election = self.election_state
        view = election.current_view
        if view.proposer_id != self.constants.my_index or not self.max_ballot_i_sent_1a < view:
            return False
        self.current_state = 1
        self.max_ballot_i_sent_1a = view
        self.received_1b_packets = {}
        self.highest_seqno_requested_by_client_this_view = {}
        self.request_queue = [
            *election.requests_received_prev_epochs.values(),
            *election.requests_received_this_epoch.values(),
        ]
        self._keep_ballot(ctx)
        ctx.count("first views" if view == FIRST_VIEW else "view changes")
        ctx.broadcast(Message1a(view), including_self=True)
        return True

    def expects_1b(self, source: str, m: Message1b) -> bool:
        """Whether phase 1 waits for this 1b (the condition of LReplicaNextProcess1b)."""
        return (
            m.bal_1b == self.max_ballot_i_sent_1a and self.current_state == 1 and source not in self.received_1b_packets
        )

    def process_1b(self, source: str, m: Message1b) -> None:
        """Keep an expected 1b (LProposerProcess1b)."""
        self.received_1b_packets[source] = m

    def maybe_enter_phase_2(self, ctx: Context, log_truncation_point: OperationNumber) -> bool:
        """Begin phase 2 if there are 1b's of a quorum (LProposerMaybeEnterPhase2)."""
        received = self.received_1b_packets
        if (
            self.current_state != 1
            or len(received) < self.constants.quorum
            or not set_of_message_1b_about_ballot(received, self.max_ballot_i_sent_1a)
        ):
            return False
        self.current_state = 2
        self.next_operation_number_to_propose = log_truncation_point
        self._last_proposal = max((opn for m in received.values() for opn in m.votes), default=-1)
        if self.max_ballot_i_sent_1a != FIRST_VIEW:
            ctx.count("views led")
        ctx.broadcast(StartingPhase2(self.max_ballot_i_sent_1a, log_truncation_point), including_self=True)
        return True

    def maybe_nominate_value_and_send_2a(self, ctx: Context, log_truncation_point: OperationNumber) -> bool:
        """Nominate a batch at the next place if the log has room and there is a batch to nominate.

        (LProposerMaybeNominateValueAndSend2a)
        """
        opn = self.next_operation_number_to_propose
        queue, timer = self.request_queue, self.incomplete_batch_timer
        # The specification checks for room first. This runs at every step, and mostly there is nothing to nominate: no
        # votes are left, and there are no requests or their batch is not full. So that is checked first.
        if self.current_state != 2:
            return False
        if opn > self._last_proposal and (
            not queue or (timer is not None and ctx.now < timer and len(queue) < self.constants.params.max_batch_size)
        ):
            return False
        if not self.can_nominate_using_operation_number(log_truncation_point, opn):
            return False
        if not all_acceptors_had_no_proposal(self.received_1b_packets, opn):
            self.nominate_old_value_and_send_2a(ctx)
            return True
        if (
            len(queue) >= self.constants.params.max_batch_size
            or (queue and timer is not None and ctx.now >= timer)
            or self.exists_acceptor_has_proposal_large_than_opn(opn)
        ):
            self.nominate_new_value_and_send_2a(ctx)
            return True
        if queue and timer is None:
            # If max_batch_delay is 0, the batch is due already. The next round of the actions will send it.
            self.incomplete_batch_timer = self._batch_is_due(ctx)
            return True
        return False

    def can_nominate_using_operation_number(self, log_truncation_point: OperationNumber, opn: OperationNumber) -> bool:
        """Whether this replica still leads and the log has room at `opn` (LProposerCanNominateUsingOperationNumber).

        The specification also checks again that there are 1b's of a quorum for the ballot. They were there when phase 2
        began, and do not change after that.
        """
        constants = self.constants
        return (
            self.election_state.current_view == self.max_ballot_i_sent_1a
            and self.current_state == 2
            and is_after_log_truncation_point(opn, self.received_1b_packets)
            and opn < constants.upper_bounded_addition(log_truncation_point, constants.params.max_log_length)
            and opn < constants.params.max_integer_val
        )

    def exists_acceptor_has_proposal_large_than_opn(self, opn: OperationNumber) -> bool:
        """Whether a 1b reports a vote above `opn`, which makes `opn` a hole (LExistsAcceptorHasProposalLargeThanOpn).

        The highest vote is looked up once, when phase 2 begins.
        """
        return self._last_proposal > opn

    def nominate_new_value_and_send_2a(self, ctx: Context) -> None:
        """Nominate a batch of requests from the queue, as many as fit (LProposerNominateNewValueAndSend2a)."""
        size = min(len(self.request_queue), self.constants.params.max_batch_size)
        batch = tuple(self.request_queue[:size])
        del self.request_queue[:size]
        self.incomplete_batch_timer = self._batch_is_due(ctx) if self.request_queue else None
        if batch:
            ctx.count("batches")
            ctx.count("requests in batches", size)
        else:
            ctx.count("holes filled")
        self._nominate(ctx, batch)

    def nominate_old_value_and_send_2a(self, ctx: Context) -> None:
        """Nominate the batch of the highest ballot that a 1b reports (LProposerNominateOldValueAndSend2a).

        It may have been chosen already.
        """
        ctx.count("batches nominated again")
        self._nominate(ctx, self._select(self.next_operation_number_to_propose))

    def process_heartbeat(self, source: str, m: Heartbeat, clock: int) -> None:
        """Hand the heartbeat to the election. Stop leading if it has a higher view (LProposerProcessHeartbeat)."""
        view = self.election_state.current_view
        self.election_state.process_heartbeat(source, m, clock)
        if view < self.election_state.current_view:
            self._step_down()

    def check_for_view_timeout(self, clock: int) -> bool:
        """See `ElectionState.check_for_view_timeout` (LProposerCheckForViewTimeout)."""
        return self.election_state.check_for_view_timeout(clock)

    def check_for_quorum_of_view_suspicions(self, clock: int) -> bool:
        """Stop leading if a quorum suspects the view (LProposerCheckForQuorumOfViewSuspicions)."""
        if not self.election_state.check_for_quorum_of_view_suspicions(clock):
            return False
        self._step_down()
        return True

    def reset_view_timer_due_to_execution(self, batch: RequestBatch) -> None:
        """Tell the election that these requests are executed (LProposerResetViewTimerDueToExecution)."""
        self.election_state.reflect_executed_request_batch(batch)

    def _nominate(self, ctx: Context, batch: RequestBatch) -> None:
        opn = self.next_operation_number_to_propose
        self.next_operation_number_to_propose += 1
        ctx.broadcast(Message2a(self.max_ballot_i_sent_1a, opn, batch), including_self=True)

    def _select(self, opn: OperationNumber) -> RequestBatch:
        """The batch of the highest ballot that a 1b reports at `opn` (LValIsHighestNumberedProposal)."""
        received = self.received_1b_packets
        for m in received.values():
            vote = m.votes.get(opn)
            if vote is not None and max_bal_in_s(vote.max_value_bal, received, opn):
                return vote.max_val
        raise AssertionError(f"there is no vote at {opn}")

    def _keep_ballot(self, ctx: Context) -> None:
        if self.constants.durable:
            ctx.disk.write("proposer/max_ballot_i_sent_1a", self.max_ballot_i_sent_1a)
            ctx.disk.sync()

    def _batch_is_due(self, ctx: Context) -> int:
        return self.constants.upper_bounded_addition(ctx.now, self.constants.params.max_batch_delay)

    def _step_down(self) -> None:
        self.current_state = 0
        self.request_queue = []


def is_after_log_truncation_point(opn: OperationNumber, received: Received1b) -> bool:
    """Whether no sender of a 1b has truncated `opn` (LIsAfterLogTruncationPoint).

    An acceptor that has truncated `opn` has forgotten its vote there.
    """
    return all(m.log_truncation_point <= opn for m in received.values())


def set_of_message_1b(received: Received1b) -> bool:
    """Whether all of these are 1b's (LSetOfMessage1b)."""
    return all(type(m) is Message1b for m in received.values())


def set_of_message_1b_about_ballot(received: Received1b, bal: Ballot) -> bool:
    """Whether all of these are 1b's for this ballot (LSetOfMessage1bAboutBallot)."""
    return set_of_message_1b(received) and all(m.bal_1b == bal for m in received.values())


def all_acceptors_had_no_proposal(received: Received1b, opn: OperationNumber) -> bool:
    """Whether no 1b reports a vote at `opn` (LAllAcceptorsHadNoProposal)."""
    return all(opn not in m.votes for m in received.values())


def max_bal_in_s(bal: Ballot, received: Received1b, opn: OperationNumber) -> bool:
    """Whether no 1b reports a vote at `opn` above this ballot (LMaxBallotInS)."""
    return all(m.votes[opn].max_value_bal <= bal for m in received.values() if opn in m.votes)
