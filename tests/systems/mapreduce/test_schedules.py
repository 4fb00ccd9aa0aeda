"""MapReduce as a whole, and its variants, under schedules that no network would come up with."""

from __future__ import annotations

from typing import Any

import pytest

from clew.systems import find_protocol
from clew.systems.mapreduce.parameters import Parameters
from tests.systems.cluster import Cluster
from tests.systems.schedules import follow, steps

SYSTEM = find_protocol("mapreduce")
PARAMETERS = Parameters(split=2)
WORDS = 6


def operation(number: int, serial: int) -> tuple[str, Any]:
    """A job, or an append (two of three)."""
    return ("append", number // 3 % WORDS) if number % 3 else ("count", None)


def quiet(cluster: Cluster) -> None:
    """Deliver everything and let timers fire in their order, until no operation is open. The master pings for ever."""
    for _ in range(20_000):
        if not any(cluster.busy(thread) for thread in range(3)):
            return
        if cluster.flying:
            cluster.deliver(cluster.flying[0])
        else:
            cluster.wake(*cluster.earliest())
    raise AssertionError("an operation is still open")


def followed(seed: int, nodes: int, variant: str | None = None) -> Cluster:
    cluster = Cluster(SYSTEM, PARAMETERS, nodes=nodes, variant=variant)
    follow(cluster, steps(seed, 1500), operation=operation, operations=40)
    return cluster


def recovered(cluster: Cluster) -> int:
    """Restart all nodes and run a last job. Returns how many words it has counted."""
    for name in cluster.names:
        if not cluster.up(name):
            cluster.restart(name)
    quiet(cluster)
    count = cluster.invoke(0, "count")
    quiet(cluster)
    assert cluster.completed[count].type == "ok"
    return sum(often for _, often in cluster.completed[count].value)


@pytest.mark.parametrize("nodes", [1, 2, 4])
def test_schedules_count_every_word_once_keep_the_promise_and_recover(nodes: int) -> None:
    for seed in range(6):
        cluster = followed(seed, nodes)
        appended = [event for event in cluster.events if (event.f, event.type) == ("append", "ok")]
        assert recovered(cluster) >= len(appended)
        assert cluster.violations == []
        verdict = cluster.verdict()
        assert verdict.verdict == "valid", verdict.explanation


@pytest.mark.parametrize(
    ("variant", "lemma"),
    [
        ("counts-both-executions", "each-map-counts-once"),
        ("reduces-early", "each-map-counts-once"),
        ("takes-lost-for-empty", "one-output-of-a-map"),
        ("maps-what-is-there-now", "one-output-of-a-map"),
        ("commits-every-execution", "one-file-of-a-reduce"),
        ("renames-unwritten", "commits-are-whole"),
        ("counts-attempts", "all-are-reduced"),
        ("reuses-names", "splits-stay"),
        ("appends-again", "records-stay"),
    ],
)
def test_a_variant_breaks_its_lemma(variant: str, lemma: str) -> None:
    for seed in range(60):
        if lemma in {violation.invariant for violation in followed(seed, 4, variant).violations}:
            return
    raise AssertionError(f"{variant} has kept {lemma}")
