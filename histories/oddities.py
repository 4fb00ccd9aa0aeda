"""What is allowed in a history and is yet often a mistake of what recorded it. A verdict names it, in a line each."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from clew.histories.history import OK, History
from clew.histories.text import label, plural, printable


def oddities(history: History) -> tuple[str, ...]:
    """One line for each kind: fields that clew does not know, operations that never ended, writes that ended with
    another value, writes without a value, and nothing that was ok."""
    operations = history.operations
    found = []
    if history.ignored:
        names, line = ", ".join(printable(name) for name, _ in history.ignored), history.ignored[0][1]
        found.append(f"clew knows no field {names} (line {line}): what such fields say is left out")
    open_ones = np.flatnonzero(operations.completed < 0)
    if len(open_ones):
        outcome = "its outcome is" if len(open_ones) == 1 else "their outcomes are"
        found.append(
            f"{plural(len(open_ones), 'operation')} never ended{_first(history, open_ones)}: {outcome} taken as unknown"
        )
    write, nothing = history.fs.find("write"), history.values.find(None)
    if write is not None:
        ended = np.flatnonzero((operations.f == write) & (operations.outcome == OK))
        told = operations.result[ended]
        other = ended[(told != operations.argument[ended]) & (told != (-1 if nothing is None else nothing))]
        alike = [number for number in other.tolist() if _of_one_kind(history, number)]
        if alike:
            what = "another value" if len(alike) == 1 else "other values"
            found.append(
                f"{plural(len(alike), 'write')} ended with {what} than what was written{_first(history, alike)}: "
                "what a write returns is not looked at"
            )
    if write is not None and nothing is not None:
        bare = np.flatnonzero((operations.f == write) & (operations.argument == nothing))
        if len(bare):
            found.append(f"{plural(len(bare), 'write')} without a value{_first(history, bare)}: null is written")
    if len(operations) and not (operations.outcome == OK).any():
        found.append("no operation was ok: where nothing is known to have happened, nothing can be wrong")
    return tuple(found)


def _of_one_kind(history: History, number: int) -> bool:
    """Whether an operation returned a value that may be meant as its argument: no version, no `true`, no "done"."""
    operations = history.operations
    return all(type(history.values[codes[number]]) is int for codes in (operations.argument, operations.result))


def _first(history: History, numbers: Sequence[int] | np.ndarray) -> str:
    """Which one it is, or the first of them, and where it is invoked, in brackets."""
    number = int(numbers[0])
    row = int(history.operations.invoked[number])
    place = f"at index {history.index[row]}" if history.lines is None else f"in line {history.lines[row]}"
    what = f"{label(history, number)} of process {history.process[row]} {place}"
    return f" ({what})" if len(numbers) == 1 else f" (the first: {what})"
