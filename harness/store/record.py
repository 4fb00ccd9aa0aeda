"""Everything that is known of a recorded run, or of a history from anywhere. What is missing is said.

Everything that shows a run (`clew show`, the report, `clew diff`, `clew serve`) starts from a `Record`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from clew.harness.store.fault_windows import FaultWindow, fault_windows
from clew.harness.store.folder import NoRun, RunFolder, find_run
from clew.harness.store.open import open_history
from clew.harness.verdict.result import Result, what_happened, worst
from clew.histories import History, HistoryError
from clew.histories.codecs import read
from clew.histories.text import printable

if TYPE_CHECKING:
    from clew.checkers.verdict import KeyVerdict
    from clew.systems import Violation

MEMORY = 1 << 30
"""Bytes that the checker may use for a history that is judged when it is read."""


@dataclass(frozen=True)
class Record:
    """A history, and everything else that is known of its run."""

    path: Path
    """The path that was read: a run folder or a file."""
    history: History
    folder: RunFolder | None = None
    """None for a history in a file of its own."""
    model: str | None = None
    """The model that the history is judged by: the one that was asked for, or the one that the history names."""
    read_with: tuple[str, ...] = ()
    """The options of a command line that say how the file was read."""
    result: Result | None = None
    """The verdict, if there is one."""
    plan: str | None = None
    """The text of `plan.yaml`."""
    journal: Path | None = None
    """The message journal."""
    missing: tuple[str, ...] = ()
    """The names of the files that every finished run has and this one lacks. For an unreadable file, the reason follows
    the name: `verdict.json (unreadable: ...)`."""
    keys: tuple[KeyVerdict, ...] = ()
    """The checker's evidence for each key, violated keys first."""
    violations: tuple[Violation, ...] = ()
    """The violations of invariants, in the order in which they happened."""

    @property
    def shown_path(self) -> Path:
        """Where the run is, as a user would type it: relative to the working directory if it is below."""
        path = self.path if self.folder is None else self.folder.final_path
        here = Path.cwd()
        return path.relative_to(here) if path.is_relative_to(here) else path

    @property
    def fault_windows(self) -> list[FaultWindow]:
        """The faults of the history, as intervals of time."""
        return fault_windows(self.history)

    @property
    def last(self) -> int:
        """The time of the last event in ns. Without a history, the length of the run by its verdict."""
        if len(self.history):
            return int(self.history.time[-1])
        return 0 if self.result is None else int(self.result.seconds * 1e9)

    def is_missing(self, file: str) -> bool:
        """Whether this file of the folder is missing or unreadable."""
        return _lists(self.missing, file)

    def stuck(self) -> int | None:
        """The row of the event at which no linearization is left, for the first violated key; None without one."""
        return next((row for key in self.keys if (row := stuck_row(self.history, key)) is not None), None)


def read_record(
    path: Path,
    model: str | None = None,
    seconds: float = 60.0,
    *,
    fields: str | None = None,
    words: str | None = None,
    renumber: bool = False,
) -> Record:
    """Read a run folder, or a history in any format. `fields`, `words` and `renumber` are those of `open_history`.

    A history without a verdict is judged now, within `seconds`, if its model is known: `model`, or else the one that
    the history names. With a `model` it is judged again in any case. Of a folder everything that can be read is taken,
    and `missing` lists the rest.

    Raises `NoRun` if there is no run at the path, `HistoryError` for an unknown model or for a file that is no history,
    and `UserError` for options that cannot be used.
    """
    unread: list[str] = []
    folder = result = None
    if path.is_dir():
        folder = find_run(path)
        history = _read_history(folder, unread)
        try:
            result = folder.read_result()
        except NoRun as error:
            unread.append(f"{folder.verdict.name} (unreadable: {_reason(error, folder.verdict)})")
    else:
        history, _ = open_history(path, fields=fields, words=words, renumber=renumber)
    record = make_record(path, history, folder, result)
    missing = (*unread, *(entry for entry in record.missing if not _lists(unread, entry.partition(" ")[0])))
    judged_by = model or _model_of(history)
    if judged_by is not None and (result is None or model is not None):
        again = _judge_again(history, judged_by, seconds)
        if folder is not None and folder.verdict.exists() and result is None:
            # The verdict would have said whether the run came to its end, and which other checks failed.
            again = _as_incomplete(again, "of the verdict of the run nothing can be read")
        elif history.cut or (folder is not None and (result is None or not result.finished)):
            again = _as_incomplete(again, "the run did not come to its end")
        if result is not None:
            again = _with_other_checks(again, result)
        record = make_record(path, history, folder, again)
    read_with = (
        *(() if fields is None else ("--fields", fields)),
        *(() if words is None else ("--words", words)),
        *(("--renumber",) if renumber else ()),
    )
    return replace(record, model=judged_by, missing=missing, read_with=read_with)


def make_record(path: Path, history: History, folder: RunFolder | None, result: Result | None) -> Record:
    """The record of a run whose history and verdict are at hand."""
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
    keys = sorted(_key_verdicts(result, len(history.operations)), key=lambda key: key.verdict != "invalid")
    return Record(
        path=path,
        history=history,
        folder=folder,
        model=_model_of(history),
        result=result,
        plan=plan,
        journal=journal,
        missing=tuple(missing),
        keys=tuple(keys),
        violations=tuple(_violations(result)),
    )


def stuck_row(history: History, key: KeyVerdict) -> int | None:
    """The row of the history at which no linearization of this key is left; None if there is none."""
    if key.stuck is None:
        return None
    rows = (history.index == key.stuck).nonzero()[0]
    return int(rows[0]) if len(rows) else None


def _lists(entries: Iterable[str], file: str) -> bool:
    """Whether a list of missing files has this one, whatever the reason."""
    return any(entry.partition(" ")[0] == file for entry in entries)


def _read_history(folder: RunFolder, unread: list[str]) -> History:
    """The history of a folder. If it is missing or unreadable, an empty one, and `unread` gets an entry."""
    if not folder.history.exists():
        unread.append(folder.history.name)
        return History.of([])
    try:
        history = read(folder.history)
        # Reading does not find every broken rule. Putting the operations together does.
        _ = history.operations
    except (HistoryError, IsADirectoryError) as error:
        unread.append(f"{folder.history.name} (unreadable: {_reason(error, folder.history)})")
        return History.of([])
    return history


def _reason(error: Exception, path: Path) -> str:
    """Why a file cannot be read, without its path."""
    if isinstance(error, OSError):
        return (error.strerror or "cannot be read").lower()
    return printable(str(error).replace(f"{path}:", "").strip())


def _model_of(history: History) -> str | None:
    """The model that a history names, if clew has it. Another tool, or a user's own system, may name another."""
    from clew.checkers.models import names

    model = None if history.header is None else history.header.model
    return model if model in names() else None


def _judge_again(history: History, model: str, seconds: float) -> Result:
    """The checker's verdict on a history. Raises `HistoryError` for an unknown model."""
    from clew.checkers.models import find_model
    from clew.harness.verdict.judge import judge_history, linearizable
    from clew.harness.verdict.weaker import weaker_checks

    try:
        find_model(model)
    except ValueError as error:
        raise HistoryError(str(error), source="--model") from None
    check = linearizable(history, model, seconds, MEMORY)
    _, holds = weaker_checks(history, model, (), seconds, MEMORY, linearizable=check)
    return judge_history(history, {"linearizable": check}, holds=holds)


def _as_incomplete(result: Result, reason: str) -> Result:
    """The verdict on a history that may not be the whole of a run. Valid becomes unknown: the rest may be wrong."""
    if result.verdict != "valid":
        return result
    why = f"an order of the operations explains every answer as far as the history goes; {reason}"
    checks = {name: msgspec.structs.replace(check, verdict="unknown", why=why) for name, check in result.checks.items()}
    return msgspec.structs.replace(result, verdict="unknown", checks=checks, explanation=why, finished=False)


def _with_other_checks(again: Result, result: Result) -> Result:
    """The old result of a run with the checks that were done again. Its other checks stay as they were."""
    checks = {**result.checks, **again.checks}
    verdict = worst([check.verdict for check in checks.values()])
    broke = None if any(check.happened for check in result.checks.values()) else result.happened
    happened = what_happened(checks) or broke
    return msgspec.structs.replace(
        result, verdict=verdict, checks=checks, explanation=again.explanation, happened=happened, holds=again.holds
    )


def _key_verdicts(result: Result | None, operations: int) -> Iterable[KeyVerdict]:
    from clew.checkers.verdict import KeyVerdict

    check = None if result is None else result.checks.get("linearizable")
    for evidence in (check.evidence or ()) if check is not None else ():
        try:
            key = msgspec.convert(evidence, KeyVerdict)
        except msgspec.ValidationError:
            continue
        numbers = (*(key.witness or ()), *(key.prefix or ()), *(key.counterexample or ()))
        # The history beside the verdict may be shorter than the one that was judged. Such evidence is dropped.
        if not numbers or (min(numbers) >= 0 and max(numbers) < operations):
            yield key


def _violations(result: Result | None) -> Iterable[Violation]:
    from clew.systems import Violation

    check = None if result is None else result.checks.get("invariants")
    for evidence in (check.evidence or ()) if check is not None else ():
        try:
            yield msgspec.convert(evidence, Violation)
        except msgspec.ValidationError:
            continue
