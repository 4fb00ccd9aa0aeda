"""CASPaxos with one mistake each, all of them made by somebody before."""

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
    """Keeps its state in memory only, so that a restarted acceptor has promised nothing and accepted nothing.

    Acceptors must write promise and value to stable storage before they answer. Paxos Made Live (2007) tells why a
    replica that lost its disk must not simply go on; akka-raft did so with its votes (Scott et al., 2016).

    A client sees an acknowledged write vanish: when the acceptors of a quorum that remember it are all restarted or
    missed by the next prepare, reads return older values, and a compare-and-set succeeds against a value that was
    overwritten.
    """

    def _remember(self, ctx: Context, key: Key, state: AcceptorState) -> None:
        self._states[key] = state


class HighestVersionProposer(Proposer):
    """Goes on from the accepted value with the highest *version*, the first one seen on a tie, instead of the one with
    the highest *ballot*.

    It looks right, for versions grow by one along the chain of what was chosen. But a value that was accepted without
    being chosen has a version too, and one that was chosen later at a higher ballot may have the same. The mistake is
    that of spacejam/verus-paxos (run_proposal in src/cluster.rs), a partly verified CASPaxos.

    A client sees a lost update: an acknowledged write is replaced by a concurrent one that had failed before it.
    """

    def _select(self, promises: Iterable[Promise]) -> tuple[Ballot, Versioned]:
        base, value = NEVER, EMPTY
        for promise in promises:
            if promise.value.version > value.version:
                base, value = promise.accepted, promise.value
        return base, value


class DirtyProposer(Proposer):
    """Answers a read after the prepare round, with the value of the highest ballot, and saves the accept round.

    That value may not be chosen and may never be. Reads that skip the round which would make them final are an old
    temptation: etcd 0.4.1 and Consul served them from a leader that nobody had confirmed (Jepsen, 2014).

    A client sees a value appear and disappear: one read returns a write that only a minority accepted, a later one,
    prepared at other acceptors, does not.
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
            "acceptors lose their state in a restart: acknowledged writes vanish",
            lambda parameters: CasPaxosNode(parameters, acceptor=ForgetfulAcceptor),
        ),
        Variant(
            "highest-version",
            "proposers select the highest version instead of the highest ballot: acknowledged updates are lost",
            lambda parameters: CasPaxosNode(parameters, proposer=HighestVersionProposer),
        ),
        Variant(
            "dirty-reads",
            "reads answer after the prepare round alone: values appear and disappear",
            lambda parameters: CasPaxosNode(parameters, proposer=DirtyProposer),
        ),
        *host_variants(CasPaxosNode),
    )
}

RESTARTS = "caspaxos-forgets-promises"
HUNTED: Mapping[str, Hunted] = {
    "forgets-promises": Hunted("caspaxos-forgets-promises"),
    "highest-version": Hunted("caspaxos-highest-version"),
    "dirty-reads": Hunted("caspaxos-dirty-reads"),
    "handles-packets-twice": Hunted(
        "caspaxos-contention-storm",
        unnoticed="the protocol is made for networks that double packets: handling is idempotent",
    ),
    "torn-writes": Hunted(RESTARTS),
    "read-error-as-empty": Hunted(RESTARTS, ("nemesis.0.crash.target=all",)),
    "fsync-lies": Hunted(RESTARTS),
}
"""By which shipped plan each variant is hunted."""
