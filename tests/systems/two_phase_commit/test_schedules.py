"""Two-phase commit as a whole, and its variants, under schedules that no network would come up with."""

from __future__ import annotations

from typing import Any

import pytest

from clew.systems import find_protocol
from clew.systems.two_phase_commit.messages import COMMITTED, Vote
from tests.systems.cluster import Cluster
from tests.systems.schedules import follow, recover, steps

SYSTEM = find_protocol("two-phase-commit")
KEYS = 8


def operation(number: int, serial: int) -> tuple[str, Any]:
    """A read, or a transaction that nobody (half of them) or one participant refuses."""
    return ("submit", number // 16 % 2) if number // 8 % 2 else ("read", None)


def followed(seed: int, nodes: int, variant: str | None = None) -> Cluster:
    cluster = Cluster(SYSTEM, nodes=nodes, variant=variant)
    follow(cluster, steps(seed, 600), keys=KEYS, operation=operation)
    return cluster


@pytest.mark.parametrize("nodes", [1, 2, 3, 5])
def test_schedules_agree_keep_the_rules_and_recover(nodes: int) -> None:
    for seed in range(10):
        cluster = followed(seed, nodes)
        reads = recover(cluster, keys=KEYS)
        assert {cluster.completed[read].type for read in reads} == {"ok"}
        assert cluster.violations == []
        verdict = cluster.verdict()
        assert verdict.verdict == "valid", verdict.explanation


def test_schedules_meet_every_message_and_every_outcome() -> None:
    clusters = [followed(seed, 3) for seed in range(10)]
    bodies = {type(sent.message).__name__ for cluster in clusters for sent in cluster.journal}
    assert bodies == {"Submit", "Read", "Outcome", "Undecided", "Prepare", "Vote", "Decision", "Inquiry"}
    events = [event for cluster in clusters for event in cluster.events if (event.f, event.type) == ("read", "ok")]
    assert {event.value for event in events} == {None, "committed", "aborted"}


@pytest.mark.parametrize(
    ("variant", "lemma"),
    [
        ("presumes-commit", "commits-are-unanimous"),
        ("takes-silence-for-yes", "commits-are-unanimous"),
        ("forgets-what-it-began", "transactions-are-submitted"),
        ("forgets-its-decision", "one-decision"),
        ("forgets-its-vote", "uncertain-wait"),
        ("aborts-alone", "uncertain-wait"),
    ],
)
def test_a_variant_breaks_its_lemma(variant: str, lemma: str) -> None:
    broken = {violation.invariant for seed in range(40) for violation in followed(seed, 3, variant).violations}
    assert lemma in broken


@pytest.mark.parametrize("nodes", [1, 2, 5])
def test_without_failures_what_everybody_can_commit_is_committed_and_the_rest_is_aborted(nodes: int) -> None:
    """AC4, with one inquiry for nobody: messages take no time."""
    for refusals in range(nodes + 1):
        cluster = Cluster(SYSTEM, nodes=nodes)
        submit = cluster.invoke(0, "submit", refusals, key=1)
        while cluster.flying:
            cluster.deliver(cluster.flying[0])
        assert cluster.completed[submit].value == ("aborted" if refusals else "committed")
        votes = [sent.message.yes for sent in cluster.journal if type(sent.message) is Vote]
        assert votes.count(False) == refusals


def test_a_transaction_is_submitted_once_and_later_clients_are_told_how_it_ended() -> None:
    cluster = Cluster(SYSTEM, nodes=3)
    first, second = cluster.invoke(0, "submit", 0), cluster.invoke(1, "submit", 3)
    cluster.settle()
    third = cluster.invoke(2, "submit", 3)
    cluster.settle()
    assert {cluster.completed[each].value for each in (first, second, third)} == {COMMITTED}
