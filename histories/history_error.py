"""A history that cannot be used: what is raised, apart from histories, which import numpy."""

from __future__ import annotations


class HistoryError(ValueError):
    """A history that cannot be used. The message says what was found and what was expected.

    `source` is the file and `line` the line in it, counted from 1, if there is one.
    """

    def __init__(self, message: str, *, source: str | None = None, line: int | None = None) -> None:
        self.message = message
        self.source = source
        self.line = line
        place = ":".join(str(part) for part in (source, line) if part is not None)
        super().__init__(f"{place}: {message}" if place else message)
