"""Histories in numbers: how many operations of which kind ended how, how long they took, how many there were a second.

Latency is from invocation to an `ok` or `fail`; an operation of unknown outcome has none, and is counted as unknown.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
import numpy as np
from numpy.typing import NDArray

from histories.history import FAIL, INFO, OK, History, Operations

QUANTILES = (0.5, 0.95, 0.99, 1.0)


class Numbers(msgspec.Struct, frozen=True):
    """Some operations in numbers. `latency` is p50, p95, p99 and the longest in ms, None if none was answered."""

    operations: int
    ok: int
    fail: int
    info: int
    rate: float
    """Operations a second."""
    unknown: float
    """The share of unknown outcomes, 0 to 1."""
    latency: tuple[float, float, float, float] | None


class Statistics(msgspec.Struct, frozen=True):
    """All operations, those of each function, and those invoked while each of the given windows was open."""

    all: Numbers
    by_f: dict[str, Numbers]
    by_window: dict[str, Numbers]


def statistics(
    history: History, windows: Iterable[tuple[str, int, int]] = (), chosen: NDArray[np.int64] | None = None
) -> Statistics:
    """The numbers of a history, or of the `chosen` operations of it. A window is a name, a start and an end in ns.

    Windows of one name are taken together, and "no fault" is what was invoked in none.
    """
    operations = history.operations
    rows = np.arange(len(operations)) if chosen is None else chosen
    span = int(history.time[-1] - history.time[0]) if len(history) else 0
    by_f = {
        str(history.fs[code]): numbers(operations, rows[operations.f[rows] == code], span)
        for code in np.unique(operations.f[rows]).tolist()
    }
    named: dict[str, list[tuple[int, int]]] = {}
    for name, start, end in windows:
        named.setdefault(name, []).append((start, end))
    starts = operations.start[rows]
    covered = np.zeros(len(rows), np.bool_)
    by_window = {}
    for name, spans in named.items():
        inside = np.zeros(len(rows), np.bool_)
        for start, end in spans:
            inside |= (starts >= start) & (starts < end)
        covered |= inside
        by_window[name] = numbers(operations, rows[inside], _length(spans))
    if named:
        outside = span - _length([interval for spans in named.values() for interval in spans])
        by_window["no fault"] = numbers(operations, rows[~covered], outside)
    return Statistics(numbers(operations, rows, span), by_f, by_window)


def numbers(operations: Operations, rows: NDArray[np.int64], span: int) -> Numbers:
    """The numbers of the operations at `rows`, invoked during `span` ns."""
    outcome = operations.outcome[rows]
    ok, fail, info = (int((outcome == kind).sum()) for kind in (OK, FAIL, INFO))
    return Numbers(
        operations=len(rows),
        ok=ok,
        fail=fail,
        info=info,
        rate=len(rows) / (span / 1e9) if span > 0 else 0.0,
        unknown=info / len(rows) if len(rows) else 0.0,
        latency=quantiles(latencies(operations, rows[outcome != INFO])),
    )


def latencies(operations: Operations, rows: NDArray[np.int64]) -> NDArray[np.float64]:
    """How long answered operations took, in ms."""
    return (operations.end[rows] - operations.start[rows]) / 1e6


def quantiles(latency: NDArray[np.float64]) -> tuple[float, float, float, float] | None:
    """p50, p95, p99 and the largest; None of nothing. Each is a latency that occurred, not one in between."""
    if not len(latency):
        return None
    p50, p95, p99, most = np.quantile(latency, QUANTILES, method="higher").tolist()
    return p50, p95, p99, most


def _length(spans: list[tuple[int, int]]) -> int:
    """How long at least one of the intervals is open."""
    total = 0
    reached = None
    for start, end in sorted(spans):
        begin = start if reached is None else max(start, reached)
        total += max(0, end - begin)
        reached = end if reached is None else max(reached, end)
    return total
