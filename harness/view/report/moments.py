"""What there is to jump to in a run: its violations; or else elections, faults of nodes and the slowest operation."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from clew.harness.store.record import Record, stuck_row
from clew.harness.view.report.page_data import Moment, Table
from clew.histories import INFO
from clew.histories.journal_search import messages_between
from clew.histories.text import key_name, label, printable
from clew.histories.timeline import completion_times, operation_lanes

MOMENTS_MAX = 6
"""How many moments of a run without violations there are."""
VIOLATIONS_MAX = 16
"""How many violations there are to jump to. A run has one for each key and one for each invariant."""
BEFORE_VIOLATION, AFTER_VIOLATION = 150_000_000, 50_000_000
"""The time (ns) shown before and after a broken invariant."""
BEFORE_EVENT, AFTER_EVENT = 70_000_000, 60_000_000
"""The time (ns) shown before and after anything else. The cause of an election lies before it."""
MARGIN_MIN = 1_000_000
"""The least margin (ns) around a stretch of time."""
IN_VIEW_MAX = 200
"""With more operations in view than this, a picture shows nothing."""
NEAR_BEFORE, NEAR_AFTER = 30, 10
"""If the counterexample is too wide for a picture: how many operations to show before and after its last event."""
ELECTIONS_MAX = 40
"""With more new ballots than this, they are no news: some protocols make one for each operation."""


def moments(run: Record, marks: Table) -> list[Moment]:
    """The violations of the history, then those of the protocol's invariants.

    For a run without violations: elections after the first (if they are rare), the first faults that hit nodes,
    and the slowest operation. `marks` are the first uses of ballots (`nodes.protocol_marks`).
    """
    violations = [*_not_linearizable(run), *_broken_invariants(run)]
    if violations:
        return violations[:VIOLATIONS_MAX]
    return [*_elections(marks)[: MOMENTS_MAX // 2], *_node_faults(run)[: MOMENTS_MAX // 3], *_slowest(run)]


def _not_linearizable(run: Record) -> Iterable[Moment]:
    history = run.history
    operations = history.operations
    completed = completion_times(operations, history.time)
    for judged in run.keys:
        row = stuck_row(history, judged)
        if row is None:
            continue
        at = int(history.time[row])
        counterexample = list(judged.counterexample or ())
        stuck = np.flatnonzero(operations.completed == row)
        first = [*counterexample, *stuck.tolist()]
        start = int(operations.start[first].min()) if first else at
        end = max(at, int(completed[counterexample].max())) if counterexample else at
        if ((operations.start <= end) & (completed >= start)).sum() > IN_VIEW_MAX:
            # Too wide for a picture. Show where it ends; the table of the counterexample has buttons for the rest.
            number = int(operations.invoked.searchsorted(row))
            near = np.arange(max(0, number - NEAR_BEFORE), min(number + NEAR_AFTER, len(operations)))
            start = int(operations.start[[*near.tolist(), *stuck.tolist()]].min())
            end = max(at, int(operations.start[near].max()))
        margin = max(MARGIN_MIN, (end - start) // 8)
        key = key_name(judged.key)
        yield Moment(
            name="not linearizable" + (f" (key {key})" if key and len(run.keys) > 1 else ""),
            words=(judged.happened or judged.explanation or "no order of the operations explains this").splitlines()[0],
            at=at / 1e9,
            start=max(0, start - margin) / 1e9,
            end=(end + margin) / 1e9,
            wrong=True,
            messages=_answers(run, row),
            key=key,
            check="linearizable",
        )


def _answers(run: Record, row: int) -> list[int]:
    """The numbers of the messages that brought the client the answer recorded at this row."""
    if run.journal is None:
        return []
    time = int(run.history.time[row])
    process = int(run.history.process[row])
    arrived = [m for m in messages_between(run.journal, time, time) if time in m.received and m.destination[:1] == "c"]
    clients = {m.destination for m in arrived}
    if len(clients) > 1:
        thread = process % _threads(run)
        mine = [name for name in clients if name[1:].isdecimal() and int(name[1:]) == thread]
        arrived = [m for m in arrived if m.destination in mine]
    return [m.id for m in arrived]


def _threads(run: Record) -> int:
    return int(operation_lanes(run.history.operations, run.history.time).max(initial=0)) + 1


def _broken_invariants(run: Record) -> Iterable[Moment]:
    for violation in run.violations:
        yield Moment(
            name=printable(violation.invariant),
            words=printable(violation.explanation),
            at=violation.time / 1e9,
            start=max(0, violation.time - BEFORE_VIOLATION) / 1e9,
            end=(violation.time + AFTER_VIOLATION) / 1e9,
            wrong=True,
            messages=list(violation.messages),
            check="invariants",
        )


def _elections(marks: Table) -> list[Moment]:
    first: dict[str, tuple[float, str]] = {}
    for epoch, time, words in zip(marks["epoch"], marks["time"], marks["words"], strict=True):
        first.setdefault(epoch, (time, words))
    if len(first) > ELECTIONS_MAX:
        return []
    # The first epoch is how the run began: no election.
    return [_moment_at(f"new {epoch}", words, time) for epoch, (time, words) in list(first.items())[1:]]


def _node_faults(run: Record) -> list[Moment]:
    return [
        _moment_at(window.words, window.words, window.start / 1e9)
        for window in run.fault_windows
        # A history of another tool names its faults only.
        if (window.fault.hits_nodes if window.fault else window.kind in ("crash", "kill"))
    ]


def _moment_at(name: str, words: str, at: float) -> Moment:
    return Moment(name=name, words=words, at=at, start=max(0.0, at - BEFORE_EVENT / 1e9), end=at + AFTER_EVENT / 1e9)


def _slowest(run: Record) -> Iterable[Moment]:
    operations = run.history.operations
    completed = completion_times(operations, run.history.time)
    latency = np.where(operations.outcome == INFO, -1, completed - operations.start)
    if latency.max(initial=-1) < 0 or not run.history.clock:
        return
    number = int(latency.argmax())
    start, end = int(operations.start[number]), int(completed[number])
    margin = max(MARGIN_MIN, (end - start) // 4)
    yield Moment(
        name="slowest operation",
        words=label(run.history, number),
        at=end / 1e9,
        start=max(0, start - margin) / 1e9,
        end=(end + margin) / 1e9,
    )
