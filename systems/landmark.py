"""What a campaign counts in the messages of a run: whether the storm stormed shows in what the protocol had to do."""

from __future__ import annotations

from typing import Protocol

from clew.systems.invariant import Sent


class Landmark(Protocol):
    """A kind of moment in a run that only the protocol can name: a retry, a view change.

    `watches` are the types of the messages that it wants to see; it is shown no others.
    """

    name: str
    watches: tuple[type, ...]

    def observe(self, sent: Sent) -> bool:
        """Take notice of a message; whether it is such a moment."""
