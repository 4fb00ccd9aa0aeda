"""The messages around the moments of a run, as arrows of a picture."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from clew.harness.store.record import Record
from clew.harness.view.report.nodes import EPOCHS, epoch_text
from clew.harness.view.report.page_data import Moment, Table
from clew.histories.journal_search import Message, messages_between
from clew.histories.text import printable, shortened, value_text
from clew.nemesis.target import by_number

MESSAGES_MAX = 700
"""How many messages are drawn for one moment."""
MESSAGES_BEFORE = 600
"""How many of them are from before it, if there are so many."""
DELAYED = 3
"""A message counts as delayed if it takes more than this many times the median."""
BODY_MAX = 10_000
"""Characters of a message's body that a page gets."""
BRIEF_MAX = 100
"""Characters of a body in a tip."""
LOST_AT = 0.45
"""How far the arrow of a lost message goes, as a share of the way: the eye sees that it did not arrive."""


def messages(run: Record, around: list[Moment]) -> tuple[list[Message], int]:
    """The messages of all these moments, each once, in the order in which they were sent; and how many were left out.

    If a moment has too many, keep the last ones before it, a few after it, and those that made it happen.
    """
    if run.journal is None:
        return [], 0
    kept: dict[int, Message] = {}
    left_out: set[int] = set()
    causes = {id for moment in around for id in moment.messages}
    for moment in around:
        found = messages_between(run.journal, int(moment.start * 1e9), int(moment.end * 1e9))
        before = sum(message.sent <= moment.at * 1e9 for message in found)
        first = max(0, min(before - MESSAGES_BEFORE, len(found) - MESSAGES_MAX))
        for position, message in enumerate(found):
            if first <= position < first + MESSAGES_MAX or message.id in causes:
                kept[message.id] = message
            else:
                left_out.add(message.id)
    return sorted(kept.values(), key=lambda message: (message.sent, message.id)), len(left_out - kept.keys())


def places(found: Iterable[Message], known: list[str], nodes: list[str]) -> list[str]:
    """All senders and receivers, and those that are `known`: clients first, then nodes, each by their numbers."""
    names = {name for message in found for name in (message.source, message.destination)} | set(known)
    return sorted(names, key=lambda name: (name in nodes, by_number(name)))


def place_name(place: str) -> str:
    """A sender or receiver as pictures call it. The journal calls the client of lane 1 `c1`, pictures `client 1`."""
    return f"client {place[1:]}" if place[:1] == "c" and place[1:].isdecimal() else printable(place)


def message_table(found: list[Message], places: list[str], end: float) -> Table:
    """Messages as arrows between lanes, a column per field. `end` is the end of the run in seconds.

    `places` are the lanes, by their names in the journal or in pictures.

    A message is one arrow for each copy that arrived. A lost one is one arrow that ends on its way.
    """
    lane = {place_name(place): number for number, place in enumerate(places)}
    delayed = _delayed(found)
    columns: Table = {
        name: [] for name in ("id", "sent", "from", "until", "to", "fate", "type", "body", "brief", "who", "words")
    }
    for message in found:
        source, destination = lane[place_name(message.source)], lane[place_name(message.destination)]
        whole, brief = value_text(message.body, BODY_MAX), _brief(message.body)
        for arrived, fate, words in _arrivals(message, delayed):
            columns["id"].append(message.id)
            columns["sent"].append(message.sent / 1e9)
            columns["from"].append(source)
            if arrived is None:
                columns["until"].append(min((message.sent + max(delayed // 4, 1)) / 1e9, end))
                columns["to"].append(source + (destination - source) * LOST_AT)
            else:
                columns["until"].append(arrived / 1e9)
                columns["to"].append(destination)
            columns["fate"].append(fate)
            columns["type"].append(printable(message.type))
            columns["body"].append(whole)
            columns["brief"].append(brief)
            columns["who"].append(f"{place_name(message.source)} → {place_name(message.destination)}")
            columns["words"].append(words)
    return columns


def _arrivals(message: Message, delayed: int) -> Iterable[tuple[int | None, str, str]]:
    """For each copy: when it arrived (ns; None if it did not), its fate, and its fate in words."""
    for copy, received in enumerate(message.received):
        took = f"took {(received - message.sent) / 1e6:.3f} ms"
        if copy:
            yield received, "duplicated", f"a second copy, {took}"
        else:
            yield received, "delayed" if received - message.sent > delayed else "delivered", took
    if message.dropped is not None:
        yield None, "dropped", f"lost: {printable(message.dropped)}"
    elif not message.received:
        yield None, "under way", "still under way at the end of this stretch of time"


def _delayed(found: list[Message]) -> int:
    """The time under way, in ns, from which on a message counts as delayed."""
    taken = [m.received[0] - m.sent for m in found if m.received and m.received[0] > m.sent]
    return int(np.median(taken)) * DELAYED if taken else 1_000_000


def _brief(body: Any) -> str:
    """A body in a line, without its type. Ballots are written as everywhere."""
    if not isinstance(body, dict):
        return value_text(body)
    parts = {name: part for name, part in body.items() if name != "type"}
    return shortened(
        ", ".join(
            f"{printable(str(name))} {epoch_text(part) if str(name).split('_')[0] in EPOCHS else value_text(part)}"
            for name, part in parts.items()
        ),
        BRIEF_MAX,
    )
