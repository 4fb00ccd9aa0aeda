"""Each variant breaks what it says, on a schedule in this file. The correct protocol does not, on the same schedule."""

from __future__ import annotations

import pytest

from clew.systems import find_protocol
from clew.systems.caspaxos.parameters import Parameters
from clew.systems.host_variants import host_variants
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


@pytest.mark.parametrize(
    "variant", sorted(set(CASPAXOS.variants) - {variant.name for variant in host_variants(CASPAXOS.node)})
)
def test_every_variant_breaks_an_invariant_on_random_schedules(variant: str) -> None:
    found = 0
    for seed in range(10):
        cluster = Cluster(CASPAXOS, Parameters(), nodes=3, variant=variant)
        follow(cluster, steps(seed, 600))
        recover(cluster)
        found += bool(cluster.violations)
    assert found >= 8


def test_clients_see_forgotten_promises_on_random_schedules() -> None:
    def verdict(seed: int) -> str:
        cluster = Cluster(CASPAXOS, Parameters(), nodes=3, variant="forgets-promises")
        follow(cluster, steps(seed, 600))
        return cluster.verdict().verdict

    assert "invalid" in {verdict(seed) for seed in range(20)}
