"""When the clients of a generated history call, return, and take effect.

Each client begins its next operation soon after the last one ended. An operation has an exponential latency and takes
effect at one moment inside it. An operation of unknown outcome never takes effect (1/2), does so at its moment (1/4),
or much later (1/4); a fresh process then goes on for its client. Whoever plays the operations in the order of their
moments gets a linearizable history.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable
from typing import Any, NamedTuple

LATENCY, THINK, LATE = 10_000_000, 1_000_000, 50 * 10_000_000
SHAPES = ("steady", "bursts", "across", "clusters", "ties")
"""steady: as above. bursts: clients wait for each other and begin together. across: one operation is open all the time.
clusters: outcomes are unknown in some stretches only, ten times as often. ties: many events have equal times."""
_TICK = LATENCY // 2


class Call(NamedTuple):
    """One operation, before it is known what it did."""

    point: int
    """When it takes effect."""
    number: int
    process: int
    f: Any
    """What was chosen to be done."""
    start: int
    end: int
    lost: bool
    """Whether its outcome is unknown."""
    happens: bool
    """Whether it takes effect at all."""


def calls(
    rng: random.Random,
    operations: int,
    processes: int,
    unknown: float,
    choose: Callable[[], Any],
    *,
    shape: str = "steady",
    first_process: int = 0,
) -> list[Call]:
    """So many operations of so many clients, in the order in which they take effect."""
    free = [(int(rng.expovariate(1 / THINK)), first_process + client) for client in range(processes)]
    heapq.heapify(free)
    made = []
    for number in range(operations):
        start, process = heapq.heappop(free)
        if shape == "bursts":
            start += -start % (4 * LATENCY)
        length = 1_000 + int(rng.expovariate(1 / LATENCY))
        point, end = start + rng.randrange(1, length), start + length
        often = unknown if shape != "clusters" else 0.0 if start // (10 * LATENCY) % 10 else min(0.9, 10 * unknown)
        lost = rng.random() < often
        fate = rng.random() if lost else 0.0
        if fate > 0.75:
            point += int(rng.expovariate(1 / LATE))
        if shape == "ties":
            start, end = start - start % _TICK, end + -end % _TICK
        if shape != "across" or number or processes == 1:
            heapq.heappush(free, (end + 1 + int(rng.expovariate(1 / THINK)), process + processes * lost))
        made.append(Call(point, number, process, choose(), start, end, lost, fate > 0.5 or not lost))
    if shape == "across" and processes > 1:
        end = max(call.end for call in made) + 1
        made[0] = made[0]._replace(end=end, point=rng.randrange(made[0].start + 1, end))
    return sorted(made)
