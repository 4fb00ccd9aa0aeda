"""What is known of a run, or of a history from anywhere: all of it, or as much as there is.

Everything that shows a run (`clew show`, the report, `clew diff`, `clew serve`) starts from one of these.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from clew.harness.check import history_of
from clew.harness.store import folder as store
from clew.harness.store.fault_windows import FaultWindow, fault_windows
from clew.harness.verdict.result import Result, worst
from clew.histories import History, HistoryError
from clew.histories.codecs import read
from clew.histories.text import printable

if TYPE_CHECKING:
    from clew.checkers.verdict import KeyVerdict
    from clew.systems import Violation


@dataclass(frozen=True)
class Record:
    """A history, and where there is one the folder, the verdict, the plan as YAML, and the message journal."""

    path: Path
    history: History
    folder: store.RunFolder | None = None
    model: str | None = None
    """What it is a history of: as was asked for, or as it says itself."""
    result: Result | None = None
    plan: str | None = None
    journal: Path | None = None
    missing: tuple[str, ...] = ()
    """The files that a finished run has and this one has not, or not as they should be; then with the reason."""
    keys: tuple[KeyVerdict, ...] = ()
    """The checker's evidence, a part for each key, violated keys first."""
    violations: tuple[Violation, ...] = ()
    """The invariants of the protocol that broke, in the order in which they did."""

    @property
    def place(self) -> Path:
        """Where it is, as one would type it: below the working directory without the way there."""
        path = self.path if self.folder is None else self.folder.place
        here = Path.cwd()
        return path.relative_to(here) if path.is_relative_to(here) else path

    @property
    def fault_windows(self) -> list[FaultWindow]:
        """The faults of the history, as intervals of time."""
        return fault_windows(self.history)

    @property
    def last(self) -> int:
        """The time of the last event in ns; of a history that is not there, what the verdict says."""
        if len(self.history):
            return int(self.history.time[-1])
        return 0 if self.result is None else int(self.result.seconds * 1e9)

    def lacks(self, file: str) -> bool:
        """Whether this file of the folder is missing, or cannot be read."""
        return any(told.partition(" ")[0] == file for told in self.missing)

    def stuck(self) -> int | None:
        """The row of the event at which no linearization is left, of the first violated key."""
        return next((row for part in self.keys if (row := stuck_row(self.history, part)) is not None), None)


def read_record(path: Path, model: str | None = None, seconds: float = 60.0) -> Record:
    """Whatever there is at `path`: a run folder, or a history in any format.

    A history that nobody has judged is judged now if its model is known: it names one itself, or `model` does. Of a
    folder whatever can be read is taken, and `missing` names the rest. Raises `NoRun` for a path that is no run,
    `HistoryError` for a history on its own that cannot be read, and for a model that there is not.
    """
    lacking: list[str] = []
    folder = result = None
    if path.is_dir():
        folder = store.find_run(path)
        history = _history(folder, lacking)
        try:
            result = folder.read_result()
        except store.NoRun as error:
            lacking.append(f"{folder.verdict.name} (unreadable: {_reason(error, folder.verdict)})")
    else:
        history, _ = history_of(path)
    run = known(path, history, folder, result)
    lacking += [name for name in run.missing if not any(name == told.partition(" ")[0] for told in lacking)]
    named = model or _named(history)
    if named is not None and (result is None or model is not None):
        again = judged(path, history, named, seconds)
        if folder is not None and folder.verdict.exists() and result is None:
            # Whether it was cut short is what its verdict would say, and which other checks it did not pass.
            again = not_valid(again, "of the verdict of the run nothing can be read")
        elif history.cut or (folder is not None and (result is None or not result.finished)):
            again = not_valid(again, "the run did not come to its end")
        if result is not None:
            again = beside(again, result)
        run = known(path, history, folder, again)
    return replace(run, model=named, missing=tuple(lacking))


def _history(folder: store.RunFolder, lacking: list[str]) -> History:
    """The history of a folder; an empty one if it is not there or cannot be read, and then `lacking` says so."""
    if not folder.history.exists():
        lacking.append(folder.history.name)
        return History.of([])
    try:
        history = read(folder.history)
        # A history that breaks the rules is found out when its operations are put together.
        _ = history.operations
    except (HistoryError, IsADirectoryError) as error:
        lacking.append(f"{folder.history.name} (unreadable: {_reason(error, folder.history)})")
        return History.of([])
    return history


def _named(history: History) -> str | None:
    """The model that a history names, if there is one here: it may be of another tool, or of a system of one's own."""
    from clew.checkers.models import names

    model = None if history.header is None else history.header.model
    return model if model in names() else None


def _reason(error: Exception, path: Path) -> str:
    """Why a file cannot be read, without the way to it."""
    if isinstance(error, OSError):
        return (error.strerror or "cannot be read").lower()
    return printable(str(error).replace(f"{path}:", "").strip())


def known(path: Path, history: History, folder: store.RunFolder | None, result: Result | None) -> Record:
    """Put together what is known of a run whose history and verdict are at hand."""
    plan = journal = None
    missing: list[str] = []
    if folder is not None:
        for file in (folder.plan, folder.messages, *(() if result is not None else (folder.verdict,))):
            if not file.is_file():
                missing.append(f"{file.name} (unreadable: no file)" if file.exists() else file.name)
        if folder.plan.is_file():
            plan = folder.plan.read_text(encoding="utf-8", errors="replace")
        if folder.messages.is_file():
            journal = folder.messages
    return Record(
        path=path,
        history=history,
        folder=folder,
        model=_named(history),
        result=result,
        plan=plan,
        journal=journal,
        missing=tuple(missing),
        keys=tuple(sorted(_partitions(result, len(history.operations)), key=lambda part: part.verdict != "invalid")),
        violations=tuple(_violations(result)),
    )


def judged(path: Path, history: History, model: str, seconds: float) -> Result:
    """The checker's verdict on a history. Raises `HistoryError` for a model that there is not."""
    from clew.checkers.models import find_model
    from clew.harness.verdict.judge import linearizable

    try:
        find_model(model)
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


def not_valid(result: Result, reason: str) -> Result:
    """The verdict on what may not be all of a run, for this reason: what is missing might not be explained."""
    if result.verdict != "valid":
        return result
    why = f"an order of the operations explains every answer as far as the history goes; {reason}"
    checks = {name: msgspec.structs.replace(check, verdict="unknown", why=why) for name, check in result.checks.items()}
    return msgspec.structs.replace(result, verdict="unknown", checks=checks, explanation=why, finished=False)


def beside(again: Result, result: Result) -> Result:
    """The verdict of a run whose history was judged again, as one of another model: its other checks stand."""
    checks = {**result.checks, **again.checks}
    verdict = worst([check.verdict for check in checks.values()])
    return msgspec.structs.replace(result, verdict=verdict, checks=checks, explanation=again.explanation)


def stuck_row(history: History, part: KeyVerdict) -> int | None:
    """The row of the history at which no linearization of this key is left."""
    if part.stuck is None:
        return None
    rows = (history.index == part.stuck).nonzero()[0]
    return int(rows[0]) if len(rows) else None


def _partitions(result: Result | None, operations: int) -> Iterable[KeyVerdict]:
    from clew.checkers.verdict import KeyVerdict

    check = None if result is None else result.checks.get("linearizable")
    for evidence in (check.evidence or ()) if check is not None else ():
        try:
            part = msgspec.convert(evidence, KeyVerdict)
        except msgspec.ValidationError:
            continue
        named = (*(part.witness or ()), *(part.prefix or ()), *(part.counterexample or ()))
        # Evidence on another history than the one beside it (a cut one) would point at nothing.
        if not named or (min(named) >= 0 and max(named) < operations):
            yield part


def _violations(result: Result | None) -> Iterable[Violation]:
    from clew.systems import Violation

    check = None if result is None else result.checks.get("invariants")
    for evidence in (check.evidence or ()) if check is not None else ():
        try:
            yield msgspec.convert(evidence, Violation)
        except msgspec.ValidationError:
            continue
