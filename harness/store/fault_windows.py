"""The faults of a history as windows of time, read from the events of its nemesis.

clew's own events hold their fault as a value (`clew.nemesis.fault`). Histories of other tools only have names, in pairs
such as `start-partition` and `stop-partition`, `start` and `stop`, or `kill` and `restart`.
"""

from __future__ import annotations

import msgspec
import numpy as np

from clew.histories.event import Event
from clew.histories.history import NEMESIS_PROCESS, History
from clew.histories.text import printable, value_text
from clew.nemesis.fault import Fault, FaultEvent, name
from clew.nemesis.faults import from_value

_BEGINNING_OF = {"stop": "start", "heal": "start", "restart": "kill", "resume": "pause", "end": "begin"}
"""The word that begins what a word ends."""


class FaultWindow(msgspec.Struct, frozen=True):
    """The time of one fault."""

    start: int
    """In ns."""
    end: int
    """In ns; the time of the last event if nothing ended the fault."""
    kind: str
    """Such as `partition`."""
    words: str
    """The fault in one line."""
    fault: Fault | None = None
    """The fault itself; None in a history of another tool."""
    ended: bool = True
    """Whether anything ended the fault."""


def fault_windows(history: History) -> list[FaultWindow]:
    """All faults of a history, in the order of their start. A fault that nothing ends lasts until the last event."""
    last = int(history.time[-1]) if len(history) else 0
    found: list[FaultWindow] = []
    open_faults: dict[int, tuple[int, FaultEvent]] = {}
    open_names: dict[str, tuple[int, Event]] = {}
    for row in np.flatnonzero(history.process == NEMESIS_PROCESS).tolist():
        event = history.event(row)
        fault = _fault(event)
        if fault is not None:
            if event.f.startswith("start-"):
                open_faults[fault.number] = (event.time, fault)
            elif fault.number in open_faults:
                start, fault = open_faults.pop(fault.number)
                found.append(_window(start, event.time, fault))
            continue
        word, _, kind = event.f.partition("-")
        begin = "-".join(part for part in (_BEGINNING_OF.get(word), kind) if part)
        if word not in _BEGINNING_OF:
            # Jepsen records an action twice: when it begins and when it is done. The first event counts.
            open_names.setdefault(event.f, (event.time, event))
        elif begin in open_names:
            start, event_then = open_names.pop(begin)
            found.append(_named(start, event.time, event_then))
    lasting = [_window(start, last, fault) for start, fault in open_faults.values()]
    lasting += [_named(start, last, event) for start, event in open_names.values() if event.f.split("-")[0] in _BEGINS]
    found += [msgspec.structs.replace(window, ended=False) for window in lasting]
    return sorted(found, key=lambda window: (window.start, window.end))


_BEGINS = set(_BEGINNING_OF.values())


def nemesis_event_text(event: Event) -> str:
    """The fault of an event of the nemesis in words, or else its value."""
    fault = _fault(event)
    return value_text(event.value) if fault is None else printable(fault.fault.describe())


def _fault(event: Event) -> FaultEvent | None:
    try:
        return from_value(event.value)
    except msgspec.ValidationError:
        return None


def _window(start: int, end: int, fault: FaultEvent) -> FaultWindow:
    return FaultWindow(start, end, name(fault.fault), printable(fault.fault.describe()), fault.fault)


def _named(start: int, end: int, event: Event) -> FaultWindow:
    kind = event.f.partition("-")[2] or event.f
    words = printable(event.f) if event.value is None else f"{printable(event.f)} {value_text(event.value)}"
    return FaultWindow(start, end, printable(kind), words)
