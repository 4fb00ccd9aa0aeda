"""Jepsen's `history.edn` read whole: one regular expression takes all lines apart, and each column is read at once.

    {:index 0, :time 3291485317, :type :invoke, :process 0, :f :read, :value nil}
    {:index 1, :time 3292485317, :type :ok, :process 0, :f :read, :value 3}

This is for files as Jepsen, Knossos and clew write them: an event on each line, all with the same keys in the same
order, some with an `:error` at the end. A line of another form, such as what the nemesis did, is read by itself. If a
line is no single map, or says something that no event can say, there is no result: then `edn` reads the file again,
line by line, and says what is wrong and where.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from typing import Any

from clew.histories.columns import Columns
from clew.histories.event import LATEST, NEMESIS, Event
from clew.histories.history import TYPES

_PLAIN = r'[^][{}()"#;\\\n]++|"[^"\\\n]*+"'
_VALUE = rf'(?:\[(?:{_PLAIN}|\[(?:{_PLAIN})*+\])*+\]|"[^"\\\n]*+"|[^][{{}}()"#;,\s\\]++)'
_COUNT = r"(?:0|[1-9]\d*+)"
_PATTERNS = {
    "index": _COUNT,
    "time": _COUNT,
    "process": rf"(?:{_COUNT}|:nemesis)",
    "type": rf"(?:{'|'.join(TYPES)})",
    "f": r"[A-Za-z][\w-]*+",
}
"""What a line must say for each key to be read with all others. Other keys may have any value that is not too deep."""
_KEYWORDS = ("type", "f")
"""Keys whose values are keywords, which are taken without their colon."""
_FIRST = re.compile(r"\s*(?:#[\w.]+)?\{:")
_KEY = re.compile(rf":([A-Za-z][\w.-]*+) {_VALUE}(?:,? |\}})")
_INTEGER = re.compile(r"-?(?:0|[1-9]\d*+)\Z").match
_PAIR = re.compile(r"\[(-?(?:0|[1-9]\d{0,17})) (-?(?:0|[1-9]\d{0,17}))\]\Z").match
_NEEDED = {"type", "process", "f"}
_LATEST = 1 << 62
"""`event_of` takes times up to this one."""
_AT_ONCE = 1 << 17
"""Characters that are taken apart at once: about a thousand events, whose texts stay in the caches of the processor."""

Slow = Callable[[str, int, int], Event | None]
"""Reads a line by itself: from its text, the number of events before it, and its number, to the event."""


def columns_of(text: str, source: str, slow: Slow, read: Callable[[str], Any]) -> tuple[Columns, bool] | None:
    """All events of a text, and whether an event has a time; None if some line must be looked at more closely.

    `slow` reads a line of another form, or returns None; `read` reads one value.
    """
    begin = 0
    while text.startswith(";", begin):
        begin = text.find("\n", begin) + 1 or len(text)
    keys = _keys(text[begin : text.find("\n", begin) + 1 or len(text)])
    if not keys or not set(keys) >= _NEEDED or len(set(keys)) < len(keys):
        return None
    names = [*keys, "error"] if "error" not in keys else keys
    body = r",? ".join(
        f":{re.escape(key)} {':' if key in _KEYWORDS else ''}({_PATTERNS.get(key, _VALUE)})" for key in keys
    )
    more = rf"(?:,? :error ({_VALUE}))?" if "error" not in keys else ""
    pattern = re.compile(rf"^(?:#[\w.]+)?\{{{body}{more}\}}$|^(.*\S.*)$", re.MULTILINE)
    columns, clock, values = Columns(source), "time" in keys, _Values(read)
    line = 1 + text.count("\n", 0, begin)
    while begin < len(text):
        end = text.find("\n", begin + _AT_ONCE) + 1 or len(text)
        block = text[begin:end]
        rows = pattern.findall(block)
        numbers: Sequence[int] = range(line, line + len(rows))
        if len(rows) != block.count("\n") + (not block.endswith("\n")):
            return None
        fields = dict(zip((*names, ""), map(list, zip(*rows, strict=True)), strict=True))
        others = [place for place, other in enumerate(fields[""]) if other]
        if not _add(columns, fields, others, numbers, values, slow):
            return None
        clock = clock or any(" :time " in fields[""][place] for place in others)
        begin, line = end, line + len(rows)
    return columns, clock


def _keys(line: str) -> list[str]:
    """The keys of the map on a line; none if it is no simple map."""
    first = _FIRST.match(line)
    keys, at = [], first.end() - 1 if first else 0
    while first and (found := _KEY.match(line, at)):
        keys.append(found[1])
        at = found.end()
    return keys if line[at - 1 : at] == "}" and not line[at:].strip() else []


def _add(
    columns: Columns, fields: dict[str, list[str]], others: list[int], lines: Sequence[int], values: _Values, slow: Slow
) -> bool:
    """Add the events of one block; False if one of them cannot be read."""
    count, before = len(lines), len(columns)
    events = {}
    for place in others:
        event = slow(fields[""][place], before + place, lines[place])
        if event is None:
            return False
        events[place] = event
        # A line that stands for it, so that each column has a text for every event.
        for name, text in _STANDS.items():
            if name in fields:
                fields[name][place] = text
    numbered = [str(number) for number in range(before, before + count)]
    index = list(map(int, fields.get("index", numbered)))
    time = list(map(int, fields.get("time", numbered)))
    process = [NEMESIS if text == ":nemesis" else int(text) for text in fields["process"]]
    kinds, fs = fields["type"], fields["f"]
    try:
        key, value, said = (
            list(map(values.__getitem__, fields[name])) if name in fields else [None] * count
            for name in ("key", "value", "error")
        )
    except ValueError:
        return False
    error = [one if one is None or isinstance(one, str) else json.dumps(one) for one in said]
    for place, event in events.items():
        index[place], time[place], process[place] = event.index, event.time, event.process
        kinds[place], fs[place] = event.type, event.f
        key[place], value[place], error[place] = event.key, event.value, event.error
    if (
        max(index) > LATEST
        or max(time) >= _LATEST
        or max((one for one in process if one != NEMESIS), default=0) > LATEST
    ):
        return False
    columns.add(index, time, process, kinds, fs, key, value, error, lines=lines)
    return True


_STANDS = {"index": "0", "time": "0", "process": ":nemesis", "type": "info", "f": "f", "value": "nil", "key": "nil"}


class _Values(dict[str, Any]):
    """Values by their text. Raises `ValueError` for a text that is not one value."""

    def __init__(self, read: Callable[[str], Any]) -> None:
        super().__init__({"": None, "nil": None})
        self._read = read

    def __missing__(self, text: str) -> Any:
        if len(self) > 1 << 20:
            self.clear()
            self.update({"": None, "nil": None})
        if _INTEGER(text):
            value: Any = int(text)
        elif pair := _PAIR(text):
            value = [int(pair[1]), int(pair[2])]
        else:
            value = self._read(text)
        self[text] = value
        return value
