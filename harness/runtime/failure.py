"""A part of the system under test that broke by itself: it raised, hangs, or sends something that is not a message."""

from __future__ import annotations

import os
from pathlib import Path
from traceback import FrameSummary, StackSummary, TracebackException
from typing import Literal

Part = Literal["node", "client", "invariant", "landmark"]
"""What kind of part broke: a node, a client of the workload, or an invariant or landmark that the system brings."""

MACHINERY = tuple(
    str(Path(__file__).parents[2] / "systems" / name) for name in ("command.py", "program.py", "registry.py")
)
"""Files of clew between the client host and the user's code. Other systems of clew are shown, with their mistakes."""


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


def raised(part: Part, name: str, error: BaseException) -> SystemFailure:
    """The failure of a part that raised this exception."""
    said = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    return SystemFailure(part, name, f"raised {said.splitlines()[0]:.200}", report(error))


def report(error: BaseException) -> str:
    """The traceback of an exception, without the lines of clew and of Python's import that led to the step."""
    told = TracebackException.from_exception(error)
    frames = list(told.stack)
    # The watchdog interrupts a step from within: its own line comes last.
    while frames and _is_ours(frames[-1]):
        frames.pop()
    steps = [place for place, frame in enumerate(frames) if _is_ours(frame)]
    frames = frames[steps[-1] + 1 if steps else 0 :]
    while frames and (_is_import(frames[0]) or frames[0].filename in MACHINERY):
        frames.pop(0)
    told.stack = StackSummary.from_list([frame for frame in frames if not _is_import(frame)])
    return "".join(told.format() if told.stack else told.format_exception_only())


def _is_import(frame: FrameSummary) -> bool:
    return frame.filename.startswith("<frozen importlib")


def _is_ours(frame: FrameSummary) -> bool:
    return frame.filename.startswith(f"{Path(__file__).parent}{os.sep}")
