"""Paxos as a whole, under schedules that no network would come up with, and its variants on the same ones."""

from __future__ import annotations

from typing import Any

import pytest

from clew.systems import find_protocol
from tests.systems.cluster import Cluster
from tests.systems.schedules import follow, recover, steps

PAXOS = find_protocol("paxos")


def operation(number: int, serial: int) -> tuple[str, Any]:
    """A proposal (two thirds of them) or a read."""
    return ("propose", serial) if number // 6 % 3 else ("read", None)


def followed(seed: int, nodes: int, variant: str | None = None) -> Cluster:
    cluster = Cluster(PAXOS, nodes=nodes, variant=variant)
    follow(cluster, steps(seed, 600), keys=6, operation=operation)
    return cluster


@pytest.mark.parametrize("nodes", [1, 3, 4, 5])
def test_schedules_agree_keep_the_lemmas_and_recover(nodes: int) -> None:
    for seed in range(10):
        cluster = followed(seed, nodes)
        reads = recover(cluster, keys=6)
        assert {cluster.completed[read].type for read in reads} == {"ok"}
        assert cluster.violations == []
        verdict = cluster.verdict()
        assert verdict.verdict == "valid", verdict.explanation


def test_schedules_meet_every_message_and_readers_are_told_of_nothing_and_of_something() -> None:
    clusters = [followed(seed, 3) for seed in range(10)]
    bodies = {type(sent.message).__name__ for cluster in clusters for sent in cluster.journal}
    assert bodies == {"Request", "Decision", "Prepare", "Promise", "Accept", "Accepted", "Reject"}
    events = [event for cluster in clusters for event in cluster.events if (event.f, event.type) == ("read", "ok")]
    assert {event.value is None for event in events} == {True, False}


@pytest.mark.parametrize(
    ("variant", "lemma"),
    [
        ("forgets-promises", "votes-are-reported"),
        ("votes-without-promising", "promises-are-kept"),
        ("compares-the-value", "promises-are-kept"),
        ("prefers-its-own", "proposals-are-safe"),
        ("picks-the-lowest-ballot", "proposals-are-safe"),
        ("decides-at-the-first-vote", "decisions-are-chosen"),
    ],
)
def test_a_variant_breaks_its_lemma(variant: str, lemma: str) -> None:
    broken = {violation.invariant for seed in range(40) for violation in followed(seed, 3, variant).violations}
    assert lemma in broken
