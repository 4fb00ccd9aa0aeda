"""When a search must end: at a time, or when somebody stops it because its answer is not needed any more."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator


class Deadline:
    """Over after so many seconds, or once stopped. Any thread may ask and stop."""

    def __init__(self, seconds: float, parent: Deadline | None = None) -> None:
        self._deadline = time.monotonic() + seconds
        self._parent = parent
        self._stopped = False
        self._stands_at: float | None = None

    def stop(self) -> None:
        """It is over from now on."""
        self._stopped = True

    def passed(self) -> bool:
        """Whether the search must end."""
        now = time.monotonic() if self._stands_at is None else self._stands_at
        return self._stopped or now > self._deadline or (self._parent is not None and self._parent.passed())

    @contextlib.contextmanager
    def searching(self) -> Iterator[None]:
        """Meanwhile the time in which numba compiles kernels does not count: it does so once after an install, and for
        longer than many a budget."""
        from numba.core import event

        began: list[float] = []
        deadline = self

        class Pause(event.Listener):
            def on_start(self, _: event.Event) -> None:
                began.append(time.monotonic())
                deadline._stands_at = began[0]

            def on_end(self, _: event.Event) -> None:
                start = began.pop()
                if not began:
                    deadline._deadline += time.monotonic() - start
                    deadline._stands_at = None

        with event.install_listener("numba:compile", Pause()):
            yield

    def child(self) -> Deadline:
        """A deadline that can be stopped alone, and is over with this one."""
        return Deadline(float("inf"), self)
