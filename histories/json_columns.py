"""JSON lines of another program read whole: all lines of a block are decoded at once, and then each field of all lines.

This is for files in which nothing is wrong: an object on each line, with all fields that are needed. For any other file
there is no result. Then `json_lines` reads the file again, line by line, and says what is wrong and where.
"""

from __future__ import annotations

import itertools
import operator
from collections.abc import Callable, Sequence
from dataclasses import replace
from decimal import Decimal
from types import NoneType
from typing import Any, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from clew.histories.columns import Columns
from clew.histories.event import FORMAT, LATEST, MALFORMED, Header
from clew.histories.history import TYPES, History
from clew.histories.line_errors import shown
from clew.histories.process_names import names_of, numbers
from clew.histories.reading import NAMES, Reading, nanoseconds

_AT_ONCE = 1 << 20
"""Bytes that are decoded at once."""
_decoder = msgspec.json.Decoder(dict[str, Any])
_POWERS, _SHORT = {Decimal(10**digits) for digits in range(16)}, 10**15
"""Factors that move the point of a decimal. Products below this have at most 15 digits."""
_ABSENT = object()
"""Stands for a field that a line does not have. One that is null there is None."""


class _NotPlain(Exception):
    """Something must be looked at line by line."""


def history_of(data: bytes, source: str, reading: Reading, *, cut: bool = False) -> History | None:
    """The history in these lines; None if they must be read one by one. One to three microseconds for each event."""
    if b'"clew-history"' in data:
        return None
    try:
        fields = _fields(data, reading)
        return _history(fields, source, reading, cut) if fields["f"] else None
    except _NotPlain:
        return None


def _fields(data: bytes, reading: Reading) -> dict[str, list[Any]]:
    """Each field of all lines, by clew's name."""
    getters = {name: _getter(reading, name) for name in NAMES if _may_occur(data, reading, name)}
    fields: dict[str, list[Any]] = {name: [] for name in NAMES}
    begin = 0
    while begin < len(data):
        end = data.find(b"\n", begin + _AT_ONCE) + 1 or len(data)
        block = data[begin:end]
        try:
            lines = _decoder.decode_lines(block)
        except MALFORMED:
            raise _NotPlain from None
        # The decoder also takes two objects on one line, and one on two. An object that is followed by a newline and
        # the next object ends its line, and such a newline can stand nowhere else.
        if not len(lines) == block.rstrip(b"\n").count(b"\n") + 1 == block.count(b"}\n{") + 1:
            raise _NotPlain
        for name, column in fields.items():
            column += getters[name](lines) if name in getters else [_ABSENT] * len(lines)
        begin = end
    return fields


def _may_occur(data: bytes, reading: Reading, name: str) -> bool:
    """Whether a line may have this field. If its name is nowhere in the file, nobody need ask each line."""
    if b"\\" in data:
        return True  # a name may be written with escapes
    paths = [part for path in reading.source(name).names for part in path.split(":")]
    return any(b'"%s"' % word.encode() in data for path in paths for word in (path, path.rpartition(".")[2]))


def _getter(reading: Reading, name: str) -> Callable[[list[dict[str, Any]]], list[Any]]:
    """A function from lines to what each of them has for a field; see `Reading.get`."""
    names = reading.source(name).names
    path, (field, *below) = names[0], names[0].split(".")
    if len(names) == 1 and ":" not in path:
        if not below:
            return lambda lines: [line.get(path, _ABSENT) for line in lines]

        def nested(line: dict[str, Any]) -> Any:
            if path in line:
                return line[path]
            found = line.get(field)
            for part in below:
                found = found.get(part) if type(found) is dict else None
            return _ABSENT if found is None else found

        return lambda lines: list(map(nested, lines))
    has, get = reading.has, reading.get
    return lambda lines: [get(line, name) if has(line, name) else _ABSENT for line in lines]


class _Rows(NamedTuple):
    """The events of all lines: a column for each field."""

    sequence: NDArray[np.int64]
    """Events of equal time have the order of these numbers."""
    lines: NDArray[np.int64]
    time: list[int]
    process: list[Any]
    type: list[str]
    f: list[str]
    key: list[Any]
    value: list[Any]
    error: list[str | None]


def _history(fields: dict[str, list[Any]], source: str, reading: Reading, cut: bool) -> History:
    if not all(_some(fields[name]) for name in {*reading.fields, "value"}):
        raise _NotPlain
    clock = reading.whole_operations or _some(fields["time"])
    rows = (_operations if reading.whole_operations else _events)(fields, reading)
    if not set(rows.type) <= set(TYPES) or not set(map(type, rows.process)) <= {int, str, tuple}:
        raise _NotPlain
    first = min(rows.time)
    if max(rows.time) - first > LATEST:
        raise _NotPlain
    when = np.array(rows.time if first == 0 else [time - first for time in rows.time], np.int64)
    order = np.lexsort((rows.sequence, when))
    columns = (rows.process, rows.type, rows.f, rows.key, rows.value, rows.error)
    if not np.array_equal(order, np.arange(len(order))):
        places = order.tolist()
        columns = tuple(list(map(column.__getitem__, places)) for column in columns)  # type: ignore[assignment]
    process, *others = columns
    numbered = numbers(process, others[0])
    found = Columns(source)
    found.add(
        range(len(order)), when[order], list(map(numbered.__getitem__, process)), *others, lines=rows.lines[order]
    )
    return replace(found.history(Header(FORMAT, clock=clock), cut=cut), theirs=names_of(numbered))


def _events(fields: dict[str, list[Any]], reading: Reading) -> _Rows:
    """The events of lines that are events."""
    number = np.arange(len(fields["f"]))
    return _Rows(
        number,
        number + 1,
        _times(fields["time"], reading, "time") if _some(fields["time"]) else number.tolist(),
        _needed(fields["process"]),
        _words(_needed(fields["type"]), reading),
        _words(_needed(fields["f"]), reading),
        _or_none(fields["key"]),
        _or_none(fields["value"]),
        _errors(fields["error"]),
    )


def _operations(fields: dict[str, list[Any]], reading: Reading) -> _Rows:
    """The events of lines that are operations: first all invocations, then all completions."""
    count = len(fields["f"])
    process = _or_none(fields["process"])
    if None in process:
        nobody = itertools.count(1)
        process = [("nobody", next(nobody)) if one is None else one for one in process]
    ends = _or_none(fields["end"])
    done = [row for row in range(count) if ends[row] is not None] if None in ends else range(count)

    def completed(column: Sequence[Any]) -> list[Any]:
        return list(map(column.__getitem__, done))

    start = _times(fields["start"], reading, "start")
    end = _times(completed(ends), reading, "end")
    if any(map(operator.lt, end, completed(start))):
        raise _NotPlain
    f, key, value = _words(_needed(fields["f"]), reading), _or_none(fields["key"]), _or_none(fields["value"])
    error = completed(_errors(fields["error"]))
    if "ok" in reading.fields:
        # What failed may have taken effect, unless the recorder knows better and says it with a type.
        said = _words(completed(_or_none(fields["ok"])), reading)
        types = ["ok" if word in ("true", "ok") else "info" for word in said]
    elif "type" in reading.fields or _some(fields["type"]):
        types = _words(_needed(completed(fields["type"])), reading)
        if "invoke" in types:
            raise _NotPlain
    else:
        types = ["ok" if one is None else "info" for one in error]
    result = completed(value)
    if _some(fields["result"]):
        told = completed(fields["result"])
        result = [
            old if kind != "ok" or new is _ABSENT else new for old, new, kind in zip(result, told, types, strict=True)
        ]
    number, last = np.arange(count), np.array(done, np.int64)
    return _Rows(
        np.concatenate((2 * number, 2 * last + 1)),
        np.concatenate((number, last)) + 1,
        start + end,
        process + completed(process),
        ["invoke"] * count + types,
        f + completed(f),
        key + completed(key),
        value + result,
        [None] * count + error,
    )


def _some(column: list[Any]) -> bool:
    """Whether a line has this field."""
    return any(one is not _ABSENT for one in column)


def _or_none(column: list[Any]) -> list[Any]:
    return [None if one is _ABSENT else one for one in column]


def _needed(column: list[Any]) -> list[Any]:
    if any(one is _ABSENT or one is None for one in column):
        raise _NotPlain
    return column


def _words(column: list[Any], reading: Reading) -> list[str]:
    """Their words in ours; see `Reading.word`."""
    if set(map(type, column)) <= {str, bool, NoneType}:
        ours = {word: reading.word(word) for word in set(column)}
        return list(map(ours.__getitem__, column))
    return [reading.word(one) for one in column]


def _errors(column: list[Any]) -> list[str | None]:
    return [one if one is None or isinstance(one, str) else shown(one) for one in _or_none(column)]


def _times(column: list[Any], reading: Reading, name: str) -> list[int]:
    """Times in ns."""
    factor = reading.source(name).factor
    whole = int(factor)
    if set(map(type, column)) <= {int} and whole == factor and max(map(abs, column), default=0) * whole <= LATEST:
        return column if whole == 1 else [time * whole for time in column]
    if set(map(type, column)) <= {int, float}:
        # What `nanoseconds` does, without a call for each.
        return _shifted(column, factor) or [int(Decimal(str(time)) * factor) for time in column]
    times = []
    for one in _needed(column):
        time = nanoseconds(one, factor)
        if time is None:
            raise _NotPlain
        times.append(time)
    return times


def _shifted(column: list[float], factor: Decimal) -> list[int] | None:
    """These times a power of ten, if all products are whole and short; None otherwise.

    Let c be a whole number of at most 15 digits and c / factor, rounded, a time of the file. Of the decimals of so few
    digits no other one is rounded to the same time. So the file says c / factor, and the product is c.
    """
    if factor not in _POWERS:
        return None
    power = int(factor)
    if max(map(abs, column), default=0) * power >= _SHORT:
        return None
    times = np.array(column, np.float64)
    products = np.rint(times * power)
    if not (products / power == times).all():
        return None
    shifted: list[int] = products.astype(np.int64).tolist()
    return shifted
