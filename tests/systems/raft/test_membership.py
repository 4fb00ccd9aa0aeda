"""Changing the members: one at a time, carried out by the leader, whatever happens in between."""

from __future__ import annotations

import re
from itertools import combinations
from pathlib import Path
from random import Random

import pytest

from clew.harness.plan import PlanError, loads, resolve
from clew.systems import find_protocol
from clew.systems.node import Context
from clew.systems.raft.membership import Recruits, next_members
from clew.systems.raft.messages import (
    AppendEntries,
    Configuration,
    InstallSnapshot,
    Lead,
    PreVote,
    Reconfigure,
    RequestPreVote,
    RequestVote,
)
from clew.systems.raft.parameters import Parameters, majority
from clew.systems.raft.server import Server
from clew.systems.raft.store import Store
from tests.systems.cluster import Cluster
from tests.systems.raft.test_schedules import assert_right, change
from tests.systems.schedules import follow, steps

RAFT = find_protocol("raft")
PARAMETERS = Parameters(pre_vote=True, snapshot_every=5, max_entries=2)
NODES = ("n1", "n2", "n3", "n4", "n5")


def started(nodes: int, variant: str | None = None) -> Cluster:
    """A cluster whose leader is n1."""
    cluster = Cluster(RAFT, PARAMETERS, nodes=nodes, variant=variant)
    cluster.wake("n1", "election")
    settle(cluster)
    assert leaders(cluster) == ["n1"]
    return cluster


def settle(cluster: Cluster, rounds: int = 6, down: tuple[str, ...] = ()) -> None:
    """Deliver everything and let the timers fire that are due first, a few times. Messages to `down` are lost."""
    for _ in range(rounds):
        while cluster.flying:
            flight = cluster.flying[0]
            if {flight[1], flight[2]} & set(down) and flight[1] != flight[2]:
                cluster.lose(flight)
            else:
                cluster.deliver(flight)
        cluster.wake(*cluster.earliest())


def order(cluster: Cluster, number: int, *members: str) -> None:
    """Tell every server that is up who is to be a member, as a runtime does."""
    for name in cluster.names:
        if cluster.up(name):
            cluster.send(name, name, Reconfigure(number, members))


def leaders(cluster: Cluster) -> list[str]:
    """Who has led, term by term."""
    return list(dict.fromkeys(sent.source for sent in cluster.journal if isinstance(sent.message, Lead)))


def changes(cluster: Cluster) -> list[tuple[str, ...]]:
    """The configurations that leaders have appended, in their order."""
    found: dict[tuple[int, int], tuple[str, ...]] = {}
    for sent in cluster.journal:
        if isinstance(sent.message, AppendEntries):
            for place, entry in enumerate(sent.message.entries, sent.message.prev_index + 1):
                if isinstance(entry.command, Configuration):
                    found.setdefault((place, entry.term), entry.command.members)
    return list(found.values())


def terms(cluster: Cluster) -> int:
    """The latest term that somebody stood for."""
    return max(sent.message.term for sent in cluster.journal if isinstance(sent.message, RequestVote))


@pytest.mark.parametrize("size", range(2, 6))
def test_majorities_of_a_configuration_and_the_next_one_always_share_a_server(size: int) -> None:
    members = NODES[:size]
    for goal in (other for count in range(1, 6) for other in combinations(NODES, count)):
        following = next_members(NODES, members, goal, set(goal), "n1")
        if following is None:
            assert set(goal) == set(members) or size == 2
            continue
        assert len(set(following) ^ set(members)) == 1
        assert majority(len(members)) + majority(len(following)) > len({*members, *following})


def test_those_who_have_caught_up_join_first_the_leader_leaves_last_and_two_stay() -> None:
    assert next_members(NODES, NODES[:3], ("n3", "n4"), {"n4"}, "n1") == ("n1", "n2", "n3", "n4")
    assert next_members(NODES, NODES[:3], ("n3", "n4"), set(), "n1") == ("n1", "n3")
    assert next_members(NODES, ("n1", "n3"), ("n3", "n4"), set(), "n1") is None


def test_a_server_joins_after_a_round_that_was_shorter_than_an_election_timeout() -> None:
    recruits, timeout = Recruits(PARAMETERS), PARAMETERS.election_timeout
    recruits.choose(["n4"])
    recruits.begin("n4", 100, 0)
    recruits.progress("n4", 99, 120, timeout)
    assert recruits.ready() == set()
    recruits.progress("n4", 100, 120, timeout)  # This round was too long. The next one is up to 120.
    recruits.progress("n4", 119, 130, timeout + 1)
    assert recruits.ready() == set()
    recruits.progress("n4", 120, 130, timeout + 2)
    assert recruits.ready() == {"n4"}


def test_members_leave_one_after_the_other_and_join_again_with_what_they_missed() -> None:
    cluster = started(4)
    order(cluster, 1, "n1", "n2")
    settle(cluster)
    assert changes(cluster) == [("n1", "n2", "n4"), ("n1", "n2")]
    for number in range(8):
        cluster.invoke(0, "put", str(number))
        settle(cluster, 1)
    order(cluster, 2, *cluster.names)
    settle(cluster)
    assert changes(cluster)[2:] == [("n1", "n2", "n3"), ("n1", "n2", "n3", "n4")]
    installed = [sent for sent in cluster.journal if isinstance(sent.message, InstallSnapshot)]
    assert {sent.destination for sent in installed} == {"n3", "n4"}
    assert any(sent.message.configuration is not None for sent in installed)
    # The others are needed now: n1 and n2 alone are no majority.
    assert cluster.verdict().verdict == "valid"
    get = cluster.invoke(1, "get")
    settle(cluster, 2, down=("n1",))
    assert get not in cluster.completed
    settle(cluster, 40, down=("n1",))
    assert cluster.completed[get].value == "7"
    assert cluster.violations == []


def test_a_removed_leader_steps_down_when_its_removal_is_committed_and_stays_quiet() -> None:
    cluster = started(3)
    put = cluster.invoke(0, "put", "a")
    settle(cluster, 1)
    order(cluster, 1, "n2", "n3")
    settle(cluster, 40)
    assert changes(cluster) == [("n2", "n3")]
    assert len(leaders(cluster)) == 2
    stood = terms(cluster)
    settle(cluster, 60)
    assert terms(cluster) == stood, "nobody is disturbed"
    asked = [sent.message for sent in cluster.journal if sent.source == "n1" and type(sent.message) is RequestPreVote]
    assert {message.term for message in asked} == {1}, "it knows of its removal, and asks only before the first term"
    get = cluster.invoke(1, "get")
    settle(cluster, 10, down=("n1",))
    assert (cluster.completed[put].type, cluster.completed[get].value) == ("ok", "a")
    assert cluster.violations == []


def test_a_server_that_does_not_know_that_it_was_removed_disturbs_nobody() -> None:
    cluster = started(4)
    order(cluster, 1, "n1", "n2", "n3")
    settle(cluster, 3, down=("n4",))
    assert changes(cluster) == [("n1", "n2", "n3")]
    settle(cluster, 100)
    asked = [sent for sent in cluster.journal if isinstance(sent.message, RequestPreVote)]
    assert {sent.source for sent in asked[-3:]} == {"n4"}
    assert (leaders(cluster), terms(cluster)) == (["n1"], 1)


def test_nobody_gives_a_pre_vote_who_hears_a_leader_and_the_leader_itself_gives_none() -> None:
    cluster = started(3)
    settle(cluster, 3)
    for _ in range(2):
        for voter in ("n1", "n3"):
            cluster.send("n2", voter, RequestPreVote(2, 9, 1))
            cluster.deliver(cluster.flying[-1])
        cluster.now += PARAMETERS.election_timeout
    votes = [(sent.source, sent.message.granted) for sent in cluster.journal if isinstance(sent.message, PreVote)]
    assert votes[-4:] == [("n1", False), ("n3", False), ("n1", False), ("n3", True)]


def test_a_server_that_installs_a_snapshot_uses_its_configuration() -> None:
    server, ctx = Server(PARAMETERS), Context("n1", NODES, Random(0), {})
    server.install(ctx, InstallSnapshot(1, 9, 1, Store().serialize(), 0, Configuration(("n2", "n3"))))
    assert server.members(ctx) == ("n2", "n3")
    assert server.is_removed(ctx)


def two_leaders(variant: str | None) -> Cluster:
    """n1 appends the removal of n4, and nobody gets it. n3 is elected, and is told to remove n1; n2 hears no more."""
    cluster = started(4, variant)
    others = ("n2", "n3", "n4")
    order(cluster, 1, "n1", "n2", "n3")
    settle(cluster, 1, down=others)
    order(cluster, 2, *others)
    cluster.timers = {timer: time for timer, time in cluster.timers.items() if timer[0] == "n3"}
    while "n3" not in leaders(cluster):
        settle(cluster, 1, down=("n1",))
        if cluster.now > 10 * PARAMETERS.election_timeout:
            raise AssertionError("nobody elects n3")
    return cluster


def first_change(cluster: Cluster, leader: str) -> tuple[int, bool]:
    """The first entry with a configuration that a leader appends: its place, and whether its term's first entry had
    been acknowledged by a majority of four before."""
    acknowledged: set[str] = set()
    term = 0
    for sent in cluster.journal:
        message = sent.message
        if sent.source == leader and isinstance(message, Lead):
            term = message.term
        elif type(message).__name__ == "Appended" and message.term == term and message.matched:
            acknowledged.add(sent.source)
        elif sent.source == leader and isinstance(message, AppendEntries) and message.term == term:
            for place, entry in enumerate(message.entries, message.prev_index + 1):
                if isinstance(entry.command, Configuration) and entry.term == term:
                    return place, len(acknowledged | {leader}) >= 3
    raise AssertionError(f"{leader} begins no change")


@pytest.mark.parametrize(("variant", "waits"), [(None, True), ("changes-too-early", False)])
def test_a_leader_begins_a_change_only_when_an_entry_of_its_term_is_committed(variant: str | None, waits: bool) -> None:
    cluster = two_leaders(variant)
    settle(cluster, 20, down=("n1",))
    assert first_change(cluster, "n3")[1] == waits
    broken = {violation.invariant for violation in cluster.violations}
    assert broken == (set() if waits else {"one-change-at-a-time"})


def test_random_schedules_with_changes_are_linearizable_keep_the_lemmas_and_recover() -> None:
    for seed in range(6):
        cluster = Cluster(RAFT, PARAMETERS, nodes=4)
        for number, gone in enumerate((("n2",), ("n4", "n1"), (), ("n1",), ()), start=1):
            order(cluster, number, *(name for name in cluster.names if name not in gone))
            follow(cluster, steps(100 * seed + number, 250), operation=change)
        for name in cluster.names:
            if not cluster.up(name):
                cluster.restart(name)
        order(cluster, 9, *cluster.names)
        assert_right(cluster, "get")
        assert changes(cluster), seed


@pytest.mark.parametrize("variant", ["changes-too-early", "changes-two-at-once"])
def test_a_variant_breaks_the_lemma_on_random_schedules(variant: str) -> None:
    broken: set[str] = set()
    for seed in range(4):
        cluster = Cluster(RAFT, PARAMETERS, nodes=5, variant=variant)
        for number in range(1, 6):
            gone = (f"n{number}", f"n{(number + seed) % 5 + 1}")
            order(cluster, number, *(name for name in cluster.names if name not in gone))
            follow(cluster, steps(10 * seed + number, 150), operation=change)
        broken |= {violation.invariant for violation in cluster.violations}
    assert "one-change-at-a-time" in broken


PLAN = """
name: members
system: {name: raft, nodes: 5, pre_vote: true}
workload: {kind: kv, operations: 10}
nemesis: [membership: {node: n4, at: 1s}]
"""


@pytest.mark.parametrize(
    "settings", [["system.pre_vote=false"], ["system.object=election", "workload={kind: election, operations: 10}"]]
)
def test_without_pre_votes_and_for_the_election_alone_no_change_can_be_ordered(settings: list[str]) -> None:
    source = loads(PLAN, "plan.yaml", Path())
    resolve(source)
    words = "the system cannot change its members, or not with these parameters"
    with pytest.raises(PlanError, match=re.escape(words)):
        resolve(source, None, settings)
