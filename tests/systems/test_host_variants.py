"""What each mistake of a host does to a node and its disk, and that a node which notices stays silent."""

from __future__ import annotations

import random
from typing import Any

import pytest

from clew.systems import Context, UnreadableDisk, find_protocol
from clew.systems.host_variants import COMPLETION, ForgivingDisk, HandlesTwice, LyingDisk, TornDisk, host_variants
from clew.systems.node import NOTHING, Disk, Log, SetTimer, Sync, Write
from clew.systems.rsl.messages import Message1a
from clew.systems.rsl.types import Ballot

RSL = find_protocol("rsl")


def synced(effects: list[Any], disk: dict[str, bytes]) -> dict[str, bytes]:
    """What is on a disk after these effects."""
    for effect in effects:
        if isinstance(effect, Write):
            disk[effect.key] = bytes(effect.value)
    return disk


def context(disk: dict[str, bytes]) -> Context:
    return Context("n1", ("n1", "n2", "n3"), random.Random(0), disk)


def test_an_fsync_that_lies_syncs_nothing() -> None:
    effects: list[Any] = []
    disk = LyingDisk(Disk({}, effects))
    disk.write("a", 1)
    disk.sync()
    assert [type(effect) for effect in effects] == [Write]


@pytest.mark.parametrize("value", [123456, [1, "n1"], {"a": "é" * 20}])
def test_a_torn_write_is_half_there_until_it_is_completed(value: Any) -> None:
    effects: list[Any] = []
    contents: dict[str, bytes] = {}
    disk = TornDisk(Disk(contents, effects))
    disk.write("a", value)
    disk.sync()
    assert disk.read("a", type(value)) == value
    crashed = Disk(synced(effects, {}), [])
    with pytest.raises(UnreadableDisk):
        crashed.read("a", type(value))
    disk.complete()
    assert isinstance(effects[-1], Sync)
    assert Disk(synced(effects, {}), []).read("a", type(value)) == value
    assert not disk.torn


def test_a_value_whose_write_was_torn_can_be_removed() -> None:
    effects: list[Any] = []
    contents: dict[str, bytes] = {}
    disk = TornDisk(Disk(contents, effects))
    disk.write("a", 123456)
    disk.write("a", None)
    disk.complete()
    assert contents == {}
    assert [bytes(effect.value) for effect in effects if isinstance(effect, Write)][-1] == NOTHING


def test_a_forgiving_disk_takes_what_it_cannot_read_for_nothing() -> None:
    disk = ForgivingDisk(Disk({"a": b'"12', "b": b"7"}, []))
    assert disk.read("a", int) is None
    assert disk.read("b", int) == 7


@pytest.mark.parametrize(("variant", "promises"), [("torn-writes", False), ("read-error-as-empty", True)])
def test_a_replica_whose_promise_was_torn_stays_silent_unless_its_disk_hides_that(variant: str, promises: bool) -> None:
    ctx = context({})
    node = RSL.variant(variant).node(RSL.parameters())
    node.start(ctx)
    node.receive(ctx, "n2", Message1a(Ballot(5, 1)))
    effects = ctx.take()
    assert COMPLETION in {effect.name for effect in effects if isinstance(effect, SetTimer)}
    again, ctx = RSL.variant(variant).node(RSL.parameters()), context(synced(effects, {}))
    again.start(ctx)
    again.receive(ctx, "n2", Message1a(Ballot(4, 1)))
    effects = ctx.take()
    assert any(isinstance(effect, Log) for effect in effects) == (not promises)
    assert any(getattr(effect, "destination", "") == "n2" for effect in effects) == promises


def test_a_message_is_handled_twice() -> None:
    seen: list[Any] = []

    class Node:
        def start(self, ctx: Context) -> None: ...

        def receive(self, ctx: Context, source: str, message: Any) -> None:
            seen.append((source, message))

        def wake(self, ctx: Context, timer: str) -> None: ...

    HandlesTwice(Node()).receive(context({}), "n2", "hello")
    assert seen == [("n2", "hello")] * 2


@pytest.mark.parametrize("system", ["rsl", "caspaxos"])
def test_every_protocol_has_every_host_variant(system: str) -> None:
    assert {variant.name for variant in host_variants(find_protocol(system).node)} <= set(
        find_protocol(system).variants
    )
