"""What is allowed in a history and is yet often a mistake of what recorded it. A verdict names it, in a line each."""

from __future__ import annotations

import numpy as np

from clew.histories.history import OK, History
from clew.histories.text import label, plural


def oddities(history: History) -> tuple[str, ...]:
    """One line for each kind: operations that never ended, writes without a value, and nothing that was ok."""
    operations = history.operations
    found = []
    open_ones = np.flatnonzero(operations.completed < 0)
    if len(open_ones):
        outcome = "its outcome is" if len(open_ones) == 1 else "their outcomes are"
        found.append(
            f"{plural(len(open_ones), 'operation')} never ended{_first(history, open_ones)}: {outcome} taken as unknown"
        )
    write, nothing = history.fs.find("write"), history.values.find(None)
    if write is not None and nothing is not None:
        bare = np.flatnonzero((operations.f == write) & (operations.argument == nothing))
        if len(bare):
            found.append(f"{plural(len(bare), 'write')} without a value{_first(history, bare)}: null is written")
    if len(operations) and not (operations.outcome == OK).any():
        found.append("no operation was ok: where nothing is known to have happened, nothing can be wrong")
    return tuple(found)


def _first(history: History, numbers: np.ndarray) -> str:
    """Which one it is, or the first of them, and where it is invoked, in brackets."""
    number = int(numbers[0])
    row = int(history.operations.invoked[number])
    place = f"at index {history.index[row]}" if history.lines is None else f"in line {history.lines[row]}"
    what = f"{label(history, number)} of process {history.process[row]} {place}"
    return f" ({what})" if len(numbers) == 1 else f" (the first: {what})"
