"""Open a history from anywhere: a run folder, or a file in any format."""

from __future__ import annotations

from pathlib import Path

from clew.harness.errors import UserError
from clew.harness.store.folder import NoRun, RunFolder, find_run
from clew.histories import History
from clew.histories.codecs import CODECS, read


def open_history(path: Path, format: str | None = None) -> tuple[History, RunFolder | None]:
    """The history in a file or a run folder. For a run folder, the folder too.

    `format` is a key of `CODECS`; None finds it out. It counts for files only.

    Raises `NoRun` if nothing is there, `HistoryError` if the history cannot be read, `UserError` for an unknown format.
    """
    if format is not None and format not in CODECS:
        raise UserError(f"--format: there is no format {format!r}; there are {', '.join(CODECS)}")
    if path.exists() and not path.is_dir():
        return read(path, format), None
    folder = find_run(path)
    if not folder.history.exists():
        raise NoRun(f"{path} has no history.jsonl")
    return read(folder.history), folder
