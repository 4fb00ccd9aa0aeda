"""What this machine allows live runs, and the command that mends what it does not."""

from __future__ import annotations


def remedy(stage: str, number: int, detail: str) -> str:
    """One line about a step of making a world that the machine refused: what it refused, and what mends it."""
    return f"{stage} {number} {detail}"
