"""The nodes of a run over time: when they were up, what faults did to them, and how their protocol went on."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from clew.harness.store.record import Record
from clew.harness.view.report.page_data import Table
from clew.histories.frozen import freeze
from clew.histories.journal_search import Message, node_lives, sent_messages
from clew.histories.text import printable, value_text
from clew.nemesis.target import by_number

SCANNED_MAX = 24 << 20
"""A journal of at most this many bytes is read from end to end for the marks of its protocol."""
EPOCHS = ("ballot", "bal", "view", "term", "epoch")
"""Fields of messages whose value grows when a protocol makes a new start, such as an election."""


def node_states(run: Record) -> tuple[list[str], Table]:
    """The nodes, and the states of each over time: up, down, or what a fault does to it. A column per field."""
    columns: Table = {name: [] for name in ("lane", "start", "end", "state", "words")}
    lives = [] if run.journal is None else node_lives(run.journal)
    nodes = sorted({life.node for life in lives}, key=by_number)
    lane = {node: number for number, node in enumerate(nodes)}

    def add(node: str, start: int, end: int, state: str, words: str) -> None:
        for name, value in zip(columns, (lane[node], start / 1e9, end / 1e9, state, words), strict=True):
            columns[name].append(value)

    down_since: dict[str, int] = {}
    for life in lives:
        if life.node in down_since:
            add(life.node, down_since.pop(life.node), life.start, "down", "down")
        end = run.last if life.end is None else life.end
        add(life.node, life.start, max(end, life.start), "up", f"life {life.number}")
        if life.end is not None:
            down_since[life.node] = life.end
    for node, time in down_since.items():
        add(node, time, max(run.last, time), "down", "down until the end")
    for window in run.fault_windows:
        for state in () if window.fault is None else window.fault.states(nodes):
            if state.node in lane:
                add(state.node, window.start, window.end, state.state, printable(state.words))
    return nodes, columns


def is_scanned(run: Record) -> bool:
    """Whether the journal is short enough to be read from end to end for the marks of its protocol."""
    return run.journal is not None and run.journal.stat().st_size <= SCANNED_MAX


def protocol_marks(run: Record, nodes: list[str], drawn: list[Message]) -> Table:
    """Where a node was the first to use a ballot, view or term. A column per field.

    If the journal is too long to be read whole, only the messages that are `drawn` count.
    """
    columns: Table = {name: [] for name in ("lane", "time", "epoch", "words")}
    lane = {node: number for number, node in enumerate(nodes)}
    used: set[tuple[str, Any, Any]] = set()
    sent: Iterable[tuple[int, str, Any]] = ((message.sent, message.source, message.body) for message in drawn)
    if run.journal is not None and is_scanned(run):
        sent = sent_messages(run.journal)
    for time, source, body in sent:
        if source not in lane or not isinstance(body, dict):
            continue
        for field, value in body.items():
            epoch = field.split("_")[0]
            if epoch not in EPOCHS:
                continue
            about = (epoch, freeze(body.get("key")), freeze(value))
            if about not in used:
                used.add(about)
                columns["lane"].append(lane[source])
                columns["time"].append(time / 1e9)
                named = f"{epoch} {epoch_text(value)}"
                columns["epoch"].append(named)
                kind = printable(str(body.get("type", "")))
                columns["words"].append(f"{source} is the first to use {named} ({kind})")
    return columns


def epoch_text(value: Any) -> str:
    """A ballot, view or term as invariants and logs print it: `6/n3` for [6, "n3"], and for [6, 2].

    In a pair of numbers, the second is taken for the place of a node among all nodes, from 0.
    """
    match value:
        case [int(number), str(node)]:
            return f"{number}/{printable(node)}"
        case [int(number), int(node)]:
            return f"{number}/n{node + 1}"
        case _:
            return value_text(value)
