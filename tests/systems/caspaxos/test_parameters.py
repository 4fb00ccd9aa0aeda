"""Clusters that cannot work are refused. The error names the field and what would be right."""

from __future__ import annotations

import pytest

from clew.systems import BadParameters, find_protocol
from clew.systems.caspaxos.parameters import Parameters


def refused(parameters: Parameters, nodes: int) -> BadParameters:
    with pytest.raises(BadParameters) as caught:
        find_protocol("caspaxos").validate(parameters, nodes)
    return caught.value


@pytest.mark.parametrize(("nodes", "majority"), [(1, 1), (2, 2), (3, 2), (4, 3), (5, 3)])
def test_quorums_are_majorities_unless_told_otherwise(nodes: int, majority: int) -> None:
    find_protocol("caspaxos").validate(Parameters(one_round_trip=True), nodes)
    assert Parameters().quorums(nodes) == (majority, majority)


def test_a_quorum_larger_than_the_cluster_is_refused() -> None:
    error = refused(Parameters(accept_quorum=6), 5)
    assert error.field == "accept_quorum"
    assert error.message == "a quorum of 6 among 5 acceptors; expected 1 to 5"


def test_a_quorum_of_nobody_is_refused() -> None:
    assert refused(Parameters(prepare_quorum=0), 3).field == "prepare_quorum"


@pytest.mark.parametrize(
    ("prepare", "accept", "field", "expected"),
    [
        (2, None, "prepare_quorum", "expected 3 to 5"),
        (None, 1, "accept_quorum", "expected 3 to 5"),
        (4, 1, "prepare_quorum", "expected 5 to 5"),
    ],
)
def test_quorums_that_need_not_meet_are_refused(
    prepare: int | None, accept: int | None, field: str, expected: str
) -> None:
    error = refused(Parameters(prepare_quorum=prepare, accept_quorum=accept), 5)
    assert error.field == field
    assert expected in error.message


@pytest.mark.parametrize(("prepare", "accept"), [(5, 1), (1, 5), (4, 2), (2, 4), (5, 5)])
def test_flexible_quorums_that_always_meet_are_fine(prepare: int, accept: int) -> None:
    find_protocol("caspaxos").validate(Parameters(prepare_quorum=prepare, accept_quorum=accept), 5)


def test_one_round_trip_needs_accept_quorums_that_are_prepare_quorums() -> None:
    error = refused(Parameters(prepare_quorum=4, accept_quorum=2, one_round_trip=True), 5)
    assert error.field == "accept_quorum"
    assert "expected 4 to 5" in error.message


@pytest.mark.parametrize("field", ["resend_after", "back_off", "back_off_max", "give_up_after"])
def test_durations_are_positive(field: str) -> None:
    assert refused(Parameters(**{field: 0}), 3).field == field
