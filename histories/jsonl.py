"""clew's own format: a header line, then one event a line, written as it happens.

    {"clew-history":1,"plan":"caspaxos-happy-path","seed":7}
    {"index":0,"time":1204,"process":3,"type":"invoke","f":"write","key":0,"value":5}

Every line is flushed when it is written, so a harness killed at any moment leaves a history that is readable up to its
last whole line; only a *last* line may be cut, anything else malformed is an error.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import IO

import msgspec

from histories.event import FORMAT, Event, Header
from histories.history import History, HistoryError

_header = msgspec.json.Decoder(Header)
_event = msgspec.json.Decoder(Event)
_encoder = msgspec.json.Encoder()


class Recorder:
    """Writes events to a stream as they happen, numbering them. Not more than one event is ever lost.

    The stream must be unbuffered (`open(path, "wb", buffering=0)`): what `record` has returned from is with the
    operating system, and survives the harness.
    """

    def __init__(self, stream: IO[bytes], header: Header) -> None:
        self._stream = stream
        self.count = 0
        stream.write(_encoder.encode(header) + b"\n")

    def record(self, event: Event) -> None:
        """Append one event; its index must be the number of events before it."""
        assert event.index == self.count
        self._stream.write(_encoder.encode(event) + b"\n")
        self.count += 1


def dump(history: History, stream: IO[bytes]) -> None:
    """Write a whole history in clew's format."""
    recorder = Recorder(stream, history.header or Header(FORMAT))
    for event in history.events():
        recorder.record(msgspec.structs.replace(event, index=recorder.count))


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

    def events() -> Iterator[Event]:
        for number, line in enumerate(lines[1:], start=2):
            if not line.strip():
                continue
            try:
                event = _event.decode(line)
            except msgspec.DecodeError as error:
                raise HistoryError(
                    f"expected an event, found {_excerpt(line)}: {error}", source=source, line=number
                ) from None
            numbers.append(number)
            yield event

    whole = list(events())
    return History.of(whole, header=header, lines=numbers, source=source, cut=bool(tail.strip()))


def _read_header(line: bytes, source: str) -> Header:
    try:
        header = _header.decode(line)
    except msgspec.DecodeError as error:
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
