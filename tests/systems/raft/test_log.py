"""The log is the same after a crash, wherever the crash cuts the writes of a step off."""

from __future__ import annotations

import random

import pytest

from clew.systems.node import Context, Write
from clew.systems.raft.log import Log, Snapshot
from clew.systems.raft.messages import Command, Configuration, Entry
from clew.systems.raft.store import Store


def context(disk: dict[str, bytes]) -> Context:
    return Context("n1", ("n1",), random.Random(0), disk)


def loaded(disk: dict[str, bytes]) -> Log:
    log = Log()
    log.load(context(dict(disk)))
    return log


def terms(log: Log) -> list[int | None]:
    return [log.term_at(place) for place in range(log.snapshot.index, log.last_index + 1)]


def entries(*terms: int) -> tuple[Entry, ...]:
    return tuple(Entry(term, None) for term in terms)


def test_entries_are_found_by_their_places() -> None:
    log = Log()
    ctx = context({})
    log.append(ctx, entries(1, 1, 2))
    assert (log.last_index, log.last_term) == (3, 2)
    assert [log.term_at(place) for place in range(5)] == [0, 1, 1, 2, None]
    assert log.after(1, 1) == entries(1)
    log.compact(ctx, 2, "state")
    assert [log.term_at(place) for place in range(5)] == [None, None, 1, 2, None]
    assert log.after(2, 9) == entries(2)


@pytest.mark.parametrize("writes", range(12))
def test_whatever_a_crash_keeps_of_a_step_is_a_log_that_the_server_had_or_was_to_have(writes: int) -> None:
    """A conflict is cut off and replaced, in one step. The disk keeps a prefix of the step's writes."""
    disk: dict[str, bytes] = {}
    ctx = context(disk)
    log = Log()
    log.append(ctx, entries(1, 1, 1, 1))
    before = dict(disk)
    ctx.take()
    log.cut(ctx, 3)
    log.append(ctx, entries(2, 2, 3))
    for effect in [effect for effect in ctx.take() if isinstance(effect, Write)][:writes]:
        before[effect.key] = bytes(effect.value)
    assert terms(loaded(before)) in ([0, 1, 1, 1, 1], [0, 1, 1], [0, 1, 1, 2, 2, 3])


def test_a_snapshot_keeps_the_entries_after_it_only_if_the_log_has_its_last_entry() -> None:
    for term, rest in ((1, [1, 2]), (3, [3])):
        disk: dict[str, bytes] = {}
        log, ctx = Log(), context(disk)
        log.append(ctx, entries(1, 1, 2))
        log.install(ctx, Snapshot(2, term, "state"))
        assert terms(log) == terms(loaded(disk)) == rest
        log.append(ctx, entries(4))
        assert terms(log) == terms(loaded(disk)) == [*rest, 4]


def test_a_snapshot_beyond_the_end_replaces_the_whole_log() -> None:
    disk: dict[str, bytes] = {}
    log, ctx = Log(), context(disk)
    log.append(ctx, entries(1, 1))
    log.install(ctx, Snapshot(9, 3, "state"))
    log.append(ctx, entries(4))
    assert terms(log) == terms(loaded(disk)) == [3, 4]


def members(log: Log) -> tuple[str, ...] | None:
    return None if log.configuration is None else log.configuration.members


def test_the_latest_configuration_counts_and_the_one_before_it_when_its_entry_is_cut_off() -> None:
    disk: dict[str, bytes] = {}
    log, ctx = Log(), context(disk)
    log.append(ctx, (Entry(1, None), Entry(1, Configuration(("n1", "n2"))), Entry(1, Configuration(("n1",)))))
    assert (members(log), log.changed_at) == (members(loaded(disk)), 3) == (("n1",), 3)
    log.cut(ctx, 3)
    assert (members(log), log.changed_at) == (members(loaded(disk)), 2) == (("n1", "n2"), 2)
    log.cut(ctx, 2)
    assert members(log) is members(loaded(disk)) is None


def test_a_snapshot_carries_the_latest_configuration_before_its_end() -> None:
    disk: dict[str, bytes] = {}
    log, ctx = Log(), context(disk)
    log.append(ctx, (Entry(1, Configuration(("n1", "n2"))), Entry(1, None), Entry(1, Configuration(("n1",)))))
    log.compact(ctx, 2, "state")
    assert log.snapshot.configuration == Configuration(("n1", "n2"))
    assert members(log) == members(loaded(disk)) == ("n1",)
    log.compact(ctx, 3, "state")
    assert members(log) == members(loaded(disk)) == ("n1",)
    other_disk: dict[str, bytes] = {}
    other, other_ctx = Log(), context(other_disk)
    other.append(other_ctx, (Entry(2, Configuration(("n3",))),))
    other.install(other_ctx, log.snapshot)
    assert members(other) == members(loaded(other_disk)) == ("n1",)


def test_the_store_runs_a_number_of_a_client_once_also_after_a_snapshot() -> None:
    store = Store()
    first = store.apply(1, Command("c0", 1, "put", 0, "a"))
    store.apply(2, Command("c1", 2, "put", 0, "b"))
    store = Store.deserialize(store.serialize())
    assert store.apply(3, Command("c0", 1, "put", 0, "a")) == first
    assert store.get(0) == "b"
    assert store.apply(4, Command("c0", 3, "cas", 0, ["a", "c"])).error == "mismatch"
    assert store.apply(5, Command("c0", 4, "cas", 0, ["b", "c"])).value == ["b", "c"]
    assert store.apply(6, Command("c0", 5, "delete", 0, None)).error is None
    assert store.get(0) is None
