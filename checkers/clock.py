"""When a search must end: at a time, or when somebody stops it because its answer is not needed any more."""

from __future__ import annotations

import time


class Clock:
    """Over after so many seconds, or once stopped. Any thread may ask and stop."""

    def __init__(self, seconds: float, parent: Clock | None = None) -> None:
        self._deadline = time.monotonic() + seconds
        self._parent = parent
        self._stopped = False

    def stop(self) -> None:
        """It is over from now on."""
        self._stopped = True

    def over(self) -> bool:
        """Whether the search must end."""
        return self._stopped or time.monotonic() > self._deadline or (self._parent is not None and self._parent.over())

    def child(self) -> Clock:
        """A clock that can be stopped alone, and is over with this one."""
        return Clock(float("inf"), self)
