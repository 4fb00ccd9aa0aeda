"""The acceptor: one promise and one accepted value for each register, on disk before anybody hears of them.

The paper's acceptor *erases* its promise when it accepts; keeping the ballot of the accepted value as the promise is
the same rule with one comparison less, and leaves `accepted <= promised` as an invariant to watch.
"""

from __future__ import annotations

import msgspec

from clew.systems.caspaxos.ballot import NEVER, Ballot
from clew.systems.caspaxos.change import EMPTY, Versioned
from clew.systems.caspaxos.messages import Accept, Accepted, Conflict, Key, Prepare, Promise
from clew.systems.node import Context


class AcceptorState(msgspec.Struct, frozen=True):
    """What an acceptor must never forget: nothing below `promised` may be accepted; `value` was, at `accepted`."""

    promised: Ballot = NEVER
    accepted: Ballot = NEVER
    value: Versioned = EMPTY


FRESH = AcceptorState()


class Acceptor:
    """The acceptors of all registers on one node."""

    def __init__(self) -> None:
        self._states: dict[Key, AcceptorState] = {}

    def prepare(self, ctx: Context, source: str, message: Prepare) -> None:
        """Promise, unless a higher ballot was promised.

        The ballot that is promised already is promised again: it is the same prepare, sent again because the answer
        was lost. Once something was accepted at that ballot nobody waits for its promise any more.
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
        """Accept, unless a higher ballot was promised.

        An accept that was accepted before is confirmed again, whatever was promised since: a vote is a fact.
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
