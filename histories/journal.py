"""The message journal: every message that was sent, and what happened to it.

    {"event":"start","time":0,"node":"n1","life":0}
    {"event":"send","id":17,"time":5034211,"src":"n1","dest":"n2","body":{"type":"prepare","ballot":[1,0]}}
    {"event":"receive","id":17,"time":9120034}
    {"event":"drop","id":17,"time":5034211,"why":"loss"}
    {"event":"crash","time":12000000,"node":"n1","life":0}

A duplicated message is received twice, with the same id. A message that is neither received nor dropped was still under
way when the run ended.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, Literal

import msgspec

from clew.histories.event import MALFORMED
from clew.histories.history_error import HistoryError

_BUFFERED_LINES = 4096
"""Lines that are written at once: some hundred kilobytes. A write for each line would be slow."""


class Entry(msgspec.Struct, frozen=True):
    """One line of a journal. Which fields are set depends on the event."""

    event: Literal["start", "crash", "send", "receive", "drop"]
    time: int
    """Nanoseconds since the start of the run."""
    id: int = -1
    """The number of the message, for `send`, `receive` and `drop`. Numbers grow with the time of sending."""
    src: str = ""
    """The sender, for `send`."""
    dest: str = ""
    """The receiver, for `send`."""
    body: msgspec.Raw = msgspec.Raw(b"null")
    """The message as JSON, for `send`."""
    why: str = ""
    """Why the message was lost, for `drop`."""
    node: str = ""
    """The node, for `start` and `crash`."""
    life: int = 0
    """Counts the starts of this node from 0, for `start` and `crash`."""

    def content(self, journal: Path) -> Any:
        """The body of the message, decoded. Raises `HistoryError` if it is no JSON."""
        try:
            return msgspec.json.decode(self.body)
        except MALFORMED as error:
            raise HistoryError(f"expected message {self.id} to be JSON: {error}", source=str(journal)) from None


class Journal:
    """Writes a journal to a binary stream, many lines at a time. Unlike a history, it may lose its last lines."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._lines: list[bytes] = []

    def send(self, id: int, time: int, source: str, destination: str, body: bytes) -> None:
        """A message is sent; `body` is its JSON."""
        self._lines.append(
            b'{"event":"send","id":%d,"time":%d,"src":"%b","dest":"%b","body":%b}\n'
            % (id, time, source.encode(), destination.encode(), body)
        )
        if len(self._lines) >= _BUFFERED_LINES:
            self.flush()

    def receive(self, id: int, time: int) -> None:
        """A message (or a copy of it) arrives."""
        self._lines.append(b'{"event":"receive","id":%d,"time":%d}\n' % (id, time))

    def drop(self, id: int, time: int, why: str) -> None:
        """A message is lost: by `loss`, by a `partition`, or because its receiver is `down`."""
        self._lines.append(b'{"event":"drop","id":%d,"time":%d,"why":"%b"}\n' % (id, time, why.encode()))

    def start(self, time: int, node: str, life: int) -> None:
        """A node starts. Its lives are counted from 0."""
        self._lines.append(b'{"event":"start","time":%d,"node":"%b","life":%d}\n' % (time, node.encode(), life))

    def crash(self, time: int, node: str, life: int) -> None:
        """A node crashes."""
        self._lines.append(b'{"event":"crash","time":%d,"node":"%b","life":%d}\n' % (time, node.encode(), life))

    def fileno(self) -> int:
        """The descriptor of the stream, for another process that writes the journal instead of this one."""
        return self._stream.fileno()

    def flush(self) -> None:
        """Write all lines to the stream and flush it."""
        self._stream.write(b"".join(self._lines))
        self._stream.flush()
        self._lines.clear()


def entries(path: Path) -> Iterator[Entry]:
    """Read a journal. A cut last line is left out; for any other malformed line, raises `HistoryError`."""
    decode = msgspec.json.Decoder(Entry).decode
    with path.open("rb") as stream:
        for number, line in enumerate(stream, start=1):
            if not line.endswith(b"\n"):
                return
            try:
                yield decode(line)
            except MALFORMED as error:
                raise HistoryError(f"expected a journal entry: {error}", source=str(path), line=number) from None
