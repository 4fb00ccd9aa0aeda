"""The import of a user's system: which line of it raised, and which line it is at if it takes too long."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import traceback
from collections.abc import Iterator
from pathlib import Path

SLOW_SECONDS = 5.0
"""An import that takes longer is told. It may compute something, or wait, or never end."""
_OURS = f"{Path(__file__).resolve().parents[2]}{os.sep}"


def line_of(error: BaseException, name: str) -> str:
    """`raft.py:12: ` for the innermost line beside the file `name`; if there is none, for the innermost one outside of
    clew. Empty if there is none either."""
    if isinstance(error, SyntaxError) and error.filename is not None:
        return f"{error.filename}:{error.lineno}: "
    return _innermost(traceback.extract_tb(error.__traceback__), name)


@contextlib.contextmanager
def told_if_slow(name: str) -> Iterator[None]:
    """If the block takes longer than `SLOW_SECONDS`, say on stderr where it is."""
    thread = threading.get_ident()

    def tell() -> None:
        frame = sys._current_frames().get(thread)
        place = _innermost(traceback.extract_stack(frame), name) if frame is not None else ""
        words = f"clew: the import of {name} is not over after {SLOW_SECONDS:g} s; it is at {place or name}"
        print(words.rstrip(": "), file=sys.stderr, flush=True)

    timer = threading.Timer(SLOW_SECONDS, tell)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _innermost(stack: traceback.StackSummary, name: str) -> str:
    beside = f"{Path(name).parent}{os.sep}" if name.endswith(".py") else name
    frames = [frame for frame in reversed(stack) if not frame.filename.startswith((_OURS, "<"))]
    for frame in (*(frame for frame in frames if frame.filename.startswith(beside)), *frames):
        return f"{frame.filename}:{frame.lineno}: "
    return ""
