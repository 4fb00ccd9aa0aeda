"""A space-time diagram as text: time runs down, each client has a column, each event has a row.

         9.714 s                       ┏ cas [61, 64]
         9.741 s                       ◆ = 64
         9.771 s                       ┗ ok
         9.827 s  ┏ cas [64, 63]       ┃
        10.000 s  ┃                    ┃                   ▒ partition n1 | n2 n3
   ✗    10.123 s                       ┗ ok                ▒

There is no scale of time: events a microsecond apart are as legible as events a second apart. Times are rounded, except
if there is only one operation. Lines are spans of text
with the name of a style. The caller decides about colours.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import numpy as np

from clew.histories.history import FAIL, INFO, INVOKE, OK, TYPES, History
from clew.histories.rounding import Moments
from clew.histories.text import printable, shortened, value_text
from clew.histories.timeline import completion_times

NARROWEST, WIDEST = 17, 30
"""The width of a column, in characters."""
MARGIN = 17
"""The characters of the mark and the time at the left."""
_LEAST = 11
"""The least width of a column in which a call can be recognized."""
_MARK = 2
"""The characters of the mark alone."""
_WORDS = 24
"""Width of the fault column from which faults are named in it."""


class Span(NamedTuple):
    """Some text and its style: "" or one of the names ok, fail, info, counterexample, stuck, point, fault, quiet."""

    text: str
    style: str = ""


Line = tuple[Span, ...]


class Interval(NamedTuple):
    """A fault: when (ns) it began and ended, and its name."""

    start: int
    end: int
    words: str
    ended: bool = True
    """False if it lasted until the end; `end` is then the time of the last event."""


class Point(NamedTuple):
    """When an operation took effect (ns), and the state after it. A failed operation only saw this state."""

    time: int
    state: str


class _Row(NamedTuple):
    time: int
    rank: int
    """The order at equal times: ends of faults, invocations, points, completions, beginnings of faults."""
    position: int
    """The row of the history; for points and faults, the row of the next event."""
    number: int
    """The operation; -1 for a fault."""
    cell: str
    style: str


def diagram(
    history: History,
    numbers: Iterable[int],
    *,
    width: int,
    faults: Iterable[Interval] = (),
    counterexample: frozenset[int] = frozenset(),
    stuck: int | None = None,
    points: Mapping[int, Point] | None = None,
) -> list[Line]:
    """The operations of these numbers as lines of at most `width` characters.

    Operations of the `counterexample` have thick lines. `stuck` is the row of the history at which no order is left.
    `points` has the linearization points, by operation.

    If there is no room for all clients, those of the counterexample are kept, and the last line says how many are left
    out. If there is no room for times, they are left out. If there is no room for the clients of the counterexample
    side by side, all operations stand in one column, each with its client.
    """
    operations = history.operations
    chosen = sorted(set(numbers))
    if not chosen:
        return []
    lane_of = history.lanes
    in_counterexample = {int(lane_of[n]) for n in chosen if n in counterexample}
    stuck_lanes = {int(lane_of[n]) for n in chosen if stuck is not None and int(operations.completed[n]) == stuck}
    used = sorted(
        {int(lane_of[n]) for n in chosen},
        key=lambda lane: (lane not in stuck_lanes, lane not in in_counterexample, lane),
    )
    windows = [fault for fault in faults if _overlap(history, chosen, fault)]
    aside = _WORDS if windows and width >= 100 else 2 if windows else 0
    margin = MARGIN if width >= MARGIN + NARROWEST + aside else _MARK
    needed = len(stuck_lanes | in_counterexample)
    fitting = max(1, (width - margin - aside) // NARROWEST)
    if fitting < needed:
        # Room for the counterexample comes before times and faults.
        margin, aside = _MARK, 2 if windows else 0
        fitting = needed
        if needed > 1 and (width - margin - aside) // needed < _LEAST:
            return _in_one_column(history, chosen, width, windows, counterexample, stuck, points or {})
    shown = sorted(used[:fitting])
    cell = max(2, min(WIDEST, (width - margin - aside) // len(shown)))
    visible = [number for number in chosen if int(lane_of[number]) in set(shown)]
    rows = sorted(
        [*_rows(history, visible, counterexample, stuck, points or {}), *_fault_rows(history, windows, visible)]
    )
    lines = _head(history, shown, visible, lane_of, margin, cell, bool(windows) and aside == _WORDS)
    moments = _moments(history, visible, rows)
    open_operations: dict[int, int] = {}
    before: int | None = None
    for row in rows:
        if before is not None and row.position > before + 1:
            hidden = _hidden(history, before + 1, row.position)
            if hidden:
                lines.append((Span(f"{'':>{margin}}⋮ {hidden} event{'s' if hidden > 1 else ''}", "quiet"),))
        before = row.position if before is None else max(before, row.position)
        lines.append(
            _line(
                row,
                "" if margin < MARGIN else moments.time(row.time) if history.clock else moments.of(row.position),
                open_operations,
                shown,
                lane_of,
                counterexample,
                cell,
                windows,
                width - margin - cell * len(shown),
            )
        )
    if len(used) > len(shown):
        more = len(used) - len(shown)
        clients = "client does" if more == 1 else "clients do"
        lines.append((Span(f"{more} more {clients} not fit in {width} columns", "quiet"),))
    return [_cut_to(line, width) for line in lines]


def _in_one_column(
    history: History,
    numbers: list[int],
    width: int,
    windows: list[Interval],
    counterexample: frozenset[int],
    stuck: int | None,
    points: Mapping[int, Point],
) -> list[Line]:
    """All events one below the other, each with its time and its client.

    10.123 s  client 2  ┏ cas [61, 64]
    """
    clients = {number: history.client(number) for number in numbers}
    room = max(map(len, clients.values())) + 2
    rows = sorted([*_rows(history, numbers, counterexample, stuck, points), *_fault_rows(history, windows, numbers)])
    moments = _moments(history, numbers, rows)
    lines = []
    for row in rows:
        mark = "✗" if row.style == "stuck" else " "
        when = moments.time(row.time) if history.clock else moments.of(row.position)
        head = f"{mark}{when:>13}  " if width >= MARGIN + room + _LEAST else f"{mark} "
        client = clients.get(row.number, "")
        cell = row.cell if row.number >= 0 else f"▒▒▒ {row.cell}"
        lines.append(
            (Span(head, "stuck" if mark == "✗" else "quiet"), Span(f"{client:<{room}}"), Span(cell, row.style))
        )
    return [_cut_to(line, width) for line in lines]


def _moments(history: History, numbers: list[int], rows: list[_Row]) -> Moments:
    return Moments(history, numbers, (row.time for row in rows), exactly=len(numbers) == 1)


def _cut_to(line: Line, width: int) -> Line:
    """The line cut to `width`. Only very narrow terminals need this."""
    kept: list[Span] = []
    for span in line:
        if span.text and width > 0:
            kept.append(Span(shortened(span.text.rstrip(), width), span.style) if len(span.text) > width else span)
        width -= len(span.text)
    return tuple(kept)


def _rows(
    history: History, numbers: list[int], counterexample: frozenset[int], stuck: int | None, points: Mapping[int, Point]
) -> Iterable[_Row]:
    operations = history.operations
    over = completion_times(operations, history.time)
    for number in numbers:
        heavy = number in counterexample
        style = "counterexample" if heavy else _STYLE[int(operations.outcome[number])]
        invoked, completed = int(operations.invoked[number]), int(operations.completed[number])
        f = printable(str(history.fs[operations.f[number]]))
        argument = history.values[operations.argument[number]]
        call = f if argument is None else f"{f} {value_text(argument)}"
        yield _Row(int(operations.start[number]), 1, invoked, number, f"{'┏' if heavy else '┌'} {call}", style)
        if number in points:
            time, state = points[number]
            position = min(int(np.searchsorted(history.time, time)), len(history) - 1)
            position = max(position, invoked) if completed < 0 else min(max(position, invoked), completed)
            # A failed operation took no effect: it saw the state that made it fail.
            saw = int(operations.outcome[number]) == FAIL
            sign = "◇ saw" if saw else "◆"
            words = f"{sign} {state}" if saw else f"{sign} = {state}"
            yield _Row(time, 2, position, number, words if state else sign, "point")
        if completed >= 0:
            answer = _answer(history, number)
            corner = "✗" if completed == stuck else "┗" if heavy else "└"
            found = "stuck" if completed == stuck else style
            yield _Row(int(over[number]), 3, completed, number, f"{corner} {answer}", found)


_STYLE = {OK: "ok", FAIL: "fail", INFO: "info", INVOKE: ""}


def _answer(history: History, number: int) -> str:
    operations = history.operations
    outcome = int(operations.outcome[number])
    error = history.errors[operations.error[number]]
    if outcome == INFO:
        return f"? {printable(error)}" if error else "?"
    if outcome == FAIL:
        return f"fail {printable(error)}" if error else "fail"
    if operations.argument[number] != operations.result[number] or history.fs[operations.f[number]] == "read":
        return value_text(history.values[operations.result[number]])
    return TYPES[outcome]


def _fault_rows(history: History, windows: list[Interval], numbers: list[int]) -> Iterable[_Row]:
    operations = history.operations
    first, last = (
        int(operations.invoked[numbers].min()),
        int(max(operations.completed[numbers].max(), 0)) or len(history),
    )
    for window in windows:
        changes = [(window.start, 4), (window.end, 0)]
        for time, rank in changes if window.ended else changes[:1]:
            position = int(np.searchsorted(history.time, time))
            if first <= position <= last:
                yield _Row(time, rank, position, -1, window.words if rank else f"end of {window.words}", "fault")


def _overlap(history: History, numbers: list[int], window: Interval) -> bool:
    operations = history.operations
    over = completion_times(operations, history.time)
    return bool(window.start <= over[numbers].max() and window.end >= operations.start[numbers].min())


def _hidden(history: History, first: int, last: int) -> int:
    return int((history.process[first:last] >= 0).sum())


def _head(
    history: History,
    shown: list[int],
    visible: list[int],
    lane_of: np.ndarray[tuple[int], np.dtype[np.int64]],
    margin: int,
    cell: int,
    faults: bool,
) -> list[Line]:
    """The heads of the columns: the clients, with their processes beside them, or below if there is no room.

    `clew show --process` takes the processes."""
    processes = history.operations.process
    names = []
    for lane in shown:
        mine = sorted({int(processes[number]) for number in visible if int(lane_of[number]) == lane})
        names.append(history.client_name(lane, mine))
    rows = [names]
    if max(map(len, names)) >= cell:
        parts = [name.rstrip(")").split(" (") for name in names]
        rows = [[client for client, *_ in parts], [beside[0] if beside else "" for _, *beside in parts]]
    texts = ["".join(f"{shortened(name, cell - 1):<{cell}}" for name in row) for row in rows]
    if faults:
        texts[0] += "faults"
    return [(Span(" " * margin + text, "quiet"),) for text in texts]


def _line(
    row: _Row,
    when: str,
    open_operations: dict[int, int],
    shown: list[int],
    lane_of: np.ndarray[tuple[int], np.dtype[np.int64]],
    counterexample: frozenset[int],
    cell: int,
    windows: list[Interval],
    room: int,
) -> Line:
    mark = "✗" if row.style == "stuck" else " "
    spans = [Span(f" {mark}{when:>13}  " if when else f"{mark} ", "stuck" if mark == "✗" else "quiet")]
    active = any(w.start <= row.time and (row.time < w.end or not w.ended) for w in windows)
    if row.number < 0 and room < _WORDS:
        # There is no room beside the clients: the fault gets the whole line.
        return (*spans, Span(shortened(f"▒▒▒ {row.cell}", cell * len(shown) + room), "fault"))
    mine = int(lane_of[row.number]) if row.number >= 0 else -1
    for lane in shown:
        if lane == mine:
            spans.append(Span(f"{shortened(row.cell, cell - 1):<{cell}}", row.style))
        elif lane in open_operations:
            heavy = open_operations[lane] in counterexample
            spans.append(Span(f"{'┃' if heavy else '│':<{cell}}", "counterexample" if heavy else ""))
        else:
            spans.append(Span(" " * cell))
    if row.rank == 1:
        open_operations[mine] = row.number
    elif row.rank == 3:
        open_operations.pop(mine, None)
    if row.number < 0:
        spans.append(Span(shortened(f"▒ {row.cell}", room), "fault"))
    elif active:
        spans.append(Span("▒", "fault"))
    return tuple(spans)
