"""A history in memory: one column per field.

    row     index  time  process  type    f      key  value
    0       0      12    0        invoke  write  0    7
    1       1      40    1        invoke  read   0    None
    2       2      55    0        ok      write  0    7

The columns `f`, `key`, `value` and `error` hold small integers; `Interned.objects` has the objects. A million events
take about 50 MB, and a checker never touches a Python object.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from clew.histories.event import NEMESIS, Event, Header
from clew.histories.frozen import Interned
from clew.histories.history_error import HistoryError

INVOKE, OK, FAIL, INFO = 0, 1, 2, 3
"""The codes in the `type` column."""
TYPES = ("invoke", "ok", "fail", "info")
"""The names of these codes."""
TYPE_CODE = {name: code for code, name in enumerate(TYPES)}
NEMESIS_PROCESS = -1
"""The process number of the nemesis in the `process` column."""


@dataclass(frozen=True)
class Operations:
    """The operations of a history, a column per field, in the order of their invocations.

    The number of an operation is its position in these columns.
    """

    invoked: NDArray[np.int64]
    """The row of the invocation in the history."""
    completed: NDArray[np.int64]
    """The row of the completion; -1 if the operation never completed."""
    process: NDArray[np.int64]
    f: NDArray[np.int32]
    """A code of `History.fs`."""
    key: NDArray[np.int32]
    """A code of `History.keys`."""
    argument: NDArray[np.int32]
    """The value of the invocation: a code of `History.values`."""
    result: NDArray[np.int32]
    """The value of the completion; the argument if the operation never completed."""
    outcome: NDArray[np.int8]
    """OK, FAIL or INFO. An operation that never completed is INFO."""
    error: NDArray[np.int32]
    """A code of `History.errors`."""
    start: NDArray[np.int64]
    """The time of the invocation, in ns."""
    end: NDArray[np.int64]
    """The time of the completion, in ns; `FOREVER` if the outcome is unknown."""

    def __len__(self) -> int:
        return len(self.invoked)


FOREVER = np.iinfo(np.int64).max
"""The end of an operation of unknown outcome: it may take effect at any later time."""


@dataclass(frozen=True)
class History:
    """The events of a run, as columns. Make one with `History.of(events)` or a codec (`histories.load`)."""

    index: NDArray[np.int64]
    time: NDArray[np.int64]
    process: NDArray[np.int64]
    type: NDArray[np.int8]
    f: NDArray[np.int32]
    key: NDArray[np.int32]
    value: NDArray[np.int32]
    error: NDArray[np.int32]
    fs: Interned
    keys: Interned
    values: Interned
    errors: Interned
    header: Header | None = None
    lines: NDArray[np.int64] | None = None
    """The line of the file that each event came from; None if the history did not come from a file."""
    source: str | None = None
    """The file that the history came from."""
    cut: bool = field(default=False)
    """True if the file ends in the middle of a line, as it does when the run was killed."""
    theirs: Mapping[int, str] | None = None
    """If another program wrote the file: what it calls its processes, by our numbers. Those that are numbers there too
    are left out. None for a history in a format that clew knows."""
    ignored: tuple[tuple[str, int], ...] = ()
    """Fields of clew's own lines that clew does not know, and the first line that has one. Only that line is named."""

    @property
    def clock(self) -> bool:
        """Whether the history has times. Without times, `time` numbers the events."""
        return self.header is None or self.header.clock

    @staticmethod
    def of(
        events: Iterable[Event],
        *,
        header: Header | None = None,
        lines: Iterable[int] | None = None,
        source: str | None = None,
        cut: bool = False,
    ) -> History:
        """The history of these events.

        Raises `HistoryError` for a value that is nested too deeply. Anything else that is wrong with a history is found
        by `operations`.
        """
        from clew.histories.columns import Columns

        columns = Columns(source)
        columns.add_events(list(events), None if lines is None else list(lines))
        return columns.history(header, cut=cut)

    def __len__(self) -> int:
        return len(self.index)

    def event(self, row: int) -> Event:
        """The event of one row."""
        process = int(self.process[row])
        return Event(
            index=int(self.index[row]),
            time=int(self.time[row]),
            process=NEMESIS if process == NEMESIS_PROCESS else process,
            type=TYPES[self.type[row]],  # type: ignore[arg-type]
            f=self.fs[self.f[row]],
            key=self.keys[self.key[row]],
            value=self.values[self.value[row]],
            error=self.errors[self.error[row]],
        )

    def events(self) -> Iterator[Event]:
        """All events in order."""
        return (self.event(row) for row in range(len(self)))

    def failure(self, row: int, message: str) -> HistoryError:
        """An error about one row, with the file and the line it came from."""
        line = None if self.lines is None else int(self.lines[row])
        return HistoryError(message, source=self.source, line=line)

    @cached_property
    def lanes(self) -> NDArray[np.int64]:
        """The client of each operation, counted from 0; see `timeline.operation_lanes`."""
        from clew.histories.timeline import operation_lanes

        return operation_lanes(self.operations, self.time)

    def client(self, number: int) -> str:
        """Who did an operation: `client 1`, or `client 1 (process 6)` if its process has another number.

        A process ends with its first operation of unknown outcome. Its client goes on under a new process number.
        """
        return self.client_name(int(self.lanes[number]), [int(self.operations.process[number])])

    def client_name(self, lane: int, processes: Sequence[int]) -> str:
        """The client of a lane, with those of its processes beside it that have another number than the client.

        If every process has a lane of its own, clients are called by their processes. If the program that wrote the
        file has a name for the process, this comes first: `client 1 (worker-7)`.
        """
        if self._one_process_each:
            lane = processes[0]
        theirs = self.theirs or {}
        names = dict.fromkeys(theirs[process] for process in processes if process in theirs)
        beside = list(names)
        if list(processes) != [lane]:
            beside.append(f"process{'es' if len(processes) > 1 else ''} {', '.join(map(str, processes))}")
        return f"client {lane} ({', '.join(beside)})" if beside else f"client {lane}"

    def place(self, number: int) -> str:
        """Where an operation stands in a file that another program wrote: `line 3`, `lines 3 and 4`; if not, empty."""
        if self.theirs is None or self.lines is None:
            return ""
        rows = (int(self.operations.invoked[number]), int(self.operations.completed[number]))
        lines = list(dict.fromkeys(int(self.lines[row]) for row in rows if row >= 0))
        return f"line{'s' if len(lines) > 1 else ''} {' and '.join(map(str, lines))}"

    @cached_property
    def _one_process_each(self) -> bool:
        # Without `np.unique`, which imports more than a small check needs.
        return len(set(self.operations.process.tolist())) == len(set(self.lanes.tolist()))

    @cached_property
    def operations(self) -> Operations:
        """The operations: invocations paired with their completions, without the nemesis. Costs O(n), once.

        Raises `HistoryError` for a completion without an invocation, two open operations of one process, a completion
        of another function or key than was invoked, a process that returns after `info`, and time that goes backwards.
        """
        time = self.time
        if len(time) > 1 and bool((time[1:] < time[:-1]).any()):
            row = int(np.argmax(time[1:] < time[:-1])) + 1
            raise self.failure(row, f"time goes backwards: {time[row]} after {time[row - 1]}")
        rows = np.flatnonzero(self.process != NEMESIS_PROCESS)
        kinds = self.type[rows].tolist()
        processes = self.process[rows].tolist()
        open_operation: dict[int, int] = {}
        waiting: dict[int, int] = {}
        retired: set[int] = set()
        invoked: list[int] = []
        completed: list[int] = []
        for row, kind, process in zip(rows.tolist(), kinds, processes, strict=True):
            if kind == INVOKE:
                if process in waiting:
                    raise self._still_open(waiting[process], open_operation[process], invoked)
                if process in retired:
                    raise self.failure(
                        row,
                        f"process {process} returns after an operation of unknown outcome; expected a fresh process. "
                        "With --renumber it becomes one",
                    )
                # If a completion and the next invocation have the same time, the invocation may come first.
                (waiting if process in open_operation else open_operation)[process] = len(invoked)
                invoked.append(row)
                completed.append(-1)
                continue
            operation = open_operation.pop(process, None)
            if operation is None:
                if kind == INFO and process in retired:
                    continue
                raise self.failure(
                    row, f"process {process} completes an operation ({TYPES[kind]}) that it has not invoked"
                )
            start = invoked[operation]
            if self.f[start] != self.f[row] or self.key[start] != self.key[row]:
                raise self._another(process, start, row)
            following = waiting.pop(process, None)
            if following is not None:
                if kind == INFO or time[row] != time[invoked[following]]:
                    raise self._still_open(following, operation, invoked)
                open_operation[process] = following
            if kind == INFO:
                retired.add(process)
            completed[operation] = row
        for process, following in waiting.items():
            raise self._still_open(following, open_operation[process], invoked)
        return self._operations(np.array(invoked, np.int64), np.array(completed, np.int64))

    def _another(self, process: int, start: int, row: int) -> HistoryError:
        """The error that what a process completes is not what it invoked."""
        from clew.histories.text import value_text

        if self.f[start] != self.f[row]:
            completes, invoked = (value_text(self.fs[self.f[at]]) for at in (row, start))
            return self.failure(row, f"f: process {process} completes {completes}, but it invoked {invoked}")
        completes, invoked = (value_text(self.keys[self.key[at]]) for at in (row, start))
        return self.failure(
            row, f"process {process} completes an operation on key {completes}, but it invoked one on key {invoked}"
        )

    def _still_open(self, second: int, first: int, invoked: list[int]) -> HistoryError:
        row = invoked[second]
        return self.failure(
            row,
            f"process {self.process[row]} invokes an operation while its operation at index "
            f"{self.index[invoked[first]]} is still open",
        )

    def _operations(self, invoked: NDArray[np.int64], completed: NDArray[np.int64]) -> Operations:
        known = completed >= 0
        last = np.where(known, completed, invoked)
        outcome = np.where(known, self.type[last], INFO).astype(np.int8)
        end = np.where(outcome == INFO, FOREVER, self.time[last])
        return Operations(
            invoked=invoked,
            completed=completed,
            process=self.process[invoked],
            f=self.f[invoked],
            key=self.key[invoked],
            argument=self.value[invoked],
            result=self.value[last],
            outcome=outcome,
            error=self.error[last],
            start=self.time[invoked],
            end=end,
        )
