"""The proposer: leads a view, if it is this replica's, from the promises of a quorum to one batch after the other.

    0 not leading ── the view is mine: 1a ─> 1 phase 1 ── 1b's of a quorum: StartingPhase2 ─> 2 phase 2: 2a, 2a, ...
         ^                                                                                         │
         └─────────────────────────── a higher view, by suspicion or heartbeat ────────────────────┘

In phase 2 it goes through the log from the truncation point on. Where a 1b reports a vote, the batch of the highest
ballot is nominated again; a hole below such a vote is filled, with no requests if need be; above the last of them
requests are new, and wait for a batch to fill or for its time to be up.
"""

from __future__ import annotations

from clew.systems.node import Context
from clew.systems.rsl.election import ElectionState
from clew.systems.rsl.messages import Heartbeat, Message1a, Message1b, Message2a, RequestMessage, StartingPhase2
from clew.systems.rsl.parameters import Constants
from clew.systems.rsl.types import Ballot, OperationNumber, Request, RequestBatch

Received1b = dict[str, Message1b]
"""The 1b's of a ballot by who sent them: one of each."""

FIRST_VIEW = Ballot(1, 0)


class Proposer:
    """The proposer of one replica (LProposer, LProposerInit).

    **On disk.** `proposer/max_ballot_i_sent_1a` is written before the 1a is sent: a proposer that took the same ballot
    in another life could be believed because of 1b's from before, and put a second batch where the first one is. The
    specification has no lives, and a ballot that a proposer uses once.
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
        """Never send a 1a again that a life before has sent."""
        sent = ctx.disk.read("proposer/max_ballot_i_sent_1a", Ballot)
        if sent is not None:
            self.max_ballot_i_sent_1a = sent

    def process_request(self, source: str, m: RequestMessage) -> None:
        """Queue a request if this replica leads and the client has asked for nothing later in this view
        (LProposerProcessRequest); leading or not, wait for it to be executed."""
        request = Request(source, m.seqno_req, m.val)
        self.election_state.reflect_received_request(request)
        highest = self.highest_seqno_requested_by_client_this_view
        if self.current_state != 0 and m.seqno_req > highest.get(source, -1):
            self.request_queue.append(request)
            highest[source] = m.seqno_req

    def maybe_enter_new_view_and_send_1a(self, ctx: Context) -> bool:
        """Begin phase 1 if the view is this replica's and new to it (LProposerMaybeEnterNewViewAndSend1a)."""
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
        """Whether this is a 1b that phase 1 still waits for (LReplicaNextProcess1b's condition)."""
        return (
            m.bal_1b == self.max_ballot_i_sent_1a and self.current_state == 1 and source not in self.received_1b_packets
        )

    def process_1b(self, source: str, m: Message1b) -> None:
        """Keep an expected 1b (LProposerProcess1b)."""
        self.received_1b_packets[source] = m

    def maybe_enter_phase_2(self, ctx: Context, log_truncation_point: OperationNumber) -> bool:
        """Begin phase 2 with the 1b's of a quorum (LProposerMaybeEnterPhase2)."""
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
        """Nominate at the next operation number if there is room in the log, and something that must or may be
        nominated (LProposerMaybeNominateValueAndSend2a); whether it did anything."""
        opn = self.next_operation_number_to_propose
        queue, timer = self.request_queue, self.incomplete_batch_timer
        # The specification asks for room first. This is asked with every message, and mostly there is nothing to say:
        # no votes are left to be heeded, and there are no requests, or their batch waits for more.
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
            # With no delay at all it is due already: that is for the next time round.
            self.incomplete_batch_timer = self._batch_is_due(ctx)
            return True
        return False

    def can_nominate_using_operation_number(self, log_truncation_point: OperationNumber, opn: OperationNumber) -> bool:
        """Whether the view still stands, and `opn` is in the part of the log that is open
        (LProposerCanNominateUsingOperationNumber).

        That there are 1b's of a quorum about the ballot, which the specification asks again here, was seen when phase 2
        began, and the set does not change after that.
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
        """Whether a 1b reports a vote above `opn`, so that `opn` is a hole to be filled
        (LExistsAcceptorHasProposalLargeThanOpn). The highest one is looked up once, when phase 2 begins."""
        return self._last_proposal > opn

    def nominate_new_value_and_send_2a(self, ctx: Context) -> None:
        """Take a batch from the queue, as much as there is and fits (LProposerNominateNewValueAndSend2a)."""
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
        """Nominate what may have been chosen already: the batch of the highest ballot that any 1b reports
        (LProposerNominateOldValueAndSend2a)."""
        ctx.count("batches nominated again")
        self._nominate(ctx, self._select(self.next_operation_number_to_propose))

    def process_heartbeat(self, source: str, m: Heartbeat, clock: int) -> None:
        """Have the election see it, and stop leading if it knows of a higher view (LProposerProcessHeartbeat)."""
        view = self.election_state.current_view
        self.election_state.process_heartbeat(source, m, clock)
        if view < self.election_state.current_view:
            self._step_down()

    def check_for_view_timeout(self, clock: int) -> bool:
        """See the election (LProposerCheckForViewTimeout)."""
        return self.election_state.check_for_view_timeout(clock)

    def check_for_quorum_of_view_suspicions(self, clock: int) -> bool:
        """Stop leading if a quorum suspects the view (LProposerCheckForQuorumOfViewSuspicions)."""
        if not self.election_state.check_for_quorum_of_view_suspicions(clock):
            return False
        self._step_down()
        return True

    def reset_view_timer_due_to_execution(self, batch: RequestBatch) -> None:
        """These requests are not overdue any more (LProposerResetViewTimerDueToExecution)."""
        self.election_state.reflect_executed_request_batch(batch)

    def _nominate(self, ctx: Context, batch: RequestBatch) -> None:
        opn = self.next_operation_number_to_propose
        self.next_operation_number_to_propose += 1
        ctx.broadcast(Message2a(self.max_ballot_i_sent_1a, opn, batch), including_self=True)

    def _select(self, opn: OperationNumber) -> RequestBatch:
        """The batch voted for at `opn` in the highest ballot (LValIsHighestNumberedProposal)."""
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
    """Whether no acceptor of the 1b's has truncated `opn`: what it voted for there it could not tell
    (LIsAfterLogTruncationPoint)."""
    return all(m.log_truncation_point <= opn for m in received.values())


def set_of_message_1b(received: Received1b) -> bool:
    """Whether these are 1b's (LSetOfMessage1b)."""
    return all(type(m) is Message1b for m in received.values())


def set_of_message_1b_about_ballot(received: Received1b, bal: Ballot) -> bool:
    """Whether these are 1b's for this ballot (LSetOfMessage1bAboutBallot)."""
    return set_of_message_1b(received) and all(m.bal_1b == bal for m in received.values())


def all_acceptors_had_no_proposal(received: Received1b, opn: OperationNumber) -> bool:
    """Whether no 1b reports a vote at `opn` (LAllAcceptorsHadNoProposal)."""
    return all(opn not in m.votes for m in received.values())


def max_bal_in_s(bal: Ballot, received: Received1b, opn: OperationNumber) -> bool:
    """Whether no 1b reports a vote at `opn` above this ballot (LMaxBallotInS)."""
    return all(m.votes[opn].max_value_bal <= bal for m in received.values() if opn in m.votes)
