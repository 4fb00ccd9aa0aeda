"""A node's disk in simulation: what was synced survives a crash, what was not may be lost."""

from __future__ import annotations

import random


class SimulatedDisk:
    """Writes wait in order until a sync; a crash keeps a prefix of those that wait, of a length drawn at random."""

    def __init__(self, stream: random.Random) -> None:
        self._stream = stream
        self._synced: dict[str, bytes] = {}
        self._waiting: list[tuple[str, bytes]] = []

    def write(self, key: str, value: bytes) -> None:
        """A write that no sync has followed yet."""
        self._waiting.append((key, value))

    def sync(self) -> None:
        """All writes so far survive from here on."""
        self._synced.update(self._waiting)
        self._waiting.clear()

    def crash(self) -> None:
        """The node is killed. One draw a crash, whatever is lost, so that later crashes draw the same."""
        kept = int(self._stream.random() * (len(self._waiting) + 1))
        self._synced.update(self._waiting[:kept])
        self._waiting.clear()

    def contents(self) -> dict[str, bytes]:
        """What a restarted node finds, as a copy."""
        return dict(self._synced)
