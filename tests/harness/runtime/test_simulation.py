"""The simulation's promises, seen through small systems made for one test each."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
import trio

from clew.harness.plan import Plan, loads, resolve
from clew.harness.plan.schema import Links, NetworkPlan
from clew.harness.plan.streams import Streams
from clew.harness.run import header
from clew.harness.runtime.conductor import Conductor
from clew.harness.runtime.failure import SystemFailure
from clew.harness.runtime.network import CUT, LOST, Network
from clew.harness.runtime.outcome import Outcome
from clew.harness.runtime.simulation import open_simulation
from clew.harness.runtime.simulation.disk import SimulatedDisk
from clew.histories import Recorder
from clew.nemesis.latency import Constant, Exponential
from clew.nemesis.network import BadNetwork
from clew.nemesis.partition import Partition
from clew.systems import ClientContext, Context, Operation, Protocol
from clew.systems.node import Disk
from clew.systems.protocol import Variant

MS = 1_000_000


class Ask(msgspec.Struct, frozen=True, tag="ask", tag_field="type"):
    id: int


class Answer(msgspec.Struct, frozen=True, tag="answer", tag_field="type"):
    id: int


class Echo:
    """A node that answers."""

    def __init__(self, lives: list[Any]) -> None:
        self.lives = lives

    def start(self, ctx: Context) -> None:
        self.lives.append((ctx.name, ctx.now, ctx.disk.read("asked", int)))

    def receive(self, ctx: Context, source: str, message: Any) -> None:
        ctx.disk.write("asked", message.id)
        ctx.disk.sync()
        ctx.send(source, Answer(message.id))

    def wake(self, ctx: Context, timer: str) -> None: ...


class Caller:
    """A client that asks node 1."""

    def invoke(self, ctx: ClientContext, operation: Operation) -> None:
        self.id = operation.id
        ctx.send("n1", Ask(operation.id))

    def receive(self, ctx: ClientContext, source: str, message: Any) -> None:
        if message.id == self.id:
            ctx.complete("ok", None)

    def wake(self, ctx: ClientContext, timer: str) -> None: ...


def run(plan_text: str, node: Callable[[Any], Any], client: type[Caller] = Caller) -> tuple[Recorder, Outcome]:
    """Run a plan (written for caspaxos) on another system."""
    plan: Plan = resolve(loads(plan_text, "plan.yaml", Path()))
    plan = msgspec.structs.replace(plan, checks=("liveness",))
    system = Protocol(
        name="echo",
        summary="answers",
        messages=Ask | Answer,
        node=node,
        client=lambda p: client(),
        model="cas-register",
        functions=("read", "write", "cas"),
    )
    recorder, outcome = Recorder(header(plan)), Outcome()

    async def main() -> None:
        async with open_simulation(plan, system, outcome) as simulation:
            await simulation.run(Conductor(plan, recorder, outcome))

    trio.run(main)
    return recorder, outcome


PLAN = """
name: echo
system: {name: caspaxos, nodes: 1}
workload: {kind: cas-register, clients: 2, operations: 6, think: 100ms, timeout: 50ms}
recovery: {after: 500ms, within: 2s}
"""


def test_an_unanswered_operation_is_info_and_retires_its_process() -> None:
    recorder, outcome = run(PLAN + "nemesis: [crash: {target: [n1], at: 150ms, for: 10s}]", lambda p: Echo([]))
    infos = [event for event in recorder.events if event.type == "info" and event.process != "nemesis"]
    assert infos
    for info in infos:
        assert info.error == "timeout"
        later = [event.process for event in recorder.events[info.index + 1 :]]
        assert info.process not in later
        assert isinstance(info.process, int)
        assert info.process + 2 in later, "a fresh process takes the thread"
    assert outcome.finished
    assert not outcome.unanswered, "everything heals before the final reads"


def test_a_restarted_node_finds_what_it_had_synced_and_nothing_runs_while_it_is_down() -> None:
    lives: list[Any] = []
    recorder, _ = run(PLAN + "nemesis: [crash: {target: [n1], at: 150ms, for: 100ms}]", lambda p: Echo(lives))
    assert [name for name, _, _ in lives] == ["n1", "n1"]
    assert lives[0][2] is None
    assert lives[1][1] == 250 * MS
    assert isinstance(lives[1][2], int)
    oks = [event.time for event in recorder.events if event.type == "ok"]
    assert not [time for time in oks if 150 * MS < time < 250 * MS]


def test_what_a_crash_lost_does_not_come_back_with_the_next_sync() -> None:
    class Unsynced(Echo):
        """Writes without a sync in its first life, and syncs when it starts."""

        def start(self, ctx: Context) -> None:
            super().start(ctx)
            ctx.disk.sync()

        def receive(self, ctx: Context, source: str, message: Any) -> None:
            if len(self.lives) == 1:
                ctx.disk.write("asked", message.id)
            ctx.send(source, Answer(message.id))

    found = set()
    for seed in range(8):
        lives: list[Any] = []
        crashes = f"seed: {seed}\nnemesis: [crash: {{target: [n1], at: [250ms, 450ms], for: 50ms}}]"
        run(PLAN.replace("operations: 6", "operations: 30") + crashes, lambda p, lives=lives: Unsynced(lives))  # type: ignore[misc]
        first, second, third = (asked for _, _, asked in lives)
        assert first is None
        assert second == third
        found.add(second is None)
    assert found == {True, False}, "sometimes the disk kept a part of it"


def test_faults_that_overlap_add_up() -> None:
    lives: list[Any] = []
    faults = "nemesis: [crash: {target: [n1], at: 100ms, for: 200ms}, crash: {target: [n1], at: 200ms, for: 200ms}]"
    run(PLAN + faults, lambda p: Echo(lives))
    assert [at for _, at, _ in lives] == [0, 400 * MS], "it stays down until the last fault that wants it down is over"


def test_a_cluster_that_never_answers_again_is_a_liveness_failure() -> None:
    class Sulky(Echo):
        def receive(self, ctx: Context, source: str, message: Any) -> None:
            if ctx.now < 150 * MS:
                super().receive(ctx, source, message)

    _, outcome = run(PLAN, lambda p: Sulky([]))
    assert outcome.unanswered == ["2 s after recovery the final reads of clients c0, c1 had no answer for key 0"]


def test_a_node_that_raises_is_a_failure_with_its_traceback() -> None:
    class Dies(Echo):
        def receive(self, ctx: Context, source: str, message: Any) -> None:
            raise RuntimeError("out of ideas")

    with pytest.raises(SystemFailure, match="n1 raised RuntimeError: out of ideas") as failed:
        run(PLAN, lambda p: Dies([]))
    assert "out of ideas" in failed.value.detail


def test_a_timer_set_again_replaces_the_first_and_one_cancelled_never_rings() -> None:
    rung: list[tuple[str, int]] = []

    class Timers(Echo):
        def start(self, ctx: Context) -> None:
            ctx.set_timer("again", 10 * MS)
            ctx.set_timer("again", 30 * MS)
            ctx.set_timer("never", 20 * MS)
            ctx.cancel_timer("never")

        def wake(self, ctx: Context, timer: str) -> None:
            rung.append((timer, ctx.now))

    run(PLAN, lambda p: Timers([]))
    assert rung == [("again", 30 * MS)]


def network(plan: NetworkPlan) -> Network:
    return Network(plan, ("n1", "n2"), ("c0",), Streams(1))


def test_a_fault_leaves_the_fate_of_other_messages_alone() -> None:
    plan = NetworkPlan(Links(Exponential(5 * MS), drop=0.3, duplicate=0.2))
    calm, stormy = network(plan), network(plan)
    stormy.apply([Partition({"n2": ("n1",)}), BadNetwork(drop=0.5)])
    before = [calm.fate("n1", "n2", 0, str) for _ in range(100)]
    during = [stormy.fate("n1", "n2", 0, str) for _ in range(50)]
    assert set(map(str, during)) == {CUT}
    assert stormy.fate("n2", "n1", 0, str) != CUT, "a grudge is one way"
    stormy.apply([])
    assert [stormy.fate("n1", "n2", 0, str) for _ in range(50)] == before[50:]


def test_what_is_left_out_leaves_the_fate_of_other_messages_alone() -> None:
    """Whether it is sent earlier, on another link, or is a message of another type."""
    plan = NetworkPlan(Links(Exponential(5 * MS), drop=0.3, duplicate=0.2))
    busy, spare = network(plan), network(plan)
    moments = range(0, 3000, 7)
    whole = {}
    for now in moments:
        busy.fate("n1", "n2", now * MS, bytes)
        busy.fate("n2", "n1", now * MS, str)
        whole[now] = busy.fate("n1", "n2", now * MS, str)
    kept = [now for now in moments if now // 10 % 3]
    assert [spare.fate("n1", "n2", now * MS, str) for now in kept] == [whole[now] for now in kept]
    assert len({str(fate) for fate in whole.values()}) > 200


def test_where_nothing_is_drawn_a_message_takes_as_long_as_any_other_until_a_fault_draws() -> None:
    links = network(NetworkPlan(Links(Constant(5 * MS))))
    assert links.fate("n1", "n2", 7, str) == [7 + 5 * MS]
    links.apply([BadNetwork(duplicate=1.0, delay=Constant(MS))])
    assert links.fate("n1", "n2", 7, str) == [7 + 6 * MS, 7 + 6 * MS]
    links.heal()
    assert links.fate("n1", "n2", 7, str) == [7 + 5 * MS]


def test_messages_are_dropped_and_doubled_as_often_as_the_plan_says() -> None:
    links = network(NetworkPlan(Links(Exponential(5 * MS), drop=0.2, duplicate=0.1)))
    fates = [links.fate("n1", "n2", 0, str) for _ in range(20_000)]
    assert fates.count(LOST) / 20_000 == pytest.approx(0.2, abs=0.02)
    arrived = [fate for fate in fates if isinstance(fate, list)]
    assert sum(len(fate) == 2 for fate in arrived) / len(arrived) == pytest.approx(0.1, abs=0.02)
    latencies = [arrival for fate in arrived for arrival in fate]
    assert sum(latencies) / len(latencies) == pytest.approx(5 * MS, rel=0.05)


def test_without_reordering_a_link_is_first_in_first_out() -> None:
    fifo = network(NetworkPlan(Links(Exponential(5 * MS), reorder=0.0)))
    mixed = network(NetworkPlan(Links(Exponential(5 * MS), reorder=1.0)))
    arrivals = [[links.fate("n1", "n2", now * MS, str)[0] for now in range(200)] for links in (fifo, mixed)]
    assert arrivals[0] == sorted(arrivals[0])
    assert arrivals[1] != sorted(arrivals[1])


def test_clients_are_next_to_the_nodes_and_disturbances_spare_them_but_they_can_be_cut() -> None:
    links = network(NetworkPlan(Links(Constant(5 * MS))))
    links.apply([BadNetwork(drop=1.0, delay=Constant(MS)), Partition({"n2": ("c0",)})])
    assert links.fate("c0", "n1", 7, str) == [7]
    assert links.fate("c0", "n2", 7, str) == CUT
    assert links.fate("n1", "n2", 7, str) == LOST


def test_a_crash_keeps_what_was_synced_and_a_beginning_of_the_rest() -> None:
    kept = set()
    for seed in range(50):
        disk = SimulatedDisk(Streams(seed).get("disk/n1"))
        disk.write("a", b"1")
        disk.sync()
        disk.write("a", b"2")
        disk.write("b", b"3")
        disk.crash()
        kept.add(tuple(sorted(disk.contents().items())))
        found = disk.contents()
        disk.sync()
        disk.crash()
        assert disk.contents() == found, "what was lost stays lost"
    assert kept == {(("a", b"1"),), (("a", b"2"),), (("a", b"2"), ("b", b"3"))}


def test_a_crash_never_brings_back_what_was_overwritten_and_synced() -> None:
    for seed in range(20):
        disk = SimulatedDisk(Streams(seed).get("disk/n1"))
        for value in (b"1", b"2"):
            disk.write("a", value)
            disk.sync()
        disk.crash()
        assert disk.contents() == {"a": b"2"}


def test_what_was_removed_is_gone_and_keys_do_not_name_it() -> None:
    node = Disk({}, effects := [])
    for key, value in (("a", 1), ("b", 2), ("a", None), ("never", None)):
        node.write(key, value)
    assert node.keys() == ["b"]
    assert node.read("a", int) is None
    disk = SimulatedDisk(Streams(0).get("disk/n1"))
    for effect in effects:
        disk.write(effect.key, bytes(effect.value))
    disk.sync()
    assert disk.contents() == {"b": b"2"}


def test_a_variant_without_a_client_has_the_systems_own() -> None:
    system = Protocol(
        name="s",
        summary="",
        messages=Ask,
        node=lambda p: None,
        client=lambda p: "client",
        model="m",
        functions=(),
        variants={"v": Variant("v", "", lambda p: None)},
    )
    variant = system.variant("v")
    assert variant.client is not None
    assert variant.client(None) == "client"
