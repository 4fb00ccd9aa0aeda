"""How a command ends: Jepsen's exit codes. (Apart from `clew.harness.verdict.result`, so that `clew --help` needs no
msgspec.)"""

from __future__ import annotations

import os
import signal
from typing import NoReturn

EXIT_CODES = {"valid": 0, "invalid": 1, "unknown": 2}
BAD_ARGUMENTS = 254
"""A user's mistake."""
INTERNAL_ERROR = 255
"""A run that broke, or clew itself."""


def reader_gone() -> NoReturn:
    """End as every program does whose reader (`head`, a pager that was left) has seen enough: by SIGPIPE, in silence.

    A shell calls that 141. No code of a verdict would do: what was found did not reach anybody.
    """
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    os.kill(os.getpid(), signal.SIGPIPE)
    raise AssertionError("SIGPIPE ends a process")
