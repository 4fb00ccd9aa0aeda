"""The store as a whole, and its variants, under schedules that no network would come up with."""

from __future__ import annotations

from typing import Any

import pytest

from clew.systems import find_protocol
from clew.systems.paxos.messages import Accept
from tests.systems.cluster import Cluster
from tests.systems.schedules import follow, steps

SYSTEM = find_protocol("multipaxos")


def operation(number: int, serial: int) -> tuple[str, Any]:
    """A read (half of them), a put, a compare-and-set or a delete."""
    if number // 2 % 2:
        return "get", None
    if number // 4 % 8 == 0:
        return "delete", None
    if number // 4 % 2:
        return "put", str(serial)
    return "cas", [str(max(1, serial - 1 - number // 64 % 4)), str(serial)]


def followed(seed: int, nodes: int, variant: str | None = None) -> Cluster:
    cluster = Cluster(SYSTEM, nodes=nodes, variant=variant)
    follow(cluster, steps(seed, 800), keys=2, operation=operation)
    return cluster


@pytest.mark.parametrize("nodes", [1, 3, 4])
def test_schedules_are_linearizable_keep_the_lemmas_and_recover(nodes: int) -> None:
    for seed in range(8):
        cluster = followed(seed, nodes)
        for name in cluster.names:
            if not cluster.up(name):
                cluster.restart(name)
        cluster.settle()
        reads = []
        for thread in range(3):
            reads.append(cluster.invoke(thread, "get", key=thread % 2))
            cluster.settle()
        assert {cluster.completed[read].type for read in reads} == {"ok"}
        assert cluster.violations == []
        verdict = cluster.verdict()
        assert verdict.verdict == "valid", verdict.explanation


def test_schedules_meet_every_message() -> None:
    bodies = {type(sent.message).__name__ for seed in range(10) for sent in followed(seed, 3).journal}
    assert bodies == {"Request", "Answer", "Decision", "Prepare", "Promise", "Accept", "Accepted", "Reject"}


@pytest.mark.parametrize(
    ("variant", "lemma"),
    [
        ("as-published", "answers-are-of-the-log"),
        ("votes-without-promising", "promises-are-kept"),
        ("sends-its-own-batch", "proposals-are-safe"),
        ("commits-undecided", "answers-are-of-the-log"),
        ("forgets-promises", "votes-are-reported"),
        ("picks-the-lowest-ballot", "proposals-are-safe"),
        ("decides-at-the-first-vote", "decisions-are-chosen"),
        ("runs-twice", "answers-are-of-the-log"),
        ("skips-holes", "answers-are-of-the-log"),
        ("reads-locally", "answers-are-of-the-log"),
    ],
)
def test_a_variant_breaks_its_lemma(variant: str, lemma: str) -> None:
    broken: set[str] = set()
    for seed in range(40):
        broken |= {violation.invariant for violation in followed(seed, 3, variant).violations}
        if lemma in broken:
            return
    raise AssertionError(broken)


def test_commands_that_wait_are_decided_together_and_run_in_their_order() -> None:
    cluster = Cluster(SYSTEM, SYSTEM.parameters(ask="first"), nodes=3)
    for thread in range(4):
        cluster.invoke(thread, "put", str(thread))
    while cluster.flying:
        cluster.deliver(cluster.flying[0])
    batches = [[each[1] for each in sent.message.value] for sent in cluster.journal if type(sent.message) is Accept]
    assert batches == 3 * [[1]] + 3 * [[2, 3, 4]]
    assert {end.type for end in cluster.completed.values()} == {"ok"}
    read = cluster.invoke(0, "get")
    cluster.settle()
    assert cluster.completed[read].value == "3"


def test_a_batch_is_no_larger_than_the_plan_says() -> None:
    cluster = Cluster(SYSTEM, SYSTEM.parameters(ask="first", max_batch=2), nodes=3)
    for thread in range(6):
        cluster.invoke(thread, "put", str(thread))
    cluster.settle()
    assert {len(sent.message.value) for sent in cluster.journal if type(sent.message) is Accept} == {1, 2}


def test_a_replica_whose_log_is_gone_learns_it_again() -> None:
    cluster = Cluster(SYSTEM, nodes=3)
    for value in range(5):
        cluster.invoke(0, "put", str(value))
        cluster.settle()
    cluster.crash("n2")
    assert not [key for key in cluster.disks["n2"] if key == "log/5"]
    cluster.restart("n2")
    read = cluster.invoke(1, "get")
    cluster.settle()
    assert cluster.completed[read].value == "4"
    assert cluster.violations == []


def test_a_request_that_comes_again_runs_once_and_gets_the_same_answer() -> None:
    cluster = Cluster(SYSTEM, nodes=3)
    cluster.invoke(1, "put", "1")
    cluster.settle()
    swap = cluster.invoke(0, "cas", ["1", "2"])
    request = next(flight for flight in cluster.flying)
    cluster.deliver(request, again=True)
    cluster.settle()
    assert cluster.completed[swap].type == "ok"
    answers = [sent.message for sent in cluster.journal if type(sent.message).__name__ == "Answer"]
    assert {(answer.value[1], answer.error) for answer in answers if answer.id == swap} == {("2", None)}
