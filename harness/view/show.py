"""A run in the terminal: the verdict and why, the part that matters as a diagram, what was asked for, the numbers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from clew.harness.plan.quantity import DURATION_HINT, parse_duration
from clew.harness.store.record import Record
from clew.harness.view.model_states import ModelStates
from clew.histories import TYPES, HistoryError
from clew.histories.diagram import Interval, Line, Point, Span, diagram
from clew.histories.statistics import Statistics, statistics
from clew.histories.text import key_name, label, printable
from clew.histories.timeline import completion_times, linearization_points

AROUND = 12
"""Events shown before the one that matters, and after it half as many."""
FAULTS = 12
NAMED = 12
"""How many of the keys, functions or processes an error names."""


class Filter(msgspec.Struct, frozen=True):
    """Which operations to show; None is any. Times are ns; `around` is the index of an event."""

    process: int | None = None
    key: str | None = None
    f: str | None = None
    type: str | None = None
    start: int | None = None
    end: int | None = None
    around: int | None = None
    errors: bool = False

    @property
    def asks(self) -> bool:
        """Whether it leaves anything out."""
        return self != Filter()


def moment(text: str | None, option: str) -> int | None:
    """A time given on the command line, in ns. Raises `HistoryError` for one without a unit."""
    if text is None:
        return None
    ns = parse_duration(text)
    if ns is None:
        raise HistoryError(f"expected {DURATION_HINT}; found {text!r}", source=option)
    return ns


def select(run: Record, wanted: Filter) -> NDArray[np.int64]:
    """The numbers of the operations that pass. Raises `HistoryError` for a type, index or times that there are not."""
    history = run.history
    operations = history.operations
    keep = np.ones(len(operations), np.bool_)
    over = completion_times(operations, history.time)
    if not history.clock and (wanted.start is not None or wanted.end is not None):
        raise HistoryError(
            "this history has no times; --around INDEX is for what is near an event", source="--from, --to"
        )
    if wanted.start is not None and wanted.end is not None and wanted.end < wanted.start:
        raise HistoryError("this ends before it begins", source="--from, --to")
    if wanted.process is not None:
        keep &= operations.process == wanted.process
        _there_is(keep, "--process", wanted.process, np.unique(operations.process).tolist())
    if wanted.key is not None:
        codes = [code for code, key in enumerate(history.keys.objects) if wanted.key in (key, key_name(key), str(key))]
        of_key = np.isin(operations.key, codes)
        _there_is(of_key, "--key", wanted.key, [history.keys[code] for code in np.unique(operations.key).tolist()])
        keep &= of_key
    if wanted.f is not None:
        of_f = operations.f == (-1 if (code := history.fs.find(wanted.f)) is None else code)
        _there_is(of_f, "--f", wanted.f, [history.fs[code] for code in np.unique(operations.f).tolist()])
        keep &= of_f
    if wanted.type is not None:
        if wanted.type not in TYPES:
            raise HistoryError(f"there are the types {', '.join(TYPES)}; found {wanted.type!r}", source="--type")
        # An operation is of the type of its last event: one that was never completed is still an invocation.
        last = np.where(operations.completed >= 0, operations.completed, operations.invoked)
        keep &= history.type[last] == TYPES.index(wanted.type)
    if wanted.start is not None:
        keep &= over >= wanted.start
    if wanted.end is not None:
        keep &= operations.start <= wanted.end
    if wanted.errors:
        keep &= np.array([history.errors[code] is not None for code in operations.error.tolist()], np.bool_)
    if wanted.around is not None:
        keep &= _near(run, _row(run, wanted.around))
    return np.flatnonzero(keep)


def show(run: Record, wanted: Filter, *, width: int = 100, stats: bool = False) -> Iterator[Line]:
    """Everything about a run as lines of styled text."""
    yield from head(run)
    yield (Span(""),)
    if stats:
        yield from table(numbers(run, wanted))
        return
    chosen = select(run, wanted).tolist() if wanted.asks else what_matters(run)
    if not wanted.asks:
        yield from _faults(run)
    yield (Span(_title(run, wanted, len(chosen))),)
    yield from picture(run, chosen, width)


def _title(run: Record, wanted: Filter, count: int) -> str:
    if wanted.asks:
        return f"{count} of {len(run.history.operations)} operations:"
    stuck = run.stuck()
    if stuck is None:
        return f"The last operations of {len(run.history.operations)}:"
    return f"Around event {run.history.index[stuck]}, at which no order is left that explains every answer:"


def what_matters(run: Record) -> list[int]:
    """The numbers of the counterexample and of what surrounds the event where no order is left; or of the last
    operations."""
    operations = run.history.operations
    stuck = run.stuck()
    if stuck is None:
        return list(range(max(0, len(operations) - AROUND), len(operations)))
    part = next(part for part in run.keys if part.stuck is not None)
    near = _near(run, stuck)
    if len(run.keys) > 1:
        near &= operations.key == run.history.keys.find(part.key)
    return sorted({*(part.counterexample or ()), *np.flatnonzero(near).tolist()})


def picture(run: Record, chosen: list[int], width: int) -> list[Line]:
    """The diagram of some operations, with the evidence on them and the faults beside them."""
    part = next((part for part in run.keys if part.verdict == "invalid"), None)
    part = part or (run.keys[0] if len(run.keys) == 1 else None)
    points = {}
    counterexample: frozenset[int] = frozenset()
    if part is not None:
        order = list(part.witness or part.prefix or ())
        moments = linearization_points(run.history.operations, order, run.last).tolist()
        shown = set(chosen)
        points = {
            number: Point(moment, state)
            for number, moment, state in zip(order, moments, ModelStates(run).along(order), strict=True)
            if number in shown
        }
        counterexample = frozenset(part.counterexample or ())
    faults = [Interval(window.start, window.end, window.words, window.ended) for window in run.fault_windows]
    return diagram(
        run.history, chosen, width=width, faults=faults, counterexample=counterexample, stuck=run.stuck(), points=points
    )


def head(run: Record) -> Iterator[Line]:
    """What it is, and what was found."""
    history = run.history
    header = history.header
    if header is not None and header.plan is not None:
        yield _entry("plan", printable(header.plan))
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
        why = f"there is no model {printable(named)}" if named else "the history does not say which model it is of"
        yield _entry("verdict", f"none: {why}; give one with --model")
        return
    yield (Span("verdict    "), Span(result.verdict, result.verdict))
    for name, check in result.checks.items():
        first, *more = check.why.splitlines() or [""]
        yield (Span(f"           {name}: "), Span(check.verdict, check.verdict), Span(f"; {printable(first)}"))
        for line in more:
            yield (Span(f"           {printable(line)}"),)
    for line in (result.error or "").splitlines():
        yield (Span(f"error      {printable(line)}", "invalid"),)
    for what, counts in result.counts.items():
        if counts:
            yield _entry(what, ", ".join(f"{count} {printable(name)}" for name, count in counts.items()))


def numbers(run: Record, wanted: Filter) -> Statistics:
    """The numbers of the operations that pass, with those of each kind of fault and of each fault."""
    windows = [(window.kind, window.start, window.end) for window in run.fault_windows]
    return statistics(run.history, windows, select(run, wanted) if wanted.asks else None, interval(run, wanted))


def interval(run: Record, wanted: Filter) -> tuple[int, int] | None:
    """The stretch of time (ns) that a filter is about; None for all of it."""
    bounds = [(0 if wanted.start is None else wanted.start, run.last if wanted.end is None else wanted.end)]
    if wanted.around is not None:
        row = _row(run, wanted.around)
        time = run.history.time
        bounds.append((int(time[max(0, row - AROUND)]), int(time[min(len(time) - 1, row + AROUND // 2)])))
    if wanted.start is None and wanted.end is None and wanted.around is None:
        return None
    return max(start for start, _ in bounds), min(end for _, end in bounds)


def table(found: Statistics) -> Iterator[Line]:
    """The numbers as a table."""
    rows = found.rows()
    each = [part for part in found.by_window[:FAULTS] if len(found.by_window) > 1 and part.numbers.rate is not None]
    rows += [(f"{part.name} {part.start / 1e9:.3f} to {part.end / 1e9:.3f} s", part.numbers) for part in each]
    wide = max(len(printable(name)) for name, _ in rows)
    heads = ("all", "ok", "fail", "info", "unknown", "per s", "p50 ms", "p95 ms", "p99 ms", "max ms")
    yield (Span(f"{'':<{wide}}" + "".join(f"{head:>10}" for head in heads), "quiet"),)
    for name, part in rows:
        rate = "-" if part.rate is None else f"{part.rate:.1f}"
        latency = [f"{ms:.3f}" for ms in part.latency] if part.latency else ["-"] * 4
        cells = [part.operations, part.ok, part.fail, part.info, f"{part.unknown:.1%}", rate, *latency]
        yield (Span(f"{printable(name):<{wide}}" + "".join(f"{cell:>10}" for cell in cells)),)
    if each and len(found.by_window) > len(each):
        yield (Span(f"... and {len(found.by_window) - len(each)} more faults; --json has them all", "quiet"),)


def as_json(run: Record, wanted: Filter, stats: bool) -> dict[str, Any]:
    """The same as JSON: the verdict, the operations that were asked for (or matter), the faults, the numbers."""
    history = run.history
    chosen = select(run, wanted).tolist() if wanted.asks else what_matters(run)
    over = completion_times(history.operations, history.time)
    told: dict[str, Any] = {
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
                "end": int(over[number]),
                "error": history.errors[history.operations.error[number]],
            }
            for number in chosen
        ],
    }
    if stats:
        told["stats"] = msgspec.to_builtins(numbers(run, wanted))
    return told


def _there_is(found: NDArray[np.bool_], option: str, wanted: object, all_of_them: list[Any]) -> None:
    """Raises `HistoryError` if a filter asks for what no operation has, with the first few of what there is."""
    if not found.any():
        names = [
            printable(str(one)) if isinstance(one, str) else key_name(one) or "none" for one in all_of_them[:NAMED]
        ]
        more = f" and {len(all_of_them) - NAMED} more" if len(all_of_them) > NAMED else ""
        raise HistoryError(f"no operation has {wanted}; there are: {', '.join(names)}{more}", source=option)


def _row(run: Record, index: int) -> int:
    """The row of the event of this index. Raises `HistoryError` if there is none."""
    rows = (run.history.index == index).nonzero()[0]
    if not len(rows):
        raise HistoryError(f"there is no event {index}; there are {len(run.history)}", source="--around")
    return int(rows[0])


def _near(run: Record, row: int) -> NDArray[np.bool_]:
    """Operations that begin or end among the events around a row."""
    operations = run.history.operations
    first, last = row - AROUND, row + AROUND // 2
    begins = (operations.invoked >= first) & (operations.invoked <= last)
    near: NDArray[np.bool_] = begins | ((operations.completed >= first) & (operations.completed <= last))
    return near


def _faults(run: Record) -> Iterable[Line]:
    found = run.fault_windows
    if not found:
        return
    yield (Span(f"Faults ({len(found)}):"),)
    for window in found[:FAULTS]:
        begin, end = (
            f"{ns / 1e9:.6f} s"
            if run.history.clock
            else f"event {run.history.index[run.history.time.searchsorted(ns)]}"
            for ns in (window.start, window.end)
        )
        yield (Span(f"  {begin:>13} to {end if window.ended else 'the end':>13}  {window.words}", "fault"),)
    if len(found) > FAULTS:
        yield (Span(f"  ... and {len(found) - FAULTS} more"),)
    yield (Span(""),)


def _entry(name: str, text: str) -> Line:
    return (Span(f"{printable(name):<10} {text}"),)
