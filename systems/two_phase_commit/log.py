"""The log of a node: what its coordinator and its participant must never forget about a transaction (7.4).

    coordinator/3   begun, then committed or aborted       written before Prepare, and before the decision, is sent
    participant/3   prepared, committed or aborted         written before a yes, or a decision of its own, is sent

A participant that finds `prepared` has voted yes. A coordinator that finds `begun` has decided nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from clew.systems.node import Context, UnreadableDisk
from clew.systems.two_phase_commit.messages import ABORTED, COMMITTED, Key

Role = Literal["coordinator", "participant"]
State = Literal["begun", "prepared", "committed", "aborted"]
DECIDED = (COMMITTED, ABORTED)


class Log:
    """The part of a node's log that one of its two roles writes. It holds the last record of each transaction."""

    def __init__(self, role: Role) -> None:
        self._role = role
        self._states: dict[Key, State | None] = {}

    def state(self, ctx: Context, key: Key) -> State | None:
        """What is logged about a transaction. Raises `UnreadableDisk` if that cannot be read."""
        if key not in self._states:
            self._states[key] = ctx.disk.read(f"{self._role}/{key}", State)  # type: ignore[arg-type]
        return self._states[key]

    def write(self, ctx: Context, key: Key, state: State, *, forced: bool = True) -> None:
        """Log a state. If `forced`, no crash can undo that."""
        self._states[key] = state
        ctx.disk.write(f"{self._role}/{key}", state)
        if forced:
            ctx.disk.sync()

    def recover(self, ctx: Context, state: State) -> Iterator[Key]:
        """The transactions that are in this state when a node starts. One that cannot be read is left alone."""
        written = ctx.disk.keys()
        for name in written:
            role, _, key = name.partition("/")
            if role != self._role:
                continue
            try:
                if self.state(ctx, int(key)) == state:
                    yield int(key)
            except UnreadableDisk as error:
                ctx.log(f"transaction {key} is left alone for this life, the log cannot be read: {error}")
