"""The exit codes of `clew`; they are Jepsen's.

This file imports nothing, so that `clew --help` stays fast.
"""

from __future__ import annotations

EXIT_CODES = {"valid": 0, "invalid": 1, "unknown": 2}
"""The exit code of each verdict."""
BAD_ARGUMENTS = 254
"""The user asked for something that cannot be done: a wrong option, plan, history or run."""
INTERNAL_ERROR = 255
"""The run broke, the machine failed, or clew has a bug."""
