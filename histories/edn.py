"""Jepsen's `history.edn`: one map for each event, bare or inside one vector; read and written.

    {:index 0, :time 3291485317, :type :invoke, :process 0, :f :read, :value nil}
    {:index 1, :time 3292485317, :type :ok, :process 0, :f :read, :value 3}

EDN becomes JSON, as `edn_forms` says. Keys that clew does not know are dropped.

In a history of independent keys (`jepsen.independent`) every value is `[key value]`. A history counts as one if all
values of clients are pairs and some pair is `[key nil]`. A file that clew wrote needs no guess: a comment on its first
line says it. This comment also holds the header, so that reading the file gives back the same history.

The package edn_format knows no line numbers, which every error here must name, and reads some thousand events per
second. Most lines of a history look alike; `_Layout` reads them with one regular expression.
"""

from __future__ import annotations

import contextlib
import io
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import IO, Any

import msgspec
import numpy as np

from clew.histories import collector, edn_lines
from clew.histories.columns import Columns
from clew.histories.edn_forms import EdnError, forms
from clew.histories.event import FORMAT, LATEST, MALFORMED, NEMESIS, Event, Header
from clew.histories.frozen import Interned
from clew.histories.history import NEMESIS_PROCESS, TYPES, History
from clew.histories.history_error import HistoryError
from clew.histories.line_errors import excerpt, shown

_WORD = re.compile(r"[A-Za-z*!_?<>=+-][\w*!?<>=+./-]*\Z")
_LINES_OF_A_FORM = 10_000
"""Lines that one form may have. Each further line of an open form parses it again from its beginning. A bracket that
is never closed must not cost that for a whole file."""


class _Layout:
    """Reads lines with the same keys in the same order as a line that was read before."""

    _PLAIN = r'[^][{}()"#;\\]++|"[^"\\]*+"'
    _VALUE = rf'(?:\[(?:{_PLAIN}|\[(?:{_PLAIN})*+\])*+\]|"[^"\\]*+"|[^][{{}}()"#;,\s\\]++)'

    def __init__(self, keys: Iterable[str]) -> None:
        self.keys = tuple(keys)
        body = r",? ".join(f":{re.escape(key)} ({self._VALUE})" for key in self.keys)
        self._match = re.compile(r"\s*(?:#[\w.]+)?\{" + body + r"\}\s*\Z").match

    def read(self, line: str, known: dict[str, Any]) -> dict[str, Any] | None:
        """The map on this line; None if it has another layout. `known` caches values by their text."""
        match = self._match(line)
        if match is None:
            return None
        values = []
        for text in match.groups():
            if text not in known:
                if len(known) > 1 << 20:
                    known.clear()
                (known[text],) = forms(text)
            values.append(known[text])
        return dict(zip(self.keys, values, strict=True))


def maps(lines: Iterable[bytes], source: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """The maps of a file, each with the line on which it begins. Raises `HistoryError`."""
    layouts: dict[tuple[str, ...], _Layout] = {}
    latest: list[_Layout] = []
    known: dict[str, Any] = {}
    pending, begun, enclosed = "", 0, False
    for number, raw in enumerate(lines, start=1):
        try:
            line = raw.decode()
        except UnicodeDecodeError:
            raise HistoryError(f"expected UTF-8 text, found {excerpt(raw)}", source=source, line=number) from None
        if not pending:
            for layout in latest:
                found = layout.read(line, known)
                if found is not None:
                    if layout is not latest[0]:
                        latest.remove(layout)
                        latest.insert(0, layout)
                    yield number, found
                    break
            else:
                pending, begun = line, number
            if not pending:
                continue
            # An enclosing vector can begin only before the first map.
            if not enclosed and not layouts and pending.lstrip()[:1] in ("[", "("):
                enclosed, pending = True, pending.lstrip()[1:]
        else:
            pending += line
        try:
            items = _forms_before_end(pending) if enclosed else forms(pending)
        except EdnError as error:
            if error.incomplete and number - begun < _LINES_OF_A_FORM:
                continue
            raise _failure(error, pending, begun, source) from None
        for item in items:
            if not isinstance(item, dict):
                raise HistoryError(f"expected a map, found {shown(item)}", source=source, line=begun)
            keys = tuple(item)
            if keys not in layouts and len(layouts) < 16:
                layouts[keys] = _Layout(keys)
                latest.insert(0, layouts[keys])
            yield begun, item
        pending = ""
    if pending.strip():
        try:
            forms(pending)
        except EdnError as error:
            raise _failure(error, pending, begun, source) from None


def _forms_before_end(text: str) -> list[Any]:
    """All forms in a text that may end with the bracket that closes the enclosing vector. Raises `EdnError`."""
    try:
        return forms(text)
    except EdnError:
        if text.rstrip()[-1:] not in ("]", ")"):
            raise
        with contextlib.suppress(EdnError):
            return forms(text.rstrip()[:-1])
        raise


def _failure(error: EdnError, text: str, begun: int, source: str) -> HistoryError:
    line = begun + text.count("\n", 0, error.offset)
    return HistoryError(f"expected EDN, {error}", source=source, line=line)


def load(path: Path, *, keyed: bool | None = None) -> History:
    """Read `history.edn`. `keyed` says whether all values are `[key value]`; None guesses it.

    An event without `:time` gets its number as its time. If no event has a time, the header says that the history has
    no times. A cut last line is left out. Raises `HistoryError` with the line for a malformed event.
    """
    with collector.paused():
        return _load(path, str(path), keyed)


def _load(path: Path, source: str, keyed: bool | None) -> History:
    header: Header | None = None
    data = path.read_bytes()
    first = data[: data.find(b"\n") + 1 or len(data)]
    if first.startswith(_COMMENT):
        values, _, rest = first[len(_COMMENT) :].partition(b" ")
        try:
            header = msgspec.json.decode(rest, type=Header)
        except MALFORMED as error:
            raise HistoryError(f"expected clew's header, found {error}", source=source, line=1) from None
        keyed = values == _KEYED if keyed is None else keyed
    cut = _is_cut(data)
    data = data[: data.rfind(b"\n") + 1] if cut else data
    columns, clock = _at_once(data, source) or _by_lines(data, source)
    if not len(columns):
        raise HistoryError("expected events, found none", source=source, line=1)
    if not clock and header is None:
        header = Header(FORMAT, clock=False)
    history = columns.history(header, cut=cut)
    if keyed or (keyed is None and _looks_keyed(history)):
        return _unkeyed(history)
    return history


def _is_cut(data: bytes) -> bool:
    """Whether the last line begins with a map that does not end, as in the file of a program that was killed."""
    last = data[data.rfind(b"\n") + 1 :] if b"\n" in data else b""
    try:
        forms(last.decode(errors="ignore"))
    except EdnError as error:
        return error.incomplete and last.lstrip().startswith((b"{", b"#"))
    return False


def _at_once(data: bytes, source: str) -> tuple[Columns, bool] | None:
    """The events of a file with an event on each line, and whether one has a time; None for any other file."""

    def slow(line: str, count: int, number: int) -> Event | None:
        try:
            items = forms(line)
        except EdnError:
            return None
        return event_of(items[0], count, source, number) if len(items) == 1 and isinstance(items[0], dict) else None

    def read(text: str) -> Any:
        (value,) = forms(text)
        return value

    try:
        return edn_lines.columns_of(data.decode(), source, slow, read)
    except UnicodeDecodeError:
        return None


def _by_lines(data: bytes, source: str) -> tuple[Columns, bool]:
    """The events of any file, and whether one has a time."""
    columns, clock = Columns(source), False
    events: list[Event] = []
    numbers: list[int] = []
    for number, item in maps(io.BytesIO(data), source):
        clock = clock or "time" in item
        events.append(event_of(item, len(events), source, number))
        numbers.append(number)
    columns.add_events(events, numbers)
    return columns, clock


def event_of(item: dict[str, Any], count: int, source: str, line: int) -> Event:
    """The event that a map describes. `count` is used for an index or time that the map lacks."""

    def fail(what: str) -> HistoryError:
        return HistoryError(what, source=source, line=line)

    process = item.get("process")
    if isinstance(process, str) and process.startswith(NEMESIS):
        process = NEMESIS
    for name in ("process", "type", "f"):
        if name not in item and not (name == "f" and process == NEMESIS):
            raise fail(f"the key :{name} is missing")
    if process != NEMESIS and (type(process) is not int or not 0 <= process <= LATEST):
        raise fail(f"expected :process to be a number or :nemesis, found {shown(process)}")
    kind = item["type"]
    if kind not in TYPES:
        raise fail(f"expected :type to be :invoke, :ok, :fail or :info, found {shown(kind)}")
    time, index = item.get("time", count), item.get("index", count)
    if type(time) is not int or not -(1 << 62) < time < 1 << 62:
        raise fail(f"expected :time to be whole nanoseconds, found {shown(time)}")
    if type(index) is int and not -LATEST <= index <= LATEST:
        raise fail(f"expected :index to be a number of at most 63 bits, found {shown(index)}")
    f = item.get("f")
    if not isinstance(f, str) and process != NEMESIS:
        raise fail(f"expected :f to be a keyword, found {shown(f)}")
    error = item.get("error")
    return Event(
        index if type(index) is int else count,
        time,
        process,
        kind,
        f if isinstance(f, str) else json.dumps(f),
        item.get("key"),
        item.get("value"),
        error if error is None or isinstance(error, str) else json.dumps(error),
    )


def _looks_keyed(history: History) -> bool:
    """Whether the values of all clients are pairs, and some pair is `[key nil]`."""
    used = np.unique(history.value[history.process != NEMESIS_PROCESS])
    values = [history.values[code] for code in used.tolist()]
    pairs = all(type(value) is list and len(value) == 2 for value in values)
    return pairs and any(value[1] is None for value in values)


def _unkeyed(history: History) -> History:
    """The history whose values, those of clients, are taken apart into keys and values."""
    of_client = history.process != NEMESIS_PROCESS
    keys, values = Interned(), Interned()
    # Each value is taken apart once, in the order in which they first occur.
    pairs = np.stack((history.value, of_client))
    _, first, alike = np.unique(pairs[0] * 2 + pairs[1], return_index=True, return_inverse=True)
    key_of, value_of = np.zeros(len(first), np.int32), np.zeros(len(first), np.int32)
    for kind in np.argsort(first).tolist():
        row = int(first[kind])
        key, value = history.keys[history.key[row]], history.values[history.value[row]]
        if of_client[row]:
            if type(value) is not list or len(value) != 2:
                raise history.failure(row, f"expected a value [key value], found {shown(value)}")
            key, value = value
        key_of[kind], value_of[kind] = keys.code(key), values.code(value)
    return replace(history, key=key_of[alike], value=value_of[alike], keys=keys, values=values)


_COMMENT = b";; clew "
_KEYED, _PLAIN = b"keyed", b"plain"


def dump(history: History, stream: IO[bytes]) -> None:
    """Write a history for Jepsen and Knossos. `load` gives back the same, except that the nemesis has no keys."""
    keyed = any(key is not None for key in history.keys.objects)
    header = msgspec.json.encode(history.header or Header(FORMAT))
    stream.write(_COMMENT + (_KEYED if keyed else _PLAIN) + b" " + header + b"\n")
    for event in history.events():
        value = event.value if not keyed or event.process == NEMESIS else [event.key, event.value]
        text = (
            f"{{:index {event.index}, :time {event.time}, :type :{event.type}, "
            f":process {':nemesis' if event.process == NEMESIS else event.process}, "
            f":f {_keyword(event.f)}, :value {to_edn(value)}"
        )
        if event.error is not None:
            text += f", :error {_keyword(event.error)}"
        stream.write(text.encode() + b"}\n")


def to_edn(value: Any) -> str:
    """A JSON value as EDN. Raises `ValueError` for NaN and infinities."""
    if value is None:
        return "nil"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{to_edn(str(key))} {to_edn(part)}" for key, part in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + " ".join(map(to_edn, value)) + "]"
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def _keyword(text: str) -> str:
    return f":{text}" if _WORD.match(text) else to_edn(text)
