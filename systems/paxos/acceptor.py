"""The acceptor: one promise and one accepted value for each key ("Paxos Made Simple", 2.2). Both are on disk before it
answers."""

from __future__ import annotations

from typing import Any

import msgspec

from clew.systems.node import Context
from clew.systems.paxos.messages import NEVER, Accept, Accepted, Ballot, Key, Prepare, Promise, Reject


class AcceptorState(msgspec.Struct, frozen=True):
    """What an acceptor must never forget about a key."""

    promised: Ballot = NEVER
    """The acceptor accepts nothing below this ballot."""
    accepted: Ballot = NEVER
    value: Any = None


FRESH = AcceptorState()


class Acceptor:
    """The acceptors of all keys on one node."""

    def __init__(self) -> None:
        self._states: dict[Key, AcceptorState] = {}

    def prepare(self, ctx: Context, source: str, message: Prepare) -> None:
        """Promise, unless the acceptor has promised a higher ballot (phase 1b)."""
        key, ballot = message.key, message.ballot
        state = self._recall(ctx, key)
        if ballot < state.promised:
            ctx.send(source, Reject(key, ballot, state.promised))
            return
        self._remember(ctx, key, AcceptorState(ballot, state.accepted, state.value))
        ctx.send(source, Promise(key, ballot, state.accepted, state.value))

    def accept(self, ctx: Context, source: str, message: Accept) -> None:
        """Accept, unless the acceptor has promised a higher ballot (phase 2b). To accept is to promise, too."""
        key, ballot = message.key, message.ballot
        state = self._recall(ctx, key)
        if self._refuses(state, message):
            ctx.send(source, Reject(key, ballot, state.promised))
            return
        self._remember(ctx, key, self._voted(state, message))
        ctx.broadcast(Accepted(key, ballot, message.value), including_self=True)

    def _refuses(self, state: AcceptorState, message: Accept) -> bool:
        return message.ballot < state.promised

    def _voted(self, state: AcceptorState, message: Accept) -> AcceptorState:
        return AcceptorState(message.ballot, message.ballot, message.value)

    def _recall(self, ctx: Context, key: Key) -> AcceptorState:
        state = self._states.get(key)
        if state is None:
            state = self._states[key] = ctx.disk.read(f"acceptor/{key!r}", AcceptorState) or FRESH
        return state

    def _remember(self, ctx: Context, key: Key, state: AcceptorState) -> None:
        self._states[key] = state
        ctx.disk.write(f"acceptor/{key!r}", state)
        ctx.disk.sync()
