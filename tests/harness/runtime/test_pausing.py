"""A paused node takes no step. What comes meanwhile waits, in its order; then the node goes on as it was."""

from __future__ import annotations

from typing import Any

from clew.systems import Context
from tests.harness.runtime.test_simulation import MS, Echo, run

PLAN = """
name: pausing
system: {name: caspaxos, nodes: 1}
workload: {kind: cas-register, clients: 1, operations: 4, think: 10ms, timeout: 1s}
network: {clients: {latency: 1ms}}
"""


class Remembers(Echo):
    """Counts in memory, and notes when it took which step."""

    def __init__(self, steps: list[Any]) -> None:
        super().__init__([])
        self.steps = steps
        self.count = 0

    def start(self, ctx: Context) -> None:
        self.steps.append(("start", ctx.now))
        ctx.set_timer("tick", 45 * MS)

    def receive(self, ctx: Context, source: str, message: Any) -> None:
        self.count += 1
        self.steps.append((self.count, ctx.now))
        super().receive(ctx, source, message)

    def wake(self, ctx: Context, timer: str) -> None:
        self.steps.append((timer, ctx.now))


def steps_of(nemesis: str) -> tuple[list[Any], Any]:
    """The steps of the one node, and the recorder of the run."""
    steps: list[Any] = []
    recorder, outcome = run(f"{PLAN}nemesis: [{nemesis}]", lambda parameters: Remembers(steps))
    assert not outcome.unanswered
    return steps, recorder


def test_a_paused_node_takes_no_step_and_forgets_nothing() -> None:
    steps, _ = steps_of("pause: {target: [n1], at: 5ms, for: 100ms}")
    assert [step for step, _ in steps].count("start") == 1
    assert not [step for step, now in steps if 5 * MS <= now < 105 * MS]
    counts = [step for step, _ in steps if isinstance(step, int)]
    assert counts == list(range(1, len(counts) + 1)), "it goes on counting where it was"


def test_messages_and_timers_that_came_meanwhile_are_handed_over_in_their_order_when_it_goes_on() -> None:
    steps, recorder = steps_of("pause: {target: [n1], at: 5ms, for: 100ms}")
    late = [step for step, now in steps if now == 105 * MS]
    assert late == [1, "tick"]
    assert "info" not in {event.type for event in recorder.events if event.process != "nemesis"}


def test_a_crash_while_paused_loses_what_was_waiting_and_the_node_restarts_when_both_are_over() -> None:
    steps, recorder = steps_of("pause: {target: [n1], at: 5ms, for: 100ms}, crash: {target: [n1], at: 20ms, for: 30ms}")
    assert [now for step, now in steps if step == "start"] == [0, 105 * MS]
    assert [event.error for event in recorder.events if event.type == "info" and event.error] == ["timeout"]


def test_pauses_that_overlap_add_up() -> None:
    steps, _ = steps_of("pause: {target: [n1], at: 5ms, for: 50ms}, pause: {target: [n1], at: 30ms, for: 100ms}")
    assert not [step for step, now in steps if 5 * MS <= now < 130 * MS]


def test_a_message_that_has_arrived_is_handed_over_though_its_sender_is_cut_off_by_then() -> None:
    steps, _ = steps_of(
        "pause: {target: [n1], at: 5ms, for: 100ms}, partition: {grudge: {n1: [c0]}, at: 50ms, for: 100ms}"
    )
    assert (1, 105 * MS) in steps
