"""What is known of a run, or of a history from anywhere: all of it, or as much as there is.

Everything that shows a run (`clew show`, the report, `clew diff`, `clew serve`) starts from one of these.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from harness import store
from harness.check import history_of
from harness.result import Result
from harness.windows import Window, windows
from histories import History, HistoryError

if TYPE_CHECKING:
    from checkers.verdict import Partition
    from systems import Violation


@dataclass(frozen=True)
class Recorded:
    """A history, and where there is one the folder, the verdict, the plan as YAML, and the message journal."""

    path: Path
    history: History
    folder: store.RunFolder | None = None
    result: Result | None = None
    plan: str | None = None
    journal: Path | None = None
    missing: tuple[str, ...] = ()
    """The files that a finished run has and this one has not."""
    partitions: tuple[Partition, ...] = ()
    """The checker's evidence, a part for each key, violated keys first."""
    violations: tuple[Violation, ...] = ()
    """The invariants of the protocol that broke, in the order in which they did."""

    @property
    def place(self) -> Path:
        """Where it is, as one would type it: below the working directory without the way there."""
        path = self.path if self.folder is None else self.folder.path
        here = Path.cwd()
        return path.relative_to(here) if path.is_relative_to(here) else path

    @property
    def windows(self) -> list[Window]:
        """The faults."""
        return windows(self.history)

    @property
    def last(self) -> int:
        """The time of the last event in ns."""
        return int(self.history.time[-1]) if len(self.history) else 0

    def stuck(self) -> int | None:
        """The row of the event at which no linearization is left, of the first violated key."""
        return next((row for part in self.partitions if (row := stuck_row(self.history, part)) is not None), None)


def recorded(path: Path, model: str | None = None, seconds: float = 60.0) -> Recorded:
    """Whatever there is at `path`: a run folder, or a history in any format.

    A history that nobody has judged is judged now if its model is known: it names one itself, or `model` does. Raises
    `NoRun` and `HistoryError`, also for a model that there is not.
    """
    history, folder = history_of(path)
    result = None if folder is None else folder.read_result()
    run = known(path, history, folder, result)
    named = model or (None if history.header is None else history.header.model)
    if named is not None and (result is None or model is not None):
        missing = run.missing
        run = replace(known(path, history, folder, judged(path, history, named, seconds)), missing=missing)
    return run


def known(path: Path, history: History, folder: store.RunFolder | None, result: Result | None) -> Recorded:
    """Put together what is known of a run whose history and verdict are at hand."""
    plan = journal = None
    missing: list[str] = []
    if folder is not None:
        for file in (folder.plan, folder.messages, *(() if result is not None else (folder.verdict,))):
            if not file.exists():
                missing.append(file.name)
        if folder.plan.exists():
            plan = folder.plan.read_text(encoding="utf-8", errors="replace")
        if folder.messages.exists():
            journal = folder.messages
    return Recorded(
        path=path,
        history=history,
        folder=folder,
        result=result,
        plan=plan,
        journal=journal,
        missing=tuple(missing),
        partitions=tuple(
            sorted(_partitions(result, len(history.operations)), key=lambda part: part.verdict != "invalid")
        ),
        violations=tuple(_violations(result)),
    )


def judged(path: Path, history: History, model: str, seconds: float) -> Result:
    """The checker's verdict on a history. Raises `HistoryError` for a model that there is not."""
    from checkers.models import find
    from harness.judge import linearizable

    try:
        find(model)
    except ValueError as error:
        raise HistoryError(str(error), source="--model") from None
    check = linearizable(history, model, seconds, 1 << 30)
    header = history.header
    return Result(
        verdict=check.verdict,
        plan=None if header is None else header.plan,
        seed=None if header is None else header.seed,
        checks={"linearizable": check},
        operations=len(history.operations),
        explanation=check.why,
        run=None,
    )


def stuck_row(history: History, part: Partition) -> int | None:
    """The row of the history at which no linearization of this key is left."""
    if part.stuck is None:
        return None
    rows = (history.index == part.stuck).nonzero()[0]
    return int(rows[0]) if len(rows) else None


def _partitions(result: Result | None, operations: int) -> Iterable[Partition]:
    from checkers.verdict import Partition

    check = None if result is None else result.checks.get("linearizable")
    for evidence in (check.evidence or ()) if check is not None else ():
        try:
            part = msgspec.convert(evidence, Partition)
        except msgspec.ValidationError:
            continue
        named = (*(part.witness or ()), *(part.prefix or ()), *(part.core or ()))
        # Evidence on another history than the one beside it (a cut one) would point at nothing.
        if not named or (min(named) >= 0 and max(named) < operations):
            yield part


def _violations(result: Result | None) -> Iterable[Violation]:
    from systems import Violation

    check = None if result is None else result.checks.get("invariants")
    for evidence in (check.evidence or ()) if check is not None else ():
        try:
            yield msgspec.convert(evidence, Violation)
        except msgspec.ValidationError:
            continue
