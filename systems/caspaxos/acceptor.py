"""The acceptor: one promise and one accepted value for each register (paper, 2.2).

Both are on disk before the acceptor answers. The paper's acceptor *erases* its promise when it accepts a value. Ours
keeps the ballot of that value as its promise: the same rule with one comparison less, and `accepted <= promised`
becomes an invariant that can be watched.
"""

from __future__ import annotations

import msgspec

from clew.systems.caspaxos.ballot import NEVER, Ballot
from clew.systems.caspaxos.change import EMPTY, Versioned
from clew.systems.caspaxos.messages import Accept, Accepted, Conflict, Key, Prepare, Promise
from clew.systems.node import Context


class AcceptorState(msgspec.Struct, frozen=True):
    """What an acceptor must never forget about a register."""

    promised: Ballot = NEVER
    """The acceptor accepts nothing below this ballot."""
    accepted: Ballot = NEVER
    """The ballot at which it accepted a value last."""
    value: Versioned = EMPTY
    """The value that it accepted last."""


FRESH = AcceptorState()


class Acceptor:
    """The acceptors of all registers on one node."""

    def __init__(self) -> None:
        self._states: dict[Key, AcceptorState] = {}

    def prepare(self, ctx: Context, source: str, message: Prepare) -> None:
        """Promise, unless the acceptor has promised a higher ballot.

        The same ballot is promised again: the proposer has sent its prepare again because no answer came. Once the
        acceptor has accepted a value at that ballot, the proposer needs no promise any more, and gets none.
        """
        key, ballot = message.key, message.ballot
        state = self._recall(ctx, key)
        if ballot < state.promised:
            ctx.send(source, Conflict(key, ballot, state.promised))
        elif ballot > state.accepted:
            if ballot > state.promised:
                self._remember(ctx, key, AcceptorState(ballot, state.accepted, state.value))
            ctx.send(source, Promise(key, ballot, state.accepted, state.value))

    def accept(self, ctx: Context, source: str, message: Accept) -> None:
        """Accept, unless the acceptor has promised a higher ballot.

        What it has accepted already it confirms again, even if it has promised a higher ballot since: it did vote.
        """
        key, ballot = message.key, message.ballot
        state = self._recall(ctx, key)
        if ballot == state.accepted:
            ctx.send(source, Accepted(key, ballot, state.promised))
        elif ballot < state.promised:
            ctx.send(source, Conflict(key, ballot, state.promised))
        else:
            self._remember(ctx, key, AcceptorState(message.promise, ballot, message.value))
            ctx.send(source, Accepted(key, ballot, message.promise))

    def _recall(self, ctx: Context, key: Key) -> AcceptorState:
        state = self._states.get(key)
        if state is None:
            state = self._states[key] = ctx.disk.read(f"acceptor/{key!r}", AcceptorState) or FRESH
        return state

    def _remember(self, ctx: Context, key: Key, state: AcceptorState) -> None:
        self._states[key] = state
        ctx.disk.write(f"acceptor/{key!r}", state)
        ctx.disk.sync()
