"""JSON lines of another program: an object for each event, or for each operation, with field names of its own.

    {"ts_us": 12, "op": "write", "client": "a", "phase": "invoke", "value": 5}      a line for each event
    {"began": 12, "ended": 40, "op": "write", "client": "a", "success": true}       a line for each operation

`Reading` says what the fields are called. Without one they have clew's names, as in a history without a header.

The lines may stand in any order: they are sorted by their times. The first event is time 0. Processes may have any
names; they are numbered in the order in which they appear.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from clew.histories import collector, json_columns
from clew.histories.event import FORMAT, LATEST, Event, EventType, Header
from clew.histories.history import TYPES, History
from clew.histories.history_error import HistoryError
from clew.histories.line_errors import json_object, shown
from clew.histories.process_names import names_of, numbers
from clew.histories.reading import Reading, nanoseconds


def load(path: Path, reading: Reading | None = None) -> History:
    """Read the JSON lines of another program. Raises `HistoryError`, with the line."""
    with collector.paused():
        return _load(path.read_bytes(), str(path), reading or Reading())


def _load(data: bytes, source: str, reading: Reading) -> History:
    last = data.rfind(b"\n") + 1
    # The program that wrote a file without a last newline may have been killed in the middle of a line.
    cut = last < len(data) and isinstance(json_object(data[last:]), str)
    data = data[:last] if cut else data
    history = json_columns.history_of(data, source, reading, cut=cut)
    return history or _by_lines(data, source, reading, cut)


def _by_lines(data: bytes, source: str, reading: Reading, cut: bool) -> History:
    """The history of any file, and what is wrong with it."""
    lines = _Lines(source, reading)
    for number, line in enumerate(data.split(b"\n"), start=1):
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
            for name in [name for name in self._absent if self._reading.has(found, name)]:
                del self._absent[name]
        if self._reading.whole_operations:
            self._events += self._operation(found, number)
        else:
            self._events.append(self._event(found, number))

    def _event(self, found: dict[str, Any], number: int) -> _Line:
        timed = self._reading.has(found, "time")
        if self._clock is None:
            self._clock = timed
        if timed != self._clock:
            raise self._missing(found, "time", number)
        return _Line(
            self._time(found, "time", number) if timed else len(self._events),
            self._process(self._needed(found, "process", number), number),
            self._type(self._needed(found, "type", number), TYPES, number),
            self._f(found, number),
            self._reading.get(found, "key"),
            self._reading.get(found, "value"),
            self._error(found),
            number,
        )

    def _operation(self, found: dict[str, Any], number: int) -> Iterator[_Line]:
        start = self._time(found, "start", number)
        process = self._reading.get(found, "process")
        if process is None:
            # Nobody is named, so nobody has two operations open at a time.
            self._nobody += 1
            process = ("nobody", self._nobody)
        else:
            process = self._process(process, number)
        f, error = self._f(found, number), self._error(found)
        key, value = self._reading.get(found, "key"), self._reading.get(found, "value")
        yield _Line(start, process, "invoke", f, key, value, None, number)
        if self._reading.get(found, "end") is None:
            return
        end = self._time(found, "end", number)
        if end < start:
            raise HistoryError(
                f"the operation ends before it starts: {end} ns after {start} ns", source=self._source, line=number
            )
        type: EventType = "ok"
        if "ok" in self._reading.fields:
            # What failed may have taken effect, unless the recorder knows better and says it with a type.
            type = "ok" if self._reading.word(self._reading.get(found, "ok")) in ("true", "ok") else "info"
        elif "type" in self._reading.fields or "type" in found:
            type = self._type(self._needed(found, "type", number), TYPES[1:], number)
        elif error is not None:
            type = "info"
        if type == "ok" and self._reading.has(found, "result"):
            value = self._reading.get(found, "result")
        yield _Line(end, process, type, f, key, value, error, number)

    def history(self, cut: bool) -> History:
        """All lines, in the order of their times. Raises `HistoryError` for a field that no line has."""
        self._refuse_absent()
        events = sorted(self._events, key=lambda event: event.time)
        first = events[0].time if events else 0
        processes = numbers([event.process for event in events], [event.type for event in events])
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
        return replace(history, theirs=names_of(processes))

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

    def _needed(self, found: dict[str, Any], name: str, number: int) -> Any:
        value = self._reading.get(found, name)
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

    def _type(self, value: Any, allowed: Sequence[str], number: int) -> Any:
        word = self._reading.word(value)
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
        return self._reading.word(self._needed(found, "f", number))

    def _error(self, found: dict[str, Any]) -> str | None:
        error = self._reading.get(found, "error")
        return error if error is None or isinstance(error, str) else shown(error)

    def _time(self, found: dict[str, Any], name: str, number: int) -> int:
        value = self._needed(found, name, number)
        source = self._reading.source(name)
        time = nanoseconds(value, source.factor)
        if time is None:
            raise HistoryError(
                f"expected {' or '.join(source.names)} to be a number or a time like 2026-01-31T23:59:59.123Z, "
                f"found {shown(value)}",
                source=self._source,
                line=number,
            )
        return time


def _how(name: str) -> str:
    """How to say what a field is called, for the commands that take `--fields` and for the others."""
    return (
        f"--fields {name}=... says what it is called here: clew check, show, report and export take it, "
        "and every command reads what clew export writes"
    )
