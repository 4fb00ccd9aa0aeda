"""Generated histories of a few thousand operations: mixes of operations on a register that are hard to decide.

Each client begins its next operation soon after the last one ended. An operation has an exponential latency and takes
effect at one moment inside it. An operation of unknown outcome never takes effect (1/2), does so at its moment (1/4),
or much later (1/4); a fresh process then goes on for its client. So every history is linearizable.
"""

from __future__ import annotations

import heapq
import random
from typing import Any, NamedTuple

from clew.histories import Event, History

LATENCY, THINK, LATE = 10_000_000, 1_000_000, 50 * 10_000_000


class Mix(NamedTuple):
    """A kind of history of a CAS register."""

    operations: int
    processes: int
    weights: tuple[float, float, float]
    """How often an operation is a read, a write, a compare-and-set."""
    values: int
    unknown: float
    """The share of operations of unknown outcome."""


def register_history(mix: Mix, rng: random.Random) -> History:
    """A linearizable history of this kind. Half of the compare-and-sets expect the value that is there."""
    free = [(int(rng.expovariate(1 / THINK)), client) for client in range(mix.processes)]
    heapq.heapify(free)
    calls = []
    for number in range(mix.operations):
        call, process = heapq.heappop(free)
        length = 1_000 + int(rng.expovariate(1 / LATENCY))
        point, end = call + rng.randrange(1, length), call + length
        lost = rng.random() < mix.unknown
        fate = rng.random() if lost else 0.0
        if fate > 0.75:
            point += int(rng.expovariate(1 / LATE))
        heapq.heappush(free, (end + 1 + int(rng.expovariate(1 / THINK)), process + mix.processes * lost))
        (f,) = rng.choices(("read", "write", "cas"), mix.weights)
        calls.append((point, number, process, f, call, end, lost, fate > 0.5 or not lost))
    value: Any = None
    events: list[tuple[int, int, Event]] = []
    for _, _, process, f, call, end, lost, happens in sorted(calls):
        fresh: Any = rng.randrange(mix.values)
        result: Any = value
        argument: Any = None if f == "read" else fresh
        error = None
        if f == "cas":
            argument = [value if rng.random() < 0.5 and value is not None else rng.randrange(mix.values), fresh]
        if f != "read":
            result = argument
            failed = f == "cas" and argument[0] != value
            if failed and not lost:
                error = "refused"
            elif happens and not failed:
                value = fresh
        events.append((call, 0, Event(0, call, process, "invoke", f, None, argument)))
        if not lost:
            kind: Any = "ok" if error is None else "fail"
            events.append((end, 1, Event(0, end, process, kind, f, None, result, error)))
    events.sort(key=lambda entry: entry[:2])
    return History.of(
        Event(index, e.time, e.process, e.type, e.f, e.key, e.value, e.error) for index, (_, _, e) in enumerate(events)
    )


def set_history(count: int, processes: int, elements: int, unknown: float, rng: random.Random) -> History:
    """A linearizable history of a set that is never read whole: adds, removes and questions about a few elements."""
    free = [(client, client) for client in range(processes)]
    heapq.heapify(free)
    calls = []
    for number in range(count):
        call, process = heapq.heappop(free)
        end = call + 10 + rng.randrange(20 * processes)
        lost = rng.random() < unknown
        calls.append((rng.randrange(call + 1, end), number, process, call, end, lost, not lost or rng.random() < 0.5))
        heapq.heappush(free, (end + 1, process + processes * lost))
    there: set[int] = set()
    events: list[tuple[int, int, Event]] = []
    for _, _, process, call, end, lost, happens in sorted(calls):
        f, element = rng.choice(("add", "remove", "contains")), rng.randrange(elements)
        found = element in there
        if happens and f != "contains":
            (there.add if f == "add" else there.discard)(element)
        events.append((call, 0, Event(0, call, process, "invoke", f, None, element)))
        if not lost:
            result: Any = not found if f == "add" else found
            result = element if f == "add" and rng.random() < 0.5 else result
            events.append((end, 1, Event(0, end, process, "ok", f, None, result)))
    events.sort(key=lambda entry: entry[:2])
    return History.of(
        Event(index, e.time, e.process, e.type, e.f, e.key, e.value) for index, (_, _, e) in enumerate(events)
    )
