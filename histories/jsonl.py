"""clew's own format: a header line, then one event a line, written as it happens.

    {"clew-history":1,"plan":"caspaxos-happy-path","seed":7}
    {"index":0,"time":1204,"process":3,"type":"invoke","f":"write","key":0,"value":5}

Every line is flushed when it is written, so a harness killed at any moment leaves a history that is readable up to its
last whole line; only a *last* line may be cut, anything else malformed is an error.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any, Literal

import msgspec

from clew.histories.event import FORMAT, MALFORMED, Event, EventType, Header
from clew.histories.history import History, HistoryError

_header = msgspec.json.Decoder(Header)
_event = msgspec.json.Decoder(Event)
_encoder = msgspec.json.Encoder()


class Recorder:
    """Takes events as they happen, numbers them, and writes each to a stream before the next may happen.

    The stream must be unbuffered (`open(path, "wb", buffering=0)`): what `record` has returned from is with the
    operating system, and survives the harness. Without a stream the events are only kept in memory.
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
        """From now on, show every event to `look`, once it is written; what that raises, `record` raises."""
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
        """What was recorded so far."""
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
    """Read a history; raises `HistoryError` with the line for anything malformed but a cut last line."""
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
        # Whole, only without a newline behind it: whoever wrote it had no more to say.
        lines.append(tail)

    def events() -> Iterator[Event]:
        for number, line in enumerate(lines[1:], start=2):
            if not line.strip():
                continue
            try:
                event = _event.decode(line)
            except MALFORMED as error:
                raise HistoryError(
                    f"expected an event, found {_excerpt(line)}: {error}", source=source, line=number
                ) from None
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
    except MALFORMED as error:
        raise HistoryError(
            f'expected a header line like {{"clew-history":{FORMAT}}}, found {_excerpt(line)}: {error}',
            source=source,
            line=1,
        ) from None
    if header.clew_history != FORMAT:
        raise HistoryError(
            f"this is a history of format version {header.clew_history}; this clew reads version {FORMAT}",
            source=source,
            line=1,
        )
    return header


def _excerpt(line: bytes) -> str:
    text = line.decode(errors="replace")
    return repr(text if len(text) <= 60 else text[:57] + "...")
