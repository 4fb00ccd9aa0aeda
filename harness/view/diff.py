"""Two runs of one plan: where do they part?

A run is a pure function of its plan and seed, so two runs that differ in one thing (a variant, a fault less) are the
same until that thing matters: the first event, or the first message, that is not the same in both is the beginning of
the story.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import zip_longest
from pathlib import Path
from typing import Any

import msgspec
import yaml

from clew.harness.store.fault_windows import nemesis_event_text
from clew.harness.store.folder import NoRun
from clew.harness.store.record import Record, read_record
from clew.histories import NEMESIS, Event
from clew.histories.diagram import Line, Span
from clew.histories.journal import Entry, entries
from clew.histories.text import cut, key_name, printable, value_text

LONGEST = 10_000
"""Characters of a value: it may differ from another at its end."""
BEFORE, AFTER = 4, 6
"""Events shown before the first that differs, and from it on."""


class Side(msgspec.Struct, frozen=True):
    """One of the two runs."""

    path: str
    verdict: str | None
    operations: int
    events: int


class Difference(msgspec.Struct, frozen=True):
    """How two runs differ.

    `plan` has the fields of the plans that differ, each with its two values. `event` is the number of the first event
    that is not the same in both, None if the histories are the same; `one` and `other` are the lines of events around
    it, `time` is when (ns), `words` says what. `message` says the same of the journals, which part earlier as a rule.
    """

    one: Side
    other: Side
    plans: bool
    """Whether both have a plan."""
    plan: dict[str, tuple[Any, Any]]
    event: int | None
    time: int | None
    words: str
    first: int
    """The number of the event that the first of `rows` shows."""
    rows: list[tuple[str, str]]
    message_time: int | None
    message: str | None

    @property
    def same(self) -> bool:
        """Whether histories and journals are the same, as far as there are any."""
        return self.event is None and self.message is None


def diff(one: Path, other: Path) -> Difference:
    """Compare two runs, or histories. Raises `NoRun` and `HistoryError` as `recorded` does."""
    runs = read_record(one, seconds=10), read_record(other, seconds=10)
    for run in runs:
        if run.is_missing("history.jsonl"):
            raise NoRun(f"{run.path} cannot be compared; missing: {', '.join(run.missing)}")
    events = [list(run.history.events()) for run in runs]
    parted = next((n for n, (a, b) in enumerate(zip_longest(*events)) if a != b), None)
    first = 0 if parted is None else max(0, parted - BEFORE)
    keyed = len({key for run in runs for key in map(key_name, run.history.keys.objects) if key}) > 1
    told = [[_line(event, keyed) for event in side[first : first + BEFORE + AFTER]] for side in events]
    time = None if parted is None else min(side[parted].time for side in events if parted < len(side))
    when, message = _messages(*runs)
    return Difference(
        one=_side(runs[0]),
        other=_side(runs[1]),
        plans=all(run.plan is not None for run in runs),
        plan=_plans(*(run.plan for run in runs)),
        event=parted,
        time=time,
        words=_words(parted, *events),
        first=first,
        rows=[] if parted is None else list(zip_longest(told[0], told[1], fillvalue="")),
        message_time=when,
        message=message,
    )


def tell(found: Difference, width: int) -> Iterator[Line]:
    """The difference in words and side by side."""
    for name, side in (("one", found.one), ("other", found.other)):
        yield (
            Span(f"{name:<7}{printable(side.path)}: {side.operations} operations, "),
            Span(side.verdict or "not judged", side.verdict or ""),
        )
    yield (Span(""),)
    if found.plan:
        yield (Span("The plans differ:"),)
        for field, (a, b) in found.plan.items():
            yield (
                Span(f"  {printable(field)}: "),
                Span(_value(a), "counterexample"),
                Span(" | "),
                Span(_value(b), "point"),
            )
    else:
        yield (Span("The plans are the same." if found.plans else "There are not two plans to compare."),)
    if found.message is not None:
        yield (Span(found.message),)
    yield (Span(found.words),)
    if not found.rows:
        return
    yield (Span(""),)
    half = max(20, (width - 12) // 2)
    yield (Span(f"{'event':>7}   {'one':<{half}}  other", "quiet"),)
    for number, (a, b) in enumerate(found.rows, start=found.first):
        mark, style = (
            (" ", "") if a == b and number != found.event else ("≠", "stuck" if number == found.event else "fault")
        )
        a, b = _side_by_side(a, b, half)
        yield (Span(f"{number:>7} {mark} {a:<{half}}  {b}".rstrip(), style),)


def _side(run: Record) -> Side:
    verdict = None if run.result is None else run.result.verdict
    return Side(str(run.path), verdict, len(run.history.operations), len(run.history))


def _words(parted: int | None, one: list[Event], other: list[Event]) -> str:
    if parted is None:
        return f"The histories are the same: {len(one)} events."
    same = f"The first {parted} events are the same" if parted else "The histories differ from the first event on"
    for name, side in (("one", one), ("other", other)):
        if parted >= len(side):
            return f"{same}; then {name} is over."
    a, b = one[parted], other[parted]
    fields = [
        name
        for name in ("time", "process", "type", "f", "key", "value", "error")
        if getattr(a, name) != getattr(b, name)
    ]
    until = f", until {one[parted - 1].time / 1e9:.6f} s" if parted else ""
    return f"{same}{until}; event {parted} differs in its {', '.join(fields)}."


def _messages(one: Record, other: Record) -> tuple[int | None, str | None]:
    """When and how the journals part, in words; None if they do not, or are not both there."""
    if one.journal is None or other.journal is None:
        return None, None
    same = 0
    paths = one.journal, other.journal
    for a, b in zip_longest(*map(entries, paths)):
        if a == b:
            same += 1
            continue
        time = min(entry.time for entry in (a, b) if entry is not None)
        until = f"The message journals part at {time / 1e9:.6f} s, after {same} entries"
        return (
            time,
            f"{until}: {_alike(a, b, paths) or f'one has {_entry(a, paths[0])}, other has {_entry(b, paths[1])}.'}",
        )
    return None, None


def _alike(a: Entry | None, b: Entry | None, paths: tuple[Path, Path]) -> str | None:
    """What differs in two messages that are otherwise the same, in words; None if there is more to say."""
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
    return f"{a.src} → {a.dest} {kind}, whose {'; '.join(fields)}." if fields else None


def _entry(entry: Entry | None, path: Path) -> str:
    if entry is None:
        return "no more"
    if entry.event == "send":
        return f"{entry.src} → {entry.dest} {value_text(entry.content(path))}"
    if entry.event in ("receive", "drop"):
        return f"{entry.event} of message {entry.id}" + (f" ({printable(entry.why)})" if entry.why else "")
    return f"{entry.event} of {entry.node}"


def _plans(one: str | None, other: str | None) -> dict[str, tuple[Any, Any]]:
    if one is None or other is None:
        return {}
    try:
        a, b = (dict(_fields(yaml.safe_load(plan))) for plan in (one, other))
    except yaml.YAMLError:
        return {}
    return {name: (a.get(name), b.get(name)) for name in dict.fromkeys((*a, *b)) if a.get(name) != b.get(name)}


def _fields(tree: Any, path: str = "") -> Iterable[tuple[str, Any]]:
    if isinstance(tree, dict):
        for name, part in tree.items():
            yield from _fields(part, f"{path}.{name}" if path else str(name))
    else:
        yield path, tree


def _value(value: Any) -> str:
    return "none" if value is None else value_text(value)


def _line(event: Event, keyed: bool) -> str:
    if event.process == NEMESIS:
        return f"{event.time / 1e9:.6f} {printable(event.f)} {nemesis_event_text(event)}"
    key = "" if event.key is None or not keyed else f" key {value_text(event.key, LONGEST)}"
    error = "" if event.error is None else f" ({printable(event.error)})"
    what = f"{printable(event.f)} {value_text(event.value, LONGEST)}"
    return f"{event.time / 1e9:.6f} p{event.process} {event.type} {what}{key}{error}"


def _side_by_side(a: str, b: str, width: int) -> tuple[str, str]:
    """Two lines in so many characters each, with what differs in sight: what they share before it gives way."""
    same = next((n for n, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))
    hidden = same - width // 2 if a and b and a != b and same > width - 12 and max(len(a), len(b)) > width else 0
    if hidden > 0:
        a, b = (f"…{text[hidden:]}" for text in (a, b))
    return cut(a, width), cut(b, width)
