"""Fresh process numbers for recorders that let a process go on after an operation of unknown outcome.

    process 3 invokes write 1                       3
    process 3: info, a timeout                      3
    process 3 invokes write 2      becomes          9      (8 was the largest number)

An operation of unknown outcome may take effect at any later time, also while its process does something else. So to a
checker it stays open, and what its process does next belongs to another process.
"""

from __future__ import annotations

from dataclasses import replace

from clew.histories.history import INFO, INVOKE, NEMESIS_PROCESS, History


def renumbered(history: History) -> History:
    """The history with a fresh process for whatever follows an unknown outcome of the same process. O(n)."""
    process = history.process.copy()
    fresh = int(process.max(initial=-1)) + 1
    now: dict[int, int] = {}
    retired: set[int] = set()
    theirs = None if history.theirs is None else dict(history.theirs)
    for row, (old, kind) in enumerate(zip(history.process.tolist(), history.type.tolist(), strict=True)):
        if old == NEMESIS_PROCESS:
            continue
        if kind == INVOKE and old in retired:
            now[old] = fresh
            if theirs and old in theirs:
                theirs[fresh] = theirs[old]
            fresh += 1
            retired.discard(old)
        process[row] = now.get(old, old)
        if kind == INFO:
            retired.add(old)
    return replace(history, process=process, theirs=theirs)
