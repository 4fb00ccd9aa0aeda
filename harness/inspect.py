"""Recorded runs and histories from anywhere: what is in them, as lines of text."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from harness import store
from harness.check import history_of
from harness.result import Result
from histories import NEMESIS, Event, History
from histories.text import describe, printable
from nemesis.describe import describe as describe_fault
from nemesis.fault import from_value

AROUND = 12
"""Events shown before the one at which no linearization is left, and after it half as many."""


def show(path: Path) -> Iterator[str]:
    """What there is to say about a run or a history, as lines of text. Raises as `history_of` does."""
    history, folder = history_of(path)
    result = folder.read_result() if folder is not None else None
    yield from _head(history, folder, result)
    yield ""
    yield from happened(history, result)


def happened(history: History, result: Result | None) -> Iterator[str]:
    """The faults of a run, and its operations around the failure (its last ones if there is none), as lines of text."""
    yield from _faults(history)
    stuck = _stuck(result)
    if stuck is not None and stuck < len(history):
        yield f"The operations around event {stuck}, at which no order is left that explains every answer:"
        first, last = max(0, stuck - AROUND), min(len(history), stuck + AROUND // 2 + 1)
        for row in range(first, last):
            yield f"{'>' if row == stuck else ' '} {_line(history.event(row))}"
    else:
        yield f"The last operations of {len(history.operations)}:"
        for row in range(max(0, len(history) - AROUND), len(history)):
            yield f"  {_line(history.event(row))}"


def _head(history: History, folder: store.RunFolder | None, result: Result | None) -> Iterator[str]:
    header = history.header
    if header is not None and header.plan is not None:
        yield f"plan       {printable(header.plan)}"
        yield f"seed       {header.seed}"
    yield f"history    {len(history)} events, {len(history.operations)} operations" + (
        ", cut in the middle of a line" if history.cut else ""
    )
    if folder is not None:
        here = Path.cwd()
        yield f"run        {folder.path.relative_to(here) if folder.path.is_relative_to(here) else folder.path}"
        missing = [file.name for file in (folder.plan, folder.messages, folder.verdict) if not file.exists()]
        if missing:
            yield f"missing    {', '.join(missing)}" + (" (the run was killed)" if "verdict.json" in missing else "")
    if result is not None:
        yield f"verdict    {result.verdict}"
        for name, check in result.checks.items():
            yield f"           {name}: {check.verdict}; {printable_lines(check.why)}"
        if result.error:
            yield f"error      {printable_lines(result.error)}"
        for what, counts in result.counts.items():
            yield f"{what:<10} " + ", ".join(f"{count} {name}" for name, count in counts.items())


def printable_lines(text: str) -> str:
    """A text of several lines, indented under its first."""
    return "\n           ".join(printable(line) for line in text.splitlines())


def _faults(history: History) -> Iterator[str]:
    lines = [
        f"  {_line(event)}" for event in history.events() if event.f.startswith("start-") and event.process == NEMESIS
    ]
    if lines:
        yield f"Faults ({len(lines)}):"
        yield from lines[:AROUND]
        if len(lines) > AROUND:
            yield f"  ... and {len(lines) - AROUND} more"
        yield ""


def _line(event: Event) -> str:
    if event.process == NEMESIS:
        try:
            what = describe_fault(from_value(event.value).fault)
        except ValueError:
            return describe(event)
        return f"{event.time / 1e9:>11.6f} s  nemesis  {event.f.split('-')[0]:<6}  {printable(what)}"
    return describe(event)


def _stuck(result: Result | None) -> int | None:
    check = None if result is None else result.checks.get("linearizable")
    for partition in (check.evidence or []) if check is not None else []:
        if partition.get("stuck") is not None:
            return int(partition["stuck"])
    return None
