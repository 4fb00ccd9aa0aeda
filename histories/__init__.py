"""What happened in a run: events, histories, message journals, and their file formats.

    event            one event of a history
    history          a history in memory, as columns; operations
    jsonl            clew's own file format; the recorder
    json_lines       JSON lines of other programs, with names of their own; json_columns reads most of them at once
    reading          what these names are; process_names, numbers for processes with names
    renumber         fresh processes after unknown outcomes
    history_error    what is raised about a history that cannot be used
    line_errors      what is wrong with a line; oddities, what is allowed and yet often a mistake
    edn, jepsen_log, porcupine_kv    the formats of other tools; edn_lines reads most of EDN at once
    columns          the columns of a history that is being read; collector, Python's, paused meanwhile
    codecs           all formats by name
    journal          the message journal; journal_search finds messages in it
    timeline         lanes, end times and linearization points of operations
    statistics       counts, rates and latencies
    text, diagram    values, operations and histories as text

Names are imported when they are first used. A node process needs only `clew.histories.event`; importing numpy would
delay it by a tenth of a second.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from clew.histories.event import MISMATCH, NEMESIS, Event, EventType, Header
    from clew.histories.frozen import Interned
    from clew.histories.history import FAIL, FOREVER, INFO, INVOKE, OK, TYPES, History, Operations
    from clew.histories.history_error import HistoryError
    from clew.histories.jsonl import Recorder, dump, load

_HOME = {
    "clew.histories.event": ("MISMATCH", "NEMESIS", "Event", "EventType", "Header"),
    "clew.histories.frozen": ("Interned",),
    "clew.histories.history": (
        "FAIL",
        "FOREVER",
        "INFO",
        "INVOKE",
        "OK",
        "TYPES",
        "History",
        "Operations",
    ),
    "clew.histories.history_error": ("HistoryError",),
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
