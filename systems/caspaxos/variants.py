"""Variants of CASPaxos. Each has one mistake, known from a real system."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from clew.systems.caspaxos.acceptor import Acceptor, AcceptorState
from clew.systems.caspaxos.ballot import NEVER, Ballot
from clew.systems.caspaxos.change import EMPTY, Read, Versioned
from clew.systems.caspaxos.messages import Key, Promise, Reply
from clew.systems.caspaxos.node import CasPaxosNode
from clew.systems.caspaxos.proposer import Proposer, Register
from clew.systems.host_variants import host_variants
from clew.systems.node import Context
from clew.systems.protocol import Hunted, Variant


class ForgetfulAcceptor(Acceptor):
    """Keeps its state in memory only. After a restart it has promised nothing and accepted nothing.

    Acceptors must write promise and value to stable storage before they answer. "Paxos Made Live" (2007) tells why a
    replica that has lost its disk must not simply go on. akka-raft forgot its votes in this way (Scott et al., 2016).

    A client sees an acknowledged write vanish. The acceptors of its quorum have restarted, or the next prepare does not
    reach them. Then reads return older values, and a compare-and-set succeeds against a value that was overwritten.
    """

    def _remember(self, ctx: Context, key: Key, state: AcceptorState) -> None:
        self._states[key] = state


class HighestVersionProposer(Proposer):
    """Selects the accepted value with the highest *version* instead of the highest *ballot*. Of equals, the first.

    It looks right, because versions grow by one along the chain of chosen values. But a value that was accepted and
    never chosen has a version too, and a value that was chosen later, at a higher ballot, may have the same version.
    spacejam/verus-paxos, a partly verified CASPaxos, makes this mistake (run_proposal in src/cluster.rs).

    A client sees a lost update: an acknowledged write is replaced by a concurrent one that had failed before.
    """

    def _select(self, promises: Iterable[Promise]) -> tuple[Ballot, Versioned]:
        base, value = NEVER, EMPTY
        for promise in promises:
            if promise.value.version > value.version:
                base, value = promise.accepted, promise.value
        return base, value


class DirtyProposer(Proposer):
    """Answers a read after the prepare round, with the value of the highest ballot, and skips the accept round.

    That value may not be chosen, and may never be. Others have skipped what makes a read final: etcd 0.4.1 and Consul
    served reads from a leader that no quorum had confirmed (Jepsen, 2014).

    A client sees a value appear and disappear. One read returns a write that only a minority has accepted. A later read
    asks other acceptors and does not find it.
    """

    def _prepared(self, ctx: Context, register: Register) -> None:
        attempt = register.attempt
        assert attempt is not None
        if isinstance(attempt.request.change, Read):
            _, value = self._select(register.promises.values())
            self._finish(ctx, register, Reply(attempt.request.id, "ok", value.state))
        else:
            super()._prepared(ctx, register)


VARIANTS: Mapping[str, Variant] = {
    variant.name: variant
    for variant in (
        Variant(
            "forgets-promises",
            "acceptors lose their state when they restart, so acknowledged writes vanish",
            lambda parameters: CasPaxosNode(parameters, acceptor=ForgetfulAcceptor),
        ),
        Variant(
            "highest-version",
            "proposers select the highest version instead of the highest ballot, so acknowledged updates are lost",
            lambda parameters: CasPaxosNode(parameters, proposer=HighestVersionProposer),
        ),
        Variant(
            "dirty-reads",
            "reads skip the accept round, so values appear and disappear",
            lambda parameters: CasPaxosNode(parameters, proposer=DirtyProposer),
        ),
        *host_variants(CasPaxosNode),
    )
}

RESTARTS = "caspaxos-forgets-promises"
"""A plan in which nodes restart again and again."""
HUNTED: Mapping[str, Hunted] = {
    "forgets-promises": Hunted("caspaxos-forgets-promises"),
    "highest-version": Hunted("caspaxos-highest-version"),
    "dirty-reads": Hunted("caspaxos-dirty-reads"),
    "handles-packets-twice": Hunted(
        "caspaxos-contention-storm",
        unnoticed="networks copy packets, so the protocol is made to handle copies",
    ),
    "torn-writes": Hunted(RESTARTS),
    "read-error-as-empty": Hunted(RESTARTS, ("nemesis.0.crash.target=all",)),
    "fsync-lies": Hunted(RESTARTS),
}
"""How each variant is hunted."""
