"""Changing the acceptors: the steps of the paper, one acceptor at a time, whatever happens in between."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path

import pytest

from clew.harness.plan import PlanError, loads, resolve
from clew.systems import find_protocol
from clew.systems.caspaxos.configuration import majority
from clew.systems.caspaxos.membership import Step, steps_to_grow, steps_to_shrink
from clew.systems.caspaxos.messages import Accept, AskKeys, Configure, Configured, Prepare, Reconfigure, Turned
from clew.systems.caspaxos.parameters import Parameters
from tests.systems.cluster import Cluster
from tests.systems.schedules import follow, recover, steps

CASPAXOS = find_protocol("caspaxos")
NODES = tuple(f"n{number}" for number in range(1, 7))


def order(cluster: Cluster, number: int, *members: str) -> None:
    """Tell every node that is up who is to be an acceptor, as a runtime does."""
    for name in cluster.names:
        if cluster.up(name):
            cluster.send(name, name, Reconfigure(number, members))


def chosen_now(cluster: Cluster) -> set[tuple[str, ...]]:
    """Which acceptors the proposers use, by the configuration that each has told last."""
    latest = {sent.source: sent.message for sent in cluster.journal if isinstance(sent.message, Configured)}
    return {message.configuration.accept for message in latest.values()}


@pytest.mark.parametrize("size", range(1, 6))
def test_configurations_that_are_in_use_together_always_share_an_acceptor(size: int) -> None:
    """Each prepare quorum and each accept quorum, of the configurations before and after each step."""
    for change in (
        steps_to_grow(NODES[:size], NODES[: size + 1]),
        steps_to_shrink(NODES[: size + 1], NODES[:size]),
    ):
        grows = change in (steps_to_grow(NODES[:size], NODES[: size + 1]),)
        before = NODES[:size] if grows else NODES[: size + 1]
        used = [(before, before), *((step.prepare, step.accept) for step in change if step.kind == "configure")]
        for one, other in pairwise(used):
            for prepare, _ in (one, other):
                for _, accept in (one, other):
                    everybody = len({*prepare, *accept})
                    assert majority(prepare) + majority(accept) > everybody, (one, other)


def test_the_steps_are_those_of_the_paper() -> None:
    three, four, five = NODES[:3], NODES[:4], NODES[:5]
    assert steps_to_grow(three, four) == (
        Step("turn on", ("n4",)),
        Step("configure", three, four),
        Step("rescan", three),
        Step("configure", four, four),
    )
    assert steps_to_grow(four, five) == (
        Step("rescan", four),
        Step("configure", five, five),
        Step("turn on", ("n5",)),
    )
    assert [step.kind for step in steps_to_shrink(four, three)] == ["rescan", "configure", "configure", "turn off"]
    assert [step.kind for step in steps_to_shrink(five, four)] == ["configure", "turn off"]


def replaced_one_by_one(variant: str | None) -> Cluster:
    """A value is written once. Then each of three acceptors leaves and comes back empty."""
    cluster = Cluster(CASPAXOS, nodes=3, variant=variant)
    cluster.round(0, "write", 1, prepare=("n1", "n2"), accept=("n1", "n2"))
    for number, gone in enumerate(("n1", "n2")):
        order(cluster, 2 * number + 1, *(name for name in cluster.names if name != gone))
        cluster.settle()
        order(cluster, 2 * number + 2, *cluster.names)
        cluster.settle()
    cluster.invoke(0, "read")
    cluster.settle()
    return cluster


def test_a_value_outlives_the_replacement_of_every_acceptor_that_accepted_it() -> None:
    cluster = replaced_one_by_one(None)
    assert cluster.events[-1].value == 1
    assert chosen_now(cluster) == {("n1", "n2", "n3")}
    assert sum(isinstance(sent.message, Turned) and not sent.message.on for sent in cluster.journal) == 2
    assert cluster.violations == []


def test_without_the_rescan_all_data_is_lost() -> None:
    cluster = replaced_one_by_one("skips-the-rescan")
    assert cluster.events[-1].value is None
    assert cluster.verdict().verdict == "invalid"
    assert "nothing-chosen-between" in {violation.invariant for violation in cluster.violations}


def shrunk_to_one(variant: str | None) -> Cluster:
    """Of three acceptors only n3 is to stay. It hears of no value while there are three."""
    cluster = Cluster(CASPAXOS, nodes=3, variant=variant)
    cluster.round(0, "write", 1, prepare=("n1", "n2"), accept=("n1", "n2"))
    order(cluster, 1, "n3")
    while not any(isinstance(sent.message, Configure) for sent in cluster.journal):
        flight = cluster.flying[0]
        if flight[2] == "n3" and isinstance(flight[3], Prepare | Accept):
            cluster.lose(flight)
        else:
            cluster.deliver(flight)
    cluster.settle()
    cluster.invoke(0, "read")
    cluster.settle()
    assert chosen_now(cluster) == {("n3",)}
    return cluster


def test_a_value_outlives_a_change_from_three_acceptors_to_one() -> None:
    cluster = shrunk_to_one(None)
    assert cluster.events[-1].value == 1
    assert cluster.violations == []


def test_two_acceptors_that_leave_at_once_take_the_data_along_in_spite_of_a_rescan() -> None:
    cluster = shrunk_to_one("changes-two-at-once")
    kinds = [type(sent.message) for sent in cluster.journal]
    assert kinds.index(AskKeys) < kinds.index(Configure)
    assert cluster.events[-1].value is None
    assert cluster.verdict().verdict == "invalid"
    assert "nothing-chosen-between" in {violation.invariant for violation in cluster.violations}


def test_in_changes_of_one_acceptor_the_variant_that_changes_two_at_once_is_right() -> None:
    cluster = replaced_one_by_one("changes-two-at-once")
    assert cluster.events[-1].value == 1
    assert cluster.violations == []


def grown_without_n3(variant: str | None) -> tuple[Cluster, int]:
    """Three acceptors become five, while n3 is cut off from n1. Then a client writes at n3, which reaches only n2.
    Another reads at n1, which reaches only the new acceptors. Returns the number of the write as well.
    """
    cluster = Cluster(CASPAXOS, nodes=5, variant=variant)
    order(cluster, 1, "n1", "n2", "n3")
    cluster.settle()
    order(cluster, 2, *cluster.names)
    for _ in range(2000):
        if not cluster.flying and not cluster.timers:
            break
        if not cluster.flying:
            cluster.wake(*cluster.earliest())
        elif {cluster.flying[0][1], cluster.flying[0][2]} == {"n1", "n3"}:
            cluster.lose(cluster.flying[0])
        else:
            cluster.deliver(cluster.flying[0])
    cluster.flying.clear()
    write = cluster.round(2, "write", 1, prepare=("n2", "n3"), accept=("n2", "n3"))
    cluster.round(0, "read", prepare=("n1", "n4", "n5"), accept=("n1", "n4", "n5"))
    return cluster, write


def test_a_proposer_that_misses_two_changes_works_with_a_quorum_that_the_others_do_not_ask() -> None:
    cluster, write = grown_without_n3("leaves-proposers-behind")
    assert chosen_now(cluster) == {("n1", "n2", "n3"), cluster.names}
    assert cluster.completed[write].type == "ok"
    assert cluster.verdict().verdict == "invalid"
    assert "nothing-chosen-between" in {violation.invariant for violation in cluster.violations}


def test_no_change_begins_while_a_proposer_has_missed_the_one_before() -> None:
    cluster, _ = grown_without_n3(None)
    sizes = [len(sent.message.configuration.accept) for sent in cluster.journal if isinstance(sent.message, Configure)]
    assert sizes[-1] == 4
    assert cluster.verdict().verdict == "valid"
    assert cluster.violations == []


def test_a_node_that_left_gets_no_prepares_and_still_serves_clients() -> None:
    cluster = Cluster(CASPAXOS, nodes=4)
    order(cluster, 1, "n1", "n2", "n3")
    cluster.settle()
    before = len(cluster.journal)
    write = cluster.invoke(3, "write", 1)
    cluster.settle()
    assert cluster.completed[write].type == "ok"
    prepares = {sent.destination for sent in cluster.journal[before:] if isinstance(sent.message, Prepare)}
    assert prepares == {"n1", "n2", "n3"}


def test_several_acceptors_leave_one_after_the_other() -> None:
    cluster = Cluster(CASPAXOS, nodes=5)
    order(cluster, 1, "n2", "n3")
    cluster.settle()
    sizes = [len(sent.message.configuration.accept) for sent in cluster.journal if isinstance(sent.message, Configure)]
    assert list(dict.fromkeys(sizes)) == [4, 3, 2]
    assert chosen_now(cluster) == {("n2", "n3")}


def test_an_administrator_that_crashes_goes_on_with_the_step_in_which_it_was() -> None:
    cluster = Cluster(CASPAXOS, nodes=3)
    cluster.round(0, "write", 1, prepare=("n1", "n2"), accept=("n1", "n2"))
    order(cluster, 1, "n1", "n3")
    for _ in range(7):
        cluster.deliver(cluster.flying[0])
    cluster.crash("n1")
    cluster.restart("n1")
    cluster.settle()
    order(cluster, 1, "n1", "n3")
    cluster.settle()
    assert chosen_now(cluster) == {("n1", "n3")}
    cluster.invoke(0, "read")
    cluster.settle()
    assert cluster.events[-1].value == 1
    assert cluster.violations == []


@pytest.mark.parametrize("one_round_trip", [False, True])
def test_random_schedules_with_changes_are_linearizable_keep_the_lemmas_and_recover(one_round_trip: bool) -> None:
    for seed in range(6):
        cluster = Cluster(CASPAXOS, Parameters(one_round_trip=one_round_trip), nodes=4)
        for number, gone in enumerate(("n2", "n4", None, "n1", None), start=1):
            order(cluster, number, *(name for name in cluster.names if name != gone))
            follow(cluster, steps(100 * seed + number, 250), keys=2)
        for name in cluster.names:
            if not cluster.up(name):
                cluster.restart(name)
        order(cluster, 9, *cluster.names)
        reads = recover(cluster, keys=2)
        assert cluster.violations == []
        assert cluster.verdict().verdict == "valid"
        assert {cluster.completed[read].type for read in reads} == {"ok"}
        assert chosen_now(cluster) <= {cluster.names}


PLAN = """
name: members
system: {name: caspaxos, nodes: 5}
workload: {kind: cas-register, operations: 10}
nemesis: [membership: {node: n4, at: 1s}]
"""


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (["nemesis.0.membership.node=[n4, n5]"], "members change one at a time, odd to even and even to odd"),
        (["nemesis.0.membership.node=n9"], 'unknown node "n9"; expected one, n1'),
        (["system.collect_after=1s"], "the system cannot change its members, or not with these parameters"),
        (["system.prepare_quorum=4"], "the system cannot change its members, or not with these parameters"),
    ],
)
def test_a_change_that_no_cluster_can_make_is_refused(settings: list[str], words: str) -> None:
    source = loads(PLAN, "plan.yaml", Path())
    resolve(source)
    with pytest.raises(PlanError, match=re.escape(words)):
        resolve(source, None, settings)
