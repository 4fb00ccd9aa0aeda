"""The story of a run, told by a runtime of thirty lines: no network, no nodes, no simulation."""

from __future__ import annotations

import heapq
import itertools
import re
from pathlib import Path
from typing import Any

import pytest

from clew.harness.errors import UserError
from clew.harness.plan import Plan, loads, resolve
from clew.harness.run import header
from clew.harness.runtime.conductor import Apply, At, Conductor, Invoke, Order, Over, Phase, Replace
from clew.harness.runtime.final_reads import NAMED, FinalReads
from clew.harness.runtime.outcome import Outcome
from clew.harness.runtime.runtime import Capability, refuse
from clew.harness.runtime.thread import Thread
from clew.histories import Recorder
from clew.systems import find_system
from clew.systems.node import Complete

MS = 1_000_000

PLAN = """
name: story
system: {name: caspaxos, nodes: 3}
workload: {kind: cas-register, clients: 2, keys: 2, operations: 6, mix: {write: 1}, think: 10ms, timeout: 50ms}
recovery: {after: 500ms, within: 2s}
checks: [liveness]
"""


class Instant:
    """A runtime in which a client answers 5 ms after it is asked, or never while it is `deaf`."""

    def __init__(self, plan_text: str, deaf: Any = lambda now: False) -> None:
        self.plan: Plan = resolve(loads(plan_text, "plan.yaml", Path()))
        self.recorder, self.outcome = Recorder(header(self.plan)), Outcome()
        self.conductor = Conductor(self.plan, self.recorder, self.outcome)
        self.deaf = deaf
        self.agenda: list[tuple[int, int, Any, Any]] = []
        self.count = itertools.count()
        self.applied: list[tuple[int, Apply]] = []
        self.phases: list[Phase] = []
        self.now, self.over = 0, False
        self.obey(self.conductor.start(0))
        while not self.over:
            self.now, _, act, argument = heapq.heappop(self.agenda)
            self.obey(act(self.now, argument))

    def obey(self, orders: list[Order]) -> None:
        self.phases += [] if self.conductor.phase in self.phases else [self.conductor.phase]
        for order in orders:
            match order:
                case At(time, token):
                    heapq.heappush(self.agenda, (time, next(self.count), self.conductor.due, token))
                case Invoke() if not self.deaf(self.now):
                    heapq.heappush(self.agenda, (self.now + 5 * MS, next(self.count), self.answer, order))
                case Apply():
                    self.applied.append((self.now, order))
                case Over():
                    self.over = True

    def answer(self, now: int, order: Invoke) -> list[Order]:
        return self.conductor.completed(now, order.thread, Complete("ok", None, None))


def test_a_run_goes_through_its_phases_once_each() -> None:
    run = Instant(PLAN)
    assert run.phases == [Phase.WORKLOAD, Phase.RECOVERY, Phase.FINAL_READS, Phase.OVER]
    assert run.outcome.unanswered == []
    assert run.outcome.answered == 6
    assert run.outcome.rested is not None
    events = [(event.type, event.f) for event in run.recorder.events]
    assert events.count(("invoke", "write")) == events.count(("ok", "write")) == 6
    assert events.count(("ok", "read")) == 4, "each of two clients reads each of two keys"
    assert run.now == run.recorder.events[-1].time, "it is over with the last of them"


def test_final_reads_begin_when_the_cluster_had_its_time() -> None:
    run = Instant(PLAN)
    first = next(event for event in run.recorder.events if event.f == "read")
    assert first.time == (run.outcome.rested or 0) + 500 * MS + 1


def test_an_operation_without_an_answer_is_info_at_its_timeout_and_a_fresh_process_takes_over() -> None:
    run = Instant(PLAN, deaf=lambda now: now < 20 * MS)
    info = [event for event in run.recorder.events if event.type == "info"]
    assert info
    for event in info:
        begun = [other for other in run.recorder.events if other.process == event.process and other.type == "invoke"]
        assert event.error == "timeout"
        assert event.time == begun[-1].time + 50 * MS
        assert all(other.process != event.process for other in run.recorder.events[event.index + 1 :])


def test_the_runtime_is_told_to_replace_the_client_of_an_unknown_outcome() -> None:
    told: list[Order] = []

    class Listening(Instant):
        def obey(self, orders: list[Order]) -> None:
            told.extend(orders)
            super().obey(orders)

    Listening(PLAN, deaf=lambda now: now < 20 * MS)
    assert any(isinstance(order, Replace) and order.thread.process >= 2 for order in told)


def test_what_failed_is_recorded_with_what_was_asked_for_whatever_the_client_says() -> None:
    class Refusing(Instant):
        def answer(self, now: int, order: Invoke) -> list[Order]:
            final = order.operation.final
            result = Complete("ok", None, None) if final else Complete("fail", "something else", "refused")
            return self.conductor.completed(now, order.thread, result)

    run = Refusing(PLAN)
    asked = {(event.process, event.value) for event in run.recorder.events if event.type == "invoke"}
    failed = [(event.process, event.value) for event in run.recorder.events if event.type == "fail"]
    assert len(failed) == 6
    assert set(failed) <= asked
    assert run.outcome.answered == 0


def test_a_cluster_that_never_answers_again_fails_liveness_when_its_time_is_over() -> None:
    run = Instant(PLAN, deaf=lambda now: now > 100 * MS)
    (said,) = run.outcome.unanswered
    assert "clients c0, c1" in said
    assert run.now == (run.outcome.rested or 0) + 2500 * MS


def test_of_many_clients_that_read_different_keys_in_vain_the_first_are_named_and_the_others_counted() -> None:
    plan = resolve(loads(PLAN.replace("clients: 2, keys: 2", "clients: 40, keys: 40"), "plan.yaml", Path()))
    reads, threads = FinalReads(plan, 40), [Thread(number, iter(())) for number in range(40)]  # type: ignore[arg-type]
    for thread in threads:
        for _ in range(thread.number):
            reads.answered(thread, Complete("ok", None, None), 0)
    *named, last = reads.unanswered()
    assert [re.findall(r"c\d+", said) for said in named] == [[f"c{number}"] for number in range(NAMED)]
    assert last == f"neither had the final reads of {40 - NAMED} more clients"


def test_faults_are_applied_as_the_whole_set_each_time_and_all_end_with_the_workload() -> None:
    faults = "nemesis: [crash: {target: [n1], at: 5ms, for: 15ms}, crash: {target: [n2], at: 10ms}]"
    run = Instant(PLAN + faults)
    sets = [(now, [fault.nodes for fault in apply.faults], apply.healed) for now, apply in run.applied]  # type: ignore[union-attr]
    assert sets[:3] == [
        (5 * MS, [("n1",)], False),
        (10 * MS, [("n1",), ("n2",)], False),
        (20 * MS, [("n2",)], False),
    ]
    assert sets[3:] == [(run.outcome.rested, [], True)]
    names = [event.f for event in run.recorder.events if event.process == "nemesis"]
    assert sorted(names) == ["start-crash", "start-crash", "stop-crash", "stop-crash"]


def test_a_fault_that_would_end_during_the_recovery_has_ended_with_the_workload() -> None:
    run = Instant(PLAN + "nemesis: [crash: {target: [n1], at: 5ms, for: 300ms}]")
    assert (run.outcome.rested or 0) < 300 * MS
    assert [(now, len(apply.faults)) for now, apply in run.applied] == [(5 * MS, 1), (run.outcome.rested, 0)]
    names = [event.f for event in run.recorder.events if event.process == "nemesis"]
    assert names == ["start-crash", "stop-crash"]


def test_a_fault_that_stays_is_still_applied_when_all_others_have_ended() -> None:
    run = Instant(PLAN + "nemesis: [crash: {target: [n1], at: [5ms], until: end}, crash: {target: [n2], at: 10ms}]")
    _, last = run.applied[-1]
    assert last.healed
    assert [fault.nodes for fault in last.faults] == [("n1",)]  # type: ignore[attr-defined]


def test_a_fault_that_is_over_can_touch_no_operation() -> None:
    left: list[tuple[int, int]] = []

    class Watched(Instant):
        def obey(self, orders: list[Order]) -> None:
            super().obey(orders)
            left.append((self.now, len(self.conductor.untouched)))

    run = Watched(PLAN + "nemesis: [crash: {target: [n1], at: 5ms, for: 15ms}, crash: {target: [n2], at: 10ms}]")
    untouched = dict(left)
    assert [untouched[at] for at in (5 * MS, 10 * MS, 20 * MS, run.outcome.rested or 0)] == [1, 2, 1, 0]


def test_a_fault_that_hits_the_leader_hits_the_node_that_leads_when_it_begins() -> None:
    rsl = PLAN.replace("caspaxos", "rsl").replace("cas-register", "counter").replace("write: 1", "add-and-get: 1")

    class Led(Instant):
        def obey(self, orders: list[Order]) -> None:
            self.conductor.leader = "n3"
            super().obey(orders)

    run = Led(rsl + "nemesis: [crash: {target: leader, at: 5ms, for: 15ms}]")
    assert run.applied[0][1].faults[0].nodes == ("n3",)  # type: ignore[union-attr]


def test_a_fault_touches_an_operation_only_while_one_is_open() -> None:
    run = Instant(PLAN + "nemesis: [crash: {target: [n1], at: 5ms, for: 15ms}]")
    conductor = Conductor(run.plan, Recorder(header(run.plan)), Outcome())
    orders = conductor.start(0)
    begin = next(order for order in orders if isinstance(order, At) and order.time == 5 * MS)
    conductor.due(5 * MS, begin.token)
    conductor.touch("n2", "n1", True)
    assert conductor.untouched, "no operation is open"
    invoke = next(order for order in orders if isinstance(order, At) and order is not begin)
    conductor.due(invoke.time, invoke.token)
    conductor.touch("n2", "n3", True)
    assert conductor.untouched, "the fault has nothing to do with this link"
    conductor.touch("n2", "n1", True)
    assert not conductor.untouched


def test_a_replay_needs_a_runtime_that_repeats() -> None:
    plan = resolve(loads(PLAN, "plan.yaml", Path()))
    refuse(plan, find_system("caspaxos"), frozenset(Capability) - {Capability.REPEATS})
    with pytest.raises(UserError, match="runtime: the runtime simulation cannot repeat a run byte for byte"):
        refuse(plan, find_system("caspaxos"), frozenset(Capability) - {Capability.REPEATS}, replays=True)


@pytest.mark.parametrize(
    ("lacking", "said"),
    [
        (Capability.PROTOCOLS, "story: system.name: the runtime simulation cannot run a system of sans-IO nodes"),
        (Capability.MESSAGES, "story: checks: the runtime simulation cannot read the messages between the nodes"),
    ],
)
def test_a_plan_that_asks_for_what_a_runtime_cannot_do_is_refused_in_one_line(lacking: Capability, said: str) -> None:
    plan = resolve(loads(PLAN, "plan.yaml", Path()), None, ["checks=[invariants]"])
    with pytest.raises(UserError) as refused:
        refuse(plan, find_system("caspaxos"), frozenset(Capability) - {lacking})
    assert str(refused.value) == said


class Drained(Instant):
    """A queue of three elements, and clients that find it empty after them. The second answer of all is a failure."""

    def answer(self, now: int, order: Invoke) -> list[Order]:
        self.asked = [*getattr(self, "asked", []), (order.operation.f, order.operation.final)]
        elements = getattr(self, "elements", [1, 2, 3])
        self.elements = elements[1:]
        if order.operation.f == "enqueue":
            self.elements = elements
            return super().answer(now, order)
        if len(self.asked) == 5:
            self.elements = elements
            return self.conductor.completed(now, order.thread, Complete("fail", None, "no answer"))
        return self.conductor.completed(now, order.thread, Complete("ok", elements[0] if elements else None, None))


def test_a_queue_is_drained_until_every_client_has_found_it_empty(tmp_path: Path) -> None:
    (tmp_path / "keeper.py").write_text(
        "from clew.systems import Program\n"
        "system = Program(name='keeper', summary='s', model='unordered-queue', functions=('enqueue', 'dequeue'),\n"
        "                 command=lambda node, cluster: ['true'], ready=lambda node, cluster: True)\n"
    )
    run = Drained(
        f"""
name: drained
system: {{name: {tmp_path / "keeper.py"}, nodes: 3}}
workload: {{kind: queue, clients: 2, operations: 4, mix: {{enqueue: 1}}, think: 10ms, timeout: 50ms}}
checks: [liveness]
"""
    )
    assert run.outcome.unanswered == []
    assert run.asked[:4] == [("enqueue", False)] * 4
    # Three elements, a failure that is tried again, and for each client the answer that nothing is left.
    assert run.asked[4:] == [("dequeue", True)] * 6
