"""What the invariants remember of each ballot, and when they forget it.

    0 ....... line ....... horizon ..........................
      forgotten     remembered, and nothing new   remembered

The *horizon* of a key is the lowest of the last votes of all acceptors. No acceptor votes or promises below its last
vote again, and none reports an older one: `promises-are-kept` and `votes-are-reported` watch that with one ballot for
each acceptor. So nothing is chosen below the horizon any more, and nobody learns of a value there any more. An acceptor
that is turned off has no votes and is left out. One that is told to remove a register may forget its votes, so it has
none until it votes again.

`KEPT` ballots below the horizon are remembered all the same. The lowest ballot that is remembered is the *line*. What
is sent about ballots below the line is not compared with anything: it may have been right.

So the memory does not grow with the length of a run in which all acceptors keep up. While one of them is away,
everything since its last vote is remembered. When it is back, it may report that vote.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from clew.systems.caspaxos.ballot import NEVER, Ballot
from clew.systems.caspaxos.messages import Accept, Accepted, Key, Remove, Turned
from clew.systems.invariant import Sent

KEPT = 64
"""How many ballots of each key are remembered below its horizon. Late messages are mostly about these."""

T = TypeVar("T")
Forget = Callable[[Key, Ballot], None]
"""Drops what is known of a key below a ballot."""


class Horizon:
    """The line of each key. All invariants of a run share it."""

    def __init__(self, acceptors: tuple[str, ...]) -> None:
        self._voted: dict[str, dict[Key, Ballot]] = {acceptor: {} for acceptor in acceptors}
        """The last vote of each acceptor that is on."""
        self._proposed: dict[Key, set[Ballot]] = {}
        """The ballots from the line on with a proposal."""
        self._lines: dict[Key, Ballot] = {}
        self._memories: list[Forget] = []

    def share(self, forget: Forget) -> None:
        """Call `forget` whenever a line rises."""
        self._memories.append(forget)

    def is_forgotten(self, key: Key, ballot: Ballot) -> bool:
        """Whether a ballot is below the line. That of the empty register never is."""
        return NEVER < ballot < self._lines.get(key, NEVER)

    def see(self, sent: Sent) -> None:
        """Look at a message. It must be shown only once."""
        message = sent.message
        kind = type(message)
        if kind is Accept:
            proposed = self._proposed.setdefault(message.key, set())
            if message.ballot not in proposed and not self.is_forgotten(message.key, message.ballot):
                proposed.add(message.ballot)
                if len(proposed) % (KEPT + 1) == 0:
                    self._rise(message.key, proposed)
        elif kind is Accepted:
            voted = self._voted.setdefault(sent.source, {})
            voted[message.key] = max(voted.get(message.key, NEVER), message.ballot)
        elif kind is Turned:
            self._voted.pop(sent.source, None)
            if message.on:
                self._voted[sent.source] = {}
        elif kind is Remove:
            self._voted.get(sent.destination, {}).pop(message.key, None)

    def _rise(self, key: Key, proposed: set[Ballot]) -> None:
        horizon = min((voted.get(key, NEVER) for voted in self._voted.values()), default=NEVER)
        below = sorted(ballot for ballot in proposed if ballot < horizon)
        if len(below) > KEPT:
            line = self._lines[key] = below[-KEPT] if KEPT else horizon
            proposed.difference_update([ballot for ballot in below if ballot < line])
            for forget in self._memories:
                forget(key, line)


class Ballots(Generic[T]):
    """Something for each ballot from the line on. Nothing is noted below it."""

    def __init__(self, horizon: Horizon) -> None:
        self._known: dict[Key, dict[Ballot, T]] = {}
        self._horizon = horizon
        horizon.share(self._forget)

    def get(self, key: Key, ballot: Ballot) -> T | None:
        """What is known of a ballot. None: nothing."""
        known = self._known.get(key)
        return None if known is None else known.get(ballot)

    def first(self, key: Key, ballot: Ballot, value: T) -> T:
        """Note a value, if the ballot has none. Returns the one that it has now."""
        if self._horizon.is_forgotten(key, ballot):
            return value
        return self._known.setdefault(key, {}).setdefault(ballot, value)

    def put(self, key: Key, ballot: Ballot, value: T) -> None:
        """Note a value in place of what the ballot has."""
        if not self._horizon.is_forgotten(key, ballot):
            self._known.setdefault(key, {})[ballot] = value

    def pop(self, key: Key, ballot: Ballot) -> T | None:
        """Forget a ballot, and return what was known of it."""
        return self._known.get(key, {}).pop(ballot, None)

    def _forget(self, key: Key, line: Ballot) -> None:
        known = self._known.get(key)
        if known is not None:
            self._known[key] = {ballot: value for ballot, value in known.items() if ballot >= line}
