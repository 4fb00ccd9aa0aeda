"""When a replica suspects a view, and when it goes to the next one."""

from __future__ import annotations

from clew.systems.rsl.application import Add
from clew.systems.rsl.election import ElectionState, compute_successor_view
from clew.systems.rsl.messages import Heartbeat
from clew.systems.rsl.types import Ballot, Request
from tests.systems.rsl.single_roles import FIRST, SECOND, THIRD, batch, constants


def election() -> ElectionState:
    """An election whose first epoch begins at 0."""
    state = ElectionState(constants(2, baseline_view_timeout_period=100))
    assert state.check_for_view_timeout(0)
    return state


def ask(state: ElectionState, seqno: int, client: str = "c0") -> None:
    state.reflect_received_request(Request(client, seqno, Add(0, 1)))


def test_replicas_lead_views_in_turn() -> None:
    assert [compute_successor_view(view, 3) for view in (FIRST, SECOND, THIRD)] == [SECOND, THIRD, Ballot(2, 0)]


def test_a_request_that_outlives_the_next_epoch_makes_the_view_suspect() -> None:
    state = election()
    ask(state, 1)
    assert not state.check_for_view_timeout(99)
    assert state.check_for_view_timeout(100)
    assert state.current_view_suspectors == set()
    assert state.check_for_view_timeout(200)
    assert state.current_view_suspectors == {2}


def test_a_request_that_is_executed_does_not_make_the_view_suspect() -> None:
    state = election()
    ask(state, 2)
    state.check_for_view_timeout(100)
    state.reflect_executed_request_batch(batch(1))
    assert list(state.requests_received_prev_epochs) == [("c0", 2)]
    state.reflect_executed_request_batch(batch(3))
    state.check_for_view_timeout(200)
    assert state.current_view_suspectors == set()


def test_a_request_that_is_sent_again_is_remembered_once() -> None:
    state = election()
    ask(state, 1)
    state.check_for_view_timeout(100)
    ask(state, 1)
    ask(state, 1, client="c1")
    assert list(state.requests_received_prev_epochs) == [("c0", 1)]
    assert list(state.requests_received_this_epoch) == [("c1", 1)]


def test_a_quorum_of_suspectors_goes_to_the_next_view_with_an_epoch_twice_as_long() -> None:
    state = election()
    ask(state, 1)
    state.process_heartbeat("n1", Heartbeat(FIRST, True, 0), 5)
    assert not state.check_for_quorum_of_view_suspicions(5)
    state.process_heartbeat("n1", Heartbeat(FIRST, True, 0), 6)
    assert not state.check_for_quorum_of_view_suspicions(6)
    state.process_heartbeat("n2", Heartbeat(FIRST, True, 0), 7)
    assert state.check_for_quorum_of_view_suspicions(7)
    assert (state.current_view, state.epoch_length, state.epoch_end_time) == (SECOND, 200, 207)
    assert state.current_view_suspectors == set()
    assert list(state.requests_received_prev_epochs) == [("c0", 1)]


def test_suspicion_of_another_view_does_not_count() -> None:
    state = election()
    state.process_heartbeat("n1", Heartbeat(THIRD, False, 0), 1)
    state.process_heartbeat("n2", Heartbeat(FIRST, True, 0), 1)
    assert state.current_view == THIRD
    assert state.current_view_suspectors == set()


def test_a_heartbeat_from_a_higher_view_moves_the_replica_there_with_its_suspicion() -> None:
    state = election()
    state.process_heartbeat("n2", Heartbeat(SECOND, True, 0), 1)
    assert (state.current_view, state.epoch_length) == (SECOND, 200)
    assert state.current_view_suspectors == {1}


def test_an_epoch_without_old_requests_resets_the_length_of_epochs() -> None:
    state = election()
    state.process_heartbeat("n2", Heartbeat(SECOND, False, 0), 0)
    assert state.epoch_length == 200
    state.check_for_view_timeout(200)
    assert (state.epoch_length, state.epoch_end_time) == (100, 300)
