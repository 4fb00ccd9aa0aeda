"""A part of the system under test that broke by itself: it raised, hangs, or sends what is no message."""

from __future__ import annotations

import traceback
from typing import Literal

Part = Literal["node", "client", "invariant"]
"""What kind of part broke: a node, a client of the workload, or an invariant (a monitor of the system's author)."""


class SystemFailure(Exception):
    """A part of the system broke, and no fault of the plan explains it. The run ends with it.

    `str(failure)` is one line: the part, its name, and what happened.
    """

    part: Part
    """What kind of part broke."""
    name: str
    """Its name: `n1`, `c0`, or the name of an invariant. Empty if all nodes broke at once."""
    detail: str
    """A traceback, or what the process left on stderr. May be empty."""

    def __init__(self, part: Part, name: str, what: str, detail: str = "") -> None:
        super().__init__(f"{part} {name} {what}" if name else f"every {part} {what}")
        self.part = part
        self.name = name
        self.detail = detail


def raised(part: Part, name: str) -> SystemFailure:
    """The failure of a part that raised the exception being handled. Call it inside an `except` block."""
    return SystemFailure(part, name, "died by itself", traceback.format_exc())
