"""Which operations to show: the options of `clew show`."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from clew.harness.quantity import duration_hint, parse_duration
from clew.harness.store.record import Record
from clew.histories import TYPES, HistoryError
from clew.histories.text import key_name, printable, value_text
from clew.histories.timeline import completion_times

BEFORE, AFTER = 12, 6
"""How many events before and after an event count as near it."""
NAMED = 12
"""How many of the existing keys, functions or processes an error names."""


class OperationFilter(msgspec.Struct, frozen=True):
    """Which operations to show. A field that is None (or False) excludes nothing."""

    process: int | None = None
    """Operations of this process."""
    key: str | None = None
    """Operations on this key, as text."""
    f: str | None = None
    """Operations of this function, such as `cas`."""
    type: str | None = None
    """Operations that ended `ok`, `fail` or `info`; `invoke` are those that never completed."""
    start: int | None = None
    """Operations that were open at or after this time, in ns."""
    end: int | None = None
    """Operations that were open at or before this time, in ns."""
    around: int | None = None
    """Operations that begin or end near the event of this index."""
    errors: bool = False
    """Operations with an error."""

    @property
    def excludes(self) -> bool:
        """Whether any field is set."""
        return self != OperationFilter()


def parse_time(text: str | None, option: str) -> int | None:
    """A time given as the value of an option, such as `1.5s`, in ns. Raises `HistoryError` if it is no time."""
    if text is None:
        return None
    ns = parse_duration(text)
    if ns is None:
        raise HistoryError(f"expected {duration_hint(text)}; found {value_text(text)}", source=option)
    return ns


def select(run: Record, wanted: OperationFilter) -> NDArray[np.int64]:
    """The numbers of the operations that pass, ascending.

    Raises `HistoryError` for a process, key, function, type or event that the history does not have, and for times
    that make no sense.
    """
    history = run.history
    operations = history.operations
    keep = np.ones(len(operations), np.bool_)
    completed = completion_times(operations, history.time)
    if not history.clock and (wanted.start is not None or wanted.end is not None):
        raise HistoryError(
            "this history has no times; use --around INDEX to see what is near an event", source="--from, --to"
        )
    if wanted.start is not None and wanted.end is not None and wanted.end < wanted.start:
        raise HistoryError("the end is before the start", source="--from, --to")
    if wanted.process is not None:
        keep &= operations.process == wanted.process
        _require(keep, "--process", wanted.process, np.unique(operations.process).tolist())
    if wanted.key is not None:
        codes = [code for code, key in enumerate(history.keys.objects) if wanted.key in (key, key_name(key), str(key))]
        of_key = np.isin(operations.key, codes)
        _require(of_key, "--key", wanted.key, [history.keys[code] for code in np.unique(operations.key).tolist()])
        keep &= of_key
    if wanted.f is not None:
        of_f = operations.f == (-1 if (code := history.fs.find(wanted.f)) is None else code)
        _require(of_f, "--f", wanted.f, [history.fs[code] for code in np.unique(operations.f).tolist()])
        keep &= of_f
    if wanted.type is not None:
        if wanted.type not in TYPES:
            raise HistoryError(f"expected one of {', '.join(TYPES)}; found {value_text(wanted.type)}", source="--type")
        # The type of an operation is that of its last event. One that never completed has only its invocation.
        last = np.where(operations.completed >= 0, operations.completed, operations.invoked)
        keep &= history.type[last] == TYPES.index(wanted.type)
    if wanted.start is not None:
        keep &= completed >= wanted.start
    if wanted.end is not None:
        keep &= operations.start <= wanted.end
    if wanted.errors:
        keep &= np.array([history.errors[code] is not None for code in operations.error.tolist()], np.bool_)
    if wanted.around is not None:
        keep &= near(run, _row(run, wanted.around))
    return np.flatnonzero(keep)


def near(run: Record, row: int) -> NDArray[np.bool_]:
    """For each operation, whether it begins or ends near the event at a row of the history."""
    operations = run.history.operations
    first, last = row - BEFORE, row + AFTER
    begins = (operations.invoked >= first) & (operations.invoked <= last)
    found: NDArray[np.bool_] = begins | ((operations.completed >= first) & (operations.completed <= last))
    return found


def interval(run: Record, wanted: OperationFilter) -> tuple[int, int] | None:
    """The interval of time (ns) that a filter limits the operations to; None if it sets no times."""
    if wanted.start is None and wanted.end is None and wanted.around is None:
        return None
    start, end = 0 if wanted.start is None else wanted.start, run.last if wanted.end is None else wanted.end
    if wanted.around is not None:
        row = _row(run, wanted.around)
        time = run.history.time
        start = max(start, int(time[max(0, row - BEFORE)]))
        end = min(end, int(time[min(len(time) - 1, row + AFTER)]))
    return start, end


def _require(found: NDArray[np.bool_], option: str, wanted: object, existing: list[Any]) -> None:
    """Raise `HistoryError`, naming the first few existing values, if no operation was found."""
    if not found.any():
        names = [printable(str(one)) if isinstance(one, str) else key_name(one) or "none" for one in existing[:NAMED]]
        more = f" and {len(existing) - NAMED} more" if len(existing) > NAMED else ""
        raise HistoryError(f"no operation has {wanted}; there are: {', '.join(names)}{more}", source=option)


def _row(run: Record, index: int) -> int:
    """The row of the event of this index. Raises `HistoryError` if there is none."""
    rows = (run.history.index == index).nonzero()[0]
    if not len(rows):
        raise HistoryError(f"there is no event {index}; the history has {len(run.history)}", source="--around")
    return int(rows[0])
