"""Open a history from anywhere: a run folder, or a file in any format."""

from __future__ import annotations

from pathlib import Path

from clew.harness.errors import UserError
from clew.harness.store.folder import NoRun, RunFolder, find_run
from clew.histories import History
from clew.histories.codecs import CODECS, read
from clew.histories.reading import BadReading
from clew.histories.text import value_text


def open_history(
    path: Path,
    format: str | None = None,
    *,
    fields: str | None = None,
    words: str | None = None,
    renumber: bool = False,
) -> tuple[History, RunFolder | None]:
    """The history in a file or a run folder. For a run folder, the folder too.

    `format` is a key of `CODECS`; None finds it out. It counts for files only, as do the other options, which are those
    of `codecs.read`.

    Raises `NoRun` if nothing is there, `HistoryError` if the history cannot be read, `UserError` for an unknown format
    and for options that cannot be used.
    """
    if format is not None and format not in CODECS:
        raise UserError(f"--format: there is no format {value_text(format)}; there are {', '.join(CODECS)}")
    if path.exists() and not path.is_dir():
        try:
            return read(path, format, fields=fields, words=words, renumber=renumber), None
        except BadReading as error:
            raise UserError(str(error)) from None
    folder = find_run(path)
    if not folder.history.exists():
        raise NoRun(f"{path} has no history.jsonl")
    return read(folder.history), folder
