"""What an engine says of one problem, in the problem's own numbers."""

from __future__ import annotations

from dataclasses import dataclass, field

from clew.checkers.verdict import Answer, Why


@dataclass(frozen=True)
class Decision:
    """`order` holds indices of operations: the witness if valid, else the longest prefix that has one.

    `stuck` is the position of the first return that no linearization explains, if invalid; where `stuck_is_first` is
    False, nobody had the time to find out whether an earlier one is inexplicable already. `engine` is who decided.
    """

    answer: Answer
    order: list[int] = field(default_factory=list)
    stuck: int | None = None
    why: Why | None = None
    engine: str = ""
    stuck_is_first: bool = True
