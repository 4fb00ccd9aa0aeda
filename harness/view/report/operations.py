"""The operations of a run as columns: the timeline, the checker's evidence, latencies and rates over time."""

from __future__ import annotations

from typing import Any

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from clew.checkers.deadline import Deadline
from clew.harness.store.record import Record, stuck_row
from clew.harness.view.model_states import ModelStates
from clew.harness.view.report.page_data import Key, Moment, Partial, Table
from clew.harness.view.report.partials import SECONDS, load_engine, partial_orders
from clew.histories import FOREVER, INFO, TYPES, History
from clew.histories.history import OK
from clew.histories.statistics import latencies, quantiles
from clew.histories.text import key_name, label, printable, value_text
from clew.histories.timeline import completion_times, linearization_points, operation_lanes

ON_PAGE_MAX = 100_000
"""How many operations a page holds at most."""
DRAWN_MAX = 20_000
"""How many operations a page draws at a time. Zooming in shows the others that it holds."""
BINS_MAX = 100
"""Into how many intervals of time rates and quantiles are counted."""
OPERATIONS_MIN = {"p50": 1, "p95": 20, "p99": 100, "max": 1}
"""From how many operations on a quantile is given: of fewer than 20, the p95 would be the maximum."""
TELLING = ("add-and-get", "propose")
"""Functions whose result says something even if it equals the argument."""
TAIL = 60
"""How many operations at the end of a partial order a page gets."""
AROUND_VIOLATION = 500
"""How many operations before and after a violation are always drawn."""


def lane_names(run: Record) -> tuple[list[str], NDArray[np.int64]]:
    """The names of the lanes of the timeline from top to bottom, and the lane of each operation."""
    operations = run.history.operations
    lane = operation_lanes(operations, run.history.time)
    count = int(lane.max(initial=-1)) + 1
    processes = np.unique(operations.process).tolist()
    if len(processes) == count:
        # Each process kept its client to the end; or another tool numbers its processes in a way of its own.
        return [f"client {process}" for process in processes], lane
    return [f"client {number}" for number in range(count)], lane


def evidence(run: Record) -> NDArray[np.bool_]:
    """For each operation, whether it is always drawn: it is in a counterexample, or near a violation."""
    operations = run.history.operations
    keep = np.zeros(len(operations), np.bool_)
    for key in run.keys:
        keep[list(key.counterexample or ())] = True
        row = stuck_row(run.history, key)
        if row is not None:
            number = int(np.searchsorted(operations.invoked, row))
            keep[max(0, number - AROUND_VIOLATION) : number + AROUND_VIOLATION] = True
    return keep


def on_page(run: Record) -> NDArray[np.int64]:
    """The numbers of the operations that a page holds: all, unless they are too many.

    Of too many, keep the evidence, then operations of unknown outcome (up to half of the room), then an even choice
    of the others.
    """
    operations = run.history.operations
    count = len(operations)
    if count <= ON_PAGE_MAX:
        return np.arange(count)
    keep = evidence(run)
    room = ON_PAGE_MAX - int(keep.sum())
    for chosen, share in ((operations.outcome == INFO, room // 2), (np.ones(count, np.bool_), room)):
        rest = np.flatnonzero(chosen & ~keep)
        share = min(share, ON_PAGE_MAX - int(keep.sum()), len(rest))
        if share > 0:
            keep[rest[np.linspace(0, len(rest) - 1, share).astype(np.int64)]] = True
    return np.flatnonzero(keep)


def table(run: Record, rows: NDArray[np.int64], lane: NDArray[np.int64]) -> Table:
    """The operations of these numbers, a column per field. `lane` has the lane of every operation."""
    history = run.history
    operations = history.operations
    completed = completion_times(operations, history.time)[rows]
    labels = [_label(history, row) for row in rows.tolist()]
    errors = [history.errors[code] for code in operations.error[rows].tolist()]
    return {
        "number": rows.tolist(),
        "index": history.index[operations.invoked[rows]].tolist(),
        "lane": lane[rows].tolist(),
        "start": seconds(operations.start[rows]),
        "end": seconds(completed),
        "outcome": [TYPES[code] for code in operations.outcome[rows].tolist()],
        "process": [_process(history, process) for process in operations.process[rows].tolist()],
        "key": [key_name(history.keys[code]) for code in operations.key[rows].tolist()],
        "label": labels,
        "error": ["" if error is None else printable(error) for error in errors],
        "latency": np.round((completed - operations.start[rows]) / 1e6, 6).tolist(),
    }


def _process(history: History, process: int) -> str:
    """A process in words: by the name that the program has for it which wrote the file, or else by its number."""
    theirs = (history.theirs or {}).get(process)
    return f"process {process}" if theirs is None else printable(theirs)


def _label(history: History, number: int) -> str:
    """An operation and its result. A result that equals the argument is left out, unless it is the news."""
    words = label(history, number)
    operations = history.operations
    if operations.outcome[number] != OK or "→" in words or history.fs[operations.f[number]] not in TELLING:
        return words
    return f"{words} → {value_text(history.values[operations.result[number]])}"


def keys(run: Record, rows: NDArray[np.int64], moments: list[Moment]) -> list[Key]:
    """All keys, violated ones first, each with the checker's evidence. `rows` are the operations on the page."""
    history = run.history
    operations = history.operations
    names = [key_name(history.keys[code]) for code in dict.fromkeys(operations.key.tolist())]
    visible = np.zeros(len(operations), np.bool_)
    visible[rows] = True
    found = {}
    states = ModelStates(run)
    deadline: Deadline | None = None
    for judged in run.keys:
        name = key_name(judged.key)
        row = stuck_row(history, judged)
        stuck = None if row is None else np.flatnonzero(operations.completed == row)
        order = list((judged.witness if judged.witness is not None else judged.prefix) or ())
        last = int(stuck[0]) if stuck is not None and len(stuck) else None
        problem = None if last is None else next((p for p in states.problems if last in p.number), None)
        if problem is not None and deadline is None:
            load_engine(problem, states.model)
            deadline = Deadline(SECONDS)
        found[name] = Key(
            name=name,
            verdict=judged.verdict,
            counterexample=list(judged.counterexample or ()),
            stuck=last,
            moment=next((n for n, moment in enumerate(moments) if moment.key == name), None),
            points=points(run, order, visible, states),
            ordered=len(order),
            partials=[]
            if last is None or problem is None or deadline is None
            else _partials(run, partial_orders(problem, states.model, judged, last, deadline), visible, states),
        )
    return [*found.values(), *(Key(name, "", [], None, None, {}) for name in names if name not in found)]


def _partials(run: Record, found: list[Partial], visible: NDArray[np.bool_], states: ModelStates) -> list[Partial]:
    """The same with the times and states of the ends of their orders."""
    return [
        replace(partial, points={name: column[-TAIL:] for name, column in table.items()})
        for partial in found
        for table in [points(run, partial.points.get("number", []), visible, states)]
    ]


def points(run: Record, order: list[int], visible: NDArray[np.bool_], states: ModelStates) -> Table:
    """When each operation of a linearization took effect, and the state after it; only of `visible` operations."""
    times = linearization_points(run.history.operations, order, run.last)
    state = states.after_each(order)
    shown = [position for position, number in enumerate(order) if visible[number]]
    return {
        "number": [order[position] for position in shown],
        "time": seconds(times[shown]),
        "state": [state[position] for position in shown],
    }


def rates(run: Record) -> Table:
    """Completions per second, by outcome, in equal intervals of time. All operations count."""
    history = run.history
    operations = history.operations
    edges = np.linspace(0, max(run.last, 1), _bins(len(operations)) + 1)
    completed = completion_times(operations, history.time)
    width = (edges[1] - edges[0]) / 1e9
    columns: Table = {"start": seconds(edges[:-1]), "end": seconds(edges[1:])}
    for code, outcome in ((1, "ok"), (2, "fail"), (3, "info")):
        count, _ = np.histogram(completed[operations.outcome == code], edges)
        columns[outcome] = np.round(count / width, 3).tolist()
    return columns


def latency_quantiles(run: Record) -> Table:
    """p50, p95, p99 and the maximum of the latency (ms), in equal intervals of time. All answered operations count.

    A quantile is None for an interval with fewer than `OPERATIONS_MIN` operations.
    """
    operations = run.history.operations
    answered = np.flatnonzero(operations.end != FOREVER)
    edges = np.linspace(0, max(run.last, 1), int(np.clip(len(operations) // 40, 5, BINS_MAX // 2)) + 1)
    place = np.clip(np.searchsorted(edges, operations.end[answered], side="right") - 1, 0, len(edges) - 2)
    columns: Table = {"time": [], "p50": [], "p95": [], "p99": [], "max": []}
    for number in np.unique(place).tolist():
        rows = answered[place == number]
        found = quantiles(latencies(operations, rows))
        assert found is not None
        columns["time"].append(round(float(edges[number] + edges[number + 1]) / 2e9, 9))
        for name, value in zip(("p50", "p95", "p99", "max"), found, strict=True):
            columns[name].append(value if len(rows) >= OPERATIONS_MIN[name] else None)
    return columns


def seconds(ns: NDArray[Any]) -> list[float]:
    """Nanoseconds as seconds."""
    rounded: list[float] = np.round(ns / 1e9, 9).tolist()
    return rounded


def _bins(operations: int) -> int:
    return int(np.clip(operations // 5, 10, BINS_MAX))
