"""Numbers for the processes of another program, which may have any names, or none."""

from __future__ import annotations

import heapq
from collections.abc import Mapping, Sequence
from typing import Any

from clew.histories.event import LATEST, NEMESIS
from clew.histories.text import value_text

_NAME = 24
"""Characters of a process's name that are told."""


def numbers(processes: Sequence[Any], types: Sequence[str]) -> dict[Any, Any]:
    """clew's numbers for processes, from the process and the type of each event in order.

    Where all are numbers already, they keep them. Operations without a process have the processes `("nobody", number)`.
    """
    names = dict.fromkeys(processes)
    names.pop(NEMESIS, None)
    kept = all(type(name) is int and 0 <= name <= LATEST for name in names)
    found: dict[Any, Any] = {name: name if kept else number for number, name in enumerate(names)}
    if any(isinstance(name, tuple) for name in names):
        found = _as_few_as_possible(processes, types)
    return found | {NEMESIS: NEMESIS}


def names_of(numbered: Mapping[Any, Any]) -> dict[int, str]:
    """What the other program calls its processes, by our numbers; without those that are numbers there too."""
    return {
        number: value_text(name, _NAME).strip('"')
        for name, number in numbered.items()
        if isinstance(name, str) and name != NEMESIS
    }


def _as_few_as_possible(processes: Sequence[Any], types: Sequence[str]) -> dict[Any, int]:
    """Numbers for operations without a process: one that is free again is taken again."""
    found: dict[Any, int] = {}
    free: list[int] = []
    used = 0
    for process, kind in zip(processes, types, strict=True):
        if kind == "invoke":
            if process not in found:
                if free:
                    found[process] = heapq.heappop(free)
                else:
                    found[process], used = used, used + 1
        elif kind != "info" and isinstance(process, tuple):
            heapq.heappush(free, found[process])
    return found
