"""The rules that a schedule meets too rarely: one story each."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest

from clew.systems import find_protocol
from clew.systems.disco.messages import (
    ABSENT,
    Blob,
    CommitTag,
    Held,
    Holdings,
    Inventory,
    Message,
    Number,
    PutTag,
    Remove,
    TagCommitted,
    TagData,
    TagHeld,
    TagPut,
    Update,
)
from clew.systems.disco.parameters import Parameters, validate
from clew.systems.service import BadParameters
from tests.systems.cluster import Cluster, Flight

SYSTEM = find_protocol("disco")


def go_on(cluster: Cluster, until: Callable[[], bool], kept: Flight | None = None) -> None:
    """Deliver everything but what is kept, and let timers fire, until something holds."""
    for _ in range(2_000):
        if until():
            return
        flying = [flight for flight in cluster.flying if flight is not kept]
        if flying:
            cluster.deliver(flying[0])
        else:
            cluster.wake(*cluster.earliest())
    raise AssertionError("it never holds")


def done(cluster: Cluster, f: str, value: str | None = None, kept: Flight | None = None) -> str:
    """What an operation of a client returns."""
    operation = cluster.invoke(0, f, value)
    go_on(cluster, lambda: operation in cluster.completed, kept)
    result: str = cluster.completed[operation].value
    return result


def update_in_flight(cluster: Cluster) -> Flight:
    """Go on until a client asks for a blob to be tagged."""

    def found() -> list[Flight]:
        return [flight for flight in cluster.flying if type(flight[3]) is Update]

    go_on(cluster, lambda: bool(found()))
    return found()[0]


def test_a_blob_that_has_waited_too_long_is_collected_and_cannot_be_tagged() -> None:
    cluster = Cluster(SYSTEM, Parameters(replicas=1), nodes=2)
    put = cluster.invoke(1, "put", "a")
    late = update_in_flight(cluster)
    go_on(cluster, lambda: cluster.now > 9_000_000_000, late)
    assert "blob/1.1" in cluster.disks["n2"]
    go_on(cluster, lambda: "blob/1.1" not in cluster.disks["n2"], late)
    cluster.deliver(late)
    assert done(cluster, "get") == ""
    assert put not in cluster.completed


def test_a_change_that_arrives_again_is_carried_out_once_in_all_lives_of_the_master() -> None:
    cluster = Cluster(SYSTEM, Parameters(replicas=1), nodes=2)
    put = cluster.invoke(1, "put", "a")
    copy = update_in_flight(cluster)
    cluster.deliver(copy, again=True)
    go_on(cluster, lambda: put in cluster.completed, copy)
    done(cluster, "put", "b", copy)
    cluster.deliver(copy, again=True)
    assert done(cluster, "get", kept=copy) == "b"
    cluster.crash("n1")
    cluster.restart("n1")
    cluster.deliver(copy)
    assert done(cluster, "get") == "b"


def test_a_deletion_is_remembered_until_no_node_has_an_older_version() -> None:
    cluster = Cluster(SYSTEM, Parameters(replicas=2), nodes=4)
    done(cluster, "put", "a")
    lost = next(name for name in cluster.names if "tag/0" in cluster.disks[name])
    cluster.crash(lost)
    done(cluster, "delete")
    later = cluster.now + 5_000_000_000
    go_on(cluster, lambda: cluster.now > later)
    holders = [name for name in cluster.names if "tag/0" in cluster.disks[name]]
    assert len(holders) == 3
    cluster.restart(lost)
    go_on(cluster, lambda: any(type(flight[3]) is Remove for flight in cluster.flying))
    assert {flight[2] for flight in cluster.flying if type(flight[3]) is Remove and flight[3].tags} == {lost}
    go_on(cluster, lambda: not any("tag/0" in disk for disk in cluster.disks.values()))
    cluster.crash("n1")
    cluster.restart("n1")
    assert done(cluster, "get") == ""


def told(cluster: Cluster, source: str, destination: str, message: Message) -> list[type]:
    """Deliver a message at once. Returns what kinds of messages answer it."""
    before = len(cluster.journal)
    cluster.send(source, destination, message)
    cluster.deliver(cluster.flying[-1])
    return [type(sent.message) for sent in cluster.journal[before + 1 :]]


def test_a_version_that_comes_after_its_horizon_is_neither_put_nor_committed() -> None:
    cluster = Cluster(SYSTEM, Parameters(replicas=1), nodes=2)
    late, later = (TagData((1, count), (Blob((1, 1), ("n2",)),)) for count in (5, 6))
    assert told(cluster, "n1", "n2", PutTag(0, late)) == [TagPut]
    told(cluster, "n1", "n2", Inventory((1, 9), (1, 5)))
    assert told(cluster, "n1", "n2", CommitTag(0, (1, 5))) == []
    assert told(cluster, "n1", "n2", PutTag(0, late)) == []
    assert told(cluster, "n1", "n2", PutTag(0, later)) == [TagPut]
    assert told(cluster, "n1", "n2", CommitTag(0, (1, 6))) == [TagCommitted]


@pytest.mark.parametrize(
    ("n2", "n3", "n4", "removed"),
    [
        ((0, 2), (0, 1), (0, 2), [("n3", (0, 1))]),
        ((0, 2), (0, 1), None, []),
        ((9, 2), (9, 1), (9, 2), []),
    ],
    ids=["two nodes have a newer one", "one node has a newer one", "the newer one came after the horizon"],
)
def test_an_older_version_is_removed_when_enough_nodes_have_the_newest(
    n2: Number, n3: Number, n4: Number | None, removed: list[tuple[str, Number]]
) -> None:
    cluster = Cluster(SYSTEM, Parameters(replicas=2), nodes=4)
    go_on(cluster, lambda: any(type(flight[3]) is Inventory for flight in cluster.flying))
    round_ = next(flight[3].round for flight in cluster.flying if type(flight[3]) is Inventory)
    for node, version in zip(("n2", "n3", "n4"), (n2, n3, n4), strict=True):
        tags = () if version is None else (Held(0, TagData(version, (Blob((0, 1), ("n2", "n3", "n4")),))),)
        told(cluster, node, "n1", Holdings(round_, tags, ((0, 1),)))
    found = [(sent.destination, tag[1]) for sent in cluster.journal if type(sent.message) is Remove
             for tag in sent.message.tags]  # fmt: skip
    assert found == removed


def test_an_answer_to_an_earlier_life_of_the_master_does_not_count() -> None:
    cluster = Cluster(SYSTEM, Parameters(replicas=1), nodes=2)
    done(cluster, "put", "a")
    cluster.crash("n1")
    cluster.restart("n1")
    get = cluster.invoke(0, "get")
    cluster.deliver(cluster.flying[-1])
    told(cluster, "n2", "n1", TagHeld(0, 1, ABSENT))
    go_on(cluster, lambda: get in cluster.completed)
    assert cluster.completed[get].value == "a"


@pytest.mark.parametrize(
    ("field", "value", "nodes", "words"),
    [
        ("replicas", 4, 4, "4; expected 1 to 3: one of the 4 nodes is the master"),
        ("replicas", 1, 1, "1; expected 2 nodes or more"),
        ("collect_every", 1, 4, "1 ns; expected at least 100 us"),
    ],
)
def test_a_cluster_that_could_store_nothing_is_refused(field: str, value: int, nodes: int, words: str) -> None:
    with pytest.raises(BadParameters, match=words):
        validate(Parameters(**{field: value}), nodes)


def test_half_a_blob_on_the_disk_is_not_taken_for_a_blob() -> None:
    cluster = Cluster(SYSTEM, Parameters(replicas=2), nodes=3)
    done(cluster, "put", "abcd")
    whole = cluster.disks["n2"]["blob/1.1"]
    cluster.disks["n2"]["blob/1.1"] = msgspec.json.encode(whole[: len(whole) // 2].decode())
    assert done(cluster, "get") == "abcd"
