"""What is wrong with a plan, said to the person who wrote it."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches

import msgspec


class Place(msgspec.Struct, frozen=True):
    """Where a value stands: a file with line and column from 1, or something without lines, such as a `--set`."""

    file: str
    line: int | None = None
    column: int | None = None

    def __str__(self) -> str:
        return self.file if self.line is None else f"{self.file}:{self.line}:{self.column}"


class PlanError(ValueError):
    """A plan that cannot be run: `plan.yaml:7:15: workload.clients: expected a whole number, found 'five'`.

    `field` is the path of the field in the plan, empty if it is the whole of it. `line` and `column` count from 1 and
    are None where there are none: in a file that cannot be read, or a `--set` (which is then the `file`).
    """

    def __init__(self, place: Place, field: str, message: str) -> None:
        super().__init__(f"{place}: {field}: {message}" if field else f"{place}: {message}")
        self.place = place
        self.field = field
        self.message = message

    @property
    def file(self) -> str:
        """The file as it was asked for, or `--set path=value`, or `--seed`."""
        return self.place.file

    @property
    def line(self) -> int | None:
        """From 1."""
        return self.place.line

    @property
    def column(self) -> int | None:
        """From 1."""
        return self.place.column

    def __reduce__(self) -> tuple[type[PlanError], tuple[Place, str, str]]:
        # Exceptions pickle by their `args`, which are not the arguments of this one; a campaign's workers send them.
        return PlanError, (self.place, self.field, self.message)


def one_of(allowed: Sequence[str], found: str) -> str:
    """`x, y or z` (the first and last of very many), and which of them was probably meant by `found`."""
    if len(allowed) == 1:
        return allowed[0]
    shown = allowed if len(allowed) <= 16 else (*allowed[:3], "...", allowed[-1])
    listed = f"{', '.join(shown[:-1])} or {shown[-1]}"
    nearest = get_close_matches(found, allowed, n=1)
    return f"{listed} (did you mean {nearest[0]}?)" if nearest else listed
