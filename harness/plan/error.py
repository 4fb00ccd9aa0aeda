"""Mistakes in plans, as errors for the person who wrote the plan."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches

import msgspec


class Place(msgspec.Struct, frozen=True):
    """Where a value stands."""

    file: str
    """The file as the user named it, or something else that holds values: `--set path=value`, `--seed 3`."""
    line: int | None = None
    """Counts from 1. None: what holds the value has no lines, or the file cannot be read."""
    column: int | None = None
    """Counts from 1."""

    def __str__(self) -> str:
        return self.file if self.line is None else f"{self.file}:{self.line}:{self.column}"


class PlanError(ValueError):
    """A plan that cannot be run: `plan.yaml:7:15: workload.clients: expected a whole number, found "five"`."""

    def __init__(self, place: Place, field: str, message: str) -> None:
        super().__init__(f"{place}: {field}: {message}" if field else f"{place}: {message}")
        self.place = place
        """Where the mistake is."""
        self.field = field
        """The path of the field in the plan. Empty: the mistake is about the whole plan."""
        self.message = message
        """What was found and what is expected."""

    @property
    def file(self) -> str:
        """The `file` of the place."""
        return self.place.file

    @property
    def line(self) -> int | None:
        """The `line` of the place."""
        return self.place.line

    @property
    def column(self) -> int | None:
        """The `column` of the place."""
        return self.place.column

    def __reduce__(self) -> tuple[type[PlanError], tuple[Place, str, str]]:
        # Workers of a campaign send this error. By default an exception is rebuilt from `args`, here the message alone.
        return PlanError, (self.place, self.field, self.message)


def one_of(allowed: Sequence[str], found: str) -> str:
    """The allowed words as `x, y or z`, and a guess at which of them `found` was meant to be.

    If there are many, only the first and the last are listed.
    """
    if len(allowed) == 1:
        return allowed[0]
    shown = allowed if len(allowed) <= 16 else (*allowed[:3], "...", allowed[-1])
    listed = f"{', '.join(shown[:-1])} or {shown[-1]}"
    nearest = get_close_matches(found, allowed, n=1)
    return f"{listed} (did you mean {nearest[0]}?)" if nearest else listed
