"""The file system as a whole, and its variants, under schedules that no network would come up with."""

from __future__ import annotations

from typing import Any

import pytest

from clew.systems import find_protocol
from clew.systems.disco.messages import Message
from clew.systems.disco.parameters import Parameters
from tests.systems.cluster import Cluster
from tests.systems.schedules import follow, steps

SYSTEM = find_protocol("disco")
TWO = Parameters(replicas=2, collect_every=100_000_000, blobs_expire_after=1_000_000_000)


def operation(number: int, serial: int) -> tuple[str, Any]:
    """A read, or a change: half of these push onto the tag, the others set or delete it."""
    if number // 2 % 4 == 0:
        return "get", None
    f = ("append", "append", "put", "delete")[number // 8 % 4]
    return f, None if f == "delete" else f"{serial}."


def finish(cluster: Cluster, operation: int) -> None:
    """Deliver everything, and let timers fire, until the operation is over. Inventories never end."""
    for _ in range(5_000):
        if operation in cluster.completed:
            return
        if cluster.flying:
            cluster.deliver(cluster.flying[0])
        else:
            cluster.wake(*cluster.earliest())
    raise AssertionError("no answer")


def followed(seed: int, nodes: int = 4, parameters: Parameters = TWO, variant: str | None = None) -> Cluster:
    cluster = Cluster(SYSTEM, parameters, nodes=nodes, variant=variant)
    follow(cluster, steps(seed, 1200), keys=2, operation=operation)
    for name in cluster.names:
        if not cluster.up(name):
            cluster.restart(name)
    return cluster


@pytest.mark.parametrize(("nodes", "replicas"), [(2, 1), (4, 2), (4, 3)])
def test_schedules_are_linearizable_keep_the_promises_and_recover(nodes: int, replicas: int) -> None:
    for seed in range(8):
        cluster = followed(seed, nodes, Parameters(replicas=replicas, collect_every=100_000_000))
        for thread in range(3):
            read = cluster.invoke(thread, "get", key=thread % 2)
            finish(cluster, read)
            assert cluster.completed[read].type == "ok"
        assert cluster.violations == []
        verdict = cluster.verdict()
        assert verdict.verdict == "valid", verdict.explanation


def test_schedules_meet_every_message() -> None:
    bodies = {type(sent.message) for seed in range(8) for sent in followed(seed).journal}
    assert bodies == set(Message.__args__)


@pytest.mark.parametrize(
    ("variant", "promise"),
    [
        ("acknowledges-the-first-replica", "acknowledged-is-replicated"),
        ("reads-any-replica", "answers-are-the-newest"),
        ("collects-untagged-blobs", "tagged-blobs-are-replicated"),
        ("collects-unread-tags", "named-blobs-stay"),
        ("restores-its-snapshot", "changes-keep-the-rest"),
    ],
)
def test_a_variant_breaks_its_promise(variant: str, promise: str) -> None:
    for seed in range(60):
        if promise in {violation.invariant for violation in followed(seed, variant=variant).violations}:
            return
    raise AssertionError(f"{variant} breaks nothing")
