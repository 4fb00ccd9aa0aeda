"""Mistakes in the removal of deleted registers: one for each step of the collector, and one that skips all of them."""

from __future__ import annotations

from clew.systems.caspaxos.acceptor import Acceptor, AcceptorState
from clew.systems.caspaxos.ballot import Ballot
from clew.systems.caspaxos.collector import Collector
from clew.systems.caspaxos.configuration import majority
from clew.systems.caspaxos.messages import GrowOlder, Key, Remove, Replicate, Replicated
from clew.systems.caspaxos.proposer import Proposer
from clew.systems.caspaxos.register import Register
from clew.systems.node import Context


class HastyCollector(Collector):
    """Has a register removed as soon as a quorum has its tombstone, without the steps in between.

    The paper begins with this mistake: an acceptor that was not in the quorum still has the old value.

    A client sees a deleted value come back. The next read finds the others empty, and takes the old value for the last.
    """

    def _replicate(self, ctx: Context, key: Key) -> None:
        ctx.send(ctx.name, Replicate(key, majority(ctx.nodes)))

    def _collect(self, ctx: Context, message: Replicated) -> None:
        self._ask(ctx, Remove(message.key, message.ballot))


class CachingElder(Proposer):
    """Grows older for a removal, but keeps the value that it has cached for one round trip.

    A conflict would tell it that the value is old. But acceptors that have forgotten the register refuse nothing.

    A client sees a deleted value come back, at a proposer that had served it last.
    """

    def _forget(self, ctx: Context, register: Register) -> None:
        promised = register.promised
        super()._forget(ctx, register)
        if promised is not None:
            self._register(register.key).promised = promised


class YoungCounter(Proposer):
    """Grows older for a removal, but does not skip the ballots up to the tombstone's.

    While some acceptors have forgotten the register, a new value may be chosen there, below the tombstone's ballot.

    A client sees a lost update: a reader that finds both takes the tombstone for the later one.
    """

    _is_growing = False

    def grow_older(self, ctx: Context, source: str, message: GrowOlder) -> None:
        """Grow older, and keep the counter."""
        self._is_growing = True
        super().grow_older(ctx, source, message)
        self._is_growing = False

    def _skip(self, ballot: Ballot) -> None:
        if not self._is_growing:
            super()._skip(ballot)


class AgelessAcceptor(Acceptor):
    """Answers messages of any age.

    So an accept that was on its way for long is accepted after the register was removed, though its ballot is low.

    A client sees a deleted value come back.
    """

    def _is_outdated(self, proposer: str, age: int) -> bool:
        return False


class CarelessAcceptor(Acceptor):
    """Forgets a register that still holds the tombstone, though it has made a newer promise.

    The paper names only the value. But the proposer that has the promise relies on it. Another one, at a lower ballot,
    finds the register empty and has its value chosen. Then the first one overwrites that.

    A client sees a lost update.
    """

    def _is_collected(self, state: AcceptorState, ballot: Ballot) -> bool:
        return state.accepted == ballot
