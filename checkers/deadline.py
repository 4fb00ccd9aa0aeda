"""The end of a search: after some seconds, or when somebody stops it because its answer is no longer needed."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator

from clew.checkers.kept_code import watching


class Deadline:
    """A moment in the future, counted in wall-clock seconds from now. Any thread may ask or stop it.

    Without seconds, it passes only when it is stopped: give it to `check` as `until`, and stop it from another thread.
    A deadline with a parent passes with it.
    """

    def __init__(self, seconds: float = float("inf"), parent: Deadline | None = None) -> None:
        self._end = time.monotonic() + seconds
        self._parent = parent
        self._stopped = False
        self._held_at: float | None = None

    def stop(self) -> None:
        """Make it pass now, and the deadlines under it."""
        self._stopped = True

    def passed(self) -> bool:
        """Whether the search must end."""
        now = time.monotonic() if self._held_at is None else self._held_at
        return self._stopped or now > self._end or (self._parent is not None and self._parent.passed())

    @contextlib.contextmanager
    def not_counting_compilation(self) -> Iterator[None]:
        """Inside this block, the clock stands still while numba is imported or compiles a kernel.

        It compiles once after an install, and that can take longer than the whole budget.
        """
        began: list[float] = []

        def hold() -> None:
            began.append(time.monotonic())
            self._held_at = began[0]

        def let_go() -> None:
            if not began:
                return  # another thread was compiling before this block
            start = began.pop()
            if not began:
                self._end += time.monotonic() - start
                self._held_at = None

        with watching(hold, let_go):
            yield

    def child(self) -> Deadline:
        """A deadline that passes with this one, and can also be stopped alone."""
        return Deadline(parent=self)
