"""The cluster of a run as columns: who said what to whom, which nodes were up, what the protocol went through."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from clew.harness.store.record import Record, stuck_row
from clew.harness.view.report.data import Moment, Table
from clew.histories import INFO
from clew.histories.history import freeze
from clew.histories.journal_search import Message, messages_between, node_lives, sent_messages
from clew.histories.text import key_name, label, printable, value_text
from clew.histories.timeline import completion_times
from clew.nemesis.effect import down, paused
from clew.nemesis.target import by_number

MESSAGES = 700
"""Messages drawn for one moment."""
MOMENTS = 6
SCANNED = 24 << 20
"""Bytes of a journal that is read from end to end for the marks of its protocol."""
BEFORE, AFTER = 150_000_000, 50_000_000
"""What is shown around an invariant that broke, in ns."""
EARLIER, LATER = 70_000_000, 60_000_000
"""What is shown around what is no violation, in ns: why a new leader came is seen before it came."""
IN_SIGHT = 200
"""Operations in a stretch of time from which on it shows nothing."""
NEAR = 30
"""Operations that are shown then before the one at which no order is left, and after it a third as many."""
ELECTIONS = 40
"""Up to so many new ballots in a run each is something to look at; a protocol that makes one an operation has more."""
EPOCHS = ("ballot", "bal", "view", "term", "epoch")
"""Fields of messages that count up as a protocol makes a new start."""


def moments(run: Record, marks: Table) -> list[Moment]:
    """What there is to jump to: violations of the history, then of the protocol.

    Of a run without any: new ballots and views after the first, as far as they are rare, crashes, and the slowest
    operation.
    """
    found = [*_of_the_history(run), *_of_the_protocol(run)]
    if found:
        return found[:MOMENTS]
    return [*_elections(marks)[: MOMENTS // 2], *_crashes(run)[: MOMENTS // 3], *_slowest(run)]


def _of_the_history(run: Record) -> Iterable[Moment]:
    history = run.history
    operations = history.operations
    for part in run.keys:
        row = stuck_row(history, part)
        if row is None:
            continue
        at = int(history.time[row])
        counterexample = list(part.counterexample or ())
        ending = np.flatnonzero(operations.completed == row)
        start = (
            int(operations.start[[*counterexample, *ending.tolist()]].min()) if counterexample or len(ending) else at
        )
        over = completion_times(operations, history.time)
        end = max(at, int(over[counterexample].max())) if counterexample else at
        if ((operations.start <= end) & (over >= start)).sum() > IN_SIGHT:
            # The counterexample is too wide for a picture: here is where it ends, and buttons lead to the rest of it.
            number = int(operations.invoked.searchsorted(row))
            near = np.arange(max(0, number - NEAR), min(number + NEAR // 3, len(operations)))
            start = int(operations.start[[*near.tolist(), *ending.tolist()]].min())
            end = max(at, int(operations.start[near].max()))
        margin = max(1_000_000, (end - start) // 8)
        key = key_name(part.key)
        yield Moment(
            name="not linearizable" + (f" (key {key})" if key and len(run.keys) > 1 else ""),
            words=(part.explanation or "no order of the operations explains this").splitlines()[0],
            at=at / 1e9,
            start=max(0, start - margin) / 1e9,
            end=(end + margin) / 1e9,
            wrong=True,
            messages=_answers(run, row),
            key=key,
        )


def _answers(run: Record, row: int) -> list[int]:
    """The messages that reached the client as the event happened: what it was told is what no order explains."""
    if run.journal is None:
        return []
    time = int(run.history.time[row])
    process = int(run.history.process[row])
    arrived = [m for m in messages_between(run.journal, time, time) if time in m.received and m.destination[:1] == "c"]
    clients = {m.destination for m in arrived}
    if len(clients) > 1:
        thread = [name for name in clients if name[1:].isdecimal() and process % _threads(run) == int(name[1:])]
        arrived = [m for m in arrived if m.destination in thread]
    return [m.id for m in arrived]


def _threads(run: Record) -> int:
    from clew.histories.timeline import operation_lanes

    return int(operation_lanes(run.history.operations, run.history.time).max(initial=0)) + 1


def _of_the_protocol(run: Record) -> Iterable[Moment]:
    for violation in run.violations:
        yield Moment(
            name=printable(violation.invariant),
            words=printable(violation.explanation),
            at=violation.time / 1e9,
            start=max(0, violation.time - BEFORE) / 1e9,
            end=(violation.time + AFTER) / 1e9,
            wrong=True,
            messages=list(violation.messages),
        )


def _elections(marks: Table) -> list[Moment]:
    first: dict[str, tuple[float, str]] = {}
    for epoch, time, words in zip(marks["epoch"], marks["time"], marks["words"], strict=True):
        first.setdefault(epoch, (time, words))
    if len(first) > ELECTIONS:
        return []
    # The first one is how the run began.
    return [_around(f"new {epoch}", words, time) for epoch, (time, words) in list(first.items())[1:]]


def _crashes(run: Record) -> list[Moment]:
    return [
        _around(window.words, window.words, window.start / 1e9)
        for window in run.fault_windows
        # A history of another tool names its faults only.
        if (down([window.fault]) or paused([window.fault]) if window.fault else window.kind in ("crash", "kill"))
    ]


def _around(name: str, words: str, at: float) -> Moment:
    return Moment(name=name, words=words, at=at, start=max(0.0, at - EARLIER / 1e9), end=at + LATER / 1e9)


def _slowest(run: Record) -> Iterable[Moment]:
    operations = run.history.operations
    over = completion_times(operations, run.history.time)
    latency = np.where(operations.outcome == INFO, -1, over - operations.start)
    if latency.max(initial=-1) < 0 or not run.history.clock:
        return
    number = int(latency.argmax())
    start, end = int(operations.start[number]), int(over[number])
    margin = max(1_000_000, (end - start) // 4)
    yield Moment(
        name="slowest operation",
        words=label(run.history, number),
        at=end / 1e9,
        start=max(0, start - margin) / 1e9,
        end=(end + margin) / 1e9,
    )


def messages(run: Record, around: list[Moment]) -> tuple[list[Message], int]:
    """The messages of all these moments, each once, in the order in which they were sent; and how many were left out.

    Of a moment with too many, those nearest to its end are kept, and those that made it happen.
    """
    found: dict[int, Message] = {}
    left_out: set[int] = set()
    special = {id for moment in around for id in moment.messages}
    for moment in around if run.journal is not None else ():
        assert run.journal is not None
        told = messages_between(run.journal, int(moment.start * 1e9), int(moment.end * 1e9))
        for position, message in enumerate(told, start=MESSAGES - len(told)):
            if position >= 0 or message.id in special:
                found[message.id] = message
            else:
                left_out.add(message.id)
    return sorted(found.values(), key=lambda message: (message.sent, message.id)), len(left_out - found.keys())


def message_table(found: list[Message], places: list[str], end: float) -> Table:
    """Messages as arrows: one for each copy that arrived, one that ends on the way for each that was lost."""
    lane = {place: number for number, place in enumerate(places)}
    slow = _slow(found)
    columns: Table = {
        name: [] for name in ("id", "sent", "from", "until", "to", "fate", "type", "body", "who", "words")
    }
    for message in found:
        arrivals: list[tuple[int | None, str, str]] = []
        for copy, received in enumerate(message.received):
            took = f"took {(received - message.sent) / 1e6:.3f} ms"
            late = received - message.sent > slow
            fate = "duplicated" if copy else "delayed" if late else "delivered"
            arrivals.append((received, fate, f"a second copy, {took}" if copy else took))
        if message.dropped is not None:
            arrivals.append((None, "dropped", f"lost: {printable(message.dropped)}"))
        elif not arrivals:
            arrivals.append((None, "under way", "still on its way at the end of this passage"))
        for arrived, fate, words in arrivals:
            source, destination = lane[message.source], lane[message.destination]
            columns["id"].append(message.id)
            columns["sent"].append(message.sent / 1e9)
            columns["from"].append(source)
            until = message.sent + max(slow // 4, 1) if arrived is None else arrived
            columns["until"].append(min(until / 1e9, end) if arrived is None else until / 1e9)
            # What is lost ends on its way, where the eye sees that it did not arrive.
            columns["to"].append(destination if arrived is not None else source + (destination - source) * 0.45)
            columns["fate"].append(fate)
            columns["type"].append(printable(message.type))
            columns["body"].append(_body(message.body))
            columns["who"].append(f"{message.source} → {message.destination}")
            columns["words"].append(words)
    return columns


def _slow(found: list[Message]) -> int:
    """From how long on a message counts as delayed: three times the median of those between nodes."""
    taken = [m.received[0] - m.sent for m in found if m.received and m.received[0] > m.sent]
    return int(np.median(taken)) * 3 if taken else 1_000_000


def _body(body: Any) -> str:
    return value_text({name: part for name, part in body.items() if name != "type"} if isinstance(body, dict) else body)


def places(found: Iterable[Message], nodes: list[str]) -> list[str]:
    """Clients first, then nodes, each in the order of their numbers."""
    named = {name for message in found for name in (message.source, message.destination)} | set(nodes)
    return sorted(named, key=lambda name: (name in nodes, by_number(name)))


def life_table(run: Record) -> tuple[list[str], Table]:
    """The nodes, and what was the matter with each, when: stretches of up, down, cut off or otherwise disturbed."""
    columns: Table = {name: [] for name in ("lane", "start", "end", "state", "words")}
    found = [] if run.journal is None else node_lives(run.journal)
    nodes = sorted({life.node for life in found}, key=by_number)
    lane = {node: number for number, node in enumerate(nodes)}
    ended: dict[str, int] = {}

    def stretch(node: str, start: int, end: int, state: str, words: str) -> None:
        for name, value in zip(columns, (lane[node], start / 1e9, end / 1e9, state, words), strict=True):
            columns[name].append(value)

    for life in found:
        if life.node in ended:
            stretch(life.node, ended[life.node], life.start, "down", "down")
        over = run.last if life.end is None else life.end
        stretch(life.node, life.start, max(over, life.start), "up", f"life {life.number}")
        ended[life.node] = over
        if life.end is None:
            del ended[life.node]
    for node, time in ended.items():
        stretch(node, time, max(run.last, time), "down", "down until the end")
    for window in run.fault_windows:
        for state in () if window.fault is None else window.fault.states(nodes):
            if state.node in lane:
                stretch(state.node, window.start, window.end, state.state, printable(state.words))
    return nodes, columns


def marks_in_reach(run: Record) -> bool:
    """Whether the journal is short enough to be read from end to end for the marks of its protocol."""
    return run.journal is not None and run.journal.stat().st_size <= SCANNED


def protocol_marks(run: Record, nodes: list[str], found: list[Message]) -> Table:
    """When a node was the first to use a ballot, a view or a term; of a long journal only of the messages at hand."""
    columns: Table = {name: [] for name in ("lane", "time", "epoch", "words")}
    lane = {node: number for number, node in enumerate(nodes)}
    used: set[tuple[str, Any, Any]] = set()
    said: Iterable[tuple[int, str, Any]] = ((message.sent, message.source, message.body) for message in found)
    if run.journal is not None and marks_in_reach(run):
        said = sent_messages(run.journal)
    for time, source, body in said:
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
                columns["epoch"].append(f"{epoch} {value_text(value)}")
                columns["words"].append(
                    f"{source} is the first to use {epoch} {value_text(value)} ({printable(str(body.get('type', '')))})"
                )
    return columns
