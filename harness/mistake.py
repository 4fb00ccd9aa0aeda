"""What a user asked for and cannot have."""

from __future__ import annotations


class Mistake(ValueError):
    """The message says what was found and what is expected; the command line prints it and exits with 254."""
