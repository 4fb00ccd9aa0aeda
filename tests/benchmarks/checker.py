"""How fast the checker decides: `python -m tests.benchmarks.checker [--large]`.

Histories are made here: clients in a closed loop, each operation with an exponential latency and one moment inside it
at which it takes effect; a few are of unknown outcome, and happen at their moment or never. An illegal history has one
late read that returns the value of a write that another write had replaced before the read began. Each row is the
median of five seeds (of one, from 100,000 operations on); seconds are those of `check` alone, evidence included.
"""

from __future__ import annotations

import argparse
import heapq
import json
import os
import platform
import random
import statistics
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from checkers import Budget, check, verify_witness
from histories import Event, History, codecs
from histories.event import EventType

LATENCY, THINK = 10_000_000, 1_000_000


def operations(rng: random.Random, count: int, clients: int, unknown: float, unique: bool) -> Iterator[dict[str, Any]]:
    """Register operations in the order in which they take effect, with call, return (None: unknown) and values."""
    free = [(int(rng.expovariate(1 / THINK)), client) for client in range(clients)]
    heapq.heapify(free)
    calls = []
    for number in range(count):
        call, process = heapq.heappop(free)
        length = 1_000 + int(rng.expovariate(1 / LATENCY))
        point, end = call + rng.randrange(1, length), call + length
        lost = rng.random() < unknown
        next_process = process + clients if lost else process
        heapq.heappush(free, (end + 1 + int(rng.expovariate(1 / THINK)), next_process))
        f = rng.choice(("read", "write", "cas"))
        calls.append((point, number, process, f, call, None if lost else end))
    value: Any = None
    for _, number, process, f, call, end in sorted(calls):
        fresh = number if unique else rng.randrange(5)
        argument: Any = None if f == "read" else fresh
        outcome = "ok" if end is not None else "info"
        result = value
        if f == "cas":
            old = value if rng.random() < 0.5 and value is not None else number - 1 if unique else rng.randrange(5)
            argument = result = [old, fresh]
            if old != value and outcome == "ok":
                outcome = "fail"
        if f == "write":
            result = fresh
        if (
            f != "read"
            and outcome != "fail"
            and (outcome == "ok" or rng.random() < 0.5)
            and (f == "write" or argument[0] == value)
        ):
            value = fresh
        yield {
            "process": process, "f": f, "call": call, "end": end, "argument": argument, "result": result,
            "outcome": outcome,
        }  # fmt: skip


def spoil(past: list[dict[str, Any]]) -> None:
    """Let one late read return what a write set that had been replaced, by a write, before the read was called."""
    setters: dict[Any, list[dict[str, Any]]] = {}
    for op in past:
        if op["f"] != "read" and op["outcome"] != "fail":
            setters.setdefault(_sets(op), []).append(op)
    reads = [op for op in past if op["f"] == "read" and op["outcome"] == "ok"]
    for read in reads[: -len(reads) // 20 : -1]:
        before = [op for op in past if op["f"] == "write" and op["outcome"] == "ok" and op["end"] < read["call"]]
        last = max(before, key=lambda op: op["call"])
        for value in {op["result"] for op in before[-40:]} - {last["result"], read["result"]}:
            those = [op for op in setters[value] if op["call"] < read["end"]]
            if all(op["end"] is not None and op["end"] < last["call"] for op in those):
                read["result"] = value
                return
    read = next(op for op in reversed(past) if op["f"] == "read" and op["outcome"] == "ok")
    read["result"] = None


def _sets(op: dict[str, Any]) -> Any:
    return op["argument"] if op["f"] == "write" else op["argument"][1] if op["f"] == "cas" else None


def history(past: list[dict[str, Any]]) -> History:
    """The events of these operations in the order of time."""
    events: list[tuple[int, int, Event]] = []
    for op in past:
        events.append((op["call"], 0, Event(0, op["call"], op["process"], "invoke", op["f"], None, op["argument"])))
        if op["end"] is not None:
            kind: EventType = op["outcome"]
            events.append((op["end"], 1, Event(0, op["end"], op["process"], kind, op["f"], None, op["result"])))
    events.sort(key=lambda entry: entry[:2])
    return History.of(
        Event(index, e.time, e.process, e.type, e.f, e.key, e.value) for index, (_, _, e) in enumerate(events)
    )


def measure(past: History, model: str, expected: bool | None) -> float:
    """Seconds of one check; its verdict must be the expected one, and its evidence hold."""
    _ = past.operations
    began = time.perf_counter()
    verdict = check(past, model, budget=Budget(60.0))
    seconds = time.perf_counter() - began
    if expected is not None and verdict.verdict != "unknown":
        assert (verdict.verdict == "valid") is expected, verdict.explanation
    verify_witness(past, model, verdict)
    return seconds if verdict.verdict != "unknown" else float("inf")


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--large", action="store_true", help="100,000 and 1,000,000 operations too")
    options = parser.parse_args()
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    print("| operations | clients | unknown | values | history | seconds |\n|---|---|---|---|---|---|")
    measure(history(list(operations(random.Random(0), 100, 5, 0.01, False))), "cas-register", True)
    cells = [
        (count, clients, unknown)
        for count, those in ((1_000, (5, 10, 30, 100)), (10_000, (5, 10, 20, 100)))
        for clients in those
        for unknown in ((0.0, 0.01) if clients != 20 else (0.05,))
    ]
    if options.large:
        cells += [
            (100_000, 10, 0.0),
            (100_000, 10, 0.01),
            (100_000, 100, 0.0),
            (1_000_000, 1, 0.0),
            (1_000_000, 10, 0.0),
        ]
    for count, clients, unknown in cells:
        for unique in (False, True):
            for legal in (True, False) if count < 100_000 else (True,):
                seconds = []
                for seed in range(5 if count < 100_000 else 1):
                    past = list(operations(random.Random(seed), count, clients, unknown, unique))
                    if not legal:
                        spoil(past)
                    seconds.append(measure(history(past), "cas-register", legal))
                print(
                    f"| {count:,} | {clients} | {unknown:.0%} | {'unique' if unique else '0..4'} | "
                    f"{'legal' if legal else 'stale read'} | {statistics.median(seconds):.3f} |",
                    flush=True,
                )
    if "CLEW_HISTORIES" in os.environ:
        root = Path(os.environ["CLEW_HISTORIES"])
        expected = json.loads((root / "expected.json").read_text())
        total: dict[str, float] = {}
        for name, what in expected.items():
            folder = name.partition("/")[0]
            total[folder] = total.get(folder, 0.0) + measure(codecs.read(root / name), what["model"], what["valid"])
        for folder, sum_of in total.items():
            print(f"| {folder} | | | | all, in sum | {sum_of:.3f} |")


if __name__ == "__main__":
    main()
