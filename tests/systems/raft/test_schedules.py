"""Raft as a whole, under schedules that no network would come up with, and its variants on the same ones."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clew.systems import find_protocol
from clew.systems.raft.parameters import Parameters
from tests.systems.cluster import Cluster
from tests.systems.schedules import ACTIONS, Step, follow, steps

RAFT = find_protocol("raft")
SMALL = Parameters(snapshot_every=3, max_entries=2)
CLUSTERS = [(1, SMALL), (3, SMALL), (3, Parameters()), (5, SMALL), (3, Parameters(object="election"))]


def change(number: int, serial: int) -> tuple[str, Any]:
    """A get (half of them), a put or a compare-and-set. No two set the same value."""
    if number % 2:
        return "get", None
    return ("put", str(serial)) if number % 4 else ("cas", [str(serial - 1), str(serial)])


def campaign(number: int, serial: int) -> tuple[str, Any]:
    return ("campaign", None) if number % 2 else ("read", None)


def followed(schedule: list[Step], nodes: int, parameters: Parameters, variant: str | None = None) -> Cluster:
    cluster = Cluster(RAFT, parameters, nodes=nodes, variant=variant)
    follow(cluster, schedule, operation=change if parameters.object == "kv" else campaign)
    return cluster


def recovered(cluster: Cluster, read: str) -> set[str]:
    """Restart everything, deliver everything in order, and read in every thread until it is answered."""
    for name in cluster.names:
        if not cluster.up(name):
            cluster.restart(name)
    reads = [cluster.invoke(thread, read) for thread in range(3)]
    for _ in range(20_000):
        if not any(cluster.busy(thread) for thread in range(3)):
            break
        if cluster.flying:
            cluster.deliver(cluster.flying[0])
        else:
            cluster.wake(*cluster.earliest())
    return {cluster.completed[read].type for read in reads if read in cluster.completed}


def assert_right(cluster: Cluster, read: str) -> None:
    assert recovered(cluster, read) == {"ok"}
    assert cluster.violations == []
    verdict = cluster.verdict()
    assert verdict.verdict == "valid", verdict.explanation


@given(
    st.sampled_from(CLUSTERS),
    st.lists(st.tuples(st.sampled_from(ACTIONS), st.integers(0, 4095)), max_size=120),
)
@settings(max_examples=15)
def test_any_schedule_is_linearizable_keeps_the_lemmas_and_recovers(
    shape: tuple[int, Parameters], schedule: list[Step]
) -> None:
    assert_right(followed(schedule, *shape), "get" if shape[1].object == "kv" else "read")


@pytest.mark.parametrize(("nodes", "parameters"), CLUSTERS)
def test_long_schedules_are_linearizable_keep_the_lemmas_and_recover(nodes: int, parameters: Parameters) -> None:
    for seed in range(4):
        assert_right(followed(steps(seed, 1000), nodes, parameters), "get" if parameters.object == "kv" else "read")


def test_schedules_meet_every_message() -> None:
    bodies = {
        type(sent.message).__name__ for seed in range(8) for sent in followed(steps(seed, 1000), 3, SMALL).journal
    }
    assert bodies == {
        *("Request", "Answer", "NotLeader", "RequestVote", "Vote"),
        *("AppendEntries", "Lead", "Appended", "InstallSnapshot"),
    }


@pytest.mark.parametrize(
    ("variant", "lemma"),
    [
        ("forgets-its-vote", "votes-once-per-term"),
        ("ignores-freshness", "votes-need-fresh-logs"),
        ("counts-older-terms", "commits-are-committed"),
        ("serves-reads-alone", "reads-are-current"),
    ],
)
def test_a_variant_breaks_its_lemma_on_random_schedules(variant: str, lemma: str) -> None:
    """`appends-unchecked` needs more clients: its plan has them."""
    broken = {
        violation.invariant
        for seed in range(12)
        for violation in followed(steps(seed, 1000), 3, Parameters(max_entries=1), variant).violations
    }
    assert lemma in broken
