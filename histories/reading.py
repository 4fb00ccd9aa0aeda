"""How to read the lines of another program: what it calls the fields, the functions and the types of clew.

time=ts_us*1000,f=op,value=args.value      `--fields`: clew's name = theirs, times a number
get=read,put=write,true=ok                 `--words`: their word = clew's
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from clew.histories.line_errors import shown
from clew.histories.text import value_text

EVENT = ("time", "process", "type", "f", "key", "value", "error")
"""What a line for each event may have."""
OPERATION = ("start", "end", "process", "type", "ok", "f", "key", "value", "result", "error")
"""What a line for each operation may have."""
NAMES = tuple(dict.fromkeys(EVENT + OPERATION))
"""Every name on the left of a `=` in `--fields`."""
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

    def has(self, found: dict[str, Any], name: str) -> bool:
        """Whether a line has a field of clew's."""
        return any(_there(found, path) for path in self.source(name).names)

    def get(self, found: dict[str, Any], name: str) -> Any:
        """What a line has for a field of clew's. None if it has nothing."""
        for path in self.source(name).names:
            if _there(found, path):
                parts = [_at(found, part) for part in path.split(":")]
                return parts if len(parts) > 1 else parts[0]
        return None

    def word(self, value: Any) -> str:
        """Their word in ours. A value that is no text stands for its JSON: `true=ok`."""
        text = value if isinstance(value, str) else shown(value)
        return self.words.get(text, text)


def reading_of(fields: str | None = None, words: str | None = None) -> Reading:
    """`time=ts_us*1000,f=op` and `get=read,put=write` as a `Reading`. Raises `BadReading`."""
    sources: dict[str, Source] = {}
    for part in fields.split(",") if fields else ():
        match = _PART.match(part)
        if match is None:
            raise BadReading(
                f"--fields: found {value_text(part)}; expected ours=theirs, such as f=op or time=ts_us*1000"
            )
        ours, theirs, factor = match.groups()
        if ours not in NAMES:
            raise BadReading(f"--fields: clew has no field {value_text(ours)}; there are {', '.join(NAMES)}")
        if factor is not None and ours not in ("time", "start", "end"):
            raise BadReading(f"--fields: found {value_text(part)}; only time, start and end are multiplied")
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
            raise BadReading(f"--words: found {value_text(part)}; expected theirs=ours, such as get=read")
        known[theirs] = ours
    return known


def nanoseconds(value: Any, factor: Decimal) -> int | None:
    """A time of a line in ns: a number times `factor`, or date and time in ISO 8601. None if it is neither."""
    if isinstance(value, str) and (instant := _INSTANT.match(value.strip())):
        day, fraction, zone = instant.groups()
        try:
            # Whole seconds here: Python's own times end at microseconds.
            seconds = datetime.fromisoformat(day + (zone or "Z"))
        except ValueError:
            return None  # such as a month 13
        return int(seconds.timestamp()) * 10**9 + int((fraction or "").ljust(9, "0"))
    try:
        # `repr` gives the digits that the file has. A float times a factor would not.
        time = Decimal(str(value)) * factor if type(value) in (int, float, str) else None
    except InvalidOperation:
        return None
    return int(time) if time is not None and time.is_finite() else None


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
