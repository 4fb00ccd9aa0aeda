"""Landmarks: moments in the messages of a run that a hunt counts, to show how hard the faults were for the protocol."""

from __future__ import annotations

from typing import Protocol

from clew.systems.invariant import Sent


class Landmark(Protocol):
    """A kind of moment that only the protocol can recognize, such as a retry or a view change."""

    name: str
    """What is counted, in the plural: `retries`."""
    watches: tuple[type, ...]
    """The types of the messages that it sees. It must be shown no others."""

    def observe(self, sent: Sent) -> bool:
        """Look at a message. Returns whether it marks such a moment."""
