"""Who is suspected, when, and what follows."""

from __future__ import annotations

from clew.systems.rsl.application import Add
from clew.systems.rsl.election import ElectionState, compute_successor_view
from clew.systems.rsl.messages import Heartbeat
from clew.systems.rsl.types import Ballot, Request
from tests.systems.rsl.hand import FIRST, SECOND, THIRD, batch, constants


def election() -> ElectionState:
    """One whose first epoch has begun at 0."""
    state = ElectionState(constants(2, baseline_view_timeout_period=100))
    assert state.check_for_view_timeout(0)
    return state


def ask(state: ElectionState, seqno: int, client: str = "c0") -> None:
    state.reflect_received_request(Request(client, seqno, Add(0, 1)))


def test_views_go_round() -> None:
    assert [compute_successor_view(view, 3) for view in (FIRST, SECOND, THIRD)] == [SECOND, THIRD, Ballot(2, 0)]


def test_a_request_that_outlives_the_next_epoch_is_held_against_the_view() -> None:
    state = election()
    ask(state, 1)
    assert not state.check_for_view_timeout(99)
    assert state.check_for_view_timeout(100)
    assert state.current_view_suspectors == set()
    assert state.check_for_view_timeout(200)
    assert state.current_view_suspectors == {2}


def test_a_request_that_is_executed_is_not() -> None:
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


def test_a_quorum_of_suspectors_goes_on_to_the_next_view_with_twice_the_patience() -> None:
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


def test_a_higher_view_is_followed_with_the_suspicion_that_comes_with_it() -> None:
    state = election()
    state.process_heartbeat("n2", Heartbeat(SECOND, True, 0), 1)
    assert (state.current_view, state.epoch_length) == (SECOND, 200)
    assert state.current_view_suspectors == {1}


def test_an_epoch_without_old_requests_restores_the_patience() -> None:
    state = election()
    state.process_heartbeat("n2", Heartbeat(SECOND, False, 0), 0)
    assert state.epoch_length == 200
    state.check_for_view_timeout(200)
    assert (state.epoch_length, state.epoch_end_time) == (100, 300)
