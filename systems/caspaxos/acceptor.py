"""The acceptor: one promise and one accepted value for each register (paper, 2.2).

Both are on disk before the acceptor answers. The paper's acceptor *erases* its promise when it accepts a value. Ours
keeps the ballot of that value as its promise: the same rule with one comparison less, and `accepted <= promised`
becomes an invariant that can be watched.
"""

from __future__ import annotations

from ast import literal_eval

import msgspec

from clew.systems.caspaxos.ballot import NEVER, Ballot
from clew.systems.caspaxos.change import EMPTY, Versioned
from clew.systems.caspaxos.messages import (
    Accept,
    Accepted,
    AskKeys,
    Conflict,
    Held,
    Key,
    Prepare,
    Promise,
    Refuse,
    Refusing,
    Remove,
    Removed,
    Turn,
    Turned,
)
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
    """The acceptors of all registers on one node.

    A change of the membership may turn it off. Then it forgets everything, and is silent until it is turned on.
    """

    def __init__(self) -> None:
        self._states: dict[Key, AcceptorState] = {}
        self._turned: Turned | None = None
        self._emptied: int | None = None
        self._ages: dict[str, int] = {}

    def prepare(self, ctx: Context, source: str, message: Prepare) -> None:
        """Promise, unless the acceptor has promised a higher ballot.

        The same ballot is promised again: the proposer has sent its prepare again because no answer came. Once the
        acceptor has accepted a value at that ballot, the proposer needs no promise any more, and gets none.
        """
        if not self._is_on(ctx) or self._is_outdated(source, message.age):
            return
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
        if not self._is_on(ctx) or self._is_outdated(source, message.age):
            return
        key, ballot = message.key, message.ballot
        state = self._recall(ctx, key)
        if ballot == state.accepted:
            ctx.send(source, Accepted(key, ballot, state.promised))
        elif ballot < state.promised:
            ctx.send(source, Conflict(key, ballot, state.promised))
        else:
            self._remember(ctx, key, AcceptorState(message.promise, ballot, message.value))
            ctx.send(source, Accepted(key, ballot, message.promise))

    def turn(self, ctx: Context, source: str, message: Turn) -> None:
        """Start, or forget everything. Orders come late or twice: each step of the administrator counts once."""
        self._is_on(ctx)
        turned = self._turned
        if turned is None or message.number > turned.number:
            turned = self._turned = Turned(message.number, message.on)
            ctx.disk.write("turned", turned)
            if not message.on:
                self._emptied = message.number
                self._states.clear()
                ctx.disk.write("emptied", message.number)
            ctx.disk.sync()
        if turned.number == message.number:
            ctx.send(source, turned)

    def ask_keys(self, ctx: Context, source: str, message: AskKeys) -> None:
        """Tell the administrator all keys."""
        if self._is_on(ctx):
            start = self._place("")
            written: list[str] = ctx.disk.keys()
            keys = (literal_eval(name.removeprefix(start)) for name in written if name.startswith(start))
            ctx.send(source, Held(message.number, tuple(keys)))

    def refuse(self, ctx: Context, source: str, message: Refuse) -> None:
        """From now on, treat messages of younger proposers as lost. They were sent before a register was removed."""
        if not self._is_on(ctx):
            return
        self._ages.update((name, age) for name, age in message.ages.items() if age > self._ages.get(name, 0))
        ctx.disk.write("ages", self._ages)
        ctx.disk.sync()
        ctx.send(source, Refusing(message.key, message.ballot, dict(self._ages)))

    def remove(self, ctx: Context, source: str, message: Remove) -> None:
        """Forget a register that is as the tombstone left it: with that vote, and no newer promise."""
        if not self._is_on(ctx):
            return
        if self._is_collected(self._recall(ctx, message.key), message.ballot):
            del self._states[message.key]
            ctx.disk.write(self._place(repr(message.key)), None)
            ctx.disk.sync()
        ctx.send(source, Removed(message.key, message.ballot))

    def _is_collected(self, state: AcceptorState, ballot: Ballot) -> bool:
        """Whether nothing has happened to a register since it accepted the tombstone.

        A newer promise counts. The paper names only the value. But an acceptor that forgot its promise would accept
        ballots below it, and a proposer that relies on the promise would overwrite what was chosen there.
        """
        return state.accepted == state.promised == ballot

    def _is_outdated(self, proposer: str, age: int) -> bool:
        """Whether a message is from before a collection that this acceptor knows of."""
        return age < self._ages.get(proposer, 0)

    def _is_on(self, ctx: Context) -> bool:
        if self._emptied is None:
            self._ages = ctx.disk.read("ages", dict[str, int]) or {}
            self._turned = ctx.disk.read("turned", Turned)
            self._emptied = ctx.disk.read("emptied", int) or 0
        return self._turned is None or self._turned.on

    def _place(self, name: str) -> str:
        """Where something is on disk. What was written before the acceptor was emptied is at another place."""
        return f"acceptor-{self._emptied}/{name}" if self._emptied else f"acceptor/{name}"

    def _recall(self, ctx: Context, key: Key) -> AcceptorState:
        state = self._states.get(key)
        if state is None:
            state = self._states[key] = ctx.disk.read(self._place(repr(key)), AcceptorState) or FRESH
        return state

    def _remember(self, ctx: Context, key: Key, state: AcceptorState) -> None:
        self._states[key] = state
        ctx.disk.write(self._place(repr(key)), state)
        ctx.disk.sync()
