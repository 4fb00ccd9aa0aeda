"""Invariants: the lemmas of a protocol's proof, checked while the protocol runs.

An invariant sees the messages of a run as they are sent, in their order. It reports the first message that breaks its
lemma. The checker tells *that* clients saw something wrong; an invariant tells *where* the protocol went wrong.
"""

from __future__ import annotations

from typing import Any, Protocol

import msgspec


class Sent(msgspec.Struct, frozen=True, gc=False):
    """A message that is sent, as the journal of the run has it."""

    id: int
    """The number of the message in the journal, from 0."""
    time: int
    """Nanoseconds since the start of the run."""
    source: str
    """The node or client that sends it."""
    destination: str
    """The node or client that it is sent to."""
    message: Any
    """One of the system's messages."""


class Violation(msgspec.Struct, frozen=True):
    """A run in which an invariant does not hold."""

    invariant: str
    """The name of the invariant."""
    explanation: str
    """What does not fit together, in words."""
    time: int
    """When the last of the messages was sent, in nanoseconds since the start of the run."""
    messages: tuple[int, ...]
    """The ids of the messages that do not fit together."""


class Invariant(Protocol):
    """One lemma."""

    name: str
    """The name of the invariant, as results give it."""
    watches: tuple[type, ...]
    """The types of the messages that it sees. It must be shown no others."""

    def observe(self, sent: Sent) -> Violation | None:
        """Look at a message. Returns a violation if the message breaks the lemma.

        What it returns after that has no meaning. It runs at every message, so it should take microseconds.
        """
