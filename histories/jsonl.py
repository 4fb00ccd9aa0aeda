"""clew's own format: a header line, then one line for each event, written as it happens.

    {"clew-history":1,"plan":"caspaxos-happy-path","seed":7}
    {"index":0,"time":1204,"process":3,"type":"invoke","f":"write","key":0,"value":5}

Every line is flushed when it is written. So a harness that is killed leaves a history that can be read up to its last
whole line. Only the last line may be cut; any other malformed line is an error.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any, Literal

import msgspec

from clew.histories.event import FORMAT, MALFORMED, Event, EventType, Header
from clew.histories.history import History, HistoryError
from clew.histories.line_errors import excerpt, whats_wrong

_header = msgspec.json.Decoder(Header)
_event = msgspec.json.Decoder(Event)
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
    data = path.read_bytes()
    source = str(path)
    lines = data.split(b"\n")
    tail = lines.pop()
    if not lines:
        raise HistoryError("expected a header line, found an empty or cut file", source=source, line=1)
    header = _read_header(lines[0], source)
    numbers: list[int] = []
    cut = bool(tail.strip()) and not _is_event(tail)
    if tail and not cut:
        # The last line is whole; only its newline is missing.
        lines.append(tail)

    def events() -> Iterator[Event]:
        last = -1
        for number, line in enumerate(lines[1:], start=2):
            if not line.strip():
                continue
            try:
                event = _event.decode(line)
            except MALFORMED:
                raise HistoryError(whats_wrong(line), source=source, line=number) from None
            if event.index <= last:
                raise HistoryError(
                    f"index is {event.index} after {last}; expected it to grow from event to event, from 0",
                    source=source,
                    line=number,
                )
            last = event.index
            numbers.append(number)
            yield event

    whole = list(events())
    return History.of(whole, header=header, lines=numbers, source=source, cut=cut)


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
