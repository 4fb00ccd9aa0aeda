"""Exceptions that the command line reports in one line, without a traceback."""

from __future__ import annotations


class UserError(ValueError):
    """The user asked for something that cannot be done. Exit code 254.

    The message says what was found, where, and what was expected.
    """


class MachineError(RuntimeError):
    """The machine or the cluster of workers failed; neither the plan nor clew is to blame. Exit code 255."""
