"""Histories for the checker's benchmark, linearizable or with one stale read.

`tests.checkers.calls` says when clients call and when their operations take effect. In a history with a stale read, a
read near the end returns the value of a write that another write had replaced before the read began.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any, NamedTuple

from clew.histories import Event, History
from clew.histories.event import EventType
from tests.checkers.calls import calls


class Cell(NamedTuple):
    """One kind of history; `kind` is "register" (read, write, cas) or "kv" (get, put, append, of strings)."""

    operations: int
    processes: int
    unknown: float = 0.0
    unique: bool = False
    legal: bool = True
    keys: int = 1
    kind: str = "register"

    @property
    def model(self) -> str:
        """The model that these histories are checked against."""
        return "cas-register" if self.kind == "register" else "kv"


def history(cell: Cell, seed: int) -> History:
    """A history of this kind. Each key has clients of its own, and `cell.operations` operations."""
    rng = random.Random(f"{cell}/{seed}")
    past: list[dict[str, Any]] = []
    for number in range(cell.keys):
        key = None if cell.keys == 1 else f"k{number}"
        one = list(_operations(rng, cell, key, 1_000_000 * number))
        if not cell.legal and number == 0:
            _spoil(one)
        past += one
    return _history(past)


def _operations(rng: random.Random, cell: Cell, key: str | None, first_process: int) -> Iterator[dict[str, Any]]:
    """The operations on one key in the order in which they take effect, with call, return (None: unknown), values."""
    names = ("read", "write", "cas") if cell.kind == "register" else ("get", "put", "append")
    made = calls(
        rng, cell.operations, cell.processes, cell.unknown, lambda: rng.choice(names), first_process=first_process
    )
    value: Any = None if cell.kind == "register" else ""
    for _, number, process, f, call, returned, lost, happens in made:
        end = None if lost else returned
        fresh: Any = number if cell.unique else rng.randrange(5)
        fresh = fresh if cell.kind == "register" else f"{fresh}."
        argument = None if f in ("read", "get") else fresh
        outcome = "ok" if end is not None else "info"
        result = value
        if f == "cas":
            old = value if rng.random() < 0.5 and value is not None else number - 1 if cell.unique else rng.randrange(5)
            argument = [old, fresh]
            happens = happens and old == value
            if not happens and outcome == "ok":
                outcome = "fail"
        if f not in ("read", "get"):
            result = argument
            if happens:
                value = value + fresh if f == "append" else fresh
        yield {
            "process": process, "f": f, "key": key, "call": call, "end": end, "argument": argument, "result": result,
            "outcome": outcome,
        }  # fmt: skip


def _spoil(past: list[dict[str, Any]]) -> None:
    """Let one late read return what a write set that had been replaced, by a write, before the read was called."""
    setters: dict[Any, list[dict[str, Any]]] = {}
    for op in past:
        if op["f"] != "read" and op["outcome"] != "fail":
            setters.setdefault(_sets(op), []).append(op)
    # A write that may still come makes its value possible for ever.
    lost = [[op["call"] for op in those if op["end"] is None] for those in setters.values()]
    reads = [op for op in past if op["f"] == "read" and op["outcome"] == "ok"]
    for read in reads[: -len(reads) // 20 : -1]:
        if all(calls and min(calls) < read["end"] for calls in lost):
            continue
        before = [op for op in past if op["f"] == "write" and op["outcome"] == "ok" and op["end"] < read["call"]]
        last = max(before, key=lambda op: op["call"])
        for value in {op["result"]: None for op in before[-40:]}:
            those = [op for op in setters[value] if op["call"] < read["end"]]
            if value not in (last["result"], read["result"]) and all(
                op["end"] is not None and op["end"] < last["call"] for op in those
            ):
                read["result"] = value
                return
    read = next(op for op in reversed(past) if op["f"] == "read" and op["outcome"] == "ok")
    read["result"] = None


def _sets(op: dict[str, Any]) -> Any:
    return op["argument"] if op["f"] == "write" else op["argument"][1]


def _history(past: list[dict[str, Any]]) -> History:
    """The events of these operations in the order of time."""
    events: list[tuple[int, int, Event]] = []
    for op in past:
        call = Event(0, op["call"], op["process"], "invoke", op["f"], op["key"], op["argument"])
        events.append((op["call"], 0, call))
        if op["end"] is not None:
            kind: EventType = op["outcome"]
            events.append((op["end"], 1, Event(0, op["end"], op["process"], kind, op["f"], op["key"], op["result"])))
    events.sort(key=lambda entry: entry[:2])
    return History.of(
        Event(index, e.time, e.process, e.type, e.f, e.key, e.value) for index, (_, _, e) in enumerate(events)
    )
