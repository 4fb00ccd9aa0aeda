"""Random schedules: whatever a network, a crash or an impatient client can do to a cluster, one action a step."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from typing import Any

from tests.systems.cluster import Cluster

WEIGHTS = {"deliver": 60, "invoke": 8, "lose": 6, "restart": 6, "deliver again": 4, "wake": 1, "crash": 1}
ACTIONS = tuple(action for action, weight in WEIGHTS.items() for _ in range(weight))
Step = tuple[str, int]


def steps(seed: int, count: int) -> list[Step]:
    """`count` random steps."""
    rng = random.Random(seed)
    return [(rng.choice(ACTIONS), rng.randrange(1 << 16)) for _ in range(count)]


def operation(number: int, serial: int) -> tuple[str, Any]:
    """A read (half of them), a write or a compare-and-set. No two set the same value, so that any lost one shows."""
    if number % 2:
        return "read", None
    if number % 4:
        return "write", serial
    return "cas", [serial - 1 - number // 4 % 4 or None, serial]


def follow(
    cluster: Cluster,
    schedule: Iterable[Step],
    *,
    threads: int = 3,
    operations: int = 60,
    keys: int = 1,
    operation: Callable[[int, int], tuple[str, Any]] = operation,
) -> None:
    """Do each step of the schedule that is possible. Its number picks the message, timer, node or operation.

    If a step delivers a message and none is in flight, the next timer fires instead.
    """
    serial = 0
    for action, number in schedule:
        if action in ("deliver", "deliver again", "lose") and cluster.flying:
            flight = cluster.flying[number % len(cluster.flying)]
            if action == "lose":
                cluster.lose(flight)
            else:
                cluster.deliver(flight, again=action == "deliver again")
        elif action == "deliver" and cluster.timers:
            cluster.wake(*cluster.earliest())
        elif action == "wake" and cluster.timers:
            cluster.wake(*sorted(cluster.timers)[number % len(cluster.timers)])
        elif action in ("crash", "restart"):
            name = cluster.names[number % len(cluster.names)]
            if action == "crash" and cluster.up(name):
                cluster.crash(name)
            elif action == "restart" and not cluster.up(name):
                cluster.restart(name)
        elif action == "invoke" and operations > 0:
            thread, number = number % threads, number // threads
            # A client that waits gives up now and then. Its operation stays open for ever.
            if not cluster.busy(thread) or (number >> 8) % 8 == 0:
                operations -= 1
                serial += 1
                cluster.invoke(thread, *operation(number, serial), key=number % keys)


def recover(cluster: Cluster, *, threads: int = 3, keys: int = 1) -> list[int]:
    """Restart all nodes, let the cluster settle, and read every key in every thread. Returns the reads' numbers."""
    for name in cluster.names:
        if not cluster.up(name):
            cluster.restart(name)
    cluster.settle()
    reads = []
    for key in range(keys):
        for thread in range(threads):
            reads.append(cluster.invoke(thread, "read", key=key))
            cluster.settle()
    return reads
