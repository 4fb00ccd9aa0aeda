"""What happened: events, histories, the message journal, file formats, and how they look as text."""

from histories.event import MISMATCH, NEMESIS, Event, EventType, Header
from histories.history import FAIL, FOREVER, INFO, INVOKE, OK, TYPES, History, HistoryError, Interned, Operations
from histories.jsonl import Recorder, dump, load

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
