"""Lines of clew's own format read as bytes: numpy finds the numbers of many lines at once, and no line is an object.

    {"index":6,"time":316717,"process":7,"type":"invoke","f":"cas","value":[3,1]}       a line
    {"index":,"time":,"process":,"type":"invoke","f":"cas","value":[,]}                 its shape: no digits

A history has few shapes. A shape says everything about its lines but the numbers, and where each number stands. So each
shape is understood once, and a line costs a look into a dictionary and the decoding of its digits.

A line is *regular* if it is what `jsonl.dump` writes and has whole numbers, lists of them, and words without digits as
its key, value and error. Other lines are left to the caller.

Why a regular line is read right: the shape of a regular line has certain slots for a number, and `_AROUND` lists what
stands before and after one. Digits in any other place have another character beside them, because the words of a
regular line have no digit, no comma, no colon and no bracket. So if a line has as many numbers as its shape has slots,
and each has the right characters around it, there is one in each slot.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from clew.histories.event import NEMESIS, Event
from clew.histories.frozen import LIST, Interned, freeze, thaw
from clew.histories.history import NEMESIS_PROCESS, TYPE_CODE, TYPES

_WORDS = rb'"[A-Za-z _-]*"'
_CONSTANT = rb"null|true|false|" + _WORDS
_SHAPE = re.compile(
    rb'\{"index":,"time":,"process":,"type":"(?P<type>%s)","f":(?P<f>%s)'
    rb'(?:,"key":(?P<key>-?|%s))?(?:,"value":(?P<value>-?|%s|\[(?:-?,)+-?\]))?(?:,"error":(?P<error>%s))?\}'
    % ("|".join(TYPES).encode(), _WORDS, _CONSTANT, _CONSTANT, _WORDS)
)
_AROUND = (b":,", b":}", b"[,", b"[]", b",,", b",]", b"-,", b"-}", b"-]")
"""What may stand before and after a number."""
_LONGEST = 18
"""Digits of a number that fits in 64 bits whatever they are."""
_MOST_SHAPES = 1000
"""Shapes that are understood. A history with more of them, such as one of many different words, gains nothing."""
_NUMBERS = 3
"""Slots of every shape: index, time, process."""

_around = np.zeros(1 << 16, np.bool_)
for _pair in _AROUND:
    _around[_pair[0] << 8 | _pair[1]] = True


class _Shape(NamedTuple):
    """What the lines of one shape have in common."""

    type: int = 0
    f: str = ""
    key: Any = None
    """The frozen key, if it is no number."""
    value: Any = None
    error: str | None = None
    keys: int = 0
    """Slots of the key: 0 or 1."""
    values: int = 0
    """Slots of the value: 1 for a number, more for a list."""

    @property
    def slots(self) -> int:
        """How many numbers a line has."""
        return _NUMBERS + self.keys + self.values


class Shapes(dict[bytes, int]):
    """The shapes of a file, numbered. Number 0 is for lines that are not regular."""

    def __init__(self) -> None:
        self.known: list[_Shape] = [_Shape()]
        self._tables: tuple[NDArray[np.int64], ...] | None = None

    def __missing__(self, shape: bytes) -> int:
        found = _SHAPE.fullmatch(shape) if len(self.known) < _MOST_SHAPES else None
        if found is None:
            return 0  # not kept: there may be as many of them as lines
        key, keys = _constant(found["key"])
        value, values = _constant(found["value"])
        number = self[shape] = len(self.known)
        self.known.append(
            _Shape(
                TYPE_CODE[found["type"].decode()],
                msgspec.json.decode(found["f"]),
                key,
                value,
                msgspec.json.decode(found["error"] or b"null"),
                keys,
                values,
            )
        )
        self._tables = None
        return number

    @property
    def tables(self) -> tuple[NDArray[np.int64], ...]:
        """By shape: the code of the type, the slots of the key, those of the value, all slots."""
        if self._tables is None:
            rows = [(shape.type, shape.keys, shape.values, shape.slots) for shape in self.known]
            self._tables = tuple(np.array(rows, np.int64).T.copy())
        return self._tables


def _constant(text: bytes | None) -> tuple[Any, int]:
    """A key or a value of a shape, frozen, and its slots."""
    if text is None:
        return None, 0
    if text[:1] == b"[":
        return None, text.count(b",") + 1
    return (None, 1) if text in (b"", b"-") else (freeze(msgspec.json.decode(text)), 0)


Coded = tuple[NDArray[Any], ...]
"""Events as columns, those of a `History`: index, time, process, type, and the codes of f, key, value and error."""


def read_lines(
    block: bytes,
    shapes: Shapes,
    interned: tuple[Interned, Interned, Interned, Interned],
    other: Callable[[bytes, int], Event],
) -> Coded | None:
    """The events of a block of whole lines. `other` reads the line of a number, from 0, that is not regular.

    None if many lines are not regular, or one is blank: then it is faster to decode the block as JSON. Raises what
    `other` raises, and `RecursionError` for a value that is nested too deeply. Costs half a microsecond a line.
    """
    if block[:1] != b"{" or block[-1:] not in (b"\n", b"}"):
        return None
    looks = block.translate(None, b"0123456789").removesuffix(b"\n").split(b"\n")
    kind = np.fromiter(map(shapes.__getitem__, looks), np.int64, len(looks))
    kinds, key_slots, value_slots, slots = shapes.tables
    text = np.frombuffer(block, np.uint8)
    numbers = _Numbers(text)
    newlines = np.flatnonzero(text == ord("\n"))
    first = np.concatenate(([0], np.searchsorted(numbers.starts, newlines)))[: len(kind)]
    count = np.diff(first, append=len(numbers.starts))
    kind[count != slots[kind]] = 0
    kind[np.searchsorted(newlines, numbers.starts[numbers.odd])] = 0
    irregular = np.flatnonzero(kind == 0)
    if 2 * len(irregular) > len(kind):
        return None
    lines = block.split(b"\n") if len(irregular) else []
    events: dict[int, Event] = {}
    for row in irregular.tolist():
        if not lines[row].strip():
            return None
        events[row] = other(lines[row], row)
    # What has no numbers of its own gets those of another line, until the event has its place.
    first[irregular] = first[np.argmax(kind)]
    index, time, process = (numbers.at(first + slot) for slot in range(_NUMBERS))
    type_codes = kinds[kind].astype(np.int8)
    for row, event in events.items():
        index[row], time[row], type_codes[row] = event.index, event.time, TYPE_CODE[event.type]
        process[row] = NEMESIS_PROCESS if event.process == NEMESIS else event.process
    _, fs, keys, values, errors, *_ = zip(*shapes.known, strict=True)
    f_of, key_of, value_of, error_of = (
        {row: getattr(event, name) for row, event in events.items()} for name in ("f", "key", "value", "error")
    )
    key_at = first + _NUMBERS
    return (
        index,
        time,
        process,
        type_codes,
        _words(interned[0], fs, kind, f_of),
        _values(interned[1], keys, kind, key_slots[kind], key_at, numbers, key_of),
        _values(interned[2], values, kind, value_slots[kind], key_at + key_slots[kind], numbers, value_of),
        _words(interned[3], errors, kind, error_of),
    )


class _Numbers:
    """All runs of digits in a text, which begins and ends with something else."""

    def __init__(self, text: NDArray[np.uint8]) -> None:
        self._text = text
        digit = (text - ord("0")) < 10  # smaller characters are large numbers then
        edges = np.flatnonzero(digit[1:] != digit[:-1]) + 1
        self.starts = edges[::2]
        self._lengths = edges[1::2] - self.starts
        before = text[self.starts - 1]
        self._negative = before == ord("-")
        wrong = ~_around[before.astype(np.uint16) << 8 | text[edges[1::2]]] | (self._lengths > _LONGEST)
        zero = (text[self.starts] == ord("0")) & (self._lengths > 1)
        self.odd = np.flatnonzero(wrong | zero)
        """The runs that are no number of a regular line."""

    def at(self, runs: NDArray[np.int64]) -> NDArray[np.int64]:
        """The numbers of these runs."""
        starts, lengths = self.starts[runs], self._lengths[runs]
        found = np.zeros(len(runs), np.int64)
        for length in np.flatnonzero(np.bincount(lengths)).tolist():
            rows = np.flatnonzero(lengths == length)
            begins = starts[rows]
            number = np.zeros(len(rows), np.int64)
            for place in range(length):
                number *= 10
                number += self._text[begins + place]
            found[rows] = number - ord("0") * int("1" * length)
        return np.where(self._negative[runs], -found, found)


def _words(
    interned: Interned, constants: Sequence[Any], kind: NDArray[np.int64], others: dict[int, Any]
) -> NDArray[np.int32]:
    """The codes of a column in which each shape has its word; `others` has the words of other rows.

    Words are numbered in the order in which they occur first.
    """
    occurs = np.full(len(constants), -1)
    occurs[kind[::-1]] = np.arange(len(kind) - 1, -1, -1)
    occurs[0] = -1
    there = np.flatnonzero(occurs >= 0).tolist()
    found = sorted([*((int(occurs[shape]), constants[shape]) for shape in there), *others.items()], key=_row)
    code = {row: interned.code(word) for row, word in found}
    table = np.zeros(len(constants), np.int32)
    table[there] = [code[row] for row in occurs[there].tolist()]
    codes = table[kind]
    codes[list(others)] = [code[row] for row in others]
    return codes


def _row(found: tuple[int, Any]) -> int:
    return found[0]


def _values(
    interned: Interned,
    constants: Sequence[Any],
    kind: NDArray[np.int64],
    slots: NDArray[np.int64],
    first: NDArray[np.int64],
    numbers: _Numbers,
    others: dict[int, Any],
) -> NDArray[np.int32]:
    """The codes of a column of keys or values. Where a row has `slots`, its numbers begin at `first`.

    A value becomes an object once: of rows that are alike, the first.
    """
    widths = np.flatnonzero(np.bincount(slots)).tolist()
    if widths == [0]:
        return _words(interned, [thaw(constant) for constant in constants], kind, others)
    count = len(kind)
    alike, column = np.arange(count), np.empty(count, np.object_)
    for width in widths:
        rows = np.flatnonzero(slots == width)
        if width == 0:
            alike[rows] = rows[_first_alike(kind[np.newaxis, rows])]
            alike[list(others)] = list(others)
            continue
        found = numbers.at((first[rows] + np.arange(width)[:, np.newaxis]).ravel()).reshape(width, -1)
        earlier = _first_alike(found)
        alike[rows] = rows[earlier]
        new = np.flatnonzero(earlier == np.arange(len(rows)))
        parts = found[:, new].tolist()
        forms = zip(itertools.repeat(LIST), *parts) if width > 1 else parts[0]
        column[rows[new]] = np.fromiter(forms, np.object_, len(new))
    places = np.flatnonzero(alike == np.arange(count))
    rows_at, frozen = places.tolist(), column[places].tolist()
    for place in np.flatnonzero(slots[places] == 0).tolist():
        row = rows_at[place]
        frozen[place] = freeze(others[row]) if row in others else constants[kind[row]]

    def value_at(place: int) -> Any:
        form, row = frozen[place], rows_at[place]
        if type(form) is int:
            return form
        return others[row] if row in others else thaw(form) if slots[row] == 0 else list(form[1:])

    return interned.codes_of_frozen(frozen, value_at)[np.searchsorted(places, alike)]


_HASH_BITS, _ODD = 15, 0x9E3779B97F4A7C15
"""Places of the table: some times as many as a block has lines. A value whose place is taken costs a little more."""


def _first_alike(columns: NDArray[np.int64]) -> NDArray[np.int64]:
    """For each row the first one that is equal, or itself if another row has its place in the table."""
    weights = np.full((len(columns), 1), _ODD, np.uint64).cumprod(axis=0, dtype=np.uint64)
    place = (columns.view(np.uint64) * weights).sum(axis=0, dtype=np.uint64) >> np.uint64(64 - _HASH_BITS)
    numbers = np.arange(columns.shape[1])
    table = np.zeros(1 << _HASH_BITS, np.int64)
    table[place[::-1]] = numbers[::-1]
    first = table[place]
    return np.where((columns[:, first] == columns).all(axis=0), first, numbers)
