"""The election of views: when a replica suspects the leader, and when it goes to the next view (Election.i.dfy).

Time is divided into epochs. A request is overdue if it is not executed by the end of the epoch after the one in which
it came. A replica with an overdue request suspects the view. A replica that knows of a quorum of suspectors goes to the
next view by itself. The length of an epoch doubles with each new view, so that a leader has time enough at last. It is
reset after an epoch in which nothing was overdue.
"""

from __future__ import annotations

from clew.systems.rsl.messages import Heartbeat
from clew.systems.rsl.parameters import Constants
from clew.systems.rsl.types import Ballot, Request, RequestBatch

Requests = dict[tuple[str, int], Request]
"""A sequence of requests, by client and number, without duplicates. A dictionary keeps their order."""


class ElectionState:
    """What one replica knows of the current view (ElectionState, ElectionStateInit).

    The specification limits its sequences of requests to max_integer_val (BoundRequestSequence). There is no limit
    here: no memory holds that many.
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

        A view is a hint: safety does not depend on it. But a ballot below the promises of a quorum cannot succeed, and
        each new view takes longer than the last. To start again from view 1/n1 could take for ever.
        """
        self.current_view = max(self.current_view, seen)

    def process_heartbeat(self, source: str, m: Heartbeat, clock: int) -> None:
        """Note that a replica suspects the view, or follow it into a higher one (ElectionStateProcessHeartbeat)."""
        sender = self.constants.replica_ids.index(source)
        if m.bal_heartbeat == self.current_view:
            if m.suspicious:
                self.current_view_suspectors.add(sender)
        elif self.current_view < m.bal_heartbeat:
            self._enter(m.bal_heartbeat, clock)
            if m.suspicious:
                self.current_view_suspectors.add(sender)

    def check_for_view_timeout(self, clock: int) -> bool:
        """End the epoch if it is time. Suspect the view if a request is overdue (ElectionStateCheckForViewTimeout).

        Returns whether it was time.
        """
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
        """Go to the next view if a quorum suspects this one (ElectionStateCheckForQuorumOfViewSuspicions).

        Returns whether it does.
        """
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
        """Forget these requests, and earlier ones of the same clients (ElectionStateReflectExecutedRequestBatch)."""
        if self.requests_received_prev_epochs:
            self.requests_received_prev_epochs = _unsatisfied(self.requests_received_prev_epochs, batch)
        if self.requests_received_this_epoch:
            self.requests_received_this_epoch = _unsatisfied(self.requests_received_this_epoch, batch)

    def _enter(self, view: Ballot, clock: int) -> None:
        """Enter a view: the epoch is twice as long, and all requests that wait will be overdue at its end."""
        self.current_view = view
        self.current_view_suspectors = set()
        self.epoch_length = self.constants.upper_bounded_addition(self.epoch_length, self.epoch_length)
        self.epoch_end_time = self.constants.upper_bounded_addition(clock, self.epoch_length)
        self.requests_received_prev_epochs |= self.requests_received_this_epoch
        self.requests_received_this_epoch = {}


def compute_successor_view(view: Ballot, replicas: int) -> Ballot:
    """The next view: it belongs to the next replica in turn (ComputeSuccessorView)."""
    if view.proposer_id + 1 < replicas:
        return Ballot(view.seqno, view.proposer_id + 1)
    return Ballot(view.seqno + 1, 0)


def _unsatisfied(requests: Requests, batch: RequestBatch) -> Requests:
    """The requests without those that the batch satisfies (RemoveExecutedRequestBatch), in one pass."""
    executed: dict[str, int] = {}
    for request in batch:
        if request.seqno > executed.get(request.client, -1):
            executed[request.client] = request.seqno
    return {name: request for name, request in requests.items() if request.seqno > executed.get(request.client, -1)}
