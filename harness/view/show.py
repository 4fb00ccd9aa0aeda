"""A run as text: the verdict and why, a diagram of the operations that matter or were asked for, the statistics."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec
import numpy as np

from clew.harness.store.record import Record
from clew.harness.view.model_states import ModelStates
from clew.harness.view.operation_filter import OperationFilter, interval, near, select
from clew.histories import TYPES
from clew.histories.diagram import Interval, Line, Point, Span, diagram
from clew.histories.rounding import Rounding, rounding
from clew.histories.statistics import Numbers, Statistics, statistics
from clew.histories.text import label, printable, shortened
from clew.histories.timeline import completion_times, linearization_points

LAST = 12
"""How many operations at the end of a history are shown if none is violated."""
FAULTS = 12
"""How many faults are listed."""


def lines_of(
    run: Record, wanted: OperationFilter, *, width: int = 100, stats: bool = False, whole: bool = False
) -> Iterator[Line]:
    """A run as lines of text: a summary, then a diagram, or the statistics if `stats`.

    `width` is in characters. The table of statistics may be wider if `whole`, as programs read it best.
    """
    yield from summary_lines(run)
    yield (Span(""),)
    if stats:
        yield from statistics_lines(statistics_of(run, wanted), run.last, None if whole else width)
        return
    chosen = select(run, wanted).tolist() if wanted.excludes else what_matters(run)
    if not wanted.excludes:
        yield from _fault_lines(run)
    yield (Span(_title(run, wanted, len(chosen))),)
    yield from diagram_lines(run, chosen, width)


def _title(run: Record, wanted: OperationFilter, count: int) -> str:
    if wanted.excludes:
        return f"{count} of {len(run.history.operations)} operations:"
    stuck = run.stuck()
    if stuck is None:
        return f"The last operations of {len(run.history.operations)}:"
    return f"Around event {run.history.index[stuck]}, at which no order is left that explains every answer:"


def what_matters(run: Record) -> list[int]:
    """The numbers of the operations to show if nothing was asked for.

    Of a violation: the counterexample, and the operations near the event at which no order is left. Otherwise: the
    last operations.
    """
    operations = run.history.operations
    stuck = run.stuck()
    if stuck is None:
        return list(range(max(0, len(operations) - LAST), len(operations)))
    violated = next(key for key in run.keys if key.stuck is not None)
    around = near(run, stuck)
    if len(run.keys) > 1:
        around &= operations.key == run.history.keys.find(violated.key)
    return sorted({*(violated.counterexample or ()), *np.flatnonzero(around).tolist()})


def diagram_lines(run: Record, chosen: list[int], width: int) -> list[Line]:
    """The diagram of these operations, with the checker's evidence and the faults."""
    judged = next((key for key in run.keys if key.verdict == "invalid"), None)
    judged = judged or (run.keys[0] if len(run.keys) == 1 else None)
    points = {}
    counterexample: frozenset[int] = frozenset()
    if judged is not None:
        order = list(judged.witness or judged.prefix or ())
        times = linearization_points(run.history.operations, order, run.last).tolist()
        shown = set(chosen)
        points = {
            number: Point(time, state)
            for number, time, state in zip(order, times, ModelStates(run).after_each(order), strict=True)
            if number in shown
        }
        counterexample = frozenset(judged.counterexample or ())
    faults = [Interval(window.start, window.end, window.words, window.ended) for window in run.fault_windows]
    return diagram(
        run.history, chosen, width=width, faults=faults, counterexample=counterexample, stuck=run.stuck(), points=points
    )


def summary_lines(run: Record) -> Iterator[Line]:
    """What the run is, its verdict with the reasons, and its counts."""
    history = run.history
    header = history.header
    if header is not None and header.plan is not None:
        yield _entry("plan", printable(header.plan))
        if header.seed is not None:
            yield _entry("seed", str(header.seed))
    cut = ", cut in the middle of a line" if history.cut else ""
    clock = "" if history.clock else "; it has no times, so there are no latencies and no rates"
    yield _entry("history", f"{len(history)} events, {len(history.operations)} operations{cut}{clock}")
    if run.folder is not None:
        yield _entry("run", printable(str(run.shown_path)))
    if run.missing:
        killed = " (the run did not come to its end)" if "verdict.json" in run.missing else ""
        yield _entry("missing", ", ".join(map(printable, run.missing)) + killed)
    result = run.result
    if result is None:
        named = None if header is None else header.model
        why = f"there is no model {printable(named)}" if named else "the history does not name its model"
        yield _entry("verdict", f"none: {why}; give one with --model")
        return
    yield (Span("verdict    "), Span(result.verdict, result.verdict))
    if result.happened is not None:
        yield (Span("           "), Span(printable(result.happened), "counterexample"))
    if result.in_part is not None:
        yield (Span(f"           {result.in_part}"),)
    for name, check in result.checks.items():
        first, *more = check.why.splitlines() or [""]
        yield (Span(f"           {name}: "), Span(check.verdict, check.verdict), Span(f"; {printable(first)}"))
        for line in more:
            yield (Span(f"           {printable(line)}"),)
    if result.holds:
        yield _entry("holds", printable(result.what_holds))
    for line in (result.error or "").splitlines():
        yield (Span(f"error      {printable(line)}", "invalid"),)
    for what, counts in result.counts.items():
        if counts:
            yield _entry(what, ", ".join(f"{count} {printable(name)}" for name, count in counts.items()))


def statistics_of(run: Record, wanted: OperationFilter) -> Statistics:
    """The statistics of the operations that pass: all, by function, by kind of fault, and during each fault."""
    windows = [(window.kind, window.start, window.end) for window in run.fault_windows]
    return statistics(run.history, windows, select(run, wanted) if wanted.excludes else None, interval(run, wanted))


def statistics_lines(found: Statistics, last: int, width: int | None = None) -> Iterator[Line]:
    """Statistics as a table. `last` is the time (ns) of the last event.

    Where a line would be longer than `width`, the columns stand in several tables, one below the other.
    """
    rows = found.rows()
    each = [part for part in found.by_window[:FAULTS] if len(found.by_window) > 1 and part.numbers.rate is not None]
    when = _moments(last, [(part.start, part.end) for part in each]).text
    rows += [(f"{part.name} {when(part.start)} to {when(part.end)}", part.numbers) for part in each]
    names = [printable(name) for name, _ in rows]
    wide = max(map(len, names))
    if width is not None and wide + len(_HEADS) * _CELL > width:
        wide = max(_NAME, min(wide, width - 3 * _CELL))
    fitting = len(_HEADS) if width is None else max(1, (width - wide) // _CELL)
    # Tables of about equal width.
    tables = -(-len(_HEADS) // fitting)
    columns = -(-len(_HEADS) // tables)
    cells = [_cells(part) for _, part in rows]
    for first in range(0, len(_HEADS), columns):
        if first:
            yield (Span(""),)
        shown = slice(first, first + columns)
        yield (Span(f"{'':<{wide}}" + "".join(f"{head:>{_CELL}}" for head in _HEADS[shown]), "quiet"),)
        for name, values in zip(names, cells, strict=True):
            yield (Span(f"{shortened(name, wide):<{wide}}" + "".join(f"{value:>{_CELL}}" for value in values[shown])),)
    if each and len(found.by_window) > len(each):
        yield (Span(f"... and {len(found.by_window) - len(each)} more faults; --json has them all", "quiet"),)


_HEADS = ("all", "ok", "fail", "info", "unknown", "per s", "p50 ms", "p95 ms", "p99 ms", "max ms")
_CELL = 10
"""The characters of a column of the statistics."""
_NAME = 16
"""The least characters of the names of its rows."""


def _cells(part: Numbers) -> list[str]:
    rate = "-" if part.rate is None else f"{part.rate:.1f}"
    latency = [f"{ms:.3f}" for ms in part.latency] if part.latency else ["-"] * 4
    return [*map(str, (part.operations, part.ok, part.fail, part.info)), f"{part.unknown:.1%}", rate, *latency]


def as_json(run: Record, wanted: OperationFilter, stats: bool) -> dict[str, Any]:
    """The same as `lines_of`, as JSON: the result, the faults, the operations, and the statistics if `stats`."""
    history = run.history
    chosen = select(run, wanted).tolist() if wanted.excludes else what_matters(run)
    completed = completion_times(history.operations, history.time)
    shown: dict[str, Any] = {
        "result": None if run.result is None else msgspec.to_builtins(run.result),
        "missing": list(run.missing),
        "faults": [
            {"start": w.start, "end": w.end, "ended": w.ended, "kind": w.kind, "words": w.words}
            for w in run.fault_windows
        ],
        "operations": [
            {
                "number": number,
                "index": int(history.index[history.operations.invoked[number]]),
                "process": int(history.operations.process[number]),
                "key": history.keys[history.operations.key[number]],
                "what": label(history, number),
                "type": TYPES[history.operations.outcome[number]],
                "start": int(history.operations.start[number]),
                "end": int(completed[number]),
                "error": history.errors[history.operations.error[number]],
            }
            for number in chosen
        ],
    }
    if stats:
        shown["stats"] = msgspec.to_builtins(statistics_of(run, wanted))
    return shown


def _fault_lines(run: Record) -> Iterable[Line]:
    windows = run.fault_windows
    if not windows:
        return
    yield (Span(f"Faults ({len(windows)}):"),)
    listed = windows[:FAULTS]
    when = _moments(run.last, [(window.start, window.end) for window in listed]).text
    for window in listed:
        begin, end = (
            when(ns) if run.history.clock else f"event {run.history.index[run.history.time.searchsorted(ns)]}"
            for ns in (window.start, window.end)
        )
        yield (Span(f"  {begin:>13} to {end if window.ended else 'the end':>13}  {window.words}", "fault"),)
    if len(windows) > FAULTS:
        yield (Span(f"  ... and {len(windows) - FAULTS} more"),)
    yield (Span(""),)


def _moments(last: int, windows: list[tuple[int, int]]) -> Rounding:
    """How the beginnings and ends of faults are written."""
    return rounding(
        last, ((start, n) for n, (start, _) in enumerate(windows)), ((end, n) for n, (_, end) in enumerate(windows))
    )


def _entry(name: str, text: str) -> Line:
    return (Span(f"{printable(name):<10} {text}"),)
