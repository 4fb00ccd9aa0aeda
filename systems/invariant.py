"""Monitors over the message journal: the lemmas of a protocol's proof as run-time checks.

An invariant sees every message as it is sent, in the order of the run, and says what broke at the first message that
breaks it. The history tells *that the user* saw a violation, an invariant *where the protocol* broke.
"""

from __future__ import annotations

from typing import Any, Protocol

import msgspec


class Sent(msgspec.Struct, frozen=True):
    """A message as the journal has it: number of the message, ns since the start, who to whom, and the typed body."""

    id: int
    time: int
    source: str
    destination: str
    message: Any


class Violation(msgspec.Struct, frozen=True):
    """An invariant that does not hold: which, in words why, and the messages (journal ids) that show it."""

    invariant: str
    explanation: str
    time: int
    messages: tuple[int, ...]


class Invariant(Protocol):
    """One lemma, watched.

    `watches` are the types of the messages that it wants to see; it is shown no others.
    """

    name: str
    watches: tuple[type, ...]

    def observe(self, sent: Sent) -> Violation | None:
        """Take notice of a message; the violation it completes, if it does."""
