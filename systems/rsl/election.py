"""The election of views: who is suspected, for how long to be patient, and which requests wait for too long.

A request that is still not executed when the epoch after the one it came in ends makes its replica suspect the view.
When a quorum suspects, everybody who knows goes to the next view by itself. Epochs double with each change of view, so
that in the end one is long enough for a leader to succeed, and are short again once nothing is overdue.
"""

from __future__ import annotations

from clew.systems.rsl.messages import Heartbeat
from clew.systems.rsl.parameters import Constants
from clew.systems.rsl.types import Ballot, Request, RequestBatch

Requests = dict[tuple[str, int], Request]
"""A sequence of requests without two of the same client and number, by these: dictionaries keep the order."""


class ElectionState:
    """What one replica thinks of the view (ElectionState, ElectionStateInit).

    Where the specification cuts sequences of requests off at max_integer_val (BoundRequestSequence), this does not: no
    memory holds that many.
    """

    def __init__(self, constants: Constants) -> None:
        self.constants = constants
        self.current_view = Ballot(1, 0)
        self.current_view_suspectors: set[int] = set()
        self.epoch_end_time = 0
        self.epoch_length = constants.params.baseline_view_timeout_period
        self.requests_received_this_epoch: Requests = {}
        self.requests_received_prev_epochs: Requests = {}

    def recover(self, seen: Ballot) -> None:
        """Start in the highest view that this replica has taken part in.

        A view is a hint, and safety does not depend on it. But ballots below the promises of a quorum lead nowhere, and
        suspicion takes longer with each view: to start from 1.0 could take longer than anybody lives.
        """
        self.current_view = max(self.current_view, seen)

    def process_heartbeat(self, source: str, m: Heartbeat, clock: int) -> None:
        """Count a suspicion, or follow into a higher view (ElectionStateProcessHeartbeat)."""
        sender = self.constants.replica_ids.index(source)
        if m.bal_heartbeat == self.current_view:
            if m.suspicious:
                self.current_view_suspectors.add(sender)
        elif self.current_view < m.bal_heartbeat:
            self._enter(m.bal_heartbeat, clock)
            if m.suspicious:
                self.current_view_suspectors.add(sender)

    def check_for_view_timeout(self, clock: int) -> bool:
        """End the epoch if it is time: suspect the view if a request of an earlier one is left
        (ElectionStateCheckForViewTimeout); whether it was time."""
        if clock < self.epoch_end_time:
            return False
        if self.requests_received_prev_epochs:
            self.current_view_suspectors.add(self.constants.my_index)
            self.requests_received_prev_epochs |= self.requests_received_this_epoch
        else:
            self.epoch_length = self.constants.params.baseline_view_timeout_period
            self.requests_received_prev_epochs = self.requests_received_this_epoch
        self.requests_received_this_epoch = {}
        self.epoch_end_time = self.constants.upper_bounded_addition(clock, self.epoch_length)
        return True

    def check_for_quorum_of_view_suspicions(self, clock: int) -> bool:
        """Go on to the next view if a quorum suspects this one (ElectionStateCheckForQuorumOfViewSuspicions); whether
        it does."""
        if len(self.current_view_suspectors) < self.constants.quorum:
            return False
        if self.current_view.seqno >= self.constants.params.max_integer_val:
            return False
        self._enter(compute_successor_view(self.current_view, len(self.constants.replica_ids)), clock)
        return True

    def reflect_received_request(self, request: Request) -> None:
        """Remember a request until it is executed (ElectionStateReflectReceivedRequest)."""
        name = (request.client, request.seqno)
        if name not in self.requests_received_prev_epochs:
            self.requests_received_this_epoch.setdefault(name, request)

    def reflect_executed_request_batch(self, batch: RequestBatch) -> None:
        """Nobody waits for these any more, or for earlier ones of their clients
        (ElectionStateReflectExecutedRequestBatch)."""
        if self.requests_received_prev_epochs:
            self.requests_received_prev_epochs = _unsatisfied(self.requests_received_prev_epochs, batch)
        if self.requests_received_this_epoch:
            self.requests_received_this_epoch = _unsatisfied(self.requests_received_this_epoch, batch)

    def _enter(self, view: Ballot, clock: int) -> None:
        """What both ways into a new view have in common: a longer epoch, in which all that waits is overdue."""
        self.current_view = view
        self.current_view_suspectors = set()
        self.epoch_length = self.constants.upper_bounded_addition(self.epoch_length, self.epoch_length)
        self.epoch_end_time = self.constants.upper_bounded_addition(clock, self.epoch_length)
        self.requests_received_prev_epochs |= self.requests_received_this_epoch
        self.requests_received_this_epoch = {}


def compute_successor_view(view: Ballot, replicas: int) -> Ballot:
    """The view of the next replica in turn (ComputeSuccessorView)."""
    if view.proposer_id + 1 < replicas:
        return Ballot(view.seqno, view.proposer_id + 1)
    return Ballot(view.seqno + 1, 0)


def _unsatisfied(requests: Requests, batch: RequestBatch) -> Requests:
    """Those that no request of the batch satisfies (RemoveExecutedRequestBatch), in one pass."""
    executed: dict[str, int] = {}
    for request in batch:
        if request.seqno > executed.get(request.client, -1):
            executed[request.client] = request.seqno
    return {name: request for name, request in requests.items() if request.seqno > executed.get(request.client, -1)}
