"""Deleted registers are removed from the acceptors, and nothing from before comes back: the steps of the paper."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from clew.systems import find_protocol
from clew.systems.caspaxos.messages import Accept, GrowOlder, Prepare, Refuse, Remove, Removed, Replicated
from clew.systems.caspaxos.parameters import Parameters
from tests.systems.cluster import Cluster
from tests.systems.schedules import Step, follow

CASPAXOS = find_protocol("caspaxos")
PLAIN = Parameters(object="kv", collect_after=1_000_000)
ONE_ROUND_TRIP = Parameters(object="kv", collect_after=1_000_000, one_round_trip=True)


def three(variant: str | None, parameters: Parameters = PLAIN) -> Cluster:
    return Cluster(CASPAXOS, parameters, nodes=3, variant=variant)


def do(cluster: Cluster, thread: int, f: str, value: Any = None) -> Any:
    """One operation, and everything that follows from it. Returns what the client was told."""
    operation = cluster.invoke(thread, f, value)
    cluster.settle()
    return cluster.completed[operation].value


def go_on(cluster: Cluster, *, without: tuple[str, ...] = (), until: type | None = None, steps: int = 400) -> None:
    """Deliver messages in order, and let timers fire. Lose what is for the nodes that are left out.

    Ends when a message of the type is in flight, or after that many steps.
    """
    for _ in range(steps):
        if until is not None and flights(cluster, until):
            return
        if cluster.flying:
            first = cluster.flying[0]
            (cluster.lose if first[2] in without else cluster.deliver)(first)
        elif cluster.timers:
            cluster.wake(*cluster.earliest())


def flights(cluster: Cluster, kind: type, *destinations: str) -> list[Any]:
    """The messages of a type that are in flight, to these nodes or to all."""
    return [
        flight
        for flight in cluster.flying
        if isinstance(flight[3], kind) and (not destinations or flight[2] in destinations)
    ]


def on_disk(cluster: Cluster) -> set[str]:
    """What the acceptors keep, by register."""
    return {name for disk in cluster.disks.values() for name in disk if name.startswith("acceptor/")}


def test_a_deleted_register_takes_no_space_any_more() -> None:
    cluster = three(None)
    do(cluster, 0, "put", "old")
    assert on_disk(cluster) == {"acceptor/0"}
    do(cluster, 1, "delete")
    assert on_disk(cluster) == set()
    assert [type(sent.message) for sent in cluster.journal if isinstance(sent.message, Remove)] == [Remove] * 3
    assert do(cluster, 2, "get") is None
    assert cluster.violations == []


def test_the_first_message_after_a_removal_has_a_higher_ballot_and_age_than_all_before() -> None:
    cluster = three(None)
    do(cluster, 0, "put", "old")
    do(cluster, 0, "delete")
    before = [sent.message for sent in cluster.journal if isinstance(sent.message, Prepare)]
    start = len(cluster.journal)
    do(cluster, 2, "put", "new")
    after = [sent.message for sent in cluster.journal[start:] if isinstance(sent.message, Prepare)]
    assert min(message.ballot for message in after) > max(message.ballot for message in before)
    assert {message.age for message in before} == {0}
    assert {message.age for message in after} == {1}


def test_nothing_is_removed_while_a_node_is_down() -> None:
    cluster = three(None)
    do(cluster, 0, "put", "old")
    cluster.crash("n3")
    cluster.invoke(1, "delete")
    go_on(cluster, without=("n3",))
    assert not [sent for sent in cluster.journal if isinstance(sent.message, Remove)]
    cluster.restart("n3")
    cluster.settle()
    assert on_disk(cluster) == set()


@pytest.mark.parametrize("step", [GrowOlder, Refuse, Remove])
def test_a_collector_that_crashes_in_any_step_begins_again(step: type) -> None:
    cluster = three(None)
    do(cluster, 0, "put", "old")
    cluster.invoke(0, "delete")
    go_on(cluster, until=step)
    cluster.deliver(flights(cluster, step)[0])
    cluster.crash("n1")
    cluster.flying.clear()
    cluster.restart("n1")
    cluster.settle()
    assert on_disk(cluster) == set()
    assert "collector" not in cluster.disks["n1"]
    assert cluster.violations == []


def test_a_register_that_was_written_again_is_not_removed() -> None:
    cluster = three(None)
    do(cluster, 0, "put", "old")
    for f, value in (("delete", None), ("put", "new")):
        cluster.invoke(0, f, value)
        while cluster.flying:
            cluster.deliver(cluster.flying[0])
    assert ("n1", "collector") in cluster.timers
    cluster.settle()
    assert [sent.message.outcome for sent in cluster.journal if isinstance(sent.message, Replicated)] == ["value"]
    assert not [sent for sent in cluster.journal if isinstance(sent.message, Remove)]
    assert do(cluster, 2, "get") == "new"


def test_a_collection_gives_way_to_clients() -> None:
    cluster = three(None)
    cluster.crash("n3")
    cluster.invoke(0, "delete")
    go_on(cluster, without=("n3",), until=Accept)
    go_on(cluster, without=("n3",), steps=40)
    put = cluster.invoke(0, "put", "new")
    now = cluster.now
    go_on(cluster, without=("n3",), steps=40)
    assert cluster.completed[put].type == "ok"
    assert cluster.now - now < PLAIN.give_up_after


def test_a_change_whose_value_may_have_been_deleted_ends_with_an_unknown_outcome() -> None:
    """Its retry would find the register empty, and would bring the deleted value back."""
    cluster = three(None)
    put = cluster.invoke(1, "put", "old")
    go_on(cluster, until=Accept)
    cluster.deliver(flights(cluster, Accept, "n1")[0])
    cluster.flying.clear()
    assert put not in cluster.completed
    delete = cluster.invoke(0, "delete")
    while delete not in cluster.completed:
        cluster.deliver(cluster.flying[0]) if cluster.flying else cluster.wake("n1", "0")
    cluster.wake("n1", "collector")
    go_on(cluster, until=Removed)
    assert (cluster.completed[put].type, cluster.completed[put].error) == (
        "info",
        "overtaken after a failed accept round",
    )
    cluster.settle()
    assert do(cluster, 2, "get") is None
    assert cluster.verdict().verdict == "valid"


def unheard_delete(variant: str | None) -> Cluster:
    """All have a value. n1 hears nothing of its deletion, and not of what follows. Then n1 and n2 are read."""
    cluster = three(variant)
    do(cluster, 0, "put", "42")
    cluster.invoke(1, "delete")
    go_on(cluster, without=("n1",))
    cluster.flying.clear()
    cluster.round(0, "get", prepare=("n1", "n2"), accept=("n1", "n2"))
    return cluster


def cached_value(variant: str | None) -> Cluster:
    """n1 has served the value last and has the promises for its next round. n2 deletes it. Then n1 is asked."""
    cluster = three(variant, ONE_ROUND_TRIP)
    do(cluster, 0, "put", "42")
    do(cluster, 1, "delete")
    do(cluster, 0, "get")
    return cluster


def written_below(variant: str | None) -> Cluster:
    """n3 is the last to remove the tombstone of n1. Before that n2 writes at n1 and n2; then n1 and n3 are read."""
    cluster = three(variant)
    for value in ("1", "2", "3"):
        do(cluster, 0, "put", value)
    cluster.invoke(0, "delete")
    go_on(cluster, until=Remove)
    for flight in flights(cluster, Remove, "n1", "n2"):
        cluster.deliver(flight)
    cluster.flying.clear()
    cluster.round(1, "put", "new", prepare=("n2", "n1"), accept=("n2", "n1"))
    cluster.round(0, "get", prepare=("n1", "n3"), accept=("n1", "n3"))
    return cluster


def late_accept(variant: str | None) -> Cluster:
    """A copy of an accept comes to n3 after the value was deleted and removed. Then n2 and n3 are read."""
    cluster = three(variant)
    cluster.invoke(0, "put", "42")
    go_on(cluster, until=Accept)
    late = flights(cluster, Accept, "n3")[0]
    cluster.settle()
    do(cluster, 1, "delete")
    cluster.deliver(late, again=True)
    cluster.flying.clear()
    cluster.round(2, "get", prepare=("n2", "n3"), accept=("n2", "n3"))
    return cluster


def broken_promise(variant: str | None) -> Cluster:
    """n3 has promises for a compare-and-set when its register is removed. n2 writes. Then n3's accepts arrive."""
    cluster = three(variant)
    do(cluster, 0, "put", "old")
    cluster.invoke(0, "delete")
    go_on(cluster, until=Remove)
    removes = flights(cluster, Remove)
    cluster.flying.clear()
    cluster.invoke(2, "cas", [None, "mine"])
    go_on(cluster, until=Accept)
    late = flights(cluster, Accept)
    cluster.flying.clear()
    for remove in removes:
        cluster.deliver(remove, again=True)
    cluster.round(1, "put", "theirs", prepare=("n2", "n1"), accept=("n2", "n1"))
    for flight in late:
        cluster.deliver(flight, again=True)
    cluster.settle()
    do(cluster, 0, "get")
    return cluster


STORIES: dict[str, Callable[[str | None], Cluster]] = {
    "removes-at-once": unheard_delete,
    "keeps-deleted-values": cached_value,
    "keeps-its-counter": written_below,
    "ignores-ages": late_accept,
    "removes-promises": broken_promise,
}
PAGE = (Path(__file__).parents[3] / "docs" / "caspaxos.md").read_text()


@pytest.mark.parametrize("variant", STORIES)
def test_a_mistake_in_a_step_is_seen_by_clients_and_breaks_the_lemmas_that_the_page_says(variant: str) -> None:
    cluster = STORIES[variant](variant)
    assert cluster.verdict().verdict == "invalid"
    rows = re.findall(rf"^\| .* \| ([\w-]+) \| .*\b{variant}\b.* \|$", PAGE, re.MULTILINE)
    assert rows
    assert set(rows) <= {violation.invariant for violation in cluster.violations}


@pytest.mark.parametrize("variant", STORIES)
def test_without_the_mistake_the_same_story_is_linearizable_and_breaks_nothing(variant: str) -> None:
    cluster = STORIES[variant](None)
    cluster.settle()
    do(cluster, 2, "get")
    assert cluster.verdict().verdict == "valid"
    assert cluster.violations == []


def test_the_page_has_the_lemmas_of_removals() -> None:
    lemmas = {one.name for one in CASPAXOS.invariants(PLAIN, 3)} - {
        one.name for one in CASPAXOS.invariants(Parameters(), 3)
    }
    assert lemmas == {"removals-are-prepared", "the-old-is-refused"}
    assert all(f"| {name} |" in PAGE for name in lemmas)


WEIGHTS = {"deliver": 50, "deliver again": 8, "invoke": 7, "wake": 5, "restart": 4, "lose": 3, "crash": 0.4}


def schedule(seed: int) -> list[Step]:
    """As `tests.systems.schedules`, with more copies and timers: collectors wait for everybody."""
    rng = random.Random(seed)
    return [(action, rng.randrange(1 << 16)) for action in rng.choices(list(WEIGHTS), list(WEIGHTS.values()), k=2500)]


def operation(number: int, serial: int) -> tuple[str, Any]:
    return (
        ("get", None),
        ("put", str(serial)),
        ("delete", None),
        ("cas", ["", str(serial)]),
        ("get", None),
        ("cas", [str(serial - 1 - number // 6 % 4), str(serial)]),
    )[number % 6]


def assert_right_on_random_schedules(seeds: range) -> None:
    removed = 0
    for seed in seeds:
        cluster = Cluster(CASPAXOS, (PLAIN, ONE_ROUND_TRIP)[seed % 2], nodes=(3, 3, 4)[seed % 3])
        follow(cluster, schedule(seed), keys=1 + seed % 2, operations=130, operation=operation)
        for name in cluster.names:
            if not cluster.up(name):
                cluster.restart(name)
        cluster.settle()
        for key in range(2):
            cluster.invoke(key, "get", key=key)
            cluster.settle()
        assert cluster.violations == [], seed
        assert cluster.verdict().verdict == "valid", seed
        removed += sum(isinstance(sent.message, Removed) for sent in cluster.journal)
    assert removed > 8 * len(seeds)


def test_random_schedules_are_linearizable_and_keep_the_lemmas() -> None:
    assert_right_on_random_schedules(range(8))


@pytest.mark.long
def test_many_random_schedules_are_linearizable_and_keep_the_lemmas() -> None:
    assert_right_on_random_schedules(range(8, 150))
