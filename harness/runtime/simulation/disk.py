"""The disk of a simulated node. A crash keeps what was synced, and may lose what was not."""

from __future__ import annotations

import random
from collections.abc import Iterable

from clew.systems.node import NOTHING


class SimulatedDisk:
    """Writes wait, in their order, until a sync. A crash keeps a prefix of the waiting ones, of random length."""

    def __init__(self, stream: random.Random) -> None:
        self._stream = stream
        self._synced: dict[str, bytes] = {}
        self._waiting: list[tuple[str, bytes]] = []

    def write(self, key: str, value: bytes) -> None:
        """Write `value` at `key`; `NOTHING` removes what was there. A crash may lose it until the next `sync`."""
        self._waiting.append((key, value))

    def sync(self) -> None:
        """Make all writes so far safe from crashes."""
        self._keep(self._waiting)
        self._waiting.clear()

    def crash(self) -> None:
        """The node is killed. Every crash draws one number, whatever is lost, so that later crashes draw the same
        ones."""
        kept = int(self._stream.random() * (len(self._waiting) + 1))
        self._keep(self._waiting[:kept])
        self._waiting.clear()

    def contents(self) -> dict[str, bytes]:
        """What a restarted node finds: key -> value (JSON), as a copy."""
        return dict(self._synced)

    def _keep(self, writes: Iterable[tuple[str, bytes]]) -> None:
        for key, value in writes:
            if value == NOTHING:
                self._synced.pop(key, None)
            else:
                self._synced[key] = value
