"""The operations of a run as columns: the timeline, the evidence on it, latencies and rates over time."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from clew.harness.store.record import Record, stuck_row
from clew.harness.view.model_states import ModelStates
from clew.harness.view.report.data import Key, Moment, Table
from clew.histories import FOREVER, INFO, TYPES
from clew.histories.statistics import latencies, quantiles
from clew.histories.text import key_name, label, printable
from clew.histories.timeline import completion_times, linearization_points, operation_lanes

HELD = 100_000
"""Operations that a page holds at most."""
DRAWN = 20_000
"""Operations that a page draws at a time: zooming in shows the others that it holds."""
BINS = 100
FEWEST = {"p50": 1, "p95": 20, "p99": 100, "max": 1}
"""How many operations a quantile is of at least."""
AROUND = 500
"""Operations on either side of a violation that are drawn whatever the others."""


def lane_names(run: Record) -> tuple[list[str], NDArray[np.int64]]:
    """The names of the lanes from top to bottom, and the lane of each operation."""
    operations = run.history.operations
    lane = operation_lanes(operations, run.history.time)
    count = int(lane.max(initial=-1)) + 1
    processes = np.unique(operations.process).tolist()
    if len(processes) == count:
        return [f"process {process}" for process in processes], lane
    return [f"client {number}" for number in range(count)], lane


def evidence(run: Record) -> NDArray[np.bool_]:
    """Which operations are drawn however many there are: the cores of the violations, and what surrounds them."""
    operations = run.history.operations
    keep = np.zeros(len(operations), np.bool_)
    for part in run.keys:
        keep[list(part.counterexample or ())] = True
        row = stuck_row(run.history, part)
        if row is not None:
            number = int(np.searchsorted(operations.invoked, row))
            keep[max(0, number - AROUND) : number + AROUND] = True
    return keep


def held(run: Record) -> NDArray[np.int64]:
    """Which operations a page holds: all, or of too many those that matter and an even choice of the others.

    What matters is the evidence, and whatever ended `info`, as far as there is room.
    """
    operations = run.history.operations
    count = len(operations)
    if count <= HELD:
        return np.arange(count)
    keep = evidence(run)
    room = HELD - int(keep.sum())
    for chosen, share in ((operations.outcome == INFO, room // 2), (np.ones(count, np.bool_), room)):
        rest = np.flatnonzero(chosen & ~keep)
        share = min(share, HELD - int(keep.sum()), len(rest))
        if share > 0:
            keep[rest[np.linspace(0, len(rest) - 1, share).astype(np.int64)]] = True
    return np.flatnonzero(keep)


def table(run: Record, rows: NDArray[np.int64], lane: NDArray[np.int64]) -> Table:
    """The operations at `rows`, a column per field."""
    history = run.history
    operations = history.operations
    over = completion_times(operations, history.time)[rows]
    labels = [label(history, row) for row in rows.tolist()]
    errors = [history.errors[code] for code in operations.error[rows].tolist()]
    return {
        "number": rows.tolist(),
        "index": history.index[operations.invoked[rows]].tolist(),
        "lane": lane[rows].tolist(),
        "start": seconds(operations.start[rows]),
        "end": seconds(over),
        "outcome": [TYPES[code] for code in operations.outcome[rows].tolist()],
        "process": [f"process {process}" for process in operations.process[rows].tolist()],
        "key": [key_name(history.keys[code]) for code in operations.key[rows].tolist()],
        "label": labels,
        "error": ["" if error is None else printable(error) for error in errors],
        "latency": np.round((over - operations.start[rows]) / 1e6, 6).tolist(),
    }


def keys(run: Record, rows: NDArray[np.int64], moments: list[Moment]) -> list[Key]:
    """The keys that there are, violated ones first, with the evidence of the checker on each."""
    history = run.history
    operations = history.operations
    names = [key_name(history.keys[code]) for code in dict.fromkeys(operations.key.tolist())]
    visible = np.zeros(len(operations), np.bool_)
    visible[rows] = True
    found = {}
    states = ModelStates(run)
    for part in run.keys:
        row = stuck_row(history, part)
        stuck = None if row is None else np.flatnonzero(operations.completed == row)
        order = part.witness if part.witness is not None else part.prefix
        found[key_name(part.key)] = Key(
            name=key_name(part.key),
            verdict=part.verdict,
            counterexample=list(part.counterexample or ()),
            stuck=int(stuck[0]) if stuck is not None and len(stuck) else None,
            moment=next((n for n, moment in enumerate(moments) if moment.key == key_name(part.key)), None),
            points=points(run, list(order or ()), visible, states),
        )
    return [*found.values(), *(Key(name, "", [], None, None, {}) for name in names if name not in found)]


def points(run: Record, order: list[int], visible: NDArray[np.bool_], states: ModelStates) -> Table:
    """The moments at which the operations of an order took effect, and the state after each."""
    moments = linearization_points(run.history.operations, order, run.last)
    state = states.after_each(order)
    shown = [position for position, number in enumerate(order) if visible[number]]
    return {
        "number": [order[position] for position in shown],
        "time": seconds(moments[shown]),
        "state": [state[position] for position in shown],
    }


def rates(run: Record) -> Table:
    """How many operations a second completed, by outcome, in equal stretches of time. Of all operations."""
    history = run.history
    operations = history.operations
    edges = np.linspace(0, max(run.last, 1), _bins(len(operations)) + 1)
    over = completion_times(operations, history.time)
    width = (edges[1] - edges[0]) / 1e9
    columns: Table = {"start": seconds(edges[:-1]), "end": seconds(edges[1:])}
    for code, outcome in ((1, "ok"), (2, "fail"), (3, "info")):
        count, _ = np.histogram(over[operations.outcome == code], edges)
        columns[outcome] = np.round(count / width, 3).tolist()
    return columns


def latency_quantiles(run: Record) -> Table:
    """p50, p95, p99 and the longest latency of what was answered, in equal stretches of time. Of all operations.

    Of fewer than twenty of them the p95 would be the longest, of fewer than a hundred the p99:
    there is none then.
    """
    operations = run.history.operations
    answered = np.flatnonzero(operations.end != FOREVER)
    edges = np.linspace(0, max(run.last, 1), int(np.clip(len(operations) // 40, 5, BINS // 2)) + 1)
    place = np.clip(np.searchsorted(edges, operations.end[answered], side="right") - 1, 0, len(edges) - 2)
    columns: Table = {"time": [], "p50": [], "p95": [], "p99": [], "max": []}
    for number in np.unique(place).tolist():
        rows = answered[place == number]
        found = quantiles(latencies(operations, rows))
        assert found is not None
        columns["time"].append(round(float(edges[number] + edges[number + 1]) / 2e9, 9))
        for name, value in zip(("p50", "p95", "p99", "max"), found, strict=True):
            columns[name].append(value if len(rows) >= FEWEST[name] else None)
    return columns


def seconds(ns: NDArray[Any]) -> list[float]:
    """Nanoseconds as seconds."""
    told: list[float] = np.round(ns / 1e9, 9).tolist()
    return told


def _bins(operations: int) -> int:
    return int(np.clip(operations // 5, 10, BINS))
