"""Deletion: how a deleted register is removed, so that its key takes no space any more (paper, 3.1).

A delete leaves a tombstone: the empty state, chosen by a quorum as any other value. The acceptors cannot just forget
it. Acceptor A still has what the others have overwritten, and a read that finds the others empty would return that:

                  ballot   state                                  ballot   state
    acceptor A       2       42                                      2       42
    acceptor B       3     deleted      B and C forget it, and       -        -
    acceptor C       3     deleted      the next read returns 42     -        -

So the *collector* of the node whose proposer has deleted the register takes four steps, in the background:

    replicate    Execute the identity change until all acceptors have accepted the tombstone, at one ballot.
    grow older   Each proposer forgets what it has cached, skips the ballots up to the tombstone's, and adds one to its
                 age. It sends its age with every prepare and accept.
    refuse       Each acceptor refuses messages of proposers that are younger than that: they are from before.
    remove       Each acceptor forgets the register, if it is still as the first step left it.

Without the ages, an accept that was long on its way would bring an old value back: the *lost delete*. Without the
skipped ballots, a new value could get a lower ballot than a tombstone that is not removed everywhere yet, and a reader
would prefer the tombstone: the *lost update*.

Each step waits for all nodes, so no register is removed while a node is down. All steps can be repeated. After a crash
the collector begins again with the first one, and it gives way to clients that use the key. If somebody has written
the key in the meantime, there is nothing to remove.
"""

from __future__ import annotations

from clew.systems.caspaxos.ballot import NEVER
from clew.systems.caspaxos.messages import (
    Deleted,
    GrownOlder,
    GrowOlder,
    Key,
    Refuse,
    Refusing,
    Remove,
    Removed,
    Replicate,
    Replicated,
)
from clew.systems.caspaxos.parameters import Parameters
from clew.systems.node import Context

TIMER = "collector"
"""The collector's timer."""
Question = GrowOlder | Refuse | Remove
Answer = GrownOlder | Refusing | Removed


class Collector:
    """Removes the registers that the proposer of this node has deleted, one at a time."""

    def __init__(self, parameters: Parameters) -> None:
        self._parameters = parameters
        self._keys: list[Key] = []
        self._busy = False
        self._ballot = NEVER
        self._ages: dict[str, int] = {}
        self._waits_for: dict[str, Question] = {}

    def start(self, ctx: Context) -> None:
        """Go on with the registers that an earlier life had to remove."""
        self._keys = ctx.disk.read("collector", list[Key]) or []
        self._rest(ctx)

    def deleted(self, ctx: Context, source: str, message: Deleted) -> None:
        """Put a register on the list of those to remove."""
        if message.key in self._keys:
            return
        self._keys.append(message.key)
        self._write(ctx)
        if len(self._keys) == 1:
            self._rest(ctx)

    def wake(self, ctx: Context) -> None:
        """Begin with the next register, or ask those again that have not answered."""
        if not self._busy:
            self._busy = True
            self._replicate(ctx, self._keys[0])
        elif self._waits_for:
            self._send(ctx)

    def replicated(self, ctx: Context, source: str, message: Replicated) -> None:
        """If all acceptors have the tombstone, have the proposers grow older."""
        if not self._busy or self._waits_for or message.key != self._keys[0]:
            return  # A late copy.
        if message.outcome == "tombstone":
            self._ballot = message.ballot
            self._collect(ctx, message)
        else:
            self._end(ctx, again=message.outcome == "not yet")

    def grown_older(self, ctx: Context, source: str, message: GrownOlder) -> None:
        """A proposer has left behind what it had of the register. When all have, tell the acceptors their ages."""
        if self._answered(GrowOlder, source, message):
            self._ages[source] = message.age
            if not self._waits_for:
                self._ask(ctx, Refuse(message.key, self._ballot, dict(self._ages)))

    def refusing(self, ctx: Context, source: str, message: Refusing) -> None:
        """An acceptor refuses what is from before. When all do, have them forget the register."""
        if self._answered(Refuse, source, message) and not self._waits_for:
            self._ask(ctx, Remove(message.key, self._ballot))

    def removed(self, ctx: Context, source: str, message: Removed) -> None:
        """An acceptor has forgotten the register. When all have, it is gone."""
        if self._answered(Remove, source, message) and not self._waits_for:
            ctx.count("registers removed")
            self._end(ctx, again=False)

    def _replicate(self, ctx: Context, key: Key) -> None:
        ctx.send(ctx.name, Replicate(key, len(ctx.nodes)))

    def _collect(self, ctx: Context, message: Replicated) -> None:
        """Begin with the second step."""
        self._ask(ctx, GrowOlder(message.key, message.ballot))

    def _ask(self, ctx: Context, question: Question) -> None:
        """Ask all nodes."""
        self._waits_for = dict.fromkeys(ctx.nodes, question)
        self._send(ctx)

    def _send(self, ctx: Context) -> None:
        for node, question in self._waits_for.items():
            ctx.send(node, question)
        ctx.set_timer(TIMER, self._parameters.collect_after)

    def _answered(self, question: type[Question], source: str, answer: Answer) -> bool:
        """Whether this is the first answer of a node to the present question."""
        asked = self._waits_for.get(source)
        if not isinstance(asked, question) or (asked.key, asked.ballot) != (answer.key, answer.ballot):
            return False
        del self._waits_for[source]
        return True

    def _end(self, ctx: Context, *, again: bool) -> None:
        """Leave this register, and try again later if it is not removed."""
        key = self._keys.pop(0)
        if again:
            self._keys.append(key)
        self._busy = False
        self._ages.clear()
        self._write(ctx)
        ctx.cancel_timer(TIMER)
        self._rest(ctx)

    def _rest(self, ctx: Context) -> None:
        """Wait before the next register, if there is one."""
        if self._keys:
            ctx.set_timer(TIMER, self._parameters.collect_after)

    def _write(self, ctx: Context) -> None:
        ctx.disk.write("collector", self._keys or None)
        ctx.disk.sync()
