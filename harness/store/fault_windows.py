"""The faults of a history as windows of time, from the events of its nemesis.

clew's own events carry their fault (`clew.nemesis.fault`); a history of another tool has pairs of names at best
(`start-partition` and `stop-partition`, `start` and `stop`, `kill` and `restart`), and those are paired as they come.
"""

from __future__ import annotations

import msgspec
import numpy as np

from clew.histories.event import Event
from clew.histories.history import NEMESIS_PROCESS, History
from clew.histories.text import printable, value_text
from clew.nemesis.fault import Fault, FaultEvent, name
from clew.nemesis.faults import from_value

_ENDS = {"stop": "start", "heal": "start", "restart": "kill", "resume": "pause", "end": "begin"}


class FaultWindow(msgspec.Struct, frozen=True):
    """A fault from `start` to `end` (ns): its kind, itself where it is known, and in words.

    Of one that nothing ended, `ended` is False and `end` the last event.
    """

    start: int
    end: int
    kind: str
    words: str
    fault: Fault | None = None
    ended: bool = True


def fault_windows(history: History) -> list[FaultWindow]:
    """The windows in the order of their start; a fault that nothing ends lasts until the last event."""
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
        begin = "-".join(part for part in (_ENDS.get(word), kind) if part)
        if word not in _ENDS:
            # Jepsen records an action twice, as it begins and as it is done: the first one counts.
            open_names.setdefault(event.f, (event.time, event))
        elif begin in open_names:
            start, event_then = open_names.pop(begin)
            found.append(_named(start, event.time, event_then))
    lasting = [_window(start, last, fault) for start, fault in open_faults.values()]
    lasting += [_named(start, last, event) for start, event in open_names.values() if event.f.split("-")[0] in _BEGINS]
    found += [msgspec.structs.replace(window, ended=False) for window in lasting]
    return sorted(found, key=lambda window: (window.start, window.end))


_BEGINS = set(_ENDS.values())


def nemesis_event_text(event: Event) -> str:
    """What an event of the nemesis is about."""
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
