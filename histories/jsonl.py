"""clew's own format: a header line, then one line for each event, written as it happens.

    {"clew-history":1,"plan":"caspaxos-happy-path","seed":7}
    {"index":0,"time":1204,"process":3,"type":"invoke","f":"write","key":0,"value":5}

Every line is flushed when it is written. So a harness that is killed leaves a history that can be read up to its last
whole line. Only the last line may be cut; any other malformed line is an error.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import IO, Any, Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from clew.histories import collector
from clew.histories.columns import Columns, fields_of
from clew.histories.event import FORMAT, MALFORMED, Event, EventType, Header
from clew.histories.history import History
from clew.histories.history_error import HistoryError
from clew.histories.line_errors import excerpt, whats_wrong
from clew.histories.regular_lines import Coded, Shapes, read_lines

_AT_ONCE = 1 << 20
"""Bytes that are read at once: ten thousand events or so. A quarter of that, or four times as much, is slower."""

_header = msgspec.json.Decoder(Header)


class _OnlyKnown(Event, frozen=True, gc=False, forbid_unknown_fields=True):
    """An event whose line has no field that clew does not know."""


_event = msgspec.json.Decoder(Event)
_known = msgspec.json.Decoder(_OnlyKnown)
_encoder = msgspec.json.Encoder()


class Recorder:
    """Takes events as they happen, numbers them, and writes each one to a stream at once.

    The stream must be unbuffered (`open(path, "wb", buffering=0)`): when `record` returns, the operating system has
    the event, and it survives the end of the harness. Without a stream, the events are only kept in memory.
    """

    def __init__(self, header: Header) -> None:
        self.header = header
        self.events: list[Event] = []
        self._stream: IO[bytes] | None = None
        self._watch: Callable[[Event], None] | None = None

    def write_to(self, stream: IO[bytes]) -> None:
        """Write the header, and from now on every event, to this stream."""
        self._stream = stream
        self._write(self.header)

    def watch(self, look: Callable[[Event], None]) -> None:
        """From now on, call `look` with every event after it is written. `record` raises what `look` raises."""
        self._watch = look

    def record(
        self,
        time: int,
        process: int | Literal["nemesis"],
        type: EventType,
        f: str,
        key: Any = None,
        value: Any = None,
        error: str | None = None,
    ) -> Event:
        """Append one event and return it with its index."""
        event = Event(len(self.events), time, process, type, f, key, value, error)
        self.events.append(event)
        self._write(event)
        if self._watch is not None:
            self._watch(event)
        return event

    def history(self) -> History:
        """The history of the events recorded so far."""
        return History.of(self.events, header=self.header)

    def _write(self, line: Header | Event) -> None:
        if self._stream is not None:
            self._stream.write(_encoder.encode(line) + b"\n")


def dump(history: History, stream: IO[bytes]) -> None:
    """Write a whole history in clew's format."""
    stream.write(_encoder.encode(history.header or Header(FORMAT)) + b"\n")
    for event in history.events():
        stream.write(_encoder.encode(event) + b"\n")


def load(path: Path) -> History:
    """Read a history. A cut last line is left out; for any other malformed line, raises `HistoryError`."""
    with collector.paused():
        return _load(path.read_bytes(), str(path))


def _load(data: bytes, source: str) -> History:
    first = data.find(b"\n")
    if first < 0:
        raise HistoryError("expected a header line, found an empty or cut file", source=source, line=1)
    header = _read_header(data[:first], source)
    whole = data.rfind(b"\n") + 1
    tail = data[whole:]
    cut = bool(tail.strip()) and not _is_event(tail)
    if not cut:
        # The last line is whole; only its newline is missing.
        whole = len(data)
    columns, shapes, regular, ignored = Columns(source), Shapes(), True, dict[str, int]()
    begin, line, last = first + 1, 2, -1
    while begin < whole:
        end = data.find(b"\n", begin + _AT_ONCE, whole) + 1 or whole
        block = data[begin:end]
        coded = _coded(block, line, source, shapes, columns, ignored) if regular else None
        if coded is not None:
            lines: Sequence[int] = range(line, line + len(coded[0]))
            last = _grows(coded[0], lines, last, source)
            columns.add_coded(coded, lines)
        else:
            # A file is of one kind: not worth another try.
            regular = False
            events, lines = _events(block, line, source, ignored)
            fields = fields_of(events)
            index = np.array(fields[0], np.int64)
            last = _grows(index, lines, last, source)
            columns.add(index, *fields[1:], lines=lines)
        begin, line = end, line + block.count(b"\n")
    return replace(columns.history(header, cut=cut), ignored=tuple(ignored.items()))


def _coded(
    block: bytes, first: int, source: str, shapes: Shapes, columns: Columns, ignored: dict[str, int]
) -> Coded | None:
    """The events of a block that begins at line `first`, if most of its lines are regular."""

    def other(line: bytes, number: int) -> Event:
        return _event_of(line, first + number, source, ignored)

    try:
        return read_lines(block, shapes, columns.interned, other)
    except RecursionError:
        return None  # `Columns.add` says which value is nested too deeply


def _grows(index: NDArray[np.int64], lines: Sequence[int], last: int, source: str) -> int:
    """The last index of a block, after `last`. Raises `HistoryError` if they do not grow."""
    before = np.concatenate(([last], index))
    if (before[1:] <= before[:-1]).any():
        row = int(np.argmax(before[1:] <= before[:-1]))
        raise HistoryError(
            f"index is {index[row]} after {before[row]}; expected it to grow from event to event, from 0",
            source=source,
            line=lines[row],
        )
    return int(before[-1])


def _events(block: bytes, first: int, source: str, ignored: dict[str, int]) -> tuple[Sequence[Event], Sequence[int]]:
    """The events of a block of whole lines, which begins at line `first`, and the line of each.

    All lines are decoded at once if they are what clew writes: an event on each, and nothing else.
    """
    count = block.rstrip(b"\n").count(b"\n") + 1
    try:
        events: Sequence[Event] = (_event if ignored else _known).decode_lines(block)
    except MALFORMED:
        pass
    else:
        # The decoder also takes two events on one line, and one on two. An event that is followed by a newline and the
        # next event ends its line, and such a newline can stand nowhere else.
        if len(events) == count == block.count(b"}\n{") + 1:
            return events, range(first, first + count)
    found, lines = list[Event](), list[int]()
    for number, line in enumerate(block.split(b"\n"), start=first):
        if not line.strip():
            continue
        found.append(_event_of(line, number, source, ignored))
        lines.append(number)
    return found, lines


def _event_of(line: bytes, number: int, source: str, ignored: dict[str, int]) -> Event:
    """The event on a line. The first line with fields that clew does not know adds them to `ignored`."""
    if not ignored:
        with suppress(*MALFORMED):
            return _known.decode(line)
    try:
        event = _event.decode(line)
    except MALFORMED:
        raise HistoryError(whats_wrong(line), source=source, line=number) from None
    if not ignored:
        there = msgspec.json.decode(line)
        ignored.update((name, number) for name in there if name not in Event.__struct_fields__)
    return event


def _is_event(line: bytes) -> bool:
    try:
        _event.decode(line)
    except MALFORMED:
        return False
    return True


def _read_header(line: bytes, source: str) -> Header:
    try:
        header = _header.decode(line)
    except MALFORMED:
        raise HistoryError(
            f'expected a header line like {{"clew-history":{FORMAT}}}, found {excerpt(line)}', source=source, line=1
        ) from None
    if header.clew_history != FORMAT:
        raise HistoryError(
            f"this is a history of format version {header.clew_history}; this clew reads version {FORMAT}",
            source=source,
            line=1,
        )
    return header
