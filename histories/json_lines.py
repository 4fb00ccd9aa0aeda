"""JSON lines of another program: an object for each event, or for each operation, with field names of its own.

    {"ts_us": 12, "op": "write", "client": "a", "phase": "invoke", "value": 5}      a line for each event
    {"began": 12, "ended": 40, "op": "write", "client": "a", "success": true}       a line for each operation

`Reading` says what the fields are called. Without one they have clew's names, as in a history without a header.

The lines may stand in any order: they are sorted by their times. The first event is time 0. Processes may have any
names; they are numbered in the order in which they appear.
"""

from __future__ import annotations

import heapq
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from clew.histories.event import FORMAT, LATEST, NEMESIS, Event, EventType, Header
from clew.histories.history import TYPES, History, HistoryError
from clew.histories.line_errors import json_object, shown
from clew.histories.text import value_text

EVENT = ("time", "process", "type", "f", "key", "value", "error")
"""What a line for each event may have."""
OPERATION = ("start", "end", "process", "type", "ok", "f", "key", "value", "result", "error")
"""What a line for each operation may have."""
NAMES = tuple(dict.fromkeys(EVENT + OPERATION))
"""Every name on the left of a `=` in `--fields`."""
_NAME = 24
"""Characters of a process's name that are told."""
_PART = re.compile(r"\s*([a-z]+)\s*=\s*([^\s*=]+)\s*(?:\*\s*([0-9]+(?:\.[0-9]+)?(?:e[0-9]+)?)\s*)?\Z")
_INSTANT = re.compile(r"(\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d)(?:[.,](\d{1,9})\d*)?(Z|[+-]\d\d:?\d\d)?\Z")


class BadReading(ValueError):
    """`--fields` or `--words` that cannot be used. The message says what was found and what was expected."""


@dataclass(frozen=True)
class Source:
    """Where a field comes from."""

    names: tuple[str, ...]
    """The first of these that a line has is taken. `a.b` is the field b of the object a; `a:b` is the list [a, b]."""
    factor: Decimal = Decimal(1)
    """What a time is multiplied by to be in ns."""


@dataclass(frozen=True)
class Reading:
    """How to read the lines of another program."""

    fields: Mapping[str, Source] = field(default_factory=dict)
    """By clew's name. What is not here has clew's name."""
    words: Mapping[str, str] = field(default_factory=dict)
    """Their words for functions and types, and clew's."""

    @property
    def whole_operations(self) -> bool:
        """Whether a line is an operation, and not an event."""
        return "start" in self.fields

    def source(self, name: str) -> Source:
        """Where a field of clew's comes from."""
        return self.fields.get(name) or Source((name,))


def reading_of(fields: str | None = None, words: str | None = None) -> Reading:
    """`time=ts_us*1000,f=op` and `get=read,put=write` as a `Reading`. Raises `BadReading`."""
    sources: dict[str, Source] = {}
    for part in fields.split(",") if fields else ():
        match = _PART.match(part)
        if match is None:
            raise BadReading(f"--fields: found {part!r}; expected ours=theirs, such as f=op or time=ts_us*1000")
        ours, theirs, factor = match.groups()
        if ours not in NAMES:
            raise BadReading(f"--fields: clew has no field {ours!r}; there are {', '.join(NAMES)}")
        if factor is not None and ours not in ("time", "start", "end"):
            raise BadReading(f"--fields: found {part!r}; only time, start and end are multiplied")
        if ours in sources:
            raise BadReading(f"--fields: {ours} is given twice")
        sources[ours] = Source(tuple(theirs.split("/")), Decimal(factor or 1))
    reading = Reading(sources, _words(words))
    if reading.whole_operations:
        if "time" in sources:
            raise BadReading(
                "--fields: found time and start; expected time (of events), or start and end (of operations)"
            )
        if "end" not in sources:
            raise BadReading("--fields: found start without end; a line with both is an operation")
        if "ok" in sources and "type" in sources:
            raise BadReading("--fields: found ok and type; expected one of them")
    else:
        for name in ("end", "ok", "result"):
            if name in sources:
                raise BadReading(f"--fields: found {name} without start; {name} is for lines that are whole operations")
    return reading


def _words(words: str | None) -> dict[str, str]:
    known: dict[str, str] = {}
    for part in words.split(",") if words else ():
        theirs, equals, ours = (piece.strip() for piece in part.rpartition("="))
        if not equals or not theirs or not ours:
            raise BadReading(f"--words: found {part!r}; expected theirs=ours, such as get=read")
        known[theirs] = ours
    return known


def load(path: Path, reading: Reading | None = None) -> History:
    """Read the JSON lines of another program. Raises `HistoryError`, with the line."""
    reading = reading or Reading()
    lines = _Lines(str(path), reading)
    with path.open("rb") as stream:
        whole = list(enumerate(stream, start=1))
    cut = False
    if whole and not whole[-1][1].endswith(b"\n") and isinstance(json_object(whole[-1][1]), str):
        # The program that wrote it was killed in the middle of a line.
        whole.pop()
        cut = True
    for number, line in whole:
        if line.strip():
            lines.read(line, number)
    return lines.history(cut)


@dataclass(frozen=True)
class _Line:
    """An event with its line, before it is numbered."""

    time: int
    process: Any
    type: EventType
    f: str
    key: Any
    value: Any
    error: str | None
    number: int


class _Lines:
    """The lines of one file, as events."""

    def __init__(self, source: str, reading: Reading) -> None:
        self._source = source
        self._reading = reading
        self._events: list[_Line] = []
        self._clock: bool | None = None
        self._nobody = 0
        self._absent = {name: reading.source(name) for name in (*reading.fields, "value")}
        self._there: dict[str, None] = {}

    def read(self, line: bytes, number: int) -> None:
        """Take one more line."""
        found = json_object(line)
        if isinstance(found, str):
            raise HistoryError(found, source=self._source, line=number)
        if "clew-history" in found:
            return
        if self._absent:
            self._there |= dict.fromkeys(found)
            for name in [name for name in self._absent if self._has(found, name)]:
                del self._absent[name]
        if self._reading.whole_operations:
            self._events += self._operation(found, number)
        else:
            self._events.append(self._event(found, number))

    def _event(self, found: dict[str, Any], number: int) -> _Line:
        timed = self._has(found, "time")
        if self._clock is None:
            self._clock = timed
        if timed != self._clock:
            raise self._missing(found, "time", number)
        return _Line(
            self._time(found, "time", number) if timed else len(self._events),
            self._process(self._needed(found, "process", number), number),
            self._type(self._needed(found, "type", number), TYPES, number),
            self._f(found, number),
            self._get(found, "key"),
            self._get(found, "value"),
            self._error(found),
            number,
        )

    def _operation(self, found: dict[str, Any], number: int) -> Iterator[_Line]:
        start = self._time(found, "start", number)
        process = self._get(found, "process")
        if process is None:
            # Nobody is named, so nobody has two operations open at a time.
            self._nobody += 1
            process = ("nobody", self._nobody)
        else:
            process = self._process(process, number)
        f, error = self._f(found, number), self._error(found)
        key, value = self._get(found, "key"), self._get(found, "value")
        yield _Line(start, process, "invoke", f, key, value, None, number)
        if self._get(found, "end") is None:
            return
        end = self._time(found, "end", number)
        if end < start:
            raise HistoryError(
                f"the operation ends before it starts: {end} ns after {start} ns", source=self._source, line=number
            )
        type: EventType = "ok"
        if "ok" in self._reading.fields:
            # What failed may have taken effect, unless the recorder knows better and says it with a type.
            type = "ok" if self._word(self._get(found, "ok")) in ("true", "ok") else "info"
        elif "type" in self._reading.fields or "type" in found:
            type = self._type(self._needed(found, "type", number), TYPES[1:], number)
        elif error is not None:
            type = "info"
        if type == "ok" and self._has(found, "result"):
            value = self._get(found, "result")
        yield _Line(end, process, type, f, key, value, error, number)

    def history(self, cut: bool) -> History:
        """All lines, in the order of their times. Raises `HistoryError` for a field that no line has."""
        self._refuse_absent()
        events = sorted(self._events, key=lambda event: event.time)
        first = events[0].time if events else 0
        processes = _numbers(events)
        if events and events[-1].time - first > LATEST:
            raise HistoryError(
                f"the times are out of range: from {first} to {events[-1].time} ns are more than 292 years; "
                "are they multiplied by the right number?",
                source=self._source,
                line=events[-1].number,
            )
        history = History.of(
            (
                Event(
                    index,
                    event.time - first,
                    processes[event.process],
                    event.type,
                    event.f,
                    event.key,
                    event.value,
                    event.error,
                )
                for index, event in enumerate(events)
            ),
            header=Header(FORMAT, clock=self._clock is not False),
            lines=[event.number for event in events],
            source=self._source,
            cut=cut,
        )
        names = {
            number: value_text(name, _NAME).strip('"')
            for name, number in processes.items()
            if isinstance(name, str) and name != NEMESIS
        }
        return replace(history, theirs=names)

    def _refuse_absent(self) -> None:
        """A misspelt field must not become a history without values or times: that would be valid too easily."""
        if not self._events:
            return
        there = ", ".join(self._there)
        for name, source in self._absent.items():
            called = " or ".join(source.names)
            if name in self._reading.fields:
                message = f"--fields {name}={called}: no line has a field {called}; there are {there}"
                raise HistoryError(message, source=self._source)
        writes = [event.number for event in self._events if event.f == "write"]
        if "value" in self._absent and writes:
            message = f"expected a field value, for what is written; no line has one; there are {there}; "
            message += _how("value")
            raise HistoryError(message, source=self._source, line=writes[0])

    # Fields

    def _has(self, found: dict[str, Any], name: str) -> bool:
        return any(_there(found, path) for path in self._reading.source(name).names)

    def _get(self, found: dict[str, Any], name: str) -> Any:
        for path in self._reading.source(name).names:
            if _there(found, path):
                parts = [_at(found, part) for part in path.split(":")]
                return parts if len(parts) > 1 else parts[0]
        return None

    def _needed(self, found: dict[str, Any], name: str, number: int) -> Any:
        value = self._get(found, name)
        if value is None:
            raise self._missing(found, name, number)
        return value

    def _missing(self, found: dict[str, Any], name: str, number: int) -> HistoryError:
        called = " or ".join(self._reading.source(name).names)
        there = ", ".join(found) or "nothing"
        message = f"expected a field {called}, which is clew's {name}; found {there}"
        if name not in self._reading.fields:
            message = f"expected a field {name}; found {there}; {_how(name)}"
        return HistoryError(message, source=self._source, line=number)

    def _word(self, value: Any) -> str:
        """Their word in ours. A value that is no text stands for its JSON: `true=ok`."""
        text = value if isinstance(value, str) else shown(value)
        return self._reading.words.get(text, text)

    def _type(self, value: Any, allowed: Sequence[str], number: int) -> Any:
        word = self._word(value)
        if word not in allowed:
            raise HistoryError(
                f"expected the type to be {', '.join(allowed[:-1])} or {allowed[-1]}, found {shown(value)}; "
                f"--words {shown(value).strip(chr(34))}=... says which of them it is",
                source=self._source,
                line=number,
            )
        return word

    def _process(self, value: Any, number: int) -> Any:
        if type(value) not in (int, str):
            raise HistoryError(
                f"expected the process to be a number or a name, found {shown(value)}", source=self._source, line=number
            )
        return value

    def _f(self, found: dict[str, Any], number: int) -> str:
        return self._word(self._needed(found, "f", number))

    def _error(self, found: dict[str, Any]) -> str | None:
        error = self._get(found, "error")
        return error if error is None or isinstance(error, str) else shown(error)

    def _time(self, found: dict[str, Any], name: str, number: int) -> int:
        value = self._needed(found, name, number)
        source = self._reading.source(name)
        if isinstance(value, str) and (instant := _INSTANT.match(value.strip())):
            day, fraction, zone = instant.groups()
            # Whole seconds here: Python's own times end at microseconds.
            seconds = datetime.fromisoformat(day + (zone or "Z"))
            return int(seconds.timestamp()) * 10**9 + int((fraction or "").ljust(9, "0"))
        try:
            # `repr` gives the digits that the file has. A float times a factor would not.
            time = Decimal(str(value)) * source.factor if type(value) in (int, float, str) else None
        except InvalidOperation:
            time = None
        if time is None or not time.is_finite():
            raise HistoryError(
                f"expected {' or '.join(source.names)} to be a number or a time like 2026-01-31T23:59:59.123Z, "
                f"found {shown(value)}",
                source=self._source,
                line=number,
            )
        return int(time)


def _how(name: str) -> str:
    """How to say what a field is called, for `clew check` and for the commands that do not take `--fields`."""
    return (
        f"clew check --fields {name}=... says what it is called here; other commands read what "
        f"clew export FILE mine.jsonl --fields {name}=... writes"
    )


def _there(found: dict[str, Any], path: str) -> bool:
    """Whether the object has this field; of a list `a:b`, one of its parts."""
    return any(_at(found, part) is not None or part in found for part in path.split(":"))


def _at(found: Any, path: str) -> Any:
    """The field at a path like `args.value`."""
    if isinstance(found, dict) and path in found:
        return found[path]
    for name in path.split("."):
        found = found.get(name) if isinstance(found, dict) else None
    return found


def _numbers(events: Sequence[_Line]) -> dict[Any, Any]:
    """Their processes, and clew's numbers for them. Where all are numbers already, they keep them."""
    names = dict.fromkeys(event.process for event in events if event.process != NEMESIS)
    kept = all(type(name) is int and 0 <= name <= LATEST for name in names)
    numbers: dict[Any, Any] = {name: name if kept else number for number, name in enumerate(names)}
    if any(isinstance(name, tuple) for name in names):
        numbers = _as_few_as_possible(events)
    return numbers | {NEMESIS: NEMESIS}


def _as_few_as_possible(events: Sequence[_Line]) -> dict[Any, int]:
    """Numbers for operations without a process: one that is free again is taken again."""
    numbers: dict[Any, int] = {}
    free: list[int] = []
    used = 0
    for event in events:
        if event.type == "invoke":
            if event.process not in numbers:
                if free:
                    numbers[event.process] = heapq.heappop(free)
                else:
                    numbers[event.process], used = used, used + 1
        elif event.type != "info" and isinstance(event.process, tuple):
            heapq.heappush(free, numbers[event.process])
    return numbers
