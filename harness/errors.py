"""What a user asked for and cannot have, and what a machine cannot do."""

from __future__ import annotations


class Mistake(ValueError):
    """The message says what was found and what is expected; the command line prints it and exits with 254."""


class Breakdown(RuntimeError):
    """The machine did not do its part, and nobody's plan is to blame; printed as it is, with exit code 255."""
