"""The message journal of the packets of a live run: a `send` for each packet, and what became of it."""

from __future__ import annotations

import os

from clew.harness.runtime.live.packets.packet import body
from clew.histories.journal import Journal

BYTES_MAX = 200_000_000
"""A journal does not get longer than this: about a million packets. Packets that are sent later are only counted."""


class PacketJournal:
    """Writes the journal to a descriptor, many lines at a time, as long as it may grow."""

    def __init__(self, descriptor: int, bytes_max: int = BYTES_MAX) -> None:
        self._stream = _Bounded(descriptor, bytes_max)
        self._journal = Journal(self._stream)  # type: ignore[arg-type]
        self._packets = 0

    @property
    def full(self) -> bool:
        """Whether packets that are sent from now on are left out. What becomes of those before is still written."""
        return self._stream.full

    def send(self, time: int, source: str, destination: str, packet: bytes) -> int:
        """A packet is sent at `time` (ns since the start of the run).

        Returns its number for `receive` and `drop`, or -1 if it is left out.
        """
        if self._stream.full:
            return -1
        id = self._packets
        self._packets += 1
        self._journal.send(id, time, source, destination, body(packet))
        return id

    def receive(self, id: int, time: int) -> None:
        """A packet (or a copy of it) arrives."""
        if id >= 0:
            self._journal.receive(id, time)

    def drop(self, id: int, time: int, why: str) -> None:
        """A packet is lost."""
        if id >= 0:
            self._journal.drop(id, time, why)

    def start(self, time: int, node: str, life: int) -> None:
        """A node starts."""
        self._journal.start(time, node, life)

    def crash(self, time: int, node: str, life: int) -> None:
        """A node crashes."""
        self._journal.crash(time, node, life)

    def flush(self) -> None:
        """Write what is buffered."""
        self._journal.flush()


class _Bounded:
    """The stream below a journal. It notes when the file is long enough; a disk that is full ends it at once."""

    def __init__(self, descriptor: int, bytes_max: int) -> None:
        self._descriptor = descriptor
        self._left = bytes_max
        self._broken = False
        self.full = False

    def write(self, data: bytes) -> None:
        left = memoryview(data)
        try:
            while left and not self._broken:
                left = left[os.write(self._descriptor, left) :]
        except OSError:
            self._broken = self.full = True
        self._left -= len(data)
        self.full = self.full or self._left <= 0

    def flush(self) -> None:
        """Nothing is buffered here."""
