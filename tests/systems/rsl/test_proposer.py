"""What a proposer with the promises of a quorum nominates, where, and when."""

from __future__ import annotations

from typing import Any

from clew.systems import Context
from clew.systems.rsl.application import Add
from clew.systems.rsl.election import ElectionState
from clew.systems.rsl.messages import Heartbeat, Message1a, Message1b, Message2a, RequestMessage, StartingPhase2
from clew.systems.rsl.parameters import Parameters
from clew.systems.rsl.proposer import (
    Proposer,
    all_acceptors_had_no_proposal,
    is_after_log_truncation_point,
    max_bal_in_s,
    set_of_message_1b_about_ballot,
)
from clew.systems.rsl.replica import Replica
from clew.systems.rsl.types import Ballot, Vote, Votes
from tests.systems.rsl.single_roles import FIRST, SECOND, batch, broadcast, constants, context, sent


def leading(
    *votes: Votes, points: tuple[int, ...] = (0, 0), view: Ballot = FIRST, **parameters: Any
) -> tuple[Proposer, Context]:
    """A proposer in phase 2 of its view, with these votes in the 1b's of n1 and n2."""
    election = ElectionState(constants(view.proposer_id, **parameters))
    election.current_view = view
    proposer, ctx = Proposer(constants(view.proposer_id, **parameters), election), context()
    assert proposer.maybe_enter_new_view_and_send_1a(ctx)
    assert sent(ctx) == broadcast(Message1a(view))
    for source, point, reported in zip(("n1", "n2"), points, votes or ({}, {}), strict=True):
        m = Message1b(view, point, reported)
        assert proposer.expects_1b(source, m)
        proposer.process_1b(source, m)
        assert not proposer.expects_1b(source, m)
    assert proposer.maybe_enter_phase_2(ctx, max(points))
    assert sent(ctx) == broadcast(StartingPhase2(view, max(points)))
    return proposer, ctx


def ask(proposer: Proposer, *seqnos: int, client: str = "c0") -> None:
    for seqno in seqnos:
        proposer.process_request(client, RequestMessage(seqno, Add(0, 1)))


def nominated(proposer: Proposer, ctx: Context, point: int = 0) -> list[tuple[int, int]]:
    """Nominate all that can be nominated now. Returns (operation number, size) of each batch."""
    while proposer.maybe_nominate_value_and_send_2a(ctx, point):
        pass
    return [(m.opn_2a, len(m.val_2a)) for to, m in sent(ctx) if to == "n1"]


def test_only_its_leader_enters_a_view_and_only_once() -> None:
    proposer, ctx = leading()
    assert not proposer.maybe_enter_new_view_and_send_1a(ctx)
    other = Proposer(constants(1), ElectionState(constants(1)))
    assert not other.maybe_enter_new_view_and_send_1a(ctx)


def test_a_restarted_proposer_does_not_enter_a_view_that_it_has_led() -> None:
    disk: dict[str, bytes] = {}
    first = Proposer(constants(), ElectionState(constants()))
    assert first.maybe_enter_new_view_and_send_1a(context(disk=disk))
    second = Proposer(constants(), ElectionState(constants()))
    second.recover(context(disk=disk))
    assert not second.maybe_enter_new_view_and_send_1a(context(disk=disk))


def test_a_1b_of_another_ballot_does_not_count() -> None:
    proposer, ctx = Proposer(constants(), ElectionState(constants())), context()
    proposer.maybe_enter_new_view_and_send_1a(ctx)
    assert not proposer.expects_1b("n2", Message1b(SECOND, 0, {}))
    assert not proposer.maybe_enter_phase_2(ctx, 0)


def test_a_1b_that_comes_late_changes_nothing() -> None:
    """Phase 2 relies on what the 1b's of its quorum say. A later one may be of an acceptor that has truncated more."""
    replica, ctx = Replica(Parameters(max_batch_size=1)), context()
    replica.start(ctx)
    for source in ("n1", "n2"):
        replica.receive(ctx, source, Message1b(FIRST, 0, {}))
    assert StartingPhase2(FIRST, 0) in [m for _, m in sent(ctx)]
    replica.receive(ctx, "n3", Message1b(FIRST, 5, {7: Vote(FIRST, batch(9))}))
    assert replica.acceptor.log_truncation_point == 0
    replica.receive(ctx, "c0", RequestMessage(1, Add(0, 1)))
    assert [m.opn_2a for to, m in sent(ctx) if to == "n1" and type(m) is Message2a] == [0]


def test_a_full_batch_goes_at_once_and_the_rest_waits() -> None:
    proposer, ctx = leading(max_batch_size=2, max_batch_delay=10)
    ask(proposer, 1, 2, 3)
    assert nominated(proposer, ctx) == [(0, 2)]
    ctx.now = 9
    assert nominated(proposer, ctx) == []
    ctx.now = 10
    assert nominated(proposer, ctx) == [(1, 1)]


def test_a_batch_that_is_not_full_waits_for_its_time() -> None:
    proposer, ctx = leading(max_batch_delay=10)
    ask(proposer, 1)
    assert nominated(proposer, ctx) == []
    assert proposer.incomplete_batch_timer == 10
    ctx.now = 10
    assert nominated(proposer, ctx) == [(0, 1)]
    assert proposer.incomplete_batch_timer is None


def test_a_request_is_queued_once_in_a_view() -> None:
    proposer, ctx = leading(max_batch_delay=0)
    ask(proposer, 2, 2, 1)
    nominated(proposer, ctx)
    ask(proposer, 2)
    assert proposer.request_queue == []


def test_the_next_leader_queues_the_requests_that_wait_for_execution() -> None:
    election = ElectionState(constants(1))
    proposer = Proposer(constants(1), election)
    ask(proposer, 1)
    assert proposer.request_queue == []
    election.current_view = SECOND
    proposer.maybe_enter_new_view_and_send_1a(context())
    assert [request.seqno for request in proposer.request_queue] == [1]


def test_a_leader_nominates_no_more_batches_than_the_log_has_room_for() -> None:
    proposer, ctx = leading(max_batch_size=1, max_log_length=3)
    ask(proposer, 1, 2, 3, 4, 5)
    assert nominated(proposer, ctx) == [(0, 1), (1, 1), (2, 1)]
    assert nominated(proposer, ctx, point=1) == [(3, 1)]


def test_the_vote_of_the_highest_ballot_is_nominated_again() -> None:
    old, new = Vote(FIRST, batch(1)), Vote(SECOND, batch(2))
    for votes in (({0: old}, {0: new}), ({0: new}, {0: old})):
        proposer, ctx = leading(*votes, view=Ballot(2, 0))
        ask(proposer, 9)
        assert proposer.maybe_nominate_value_and_send_2a(ctx, 0)
        assert sent(ctx) == broadcast(Message2a(Ballot(2, 0), 0, batch(2)))


def test_a_hole_below_a_vote_is_filled_before_anything_new() -> None:
    proposer, ctx = leading({2: Vote(FIRST, batch(1))}, {}, view=SECOND)
    assert nominated(proposer, ctx) == [(0, 0), (1, 0), (2, 1)]
    assert nominated(proposer, ctx) == []


def test_phase_2_begins_at_the_truncation_point_and_never_below_one_of_a_1b() -> None:
    proposer, ctx = leading({}, {}, points=(3, 5), max_batch_size=1)
    ask(proposer, 1)
    assert nominated(proposer, ctx, point=5) == [(5, 1)]
    assert not proposer.can_nominate_using_operation_number(3, 4)


def test_a_leader_stops_when_it_hears_of_a_higher_view() -> None:
    proposer, ctx = leading(max_batch_size=1)
    ask(proposer, 1)
    proposer.process_heartbeat("n2", Heartbeat(SECOND, False, 0), 0)
    assert proposer.current_state == 0
    assert nominated(proposer, ctx) == []


def test_the_functions_on_sets_of_1bs() -> None:
    received = {
        "n1": Message1b(SECOND, 2, {3: Vote(FIRST, batch(1))}),
        "n2": Message1b(SECOND, 0, {3: Vote(Ballot(0, 2), batch(2)), 5: Vote(FIRST, ())}),
    }
    assert set_of_message_1b_about_ballot(received, SECOND)
    assert not set_of_message_1b_about_ballot(received, FIRST)
    assert [opn for opn in range(7) if is_after_log_truncation_point(opn, received)] == [2, 3, 4, 5, 6]
    assert [opn for opn in range(7) if all_acceptors_had_no_proposal(received, opn)] == [0, 1, 2, 4, 6]
    assert max_bal_in_s(FIRST, received, 3)
    assert not max_bal_in_s(Ballot(0, 2), received, 3)
    proposer, _ = leading({3: Vote(FIRST, ())}, {}, view=SECOND)
    assert [opn for opn in range(5) if proposer.exists_acceptor_has_proposal_large_than_opn(opn)] == [0, 1, 2]
