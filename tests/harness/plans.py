"""What the shipped plans promise, seed by seed: run inline, in memory, and judged.

The suite holds these promises on a spread of seeds, `python -m tests.harness.fuzz` on as many as there is time for.
"""

from __future__ import annotations

import re
from collections import Counter

import pytest

from clew.harness.plan import load, resolve, shipped
from clew.harness.plan.source import SHIPPED
from clew.harness.run import simulate
from clew.harness.verdict.judge import judge
from clew.harness.verdict.result import Result

BLOCKS = [
    range(0, 200, 100),
    *(pytest.param(range(first, first + 100, 20), marks=pytest.mark.long) for first in range(0, 200, 100)),
]
"""The seeds 0 and 100; and for `make fuzz` every twentieth from 0 to 199, in pieces that processes can share."""

STORMS: dict[str, tuple[str, ...]] = {
    "caspaxos-happy-path": (),
    "caspaxos-minority-failure": (),
    "caspaxos-contention-storm": (),
    "paxos-duel": (),
    "raft-leader-loss": ("workload.rate=40", "workload.duration=4s"),
    "raft-snapshots": ("workload.duration=3s",),
    "raft-elections": ("workload.operations=100",),
    "raft-membership": ("workload.rate=40", "workload.duration=3s"),
    "multipaxos-duel": ("workload.operations=50",),
    "multipaxos-batches": ("workload.operations=150",),
    "disco-storm": (),
    "disco-master-restarts": (),
    "disco-lost-node": (),
    "two-phase-commit-storm": (),
    "two-phase-commit-blocking": (),
    "mapreduce-workers-die": (),
    "mapreduce-stragglers": (),
    "mapreduce-storm": (),
    "caspaxos-two-proposers": (),
    "caspaxos-increments": (),
    "caspaxos-minority-stays-down": (),
    "caspaxos-versions": (),
    "caspaxos-one-round-trip": (),
    "caspaxos-flexible-quorums": (),
    "caspaxos-long-isolation": (),
    "caspaxos-membership": (),
    "caspaxos-deletion": (),
    "caspaxos-written-while-removed": (),
    "rsl-counter-steady": ("workload.operations=320",),
    "rsl-leader-loss": ("workload.rate=40", "workload.duration=5s"),
    "rsl-storm": ("workload.rate=25", "workload.duration=6s"),
    "rsl-kv-catch-up": ("workload.rate=25",),
    "rsl-heavy-weather": ("workload.rate=40",),
}
"""The plans of correct systems. Those of Multi-Paxos, Raft and RSL run at a fraction of their load: the same faults,
fewer requests."""

HUNTS: dict[str, str] = {
    "caspaxos-forgets-promises": "system.variant=none",
    "caspaxos-highest-version": "system.variant=none",
    "caspaxos-dirty-reads": "system.variant=none",
    "caspaxos-reuses-ballots": "system.variant=none",
    "mapreduce-maps-what-is-there-now": "system.variant=none",
    "mapreduce-reuses-names": "system.variant=none",
    "multipaxos-forgets-promises": "system.variant=none",
    "multipaxos-votes-without-promising": "system.variant=none",
    "paxos-forgets-promises": "system.variant=none",
    "paxos-votes-without-promising": "system.variant=none",
    "raft-appends-unchecked": "system.variant=none",
    "raft-changes-too-early": "system.variant=none",
    "raft-changes-two-at-once": "system.variant=none",
    "raft-counts-older-terms": "system.variant=none",
    "raft-forgets-its-vote": "system.variant=none",
    "rsl-amnesia": "system.durability=synced",
    "rsl-as-published": "system.variant=none",
    "rsl-counts-across-ballots": "system.variant=none",
    "rsl-forgets-promises": "system.variant=none",
    "rsl-picks-the-lowest-ballot": "system.variant=none",
    "rsl-reuses-ballots": "system.variant=none",
    "rsl-takes-any-1b": "system.variant=none",
    "rsl-votes-without-promising": "system.variant=none",
    "two-phase-commit-forgets-its-vote": "system.variant=none",
}
"""The plans that find a mistake, each with the setting that makes its system correct again."""

DATABASES = tuple(name for name, _ in shipped() if "\nruntime: live\n" in (SHIPPED / f"{name}.yaml").read_text())
"""The plans for databases. They run live: `tests/harness/test_databases.py` runs them where the server is installed.

Every worker makes this list. To read all the plans for it would take each a second."""

LOCKS = tuple(f"{name}-{guard}" for name in ("etcd", "zookeeper") for guard in ("lock", "leader"))
FENCED = tuple(f"{name}-fenced-{guard}" for name in ("etcd", "zookeeper") for guard in ("lock", "leader"))
MUTEX = tuple(f"{name}-mutex{clients}" for name in ("etcd", "zookeeper") for clients in ("", "-slow-clients"))
OBJECTS = ("etcd-set", "etcd-watch", "etcd-watch-compaction", "etcd-list", "redis-one-node-list", "redis-sentinel-set")
MORE = (
    "zookeeper-sync-two-leaders",
    "zookeeper-lost-writes",
    "zookeeper-no-sync",
    "redis-replica-reads",
    "nats-kv-direct-reads",
    "nats-kv-restart",
    "rabbitmq-queue-partition",
    "rabbitmq-queue-autoheal",
    "rabbitmq-pause-minority",
)
LONG = (*MORE, *LOCKS, *FENCED, *MUTEX, *OBJECTS)
"""Plans for databases that only `make fuzz` runs: the suite runs an anomaly and a control of each. Of ZooKeeper and
RabbitMQ, whose nodes take two and seven seconds of processor time each to start, it runs the control alone."""

SHORT: dict[str, tuple[str, ...]] = {
    "etcd-linearizable": (
        "workload.duration=2500ms",
        "nemesis.0.crash.every=1200ms",
        "nemesis.1.pause={target: leader, at: 1s, for: 1200ms}",
        "nemesis.2.partition={kind: majority, at: 400ms, for: 600ms}",
        "recovery.after=1s",
    ),
    "etcd-serializable-reads": (
        "system.heartbeat_interval=50ms",
        "system.election_timeout=400ms",
        "workload.duration=1500ms",
        "nemesis.0.partition={kind: one, at: 100ms, for: 1300ms}",
        "recovery.after=500ms",
    ),
    "redis-one-node": (
        "workload.duration=1800ms",
        "nemesis.0.crash.every=700ms",
        "nemesis.1.pause.every=1100ms",
    ),
    "redis-sentinel-failover": (
        "system.down_after=300ms",
        "workload.duration=3s",
        "nemesis.0.partition.at=100ms",
        "nemesis.0.partition.for=2s",
        "recovery.after=1s",
    ),
    "zookeeper-sync": (
        "workload.duration=2s",
        "nemesis.0.pause={target: one, at: 200ms, for: 300ms}",
        "nemesis.1.crash={target: one, at: 700ms, for: 100ms}",
        "nemesis.2.pause={target: one, at: 1500ms, for: 300ms}",
        "recovery.after=1s",
    ),
    "zookeeper-no-sync": (
        # Three cuts: one alone shows it in one run of four, and most of the processor time is the start of a cluster.
        "workload.duration=4500ms",
        "workload.mix={read: 4, write: 1}",
        # The first node has the lowest number, and is elected only if it knows most.
        "nemesis.0.partition={grudge: {n1: [n2, n3], n2: [n1], n3: [n1]}, every: 1500ms, for: 1s}",
        "recovery.after=1s",
    ),
    "nats-kv-leader-reads": (
        "workload.duration=1500ms",
        "nemesis.0.crash={target: one, at: 300ms, for: 300ms}",
        "recovery.after=2s",
    ),
    "nats-kv-concurrent-updates": ("workload.duration=2s",),
    "rabbitmq-quorum-queue": (
        "system.nodes=2",
        "workload.duration=2s",
        "nemesis.0.partition={kind: one, at: 300ms, for: 1s}",
        "recovery.after=1s",
    ),
    "rabbitmq-queue-partition": (
        "system.nodes=2",
        "workload.duration=3s",
        "nemesis.0.partition={kind: one, at: 300ms, for: 2500ms}",
        "recovery.after=1s",
    ),
}
"""The settings with which the suite runs the others: the same faults, less often and for less long."""

PROMISES: dict[str, tuple[str, ...]] = STORMS | {name: (setting,) for name, setting in HUNTS.items()}
"""Every plan with the settings under which `assert_promise` holds for any seed."""


def run(name: str, seed: int | None, *settings: str) -> Result:
    """The verdict on a plan, with its own seed for None."""
    plan = resolve(load(name), seed, settings)
    return judge(plan, *simulate(plan))


def assert_promise(name: str, seed: int) -> Counter[str]:
    """A correct system is valid, and what the plan is made for happens. Returns what the protocol had to do."""
    result = run(name, seed, *PROMISES[name])
    assert result.verdict == "valid", (name, seed, result.explanation)
    happened = Counter(result.counts["protocol"])
    if name == "rsl-counter-steady":
        assert happened["requests in batches"] > 25 * happened["batches"], (name, seed)
        assert happened["view changes"] == 0, (name, seed)
    elif name == "rsl-heavy-weather":
        assert happened["views led"] >= 3, (name, seed)
    elif name in STORMS and name.startswith("rsl-"):
        assert happened["truncations"] >= 3, (name, seed)
        assert happened["views led"] >= 1, (name, seed)
    if name in ("caspaxos-deletion", "caspaxos-written-while-removed"):
        assert happened["registers removed"] >= 2, (name, seed)
    if name == "raft-leader-loss":
        assert happened["elections won"] >= 3, (name, seed)
    elif name == "raft-snapshots":
        assert happened["snapshots installed"] >= 1, (name, seed)
    elif name == "raft-membership":
        assert happened["membership changes"] >= 4, (name, seed)
    if name == "rsl-kv-catch-up":
        assert happened["state transfers"] >= 1, (name, seed)
    return happened


WHICH = pytest.mark.parametrize("which", ["first seed", pytest.param("all seeds", marks=pytest.mark.long)])
"""Which of the seeds that a plan names a test runs: the suite the plan's own, `make fuzz` all."""


def seeds_named(name: str, which: str) -> list[int]:
    """Seeds on which clients find the mistake, as the comment of its plan says; the plan's own is the first.

    `which` is one of `WHICH`.
    """
    comment = " ".join(dict(shipped())[name].split())
    named = re.search(r"Found by clients, .*on seeds ([\d, ]+)", comment)
    assert named is not None, f"{name}.yaml: expected a comment 'Found by clients, ... on seeds 0, 4', found: {comment}"
    seeds = [int(seed) for seed in re.findall(r"\d+", named[1])]
    assert all(seed < 200 for seed in seeds), f"{name}.yaml: expected seeds below 200"
    assert resolve(load(name)).seed == seeds[0], f"{name}.yaml: expected the first of these seeds as the plan's own"
    return seeds[:1] if which == "first seed" else seeds
