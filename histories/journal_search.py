"""Finding messages and node lives in a message journal without reading all of it.

A journal may be hundreds of megabytes long. Its lines are in the order of time, so a time is found by bisection.
"""

from __future__ import annotations

import mmap
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from clew.histories.event import MALFORMED
from clew.histories.history_error import HistoryError
from clew.histories.journal import Entry
from clew.histories.line_errors import excerpt

LEAD = 2_000_000_000
"""Messages that arrive at a time are first looked for among those sent at most this long (ns) before it."""

_decode = msgspec.json.Decoder(Entry).decode
_SEND = b'{"event":"send"'
_TIME = re.compile(rb'"time":(\d+)')


@dataclass
class Message:
    """A message and what happened to it."""

    id: int
    source: str
    destination: str
    sent: int
    """When it was sent, in ns."""
    body: Any
    received: list[int] = field(default_factory=list)
    """When each copy arrived, in ns."""
    dropped: str | None = None
    """Why it was lost; None if it was not."""

    @property
    def type(self) -> str:
        """The type that its body names; "message" if it names none."""
        return str(self.body["type"]) if isinstance(self.body, dict) and "type" in self.body else "message"


@dataclass
class Life:
    """The time from a start of a node to its crash."""

    node: str
    number: int
    """Counts the lives of this node from 0."""
    start: int
    """In ns."""
    end: int | None = None
    """In ns; None if the node did not crash."""


def is_cut(path: Path) -> bool:
    """Whether a journal ends in the middle of a line, as it may when the run was killed."""
    with path.open("rb") as file:
        if not path.stat().st_size:
            return False
        file.seek(-1, 2)
        return file.read(1) != b"\n"


def messages_between(path: Path, start: int, end: int) -> list[Message]:
    """The messages sent or received from `start` to `end` (ns), in the order in which they were sent.

    If a message arrives that was sent more than `LEAD` before `start`, the journal is read again from where it was
    sent. Raises `HistoryError` for a malformed line.
    """
    messages, unknown = _read_messages(path, max(0, start - LEAD), start, end)
    if unknown:
        messages, _ = _read_messages(path, _time_sent(path, min(unknown)), start, end)
    return [m for m in messages.values() if m.sent >= start or any(time >= start for time in m.received)]


def bytes_between(path: Path, start: int, end: int) -> int:
    """The length of the journal from `start` to `end` (ns), found by bisection: what `messages_between` would read.

    Raises `HistoryError` for a malformed line.
    """
    with path.open("rb") as file:
        if not path.stat().st_size:
            return 0
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as journal:
            return _offset(journal, end + 1, path) - _offset(journal, start, path)


def _read_messages(path: Path, first: int, start: int, end: int) -> tuple[dict[int, Message], set[int]]:
    """The messages sent from `first` to `end`, and the ids of other messages that arrive from `start` on."""
    messages: dict[int, Message] = {}
    unknown: set[int] = set()
    for entry in _entries(path, first, end):
        if entry.event == "send":
            messages[entry.id] = Message(entry.id, entry.src, entry.dest, entry.time, entry.content(path))
        elif entry.event == "receive" and entry.id in messages:
            messages[entry.id].received.append(entry.time)
        elif entry.event == "receive" and entry.time >= start:
            unknown.add(entry.id)
        elif entry.event == "drop" and entry.id in messages:
            messages[entry.id].dropped = entry.why
    return messages, unknown


def _time_sent(path: Path, id: int) -> int:
    """When the message of this number was sent. Numbers grow with time, so a bisection finds it."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as journal:
        low, high, time = 0, len(journal), 0
        while low < high:
            middle = (low + high) // 2
            line = journal.rfind(b"\n", low, middle) + 1 or low
            # The first message sent from here on.
            at = journal.find(_SEND, line, high)
            stop = journal.find(b"\n", at)
            if at < 0 or stop < 0:
                high = line
                continue
            entry = _entry(journal[at:stop], path)
            if entry.id > id:
                high = line
            else:
                low, time = stop + 1, entry.time
        return time


def sent_messages(path: Path) -> Iterator[tuple[int, str, Any]]:
    """The time (ns), sender and body of every message."""
    for entry in _entries(path, 0, None):
        if entry.event == "send":
            yield entry.time, entry.src, entry.content(path)


def node_lives(path: Path) -> list[Life]:
    """All lives of all nodes, in the order in which they began. Few lines of a journal are about lives, so the search
    looks for their first bytes."""
    found: list[Life] = []
    open_lives: dict[str, Life] = {}
    with path.open("rb") as file:
        if not path.stat().st_size:
            return []
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as journal:
            marks = sorted(_lines_of(journal, b'{"event":"start"') + _lines_of(journal, b'{"event":"crash"'))
            for offset in marks:
                stop = journal.find(b"\n", offset)
                if stop < 0:
                    break
                entry = _entry(journal[offset:stop], path)
                if entry.event == "start":
                    open_lives[entry.node] = Life(entry.node, entry.life, entry.time)
                    found.append(open_lives[entry.node])
                elif entry.node in open_lives:
                    open_lives.pop(entry.node).end = entry.time
    return found


def _lines_of(journal: mmap.mmap, beginning: bytes) -> list[int]:
    found = []
    at = journal.find(beginning)
    while at >= 0:
        if at == 0 or journal[at - 1] == 10:
            found.append(at)
        at = journal.find(beginning, at + 1)
    return found


def _entries(path: Path, start: int, end: int | None) -> Iterator[Entry]:
    """The entries from `start` to `end`; a cut last line is left out."""
    with path.open("rb") as file:
        if not path.stat().st_size:
            return
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as journal:
            journal.seek(_offset(journal, start, path))
            while (line := journal.readline()).endswith(b"\n"):
                entry = _entry(line, path)
                if end is not None and entry.time > end:
                    return
                yield entry


def _offset(journal: mmap.mmap, time: int, path: Path) -> int:
    """The offset of the first line that is not before `time`. Raises `HistoryError` for a line that is no entry."""
    low, high = 0, len(journal)
    while low < high:
        middle = (low + high) // 2
        line = journal.rfind(b"\n", low, middle) + 1 or low
        stop = journal.find(b"\n", line)
        if stop < 0:
            high = line
            continue
        found = _TIME.search(journal[line:stop])
        if (int(found[1]) if found is not None else _entry(journal[line:stop], path).time) >= time:
            high = line
        else:
            low = stop + 1
    return low


def _entry(line: bytes, path: Path) -> Entry:
    try:
        return _decode(line)
    except MALFORMED as error:
        raise HistoryError(f"expected a journal entry, found {excerpt(line)}: {error}", source=str(path)) from None
