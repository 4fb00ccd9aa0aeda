"""The end of a run: everything heals, the cluster gets its time, every client reads every key until it is answered."""

from __future__ import annotations

from typing import Any

from clew.harness.plan.schema import Links, NetworkPlan
from clew.harness.plan.streams import Streams
from clew.harness.runtime.network import Network
from clew.histories import Recorder
from clew.nemesis.latency import Constant, Exponential
from clew.nemesis.network import BadNetwork
from clew.systems import ClientContext, Context
from tests.harness.runtime.test_simulation import MS, Answer, Caller, Echo, network, run

PLAN = """
name: echo
system: {name: caspaxos, nodes: 1}
workload: {kind: cas-register, clients: 2, keys: 3, operations: 6, think: 10ms, timeout: 50ms}
recovery: {after: 700ms, within: 2s}
"""


def final_reads(recorder: Recorder) -> list[Any]:
    """The invocations after the last of the workload's, which are six."""
    invocations = [event for event in recorder.events if event.type == "invoke"]
    return invocations[6:]


def test_every_client_reads_every_key() -> None:
    recorder, outcome = run(PLAN, lambda p: Echo([]))
    read = sorted((event.process, event.key) for event in final_reads(recorder))
    assert read == [(client, key) for client in (0, 1) for key in (0, 1, 2)]
    assert not outcome.unanswered


def test_the_cluster_is_left_alone_before_the_final_reads() -> None:
    recorder, _ = run(PLAN, lambda p: Echo([]))
    last = [event for event in recorder.events if event.type == "ok"][5]
    first = final_reads(recorder)[0]
    assert first.time >= last.time + 700 * MS


def test_losses_end_with_the_workload() -> None:
    recorder, outcome = run(PLAN + "network: {clients: {drop: 1.0}}", lambda p: Echo([]))
    assert [event.type for event in recorder.events if event.type != "invoke"][:6] == ["info"] * 6
    assert not outcome.unanswered
    assert outcome.answered == 0


def test_a_fault_that_stays_to_the_end_outlasts_the_final_reads() -> None:
    faults = "nemesis: [crash: {target: [n2], at: [20ms], until: end}, crash: {target: [n3], at: [20ms]}]"
    recorder, outcome = run(PLAN.replace("nodes: 1", "nodes: 3") + faults, lambda p: Echo([]))
    assert not outcome.unanswered
    ended = [event.value["fault"]["nodes"] for event in recorder.events if event.f == "stop-crash"]
    assert ended == [("n3",)]


def test_faults_end_with_the_workload_and_none_begin_after_it() -> None:
    faults = "nemesis: [crash: {target: [n1], every: 20ms, for: 1h}, crash: {target: [n1], at: [400ms]}]"
    recorder, outcome = run(PLAN + faults, lambda p: Echo([]))
    assert not outcome.unanswered
    done = final_reads(recorder)[0].index
    assert all(event.process != "nemesis" for event in recorder.events[done:])
    starts = [event.value["number"] for event in recorder.events if event.f == "start-crash"]
    stops = [event.value["number"] for event in recorder.events if event.f == "stop-crash"]
    assert sorted(starts) == sorted(stops)


def test_a_final_read_that_failed_is_asked_again_until_it_is_answered() -> None:
    class Reluctant(Caller):
        refusals = 2

        def receive(self, ctx: ClientContext, source: str, message: Any) -> None:
            if message.id == self.id:
                refuses = ctx.now > 600 * MS and self.refusals > 0
                self.refusals -= refuses
                ctx.complete("fail" if refuses else "ok")

    recorder, outcome = run(PLAN, lambda p: Echo([]), client=Reluctant)
    reads = [(event.process, event.key) for event in final_reads(recorder)]
    assert len(reads) > len(set(reads)), "none was asked again"
    assert not outcome.unanswered
    answered = {(event.process, event.key) for event in recorder.events if event.type == "ok" and event.time > 600 * MS}
    assert len(answered) == 6


def test_a_timeout_belongs_to_its_own_operation() -> None:
    class Slow(Echo):
        """Answers after 40 of the 50 ms that it has."""

        def receive(self, ctx: Context, source: str, message: Any) -> None:
            ctx.set_timer(f"{source} {message.id}", 40 * MS)

        def wake(self, ctx: Context, timer: str) -> None:
            source, id = timer.split()
            ctx.send(source, Answer(int(id)))

    recorder, _ = run(PLAN, lambda p: Slow([]))
    assert {event.type for event in recorder.events} == {"invoke", "ok"}


def test_a_timer_dies_with_its_life() -> None:
    woken: list[int] = []

    class Once(Echo):
        def start(self, ctx: Context) -> None:
            if ctx.disk.read("lived", bool) is None:
                ctx.disk.write("lived", True)
                ctx.disk.sync()
                ctx.set_timer("t", 100 * MS)

        def wake(self, ctx: Context, timer: str) -> None:
            woken.append(ctx.now)

    run(PLAN, lambda p: Once([]))
    assert woken == [100 * MS]
    woken.clear()
    run(PLAN + "nemesis: [crash: {target: [n1], at: 10ms, for: 1ms}]", lambda p: Once([]))
    assert not woken


def test_what_is_on_its_way_when_a_partition_begins_is_lost() -> None:
    slow = "network: {clients: {latency: 20ms}}\n"
    recorder, _ = run(PLAN + slow, lambda p: Echo([]))
    assert "info" not in {event.type for event in recorder.events}
    grudge = "nemesis: [partition: {grudge: {n1: [c0]}, at: 15ms, for: 20ms}]"
    recorder, _ = run(PLAN + slow + grudge, lambda p: Echo([]))
    assert [event.process for event in recorder.events if event.error == "timeout"] == [0]


def test_a_disturbance_doubles_delays_and_reorders() -> None:
    links = network(NetworkPlan(Links(Constant(5 * MS), reorder=0.0)))
    assert links.fate("n1", "n2", 0, str) == [5 * MS]
    links.apply([BadNetwork(duplicate=1.0)])
    assert links.fate("n1", "n2", 0, str) == [5 * MS, 5 * MS]
    links.apply([BadNetwork(delay=Constant(MS)), BadNetwork(delay=Constant(MS))])
    assert links.fate("n1", "n2", 0, str) == [7 * MS]
    fifo = Network(NetworkPlan(Links(Exponential(5 * MS), reorder=0.0)), ("n1", "n2"), (), Streams(3))
    fifo.apply([BadNetwork(reorder=1.0)])
    arrivals = [fifo.fate("n1", "n2", 0, str)[0] for _ in range(50)]
    assert arrivals != sorted(arrivals)
    links.apply([])
    assert links.fate("n1", "n2", 10 * MS, str) == [15 * MS]


def test_copies_take_their_own_time_but_overtake_nobody_on_a_link_that_is_first_in_first_out() -> None:
    mixed = Network(NetworkPlan(Links(Exponential(5 * MS), duplicate=1.0)), ("n1", "n2"), (), Streams(3))
    fates = [mixed.fate("n1", "n2", 0, str) for _ in range(50)]
    assert all(len(fate) == 2 and fate[0] != fate[1] for fate in fates)
    fifo = Network(NetworkPlan(Links(Exponential(5 * MS), duplicate=1.0, reorder=0.0)), ("n1", "n2"), (), Streams(3))
    newest = 0
    for now in range(100):
        fate = fifo.fate("n1", "n2", now * MS, str)
        assert min(fate) >= newest
        newest = max(fate)


def test_healing_ends_losses_and_copies() -> None:
    links = Network(NetworkPlan(Links(Constant(MS), drop=1.0, duplicate=1.0)), ("n1", "n2"), (), Streams(3))
    links.heal()
    assert links.fate("n1", "n2", 0, str) == [MS]
