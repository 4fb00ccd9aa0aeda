"""Where two runs of one plan first differ.

A run is a pure function of its plan and seed. Two runs that differ in one thing (a variant, one fault less) are the
same until that thing matters. So the first event or message that differs is where the story begins.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import zip_longest
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import yaml

from clew.harness.store.fault_windows import nemesis_event_text
from clew.harness.store.folder import NoRun
from clew.harness.store.record import Record, read_record
from clew.harness.view.plan_text import is_live
from clew.harness.view.report.messages import place_name
from clew.histories import NEMESIS, Event
from clew.histories.diagram import Line, Span
from clew.histories.journal import Entry, entries
from clew.histories.rounding import Rounding, rounding
from clew.histories.text import key_name, printable, shortened, value_text

LONGEST_VALUE = 10_000
"""Characters of a value that are compared: two values may differ only at their ends."""
BEFORE, AFTER = 4, 6
"""How many events are shown before the first that differs, and from it on."""
CHECK_SECONDS = 10
"""The checker's budget for a history without a verdict."""


class Side(msgspec.Struct, frozen=True):
    """One of the two runs."""

    path: str
    verdict: str | None
    """None if there is no verdict and no model to find one."""
    operations: int
    events: int


class Difference(msgspec.Struct, frozen=True):
    """How two runs differ: in their plans, histories and message journals."""

    one: Side
    other: Side
    plans: bool
    """Whether both runs have a plan."""
    live: bool
    """Whether both runs were live."""
    plan: dict[str, tuple[Any, Any]]
    """The fields in which the plans differ, by their path, each with its two values."""
    event: int | None
    """The number of the first event that differs, counted from 0; None if the histories are the same."""
    time: int | None
    """When this event happened, in ns. If the two differ in their times, the earlier one."""
    words: str
    """What differs in the histories, as a sentence."""
    first: int
    """The number of the event in the first of `rows`."""
    rows: list[tuple[str, str]]
    """The events around the first that differs, as text: those of `one` and those of `other`."""
    message_time: int | None
    """When (ns) the journals first differ. This is usually before the histories differ."""
    message: str | None
    """What differs in the journals, as a sentence; None if they are the same, or if a run has none."""

    @property
    def same(self) -> bool:
        """Whether the histories and journals are the same."""
        return self.event is None and self.message is None


def compare(one: Path, other: Path) -> Difference:
    """Compare two runs or histories. Raises `NoRun` and `HistoryError` as `read_record` does."""
    runs = read_record(one, seconds=CHECK_SECONDS), read_record(other, seconds=CHECK_SECONDS)
    for run in runs:
        if run.is_missing("history.jsonl"):
            raise NoRun(f"{run.path} cannot be compared; missing: {', '.join(run.missing)}")
    events = [list(run.history.events()) for run in runs]
    differs = next((n for n, (a, b) in enumerate(zip_longest(*events)) if a != b), None)
    first = 0 if differs is None else max(0, differs - BEFORE)
    keyed = len({key for run in runs for key in map(key_name, run.history.keys.objects) if key}) > 1
    around = [range(first, min(first + BEFORE + AFTER, len(side))) for side in events]
    when = _times(runs, around)
    shown = [[_event_text(run, row, keyed, when) for row in rows] for run, rows in zip(runs, around, strict=True)]
    time = None if differs is None else min(side[differs].time for side in events if differs < len(side))
    message_time, message = _compare_journals(*runs)
    return Difference(
        one=_side(runs[0]),
        other=_side(runs[1]),
        plans=all(run.plan is not None for run in runs),
        live=all(is_live(run.plan) for run in runs),
        plan=_compare_plans(*(run.plan for run in runs)),
        event=differs,
        time=time,
        words=_compare_events(differs, events[0], events[1], when),
        first=first,
        rows=[] if differs is None else list(zip_longest(shown[0], shown[1], fillvalue="")),
        message_time=message_time,
        message=message,
    )


def lines_of(difference: Difference, width: int) -> Iterator[Line]:
    """A difference as lines of text: in words, then the events side by side. `width` is in characters."""
    for name, side in (("one", difference.one), ("other", difference.other)):
        yield (
            Span(f"{name:<7}{printable(side.path)}: {side.operations} operations, "),
            Span(side.verdict or "not checked", side.verdict or ""),
        )
    yield (Span(""),)
    if difference.plan:
        yield (Span("The plans differ:"),)
        for field, (a, b) in difference.plan.items():
            yield (
                Span(f"  {printable(field)}: "),
                Span(_value(a), "counterexample"),
                Span(" | "),
                Span(_value(b), "point"),
            )
    else:
        yield (Span("The plans are the same." if difference.plans else "There are not two plans to compare."),)
    if difference.live:
        yield (Span("Both runs were live, and no two live runs are alike."),)
    if difference.message is not None:
        yield (Span(difference.message),)
    yield (Span(difference.words),)
    if not difference.rows:
        return
    yield (Span(""),)
    half = max(20, (width - 12) // 2)
    yield (Span(f"{'event':>7}   {'one':<{half}}  other", "quiet"),)
    for number, (a, b) in enumerate(difference.rows, start=difference.first):
        is_first = number == difference.event
        mark, style = (" ", "") if a == b and not is_first else ("≠", "stuck" if is_first else "fault")
        a, b = _side_by_side(a, b, half)
        yield (Span(f"{number:>7} {mark} {a:<{half}}  {b}".rstrip(), style),)


def _side(run: Record) -> Side:
    verdict = None if run.result is None else run.result.verdict
    return Side(str(run.path), verdict, len(run.history.operations), len(run.history))


def _times(runs: tuple[Record, Record], rows: list[range]) -> Rounding:
    """How the times of these rows are written. Times of one row that differ between the runs look different."""
    pairs = [
        (int(runs[0].history.time[row]), int(runs[1].history.time[row])) for row in set(rows[0]).intersection(rows[1])
    ]
    found = rounding(max(run.last for run in runs))
    for a, b in pairs:
        while a != b and found.of(a) == found.of(b):
            found = found._replace(step=found.step // 10)
    return found


def _compare_events(differs: int | None, one: list[Event], other: list[Event], when: Rounding) -> str:
    """What differs in the event of this number, as a sentence."""
    if differs is None:
        return f"The histories are the same: {len(one)} events."
    same = f"The first {differs} events are the same" if differs else "The histories differ from the first event on"
    for name, side in (("one", one), ("other", other)):
        if differs >= len(side):
            return f"{same}; then {name} ends."
    a, b = one[differs], other[differs]
    fields = [
        name
        for name in ("time", "process", "type", "f", "key", "value", "error")
        if getattr(a, name) != getattr(b, name)
    ]
    until = f", until {when.text(one[differs - 1].time)}" if differs else ""
    return f"{same}{until}; event {differs} differs in its {', '.join(fields)}."


def _compare_journals(one: Record, other: Record) -> tuple[int | None, str | None]:
    """When (ns) and how the journals first differ; None and None if they do not, or if one is missing."""
    if one.journal is None or other.journal is None:
        return None, None
    same = 0
    paths = one.journal, other.journal
    for a, b in zip_longest(*map(entries, paths)):
        if a == b:
            same += 1
            continue
        time = min(entry.time for entry in (a, b) if entry is not None)
        how = _compare_messages(a, b, paths) or f"one has {_entry(a, paths[0])}, other has {_entry(b, paths[1])}."
        when = rounding(max(one.last, other.last)).text(time)
        return time, f"The message journals differ from {when} on, after {same} entries: {how}"
    return None, None


def _compare_messages(a: Entry | None, b: Entry | None, paths: tuple[Path, Path]) -> str | None:
    """The fields in which two messages of one type on one link differ; None if the entries are anything else."""
    if a is None or b is None or a.event != "send" or b.event != "send" or (a.src, a.dest) != (b.src, b.dest):
        return None
    one, other = a.content(paths[0]), b.content(paths[1])
    if not isinstance(one, dict) or not isinstance(other, dict) or one.get("type") != other.get("type"):
        return None
    fields = [
        f"{printable(str(name))} is {value_text(one.get(name))} in one and {value_text(other.get(name))} in other"
        for name in dict.fromkeys((*one, *other))
        if one.get(name) != other.get(name)
    ]
    kind = printable(str(one.get("type", "message")))
    return f"{place_name(a.src)} → {place_name(a.dest)} {kind}, whose {'; '.join(fields)}." if fields else None


def _entry(entry: Entry | None, path: Path) -> str:
    if entry is None:
        return "no more"
    if entry.event == "send":
        return f"{place_name(entry.src)} → {place_name(entry.dest)} {value_text(entry.content(path))}"
    if entry.event in ("receive", "drop"):
        return f"{entry.event} of message {entry.id}" + (f" ({printable(entry.why)})" if entry.why else "")
    return f"{entry.event} of {entry.node}"


def _compare_plans(one: str | None, other: str | None) -> dict[str, tuple[Any, Any]]:
    if one is None or other is None:
        return {}
    try:
        a, b = (dict(_fields(yaml.safe_load(plan))) for plan in (one, other))
    except yaml.YAMLError:
        return {}
    return {name: (a.get(name), b.get(name)) for name in dict.fromkeys((*a, *b)) if a.get(name) != b.get(name)}


def _fields(tree: Any, path: str = "") -> Iterable[tuple[str, Any]]:
    """All fields of a plan with their paths, such as `workload.clients`."""
    if isinstance(tree, dict):
        for name, part in tree.items():
            yield from _fields(part, f"{path}.{name}" if path else str(name))
    else:
        yield path, tree


def _value(value: Any) -> str:
    return "none" if value is None else value_text(value)


def _event_text(run: Record, row: int, keyed: bool, when: Rounding) -> str:
    event = run.history.event(row)
    time = when.text(event.time) if run.history.clock else f"event {event.index}"
    if event.process == NEMESIS:
        return f"{time}  {printable(event.f)} {nemesis_event_text(event)}"
    key = "" if event.key is None or not keyed else f" key {value_text(event.key, LONGEST_VALUE)}"
    error = "" if event.error is None else f" ({printable(event.error)})"
    what = f"{printable(event.f)} {value_text(event.value, LONGEST_VALUE)}"
    # A process belongs to one client.
    client = run.history.client(int(np.argmax(run.history.operations.process == event.process)))
    return f"{time}  {client} {event.type} {what}{key}{error}"


def _side_by_side(a: str, b: str, width: int) -> tuple[str, str]:
    """Both texts, each shortened to `width` characters. What they share at the start is cut first."""
    same = next((n for n, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))
    hidden = same - width // 2 if a and b and a != b and same > width - 12 and max(len(a), len(b)) > width else 0
    if hidden > 0:
        a, b = (f"…{text[hidden:]}" for text in (a, b))
    return shortened(a, width), shortened(b, width)
