"""Mistakes of acceptors."""

from __future__ import annotations

import msgspec

from clew.systems.caspaxos.acceptor import Acceptor, AcceptorState
from clew.systems.caspaxos.ballot import NEVER
from clew.systems.caspaxos.messages import Accept, Key
from clew.systems.node import Context


class ForgetfulAcceptor(Acceptor):
    """Keeps its state in memory only. After a restart it has promised nothing and accepted nothing.

    Acceptors must write promise and value to stable storage before they answer. "Paxos Made Live" (2007) tells why a
    replica that has lost its disk must not simply go on. akka-raft forgot its votes in this way (Scott et al., 2016).

    A client sees an acknowledged write vanish. The acceptors of its quorum have restarted, or the next prepare does not
    reach them. Then reads return older values, and a compare-and-set succeeds against a value that was overwritten.
    """

    def _remember(self, ctx: Context, key: Key, state: AcceptorState) -> None:
        self._states[key] = state


class ErasingAcceptor(Acceptor):
    """Erases its promise when it accepts a value, and then compares the ballots of accepts with its promise alone.

    The paper's acceptor erases its promise too, but refuses every ballot below one that it *saw*: below the promise,
    and below what it has accepted. Gryadka compares with both. Whoever takes the table of the paper (2.2) by the letter
    forgets the second.

    A client sees an acknowledged write vanish. An accept comes late, at a lower ballot, and replaces a vote for it.
    """

    def _remember(self, ctx: Context, key: Key, state: AcceptorState) -> None:
        erased = state.promised == state.accepted
        super()._remember(ctx, key, msgspec.structs.replace(state, promised=NEVER) if erased else state)


class UnpromisingAcceptor(Acceptor):
    """Accepts a value, but does not promise the next ballot that the accept asks for (one round trip).

    The proposer relies on that promise and proposes at the next ballot without a prepare. Another proposer may have
    had a value chosen in between, at a ballot that is lower.

    A client sees a lost update: an acknowledged write is replaced by a change of the value before it.
    """

    def accept(self, ctx: Context, source: str, message: Accept) -> None:
        """Accept without the promise that is sent along."""
        super().accept(ctx, source, msgspec.structs.replace(message, promise=message.ballot))
