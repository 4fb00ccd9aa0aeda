"""What an executor keeps on disk: a state, and a log of what it has executed since (the specification has no disk).

    executor/checkpoint     the state before operation 40
    executor/log/40         operations 40 to 57
    executor/log/58         operations 58 to 71

Before a heartbeat announces how far a replica is, this must be on its disk. So each heartbeat writes one more piece of
the log. That costs what the operations cost, however large the state is. When the log would be longer than the state,
the state is written instead, and the log begins again. So the disk never holds more than twice the state, and a small
state is simply written every time.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import msgspec

from clew.systems.node import Context, UnreadableDisk
from clew.systems.rsl.messages import ReplyMessage
from clew.systems.rsl.types import Ballot, OperationNumber, RequestBatch

STATE = "executor/checkpoint"
LOG = "executor/log/"


class OutstandingOperation(NamedTuple):
    """A decided batch that waits for its execution."""

    v: RequestBatch
    bal: Ballot
    """The ballot that decided it."""


class Checkpoint(msgspec.Struct, frozen=True):
    """The state of an executor."""

    ops_complete: OperationNumber
    """How many operations are executed: all below this number."""
    max_bal_reflected: Ballot
    """The highest ballot that decided one of them."""
    app_state: str
    """The state of the application, as text."""
    reply_cache: dict[str, ReplyMessage]
    """The last reply to each client."""


class Piece(msgspec.Struct, frozen=True):
    """A piece of the log."""

    first: OperationNumber
    operations: tuple[OutstandingOperation, ...]
    """What was executed at `first` and the places after it."""


class CheckpointDisk:
    """The checkpoint of one executor. It knows what is on disk, and what was executed since."""

    def __init__(self) -> None:
        self._executed: list[OutstandingOperation] = []
        self._pieces: list[str] = []
        self._state_bytes = 0
        self._log_bytes = 0

    def read(self, ctx: Context) -> tuple[Checkpoint | None, list[OutstandingOperation]]:
        """The state, and what was executed after it. Raises `UnreadableDisk`, also if a piece in between is missing."""
        self._pieces = [key for key in ctx.disk.keys() if key.startswith(LOG)]  # noqa: SIM118 (no dictionary)
        state = ctx.disk.read(STATE, Checkpoint)
        if state is None:
            return None, []
        operations: list[OutstandingOperation] = []
        pieces = [piece for key in self._pieces if (piece := ctx.disk.read(key, Piece)) is not None]
        for piece in sorted(pieces, key=lambda piece: piece.first):
            if piece.first < state.ops_complete:
                continue  # The state is newer. A crash came before this piece was removed.
            if piece.first != state.ops_complete + len(operations):
                raise UnreadableDisk(f"{LOG}{piece.first}: there is nothing just before it")
            operations += piece.operations
        return state, operations

    def add(self, operation: OutstandingOperation) -> None:
        """Note what was executed."""
        self._executed.append(operation)

    def replace(self) -> None:
        """The state was replaced: what is on disk does not lead to it."""
        self._executed.clear()
        self._state_bytes = 0

    def write(self, ctx: Context, ops_complete: OperationNumber, state: Callable[[], Checkpoint]) -> None:
        """Have on disk what leads to the present state: one more piece of the log, or the state itself."""
        piece = Piece(ops_complete - len(self._executed), tuple(self._executed))
        data = msgspec.json.encode(piece)
        self._executed.clear()
        if self._log_bytes + len(data) <= self._state_bytes:
            self._log_bytes += len(data)
            self._pieces.append(f"{LOG}{piece.first}")
            ctx.disk.write(self._pieces[-1], msgspec.Raw(data))
        else:
            # The state comes first: a crash keeps only the first of the writes that are not synced.
            data = msgspec.json.encode(state())
            ctx.disk.write(STATE, msgspec.Raw(data))
            for key in self._pieces:
                ctx.disk.write(key, None)
            self._pieces.clear()
            self._state_bytes, self._log_bytes = len(data), 0
        ctx.disk.sync()
