"""Jepsen's log, and its `history.txt`: one line for each event.

    INFO  jepsen.util - 3<tab>:invoke<tab>:cas<tab>[3 0]
    INFO  jepsen.util - 3<tab>:info<tab>:cas<tab>:timed-out

Only a log has the first part, and its other lines are ignored. A keyword instead of a value, or after it, is the error
of the operation. There are no times, so the time of an event is its number.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from clew.histories.edn import event_of
from clew.histories.edn_forms import EdnError, forms
from clew.histories.event import FORMAT, Event, Header
from clew.histories.history import History
from clew.histories.history_error import HistoryError
from clew.histories.line_errors import excerpt

PREFIX = b"jepsen.util - "
_EVENT = re.compile(r"(\d+|:nemesis\S*)\s+:(invoke|ok|fail|info)\s+(:?\S+)\s+(.*)\Z", re.DOTALL)


def load(path: Path) -> History:
    """Read a log or a `history.txt`. Raises `HistoryError` with the line for a malformed event."""
    source = str(path)
    events: list[Event] = []
    numbers: list[int] = []
    with path.open("rb") as stream:
        log = any(PREFIX in line for line in stream)
        stream.seek(0)
        for number, line in enumerate(stream, start=1):
            if not (PREFIX in line if log else line.strip()):
                continue
            text = line.partition(PREFIX)[2] if log else line
            events.append(_event(text, len(events), source, number))
            numbers.append(number)
    if not events:
        raise HistoryError("expected events, found none", source=source, line=1)
    return History.of(events, header=Header(FORMAT, clock=False), lines=numbers, source=source)


def _event(text: bytes, count: int, source: str, line: int) -> Event:
    match = _EVENT.match(text.decode(errors="replace").rstrip())
    if match is None:
        raise HistoryError(
            f"expected a process, :invoke, :ok, :fail or :info, a function and a value; found {excerpt(text)}",
            source=source,
            line=line,
        )
    process, kind, f, rest = match.groups()
    item: dict[str, Any] = {
        "process": process[1:] if process[0] == ":" else int(process),
        "type": kind,
        "f": f.removeprefix(":"),
    }
    try:
        values = forms(rest)
    except EdnError as error:
        raise HistoryError(f"expected a value in EDN, {error}", source=source, line=line) from None
    if rest.startswith(":") and kind in ("fail", "info"):
        item["error"] = values[0]
    else:
        item["value"] = values[0] if values else None
        item["error"] = values[1] if len(values) > 1 else None
    return event_of(item, count, source, line)
