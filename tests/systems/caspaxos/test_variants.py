"""Each variant breaks what it says, on a schedule in this file. The correct protocol does not, on the same schedule."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from clew.systems import find_protocol
from clew.systems.caspaxos.messages import Prepare
from clew.systems.caspaxos.parameters import Parameters
from clew.systems.host_variants import host_variants
from tests.systems.caspaxos.test_removals import STORIES
from tests.systems.cluster import Cluster
from tests.systems.schedules import follow, recover, steps

CASPAXOS = find_protocol("caspaxos")


def three(variant: str | None) -> Cluster:
    return Cluster(CASPAXOS, nodes=3, variant=variant)


def lost_update(variant: str | None) -> Cluster:
    """Only n1 accepts n1's value, and n1 crashes. n2 and n3 choose n2's value. Then n3 prepares at n1 and n2."""
    cluster = three(variant)
    first = cluster.round(0, "cas", [None, "u1"], prepare=("n1", "n2"), accept=("n1",))
    cluster.crash("n1")
    cluster.restart("n1")
    second = cluster.round(1, "cas", [None, "u2"], prepare=("n2", "n3"), accept=("n2", "n3"))
    third = cluster.round(2, "read", prepare=("n1", "n2"), accept=("n1", "n2"))
    assert first not in cluster.completed
    assert cluster.completed[second].type == "ok"
    assert cluster.completed[third].type == "ok"
    return cluster


def test_highest_version_loses_an_acknowledged_update_to_one_that_failed_before() -> None:
    cluster = lost_update("highest-version")
    assert cluster.events[-1].value == "u1"
    assert cluster.verdict().verdict == "invalid"
    assert {violation.invariant for violation in cluster.violations} == {
        "proposals-are-promised",
        "nothing-chosen-between",
        "chosen-version-is-final",
    }


def test_the_highest_ballot_keeps_the_acknowledged_update() -> None:
    cluster = lost_update(None)
    assert cluster.events[-1].value == "u2"
    assert cluster.verdict().verdict == "valid"
    assert cluster.violations == []


def forgotten_write(variant: str | None) -> Cluster:
    """n1 and n2 choose a write. n2 restarts. A read is prepared and accepted at n2 and n3."""
    cluster = three(variant)
    cluster.round(0, "write", 1, prepare=("n1", "n2"), accept=("n1", "n2"))
    cluster.crash("n2")
    cluster.restart("n2")
    cluster.round(2, "read", prepare=("n2", "n3"), accept=("n2", "n3"))
    return cluster


def test_an_acceptor_that_forgets_its_state_lets_an_acknowledged_write_vanish() -> None:
    cluster = forgotten_write("forgets-promises")
    assert cluster.events[-1].value is None
    assert cluster.verdict().verdict == "invalid"
    assert "votes-are-reported" in {violation.invariant for violation in cluster.violations}


def test_an_acceptor_that_recalls_its_state_keeps_the_acknowledged_write() -> None:
    cluster = forgotten_write(None)
    assert cluster.events[-1].value == 1
    assert cluster.verdict().verdict == "valid"
    assert cluster.violations == []


def test_an_acceptor_that_forgets_its_promise_accepts_below_it() -> None:
    cluster = three("forgets-promises")
    cluster.invoke(0, "write", 1)
    cluster.deliver(cluster.flying[0])
    prepares = [flight for flight in cluster.flying if flight[2] in ("n1", "n2")]
    for flight in prepares:
        cluster.deliver(flight)
    cluster.flying = [flight for flight in cluster.flying if flight[2] == "n1"]
    while cluster.flying[0][2] == "n1" and len(cluster.flying) < 3:
        cluster.deliver(cluster.flying[0])
    late = [flight for flight in cluster.flying if flight[2] == "n2"]
    cluster.flying = []
    cluster.round(2, "write", 2, prepare=("n2", "n3"), accept=("n3",))
    cluster.crash("n2")
    cluster.restart("n2")
    cluster.deliver(late[0], again=True)
    assert [violation.invariant for violation in cluster.violations] == ["promises-are-kept"]


def disappearing_value(variant: str | None) -> Cluster:
    """Only n1 accepts n1's write. n2 prepares a read at n1 and finds it. n3 reads without n1."""
    cluster = three(variant)
    cluster.round(0, "write", 1, prepare=("n1", "n2"), accept=("n1",))
    cluster.round(1, "read", prepare=("n1", "n2"), accept=("n2", "n3"))
    cluster.round(2, "read", prepare=("n2", "n3"), accept=("n2", "n3"))
    return cluster


def test_a_dirty_read_returns_a_value_that_later_reads_do_not() -> None:
    cluster = disappearing_value("dirty-reads")
    assert [event.value for event in cluster.events if event.type == "ok"] == [1, None]
    assert cluster.verdict().verdict == "invalid"
    assert {violation.invariant for violation in cluster.violations} == {"answers-are-chosen"}


def test_a_read_with_its_accept_round_makes_what_it_saw_final() -> None:
    cluster = disappearing_value(None)
    assert [event.value for event in cluster.events if event.type == "ok"] == [1, 1]
    assert cluster.verdict().verdict == "valid"
    assert cluster.violations == []


def second_use(variant: str | None) -> Cluster:
    """Only n1 accepts its first value, and n1 restarts. Then n2 and n3 choose its second one. n1 is asked again."""
    cluster = three(variant)
    cluster.round(0, "cas", [None, 1], prepare=("n1", "n2"), accept=("n1",))
    cluster.crash("n1")
    cluster.restart("n1")
    cluster.round(3, "cas", [None, 2], prepare=("n2", "n3"), accept=("n2", "n3"))
    cluster.round(3, "read", prepare=("n1", "n2"), accept=("n1", "n2"))
    return cluster


def test_a_ballot_that_is_used_again_after_a_restart_stands_for_two_values() -> None:
    cluster = second_use("reuses-ballots")
    assert cluster.verdict().verdict == "invalid"
    assert {"one-value-per-ballot", "answers-are-chosen"} <= {violation.invariant for violation in cluster.violations}


def test_a_proposer_that_recalls_its_counter_never_uses_a_ballot_again() -> None:
    cluster = second_use(None)
    assert [event.value for event in cluster.events if event.type == "ok"] == [[None, 2], 2]
    assert cluster.verdict().verdict == "valid"
    assert cluster.violations == []


PARAMETERS = {
    "keeps-its-cache": Parameters(one_round_trip=True),
    "drops-next-promises": Parameters(one_round_trip=True),
    "fails-what-it-proposed": Parameters(give_up_after=60_000_000),
}
"""What a variant needs to show its mistake, if not the defaults."""
SAFE = {
    "changes-two-at-once",
    "leaves-proposers-behind",
    "no-fast-forward",
    "reuses-ballots",
    "skips-the-rescan",
    *(variant.name for variant in host_variants(CASPAXOS.node)),
    *STORIES,
}
"""Variants that break no lemma on random schedules without changes of the membership (`test_membership.py`) and without
removals of registers (`test_removals.py`). `reuses-ballots` takes the story above."""


PAGE = Path(__file__).parents[3] / "docs" / "caspaxos.md"
ROWS = re.findall(r"^\| .* \| ([\w-]+) \| ([\w-]+(?:, [\w-]+)*) \|$", PAGE.read_text(), re.MULTILINE)
"""The table of lemmas: invariants, and the variants that break them."""


@pytest.mark.parametrize("variant", sorted(set(CASPAXOS.variants) - SAFE))
def test_every_variant_breaks_the_invariants_that_the_page_says_on_random_schedules(variant: str) -> None:
    found: list[set[str]] = []
    for seed in range(10):
        cluster = Cluster(CASPAXOS, PARAMETERS.get(variant, Parameters()), nodes=3, variant=variant)
        follow(cluster, steps(seed, 600))
        recover(cluster)
        found.append({violation.invariant for violation in cluster.violations})
    assert sum(map(bool, found)) >= 5
    assert {name for name, variants in ROWS if variant in variants.split(", ")} <= set().union(*found)


def test_the_page_has_every_invariant() -> None:
    assert len(ROWS) >= 9
    text = PAGE.read_text()
    assert all(f"| {one.name} |" in text for one in CASPAXOS.invariants(Parameters(), 3))
    assert all(name in text for name in set(CASPAXOS.variants) - SAFE)


def test_without_fast_forward_a_proposer_needs_a_round_for_each_ballot_of_the_others() -> None:
    for variant, rounds in (("no-fast-forward", 4), (None, 2)):
        cluster = three(variant)
        for value in range(4):
            cluster.invoke(0, "write", value)
            cluster.settle()
        read = cluster.invoke(1, "read")
        cluster.settle()
        assert cluster.completed[read].value == 3
        prepared = {sent.message.ballot for sent in cluster.journal if isinstance(sent.message, Prepare)}
        assert len([ballot for ballot in prepared if ballot.proposer == "n2"]) == rounds


def test_clients_see_forgotten_promises_on_random_schedules() -> None:
    def verdict(seed: int) -> str:
        cluster = Cluster(CASPAXOS, Parameters(), nodes=3, variant="forgets-promises")
        follow(cluster, steps(seed, 600))
        return cluster.verdict().verdict

    assert "invalid" in {verdict(seed) for seed in range(20)}
