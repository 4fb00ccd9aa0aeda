"""Exceptions that the command line reports in one line, without a traceback."""

from __future__ import annotations

import errno
from pathlib import Path

DISK_IS_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""The errors of a disk, a quota or a limit with no room left."""


class UserError(ValueError):
    """The user asked for something that cannot be done. Exit code 254.

    The message says what was found, where, and what was expected.
    """


def unwritable(path: Path, error: OSError) -> Exception:
    """What to raise when a file that the user has named cannot be written: a `UserError`, or an `OSError` with the path
    if the disk is full, for then the user has named nothing wrong."""
    if isinstance(error, BrokenPipeError):
        return error
    if error.errno in DISK_IS_FULL:
        return OSError(error.errno, error.strerror, str(path))
    return UserError(f"{path} cannot be written: {(error.strerror or str(error)).lower()}")


class MachineError(RuntimeError):
    """The machine or the cluster of workers failed; neither the plan nor clew is to blame. Exit code 255."""
