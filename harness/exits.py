"""How a command ends: Jepsen's exit codes. (Apart from `harness.result`, so that `clew --help` needs no msgspec.)"""

from __future__ import annotations

EXIT = {"valid": 0, "invalid": 1, "unknown": 2}
BAD_ARGUMENTS = 254
"""A user's mistake."""
INTERNAL_ERROR = 255
"""A run that broke, or clew itself."""
