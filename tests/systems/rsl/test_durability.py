"""No replica sends a message before what it relies on is on disk: in shipped plans and in random lives.

Also: what `durability: none` can stand, and what it cannot.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import msgspec
import pytest
import trio
from hypothesis import given, settings
from hypothesis import strategies as st

from clew.harness.plan import Plan, load, resolve, shipped
from clew.harness.run import header, simulate
from clew.harness.runtime.conductor import Conductor
from clew.harness.runtime.outcome import Outcome
from clew.harness.runtime.simulation import open_simulation
from clew.harness.verdict.judge import judge
from clew.histories import History, Recorder
from clew.systems import Context, Node, find_protocol
from clew.systems.node import Sync, Write
from clew.systems.rsl.messages import Heartbeat, Message1a, Message1b, Message2a, Message2b, StartingPhase2
from clew.systems.rsl.parameters import Parameters
from clew.systems.rsl.replica import Replica
from tests.systems.rsl.any_message import lively
from tests.systems.rsl.single_roles import NODES
from tests.systems.rsl.synced import Checked

RSL = find_protocol("rsl")
PLANS = [name for name, _ in shipped() if name.startswith("rsl-")]
STORMS = ("rsl-storm", "rsl-kv-catch-up", "rsl-leader-loss", "rsl-heavy-weather")
"""The plans that the suite runs: those of correct replicas that crash. `make fuzz` runs all."""
REVEALING = {Message1a, Message1b, StartingPhase2, Message2a, Message2b, Heartbeat}


def played(plan: Plan, node: Callable[[Any], Node]) -> tuple[History, Outcome]:
    """Run a plan with nodes that the test makes."""
    plan = msgspec.structs.replace(plan, system=msgspec.structs.replace(plan.system, variant=None))
    recorder, outcome = Recorder(header(plan)), Outcome()

    async def main() -> None:
        async with open_simulation(plan, replace(RSL, node=node), outcome) as simulation:
            await simulation.run(Conductor(plan, recorder, outcome))

    trio.run(main)
    return recorder.history(), outcome


def held(name: str, variant: str = "none") -> tuple[list[str], Counter[type]]:
    """Run a plan with checked replicas. Returns what was wrong, and how many messages of each type were checked."""
    short = ["workload.operations=640"] if name == "rsl-counter-steady" else ["workload.duration=2s"]
    plan = resolve(load(name), None, [*short, "system.durability=synced", f"system.variant={variant}"])
    broken: list[str] = []
    said: Counter[type] = Counter()
    make = RSL.variant(plan.system.variant).node
    played(plan, lambda parameters: Checked(make(parameters), parameters, broken, said))
    return broken, said


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[] if name in STORMS else [pytest.mark.long]) for name in PLANS]
)
def test_in_every_plan_replicas_sync_before_they_send(name: str) -> None:
    broken, said = held(name)
    assert broken == []
    assert all(said[kind] >= 2 for kind in REVEALING)


@pytest.mark.parametrize(
    ("variant", "says"),
    [
        ("forgets-promises", "promises ballot"),
        ("reuses-ballots", "leads ballot"),
        ("fsync-lies", "votes in ballot"),
        ("torn-writes", "has a checkpoint"),
        ("amnesia", "votes in ballot"),
    ],
)
def test_a_variant_that_sends_before_it_syncs_is_found(variant: str, says: str) -> None:
    broken, _ = held("rsl-amnesia", variant)
    assert any(says in each for each in broken)


class Mortal:
    """A replica that has only one life: after a restart it stays silent."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._dead = False

    def start(self, ctx: Context) -> None:
        self._dead = ctx.disk.read("lived", bool) is not None
        ctx.disk.write("lived", True)
        ctx.disk.sync()
        if not self._dead:
            self._node.start(ctx)

    def receive(self, ctx: Context, source: str, message: Any) -> None:
        if not self._dead:
            self._node.receive(ctx, source, message)

    def wake(self, ctx: Context, timer: str) -> None:
        self._node.wake(ctx, timer)


FORGETFUL = ("system.durability=none", "workload.duration=3s", "workload.rate=40", "network.drop=0.1")


@pytest.mark.parametrize("crash", ["{target: minority, at: 1s}", "{target: leader, at: [1s, 2s]}"])
def test_without_durability_a_minority_may_stay_down_for_good(crash: str) -> None:
    for seed in range(4):
        plan = resolve(load("rsl-storm"), seed, [*FORGETFUL, f"nemesis.1.crash={crash}"])
        history, outcome = played(plan, lambda parameters: Mortal(Replica(parameters)))
        result = judge(plan, history, outcome)
        assert result.verdict == "valid", (seed, result.explanation)
        assert result.counts["faults"]["crash"] >= 1


def test_without_durability_a_crashed_replica_must_not_come_back() -> None:
    back = "nemesis.1.crash={target: minority, every: 500ms, for: 100ms}"
    plans = (resolve(load("rsl-storm"), seed, [*FORGETFUL, back]) for seed in range(12))
    assert any(judge(plan, *simulate(plan)).checks["invariants"].verdict == "invalid" for plan in plans)


Happening = tuple[str, Any]
happenings = st.one_of(
    *[st.tuples(st.sampled_from(NODES), lively)] * 12,
    st.tuples(st.just("time"), st.sampled_from([1, 10_000_000, 100_000_000, 1_100_000_000])),
    st.tuples(st.just("crash"), st.integers(0, 3)),
)
"""Mostly messages with their senders. Also: time that passes, and crashes (with how many unsynced writes stay)."""


@settings(max_examples=40)
@given(st.lists(happenings, max_size=40), st.sampled_from([1, 2, 7]))
def test_in_random_lives_replicas_sync_before_they_send(life: list[Happening], length: int) -> None:
    parameters = Parameters(max_log_length=length, max_batch_size=2)
    broken: list[str] = []
    disk: dict[str, bytes] = {}
    now = 0
    node, ctx = begin(parameters, disk, now, broken)
    waiting = keep(ctx, disk, [])
    for what, detail in life:
        if what == "crash":
            disk.update(waiting[:detail])
            node, ctx = begin(parameters, disk, now, broken)
            waiting = []
        elif what == "time":
            ctx.now = now = now + detail
            node.wake(ctx, "heartbeat")
        else:
            node.receive(ctx, what, detail)
        waiting = keep(ctx, disk, waiting)
    assert broken == []


def begin(parameters: Parameters, disk: dict[str, bytes], now: int, broken: list[str]) -> tuple[Checked, Context]:
    node, ctx = (
        Checked(RSL.node(parameters), parameters, broken, Counter()),
        Context("n1", NODES, random.Random(0), dict(disk)),
    )
    ctx.now = now
    node.start(ctx)
    return node, ctx


def keep(ctx: Context, disk: dict[str, bytes], waiting: list[tuple[str, bytes]]) -> list[tuple[str, bytes]]:
    """Put on disk what a step has synced. Returns what it has written after that."""
    for effect in ctx.take():
        if isinstance(effect, Write):
            waiting = [*waiting, (effect.key, bytes(effect.value))]
        elif isinstance(effect, Sync):
            disk.update(waiting)
            waiting = []
    return waiting
