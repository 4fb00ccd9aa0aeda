"""What happened: events, histories, the message journal, file formats, and how they look as text.

Names are imported when they are first used: a node of a cluster needs the words of `clew.histories.event`, and would
wait a tenth of a second for numpy otherwise.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from clew.histories.event import MISMATCH, NEMESIS, Event, EventType, Header
    from clew.histories.history import (
        FAIL,
        FOREVER,
        INFO,
        INVOKE,
        OK,
        TYPES,
        History,
        HistoryError,
        Interned,
        Operations,
    )
    from clew.histories.jsonl import Recorder, dump, load

_HOME = {
    "clew.histories.event": ("MISMATCH", "NEMESIS", "Event", "EventType", "Header"),
    "clew.histories.history": (
        "FAIL",
        "FOREVER",
        "INFO",
        "INVOKE",
        "OK",
        "TYPES",
        "History",
        "HistoryError",
        "Interned",
        "Operations",
    ),
    "clew.histories.jsonl": ("Recorder", "dump", "load"),
}

__all__ = [
    "FAIL",
    "FOREVER",
    "INFO",
    "INVOKE",
    "MISMATCH",
    "NEMESIS",
    "OK",
    "TYPES",
    "Event",
    "EventType",
    "Header",
    "History",
    "HistoryError",
    "Interned",
    "Operations",
    "Recorder",
    "dump",
    "load",
]


def __getattr__(name: str) -> Any:
    for home, names in _HOME.items():
        if name in names:
            return getattr(import_module(home), name)
    raise AttributeError(f"module 'clew.histories' has no attribute {name!r}")
