"""A message journal that does not grow without bound, for the messages of clew's own protocols and of Maelstrom nodes.

The packets of programs have a journal of their own in another process, see `packets/packet_journal.py`.
"""

from __future__ import annotations

import sys

from clew.histories.journal import Journal

BYTES_MAX = 200_000_000
"""About how long a journal gets. What becomes of the messages that are in it is written in any case."""
LINES = 150
"""Bytes of the lines of a message besides its body: one when it is sent, and one when it arrives or is lost."""


class BoundedJournal(Journal):
    """Passes on to another journal, until that is long enough. From then on messages are only counted.

    Numbers of messages grow with the time of sending, as everywhere in journals.
    """

    def __init__(self, journal: Journal, bytes_max: int = BYTES_MAX) -> None:
        self._journal = journal
        self._left = bytes_max
        self._end = sys.maxsize
        """The first message that is left out."""
        self.left_out = 0
        """How many messages are left out."""

    def send(self, id: int, time: int, source: str, destination: str, body: bytes) -> None:
        """See `Journal.send`."""
        if self._left <= 0:
            self._end = min(self._end, id)
            self.left_out += 1
            return
        self._left -= len(body) + LINES
        self._journal.send(id, time, source, destination, body)

    def receive(self, id: int, time: int) -> None:
        """See `Journal.receive`."""
        if id < self._end:
            self._journal.receive(id, time)

    def drop(self, id: int, time: int, why: str) -> None:
        """See `Journal.drop`."""
        if id < self._end:
            self._journal.drop(id, time, why)

    def start(self, time: int, node: str, life: int) -> None:
        """See `Journal.start`."""
        self._journal.start(time, node, life)

    def crash(self, time: int, node: str, life: int) -> None:
        """See `Journal.crash`."""
        self._journal.crash(time, node, life)

    def fileno(self) -> int:
        """See `Journal.fileno`."""
        return self._journal.fileno()

    def flush(self) -> None:
        """See `Journal.flush`."""
        self._journal.flush()

    def notes(self) -> list[str]:
        """A sentence for `Outcome.notes`, if anything is left out."""
        if not self.left_out:
            return []
        return [f"the journal of messages was full: the last {self.left_out:,} messages are missing from it"]
