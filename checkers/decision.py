"""The answer of an engine about one problem, in the problem's own numbers."""

from __future__ import annotations

import msgspec

from clew.checkers.encoding import Problem
from clew.checkers.verdict import Answer, Why


class Decision(msgspec.Struct, frozen=True):
    """An answer with its evidence. Operations are indices into the problem, events are positions."""

    answer: Answer
    order: list[int] = msgspec.field(default_factory=list)
    """If valid: the witness. Otherwise: an order that explains the longest beginning for which one was found."""
    stuck: int | None = None
    """If invalid: the position of a return that no linearization explains."""
    why: Why | None = None
    """If unknown: what ran out."""
    engine: str = ""
    """The engine that decided."""
    stuck_is_first: bool = True
    """False if the budget did not suffice to show that every earlier return can be explained."""
    part: Problem | None = None
    """If invalid: a part of the problem that is invalid at this return too, if one was found; see `parts`."""
