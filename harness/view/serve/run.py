"""One run as a row of the table."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec


class Run(msgspec.Struct, frozen=True):
    """One run as a row of the table."""

    group: str
    """The folder of its plan."""
    name: str
    plan: str
    system: str
    seed: int | None
    """None if neither the verdict nor the name of the folder says it."""
    verdict: str
    """valid, invalid or unknown; running, unfinished or unreadable."""
    operations: int
    unknown: float
    """The share of operations of unknown outcome, 0 to 1."""
    seconds: float
    """How long the run took, in the time of its cluster."""
    when: float
    """When it was started, in seconds since 1970."""
    campaign: str = ""
    """The hunt that made this run, named by when it began; empty if no hunt did."""
    happened: str = ""
    """What went wrong, in a sentence; empty if nothing did."""
    plan_mark: str = ""
    """A hash of its plan without the comment: a replay has the same one."""
    origin: tuple[str, int] | None = None
    """The plan and the seed of the run that it was shrunk from."""

    @property
    def started(self) -> str:
        """When it was started (UTC), as text."""
        return f"{datetime.fromtimestamp(self.when, UTC):%Y-%m-%d %H:%M:%S}"

    @property
    def place(self) -> str:
        """Its folder in the store."""
        return f"{self.group}/{self.name}"
