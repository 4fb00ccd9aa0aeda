"""The messages of a live run in one order, for its journal and its monitors.

Every endpoint tells what happened there in the order of time. This merges what they tell. A node tells of a message
before the message leaves, and all clocks are one, so:

    what happened until T is complete, as far as one thing can have caused another,
    once everything that was told before T has been read

A record that comes later although it is older has caused nothing of what was released before. It is given the time of
the last one that was released, because numbers of messages grow with time.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from heapq import heappop, heappush

from clew.harness.runtime.live.protocols.messages import Messages
from clew.harness.runtime.live.protocols.node_wire import DROPPED, RECEIVED, SENT
from clew.harness.runtime.monitors import Monitors
from clew.histories.journal import Journal
from clew.systems import Sent

STARTED, CRASHED = 100, 101
"""Kinds beside those of `node_wire`: a life of a node begins or ends. The id is its number."""

NUMBERS_MOST = 1 << 18
"""How many messages are remembered. What becomes of one after so many others were sent is not noted."""


class MessageRecord:
    """Takes records of all endpoints and releases them in the order of time."""

    def __init__(
        self,
        endpoints: Sequence[str],
        watched: frozenset[int],
        messages: Messages,
        monitors: Monitors,
        journal: Journal | None,
        fates: Counter[str],
    ) -> None:
        self._endpoints = endpoints
        self._watched = watched
        self._messages = messages
        self._monitors = monitors
        self._journal = journal
        self._fates = fates
        self._waiting: list[tuple[int, int, int, int, str, int, int, bytes]] = []
        self._added = 0
        self._released = 0
        self._sent = 0
        self._numbers: dict[int, int] = {}
        self._under_way: dict[int, str] = {}
        self._down: set[str] = set()

    def add(
        self, time: int, kind: int, source: str, id: int, place: int = 0, destination: int = 0, body: bytes = b""
    ) -> None:
        """Something happened at the endpoint `source`; the other arguments are those of `node_wire.HEAD`."""
        self._added += 1
        heappush(self._waiting, (time, self._added, kind, id, source, place, destination, body))

    def release(self, until: int) -> None:
        """Pass on what happened until this time (ns). Raises `SystemFailure` if a monitor raises."""
        waiting = self._waiting
        while waiting and waiting[0][0] <= until:
            time, _, kind, id, source, place, destination, body = heappop(waiting)
            self._released = time = max(time, self._released)
            if kind == SENT:
                to = self._endpoints[destination] if destination < len(self._endpoints) else "?"
                self._send(time, id, source, to, place, body)
            elif self._journal is not None:
                self._note(self._journal, time, kind, id, source, body)

    def _send(self, time: int, id: int, source: str, destination: str, place: int, body: bytes) -> None:
        number = self._sent
        self._sent += 1
        if self._journal is not None:
            self._journal.send(number, time, source, destination, body)
            if len(self._numbers) >= NUMBERS_MOST:
                oldest = next(iter(self._numbers))
                del self._numbers[oldest]
                # Nobody tells of a message that the kernel has lost.
                self._under_way.pop(oldest, None)
            self._numbers[id] = number
            if destination in self._down:
                self._lose(self._journal, time, id)
            else:
                self._under_way[id] = destination
        if place in self._watched:
            message = self._messages.known.get(body)
            if message is None:
                message = self._messages.decode(body)
            self._monitors.look(Sent(number, time, source, destination, message))

    def _note(self, journal: Journal, time: int, kind: int, id: int, source: str, body: bytes) -> None:
        if kind == RECEIVED:
            self._under_way.pop(id, None)
            if id in self._numbers:
                journal.receive(self._numbers[id], time)
        elif kind == DROPPED:
            self._under_way.pop(id, None)
            if id in self._numbers:
                journal.drop(self._numbers[id], time, body.decode())
        elif kind == STARTED:
            self._down.discard(source)
            journal.start(time, source, id)
        else:
            assert kind == CRASHED, kind
            self._down.add(source)
            for under_way in [id for id, destination in self._under_way.items() if destination == source]:
                del self._under_way[under_way]
                self._lose(journal, time, under_way)
            journal.crash(time, source, id)

    def _lose(self, journal: Journal, time: int, id: int) -> None:
        self._fates["down"] += 1
        if id in self._numbers:
            journal.drop(self._numbers[id], time, "down")
