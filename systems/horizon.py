"""How invariants forget: what everybody has left behind, and what clients have asked for long ago.

    0 ............. line ............. horizon .............
      forgotten           remembered             remembered

A run counts something up: the places of a log, or terms. The *horizon* is the number that every node has reached. Why
nothing below it matters any more, the invariants of each system say. `Line.kept` numbers below the horizon are
remembered all the same, because late messages are mostly about these. The lowest number that is remembered is the
*line*. What is sent about numbers below the line is compared with nothing: it may have been right.

So the memory does not grow with the length of a run in which all nodes keep up.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")

REQUESTS_KEPT = 32
"""How many requests of each client are remembered. A client has one at a time, so an answer to an older one is late by
many operations, and the client ignores it."""


class Line:
    """The lowest number that is remembered."""

    def __init__(self, kept: int) -> None:
        self.at = 0
        """Nothing is remembered below it."""
        self._kept = kept
        self._memories: list[Callable[[int], None]] = []

    def share(self, forget: Callable[[int], None]) -> None:
        """Call `forget` with the line whenever it rises."""
        self._memories.append(forget)

    def rise(self, horizon: int) -> None:
        """Every node has reached this number. The line rises in steps, so that forgetting costs little a number."""
        if horizon - self.at >= 2 * self._kept + 1:
            self.at = horizon - self._kept
            for forget in self._memories:
                forget(self.at)


class Above(Generic[T]):
    """Something for each number from a line on. Nothing is noted below it."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self._known: dict[int, T] = {}
        line.share(self._forget)

    def get(self, number: int) -> T | None:
        """What is known of a number. None: nothing."""
        return self._known.get(number)

    def first(self, number: int, value: T) -> T:
        """Note a value, if the number has none. Returns the one that it has now, or below the line the one given."""
        return value if number < self._line.at else self._known.setdefault(number, value)

    def _forget(self, line: int) -> None:
        self._known = {number: value for number, value in self._known.items() if number >= line}


class Recent(Generic[T]):
    """Something for each of the last requests of each client."""

    def __init__(self) -> None:
        self._known: dict[str, dict[int, T]] = {}
        self._dropped: dict[str, int] = {}

    def is_forgotten(self, client: str, number: int) -> bool:
        """Whether a request may have been forgotten: it is no later than one that was."""
        return number <= self._dropped.get(client, -1)

    def get(self, client: str, number: int) -> T | None:
        """What is known of a request. None: nothing."""
        return self._known.get(client, {}).get(number)

    def first(self, client: str, number: int, value: T) -> T:
        """Note a value, if the request has none. Returns the one that it has now."""
        known = self._known.setdefault(client, {})
        value = known.setdefault(number, value)
        if len(known) > REQUESTS_KEPT:
            oldest = self._dropped[client] = next(iter(known))
            del known[oldest]
        return value
