"""Statistics of a history: counts by outcome, rates and latencies.

Latency is the time from the invocation to an `ok` or `fail`. An operation of unknown outcome has no latency.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
import numpy as np
from numpy.typing import NDArray

from clew.histories.history import FAIL, INFO, OK, History, Operations
from clew.histories.text import printable

QUANTILES = (0.5, 0.95, 0.99, 1.0)
NO_FAULT = "no fault"
"""The name of the operations that were invoked during no fault."""


class Numbers(msgspec.Struct, frozen=True):
    """The statistics of some operations."""

    operations: int
    ok: int
    fail: int
    info: int
    rate: float | None
    """Operations per second; None if the history has no times."""
    unknown: float
    """The share of unknown outcomes, 0 to 1."""
    latency: tuple[float, float, float, float] | None
    """p50, p95, p99 and the maximum in ms; None if no operation was answered, or if the history has no times."""


class During(msgspec.Struct, frozen=True):
    """The operations invoked during one window of time, from `start` to `end` ns."""

    name: str
    start: int
    end: int
    numbers: Numbers


class Statistics(msgspec.Struct, frozen=True):
    """The statistics of all operations; by function; by kind of window; and of each window."""

    all: Numbers
    by_f: dict[str, Numbers]
    by_kind: dict[str, Numbers]
    by_window: list[During]

    def rows(self) -> list[tuple[str, Numbers]]:
        """The rows of a table, with their names: all but the single windows."""
        during = (
            (name if name == NO_FAULT else f"during {printable(name)}", part) for name, part in self.by_kind.items()
        )
        return [("all", self.all), *((printable(f), part) for f, part in self.by_f.items()), *during]


def statistics(
    history: History,
    windows: Iterable[tuple[str, int, int]] = (),
    chosen: NDArray[np.int64] | None = None,
    interval: tuple[int, int] | None = None,
) -> Statistics:
    """The statistics of a history. A window is a kind, a start and an end in ns.

    If `chosen` is given, only the operations of these numbers count; it must be ascending. Rates are per second of the
    time from the first to the last event, or of the `interval` (ns) if given.
    """
    operations = history.operations
    rows = np.arange(len(operations)) if chosen is None else chosen
    first, last = (int(history.time[0]), int(history.time[-1])) if len(history) else (0, 0)
    if interval is not None:
        first, last = max(first, interval[0]), min(last, interval[1])
    span = max(0, last - first)
    by_f = {
        str(history.fs[code]): numbers(operations, rows[operations.f[rows] == code], span)
        for code in np.unique(operations.f[rows]).tolist()
    }
    named: dict[str, list[tuple[int, int]]] = {}
    by_window = []
    starts = operations.start[rows]
    for name, start, end in windows:
        # Operations are in the order of their invocations.
        inside = rows[np.searchsorted(starts, start) : np.searchsorted(starts, end)]
        seen = max(start, first), min(end, last)
        if seen[0] < seen[1] or len(inside):
            named.setdefault(name, []).append((start, end))
            by_window.append(During(name, start, end, numbers(operations, inside, seen[1] - seen[0])))
    covered = np.zeros(len(rows), np.bool_)
    by_kind = {}
    for name, spans in named.items():
        within = np.zeros(len(rows), np.bool_)
        for start, end in spans:
            within |= (starts >= start) & (starts < end)
        covered |= within
        by_kind[name] = numbers(operations, rows[within], _length(spans, first, last))
    if named:
        outside = span - _length([interval for spans in named.values() for interval in spans], first, last)
        by_kind[NO_FAULT] = numbers(operations, rows[~covered], outside)
    found = Statistics(numbers(operations, rows, span), by_f, by_kind, by_window)
    return found if history.clock else _timeless(found)


def _timeless(found: Statistics) -> Statistics:
    """The same without rates and latencies."""

    def without(part: Numbers) -> Numbers:
        return msgspec.structs.replace(part, rate=None, latency=None)

    return Statistics(
        without(found.all),
        {name: without(part) for name, part in found.by_f.items()},
        {name: without(part) for name, part in found.by_kind.items()},
        [msgspec.structs.replace(during, numbers=without(during.numbers)) for during in found.by_window],
    )


def numbers(operations: Operations, rows: NDArray[np.int64], span: int) -> Numbers:
    """The statistics of the operations of these numbers, invoked during `span` ns."""
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
    """The latencies of answered operations, in ms."""
    return (operations.end[rows] - operations.start[rows]) / 1e6


def quantiles(latency: NDArray[np.float64]) -> tuple[float, float, float, float] | None:
    """p50, p95, p99 and the maximum; None if there are no latencies. Each is a latency that occurred."""
    if not len(latency):
        return None
    p50, p95, p99, most = np.quantile(latency, QUANTILES, method="higher").tolist()
    return p50, p95, p99, most


def _length(spans: list[tuple[int, int]], first: int, last: int) -> int:
    """How long (ns), from `first` to `last`, at least one of the intervals is open."""
    total, reached = 0, first
    for start, end in sorted(spans):
        end = min(end, last)
        total += max(0, end - max(start, reached))
        reached = max(reached, end)
    return total
