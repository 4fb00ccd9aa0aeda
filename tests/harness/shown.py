"""Runs and histories that the tests of pictures look at."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import trio

from clew.harness.plan import load, resolve
from clew.harness.run import run

EVIL = "<script>alert(1)</script>"
IMAGE = "<img src=x onerror='document.title=`owned`'>"
"""What runs even where it is put into a page as `innerHTML`, which a script does not."""


def failing_run(store: Path) -> Path:
    """The folder of a run in which acceptors forgot, and a client saw it."""
    result = trio.run(lambda: run(resolve(load("caspaxos-forgets-promises")), nodes="inline", into=store))
    assert result.verdict == "invalid"
    assert result.run is not None
    return Path(result.run)


def history_file(path: Path, events: list[tuple[Any, ...]], **header: Any) -> Path:
    """A history of (time in ms, process, type, f, key, value) as a file."""
    lines = [json.dumps({"clew-history": 1, **header})]
    for index, (ms, process, type_, f, key, value) in enumerate(events):
        event = {"index": index, "time": int(ms * 1e6), "process": process, "type": type_, "f": f}
        lines.append(json.dumps({**event, "key": key, "value": value}))
    path.write_text("\n".join(lines) + "\n")
    return path


STALE = [
    (0, 0, "invoke", "write", "x", 1),
    (1, 0, "ok", "write", "x", 1),
    (2, 0, "invoke", "write", "x", 2),
    (3, 0, "ok", "write", "x", 2),
    (4, 1, "invoke", "read", "x", None),
    (5, 1, "ok", "read", "x", 1),
]
"""A read of what had been overwritten before it began."""
GOOD = [(ms, process, type_, f, "y", value) for ms, process, type_, f, _, value in STALE[:4]]


RACE: list[tuple[Any, ...]] = [
    (0, 0, "invoke", "write", "x", 0),
    (1, 0, "ok", "write", "x", 0),
    (2, 0, "invoke", "cas", "x", [0, 1]),
    (3, 1, "invoke", "cas", "x", [0, 2]),
    (4, 2, "invoke", "write", "x", 7),
    (5, 0, "ok", "cas", "x", [0, 1]),
    (6, 1, "ok", "cas", "x", [0, 2]),
    (7, 2, "ok", "write", "x", 7),
    (8, 2, "invoke", "read", "x", None),
    (9, 2, "ok", "read", "x", 7),
]
"""Two clients swapped the same 0. The write of 7 came too late to bring it back."""


def many_writes(count: int, stale: int) -> list[tuple[Any, ...]]:
    """`count` writes to "x", one a millisecond. Write number `stale` is followed by a read of an old value."""
    events: list[tuple[Any, ...]] = []
    for n in range(count):
        events += [(n, 0, "invoke", "write", "x", n), (n + 0.5, 0, "ok", "write", "x", n)]
        if n == stale:
            events += [(n + 0.6, 1, "invoke", "read", "x", None), (n + 0.7, 1, "ok", "read", "x", 7)]
    return events
