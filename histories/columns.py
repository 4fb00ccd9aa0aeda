"""The columns of a history, filled many events at a time.

A reader hands over what it has decoded, a list for each field. Only a value that was not seen before costs more than a
look into a dictionary. One call for each event took three times as long.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from msgspec.structs import astuple
from numpy.typing import NDArray

from clew.histories.event import NEMESIS, Event, Header
from clew.histories.frozen import DEEPEST, Interned, freeze
from clew.histories.history import NEMESIS_PROCESS, TYPE_CODE, History
from clew.histories.history_error import HistoryError

Numbers = Sequence[int] | NDArray[np.int64]


class Columns:
    """A history that is being read. Events are added in their order."""

    def __init__(self, source: str | None = None) -> None:
        self.source = source
        self._whole: list[tuple[Any, ...]] = []
        self.interned = (Interned(), Interned(), Interned(), Interned())
        """Of functions, keys, values and errors."""
        self._lines: list[NDArray[np.int64]] = []
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def add_events(self, events: Sequence[Event], lines: Sequence[int] | range | None = None) -> None:
        """Add these events; `lines` are their lines in the file."""
        self.add(*fields_of(events), lines=lines)

    def add(
        self,
        index: Numbers,
        time: Numbers,
        process: Sequence[int | str],
        type: Sequence[str],
        f: Sequence[str],
        key: Sequence[Any],
        value: Sequence[Any],
        error: Sequence[str | None],
        *,
        lines: Numbers | None = None,
    ) -> None:
        """Add events, given as one sequence for each field; see `Event`.

        Raises `HistoryError` with the line for a key or a value that is nested too deeply.
        """
        count = len(index)
        fs, keys, values, errors = self.interned
        try:
            codes = [
                interned.codes(objects)
                for interned, objects in ((fs, f), (keys, key), (values, value), (errors, error))
            ]
        except RecursionError:
            row = next(row for row, pair in enumerate(zip(key, value, strict=True)) if _too_deep(pair))
            line = None if lines is None else int(lines[row])
            message = f"a value is nested more than {DEEPEST} deep"
            raise HistoryError(message, source=self.source, line=line) from None
        if NEMESIS in process:
            process = [NEMESIS_PROCESS if one == NEMESIS else one for one in process]
        self._whole.append((
            _array(index), _array(time), np.array(process, np.int64),
            np.fromiter(map(TYPE_CODE.__getitem__, type), np.int8, count), *codes,
        ))  # fmt: skip
        if lines is not None:
            self._lines.append(_array(lines))
        self._count += count

    def add_coded(self, columns: tuple[NDArray[Any], ...], lines: Numbers) -> None:
        """Add events whose columns are those of a history, with codes of `interned`."""
        self._whole.append(columns)
        self._lines.append(_array(lines))
        self._count += len(columns[0])

    def history(self, header: Header | None = None, *, cut: bool = False) -> History:
        """The history of all events that were added. It has lines if they were given with all of them."""
        kinds = (np.int64, np.int64, np.int64, np.int8, np.int32, np.int32, np.int32, np.int32)
        empty = tuple(np.empty(0, kind) for kind in kinds)
        columns: list[NDArray[Any]] = [np.concatenate(parts) for parts in zip(empty, *self._whole, strict=True)]
        lines = np.concatenate(self._lines) if self._lines else None
        index, time, process, kind, f, key, value, error = columns
        fs, keys, values, errors = self.interned
        return History(
            index, time, process, kind, f, key, value, error, fs, keys, values, errors, header, lines, self.source, cut
        )


def fields_of(events: Sequence[Event]) -> list[tuple[Any, ...]]:
    """The fields of events, each as a sequence, in the order of `Event`."""
    return list(zip(*map(astuple, events), strict=True)) or [()] * len(Event.__struct_fields__)


def _array(numbers: Numbers) -> NDArray[np.int64]:
    if isinstance(numbers, range):
        return np.arange(numbers.start, numbers.stop, numbers.step, dtype=np.int64)
    return np.array(numbers, np.int64)


def _too_deep(values: tuple[Any, ...]) -> bool:
    try:
        for value in values:
            freeze(value)
    except RecursionError:
        return True
    return False
