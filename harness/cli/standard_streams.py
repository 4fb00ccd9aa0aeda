"""The three standard streams, for a process that was started without some of them.

A supervisor may start clew with stdout and stderr closed (`clew run PLAN >&- 2>&-`). The system then gives their
numbers to the next files and sockets that are opened, and what a node prints goes there.
"""

from __future__ import annotations

import os
import sys


def ensure_standard_streams() -> None:
    """Open `/dev/null` in the place of each standard stream that is closed. Call it before anything else is opened."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            # The system takes the lowest free number. It is this one: those below it are open by now.
            opened = os.open(os.devnull, os.O_RDWR)
            # Processes that clew starts need it too.
            os.set_inheritable(opened, True)
    if sys.stdout is None:
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
