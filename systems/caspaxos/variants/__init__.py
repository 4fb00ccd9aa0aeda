"""Variants of CASPaxos. Each has one mistake, known from the paper or from a real system."""

from __future__ import annotations

from collections.abc import Mapping

from clew.systems.caspaxos.node import CasPaxosNode
from clew.systems.caspaxos.variants.acceptors import ErasingAcceptor, ForgetfulAcceptor, UnpromisingAcceptor
from clew.systems.caspaxos.variants.administrators import (
    HastyAdministrator,
    ImpatientAdministrator,
    RescanlessAdministrator,
)
from clew.systems.caspaxos.variants.collectors import (
    AgelessAcceptor,
    CachingElder,
    CarelessAcceptor,
    HastyCollector,
    YoungCounter,
)
from clew.systems.caspaxos.variants.proposers import (
    CachingProposer,
    DirtyProposer,
    HastyProposer,
    HighestVersionProposer,
    NamelessProposer,
    RepeatingProposer,
    StubbornProposer,
)
from clew.systems.host_variants import host_variants
from clew.systems.protocol import Hunted, Variant

VARIANTS: Mapping[str, Variant] = {
    variant.name: variant
    for variant in (
        Variant(
            "forgets-promises",
            "acceptors lose their state when they restart, so acknowledged writes vanish",
            lambda parameters: CasPaxosNode(parameters, acceptor=ForgetfulAcceptor),
        ),
        Variant(
            "erases-promises",
            "acceptors erase their promise when they accept, then take lower ballots, so acknowledged writes vanish",
            lambda parameters: CasPaxosNode(parameters, acceptor=ErasingAcceptor),
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
        Variant(
            "keeps-its-cache",
            "with one round trip, proposers apply changes to a cached value after a conflict, so updates are lost",
            lambda parameters: CasPaxosNode(parameters, proposer=CachingProposer),
        ),
        Variant(
            "drops-next-promises",
            "with one round trip, acceptors do not promise the next ballot, so updates are lost",
            lambda parameters: CasPaxosNode(parameters, acceptor=UnpromisingAcceptor),
        ),
        Variant(
            "equal-ids",
            "all proposers have the same id and use the same ballots, so acknowledged updates are lost",
            lambda parameters: CasPaxosNode(parameters, proposer=NamelessProposer),
        ),
        Variant(
            "reuses-ballots",
            "proposers begin their counter anew after a restart and use ballots twice, so updates are lost",
            lambda parameters: CasPaxosNode(parameters, proposer=RepeatingProposer),
        ),
        Variant(
            "no-fast-forward",
            "proposers do not skip the ballots that others have used, so clients get no answers long after a partition",
            lambda parameters: CasPaxosNode(parameters, proposer=StubbornProposer),
        ),
        Variant(
            "fails-what-it-proposed",
            "proposers answer `fail` when an accept round had too few votes, so failed writes come to life",
            lambda parameters: CasPaxosNode(parameters, proposer=HastyProposer),
        ),
        Variant(
            "skips-the-rescan",
            "acceptors are replaced without a rescan of all keys, so acknowledged writes vanish",
            lambda parameters: CasPaxosNode(parameters, administrator=RescanlessAdministrator),
        ),
        Variant(
            "changes-two-at-once",
            "several acceptors leave or join in one change, so acknowledged writes vanish",
            lambda parameters: CasPaxosNode(parameters, administrator=HastyAdministrator),
        ),
        Variant(
            "leaves-proposers-behind",
            "changes go on once a majority of the proposers knows of them, so acknowledged writes vanish",
            lambda parameters: CasPaxosNode(parameters, administrator=ImpatientAdministrator),
        ),
        Variant(
            "removes-at-once",
            "deleted registers are removed once a quorum has the tombstone, so deleted values come back",
            lambda parameters: CasPaxosNode(parameters, collector=HastyCollector),
        ),
        Variant(
            "keeps-deleted-values",
            "proposers keep what they have cached of a register that is removed, so deleted values come back",
            lambda parameters: CasPaxosNode(parameters, proposer=CachingElder),
        ),
        Variant(
            "keeps-its-counter",
            "proposers do not skip the ballots of a register that is removed, so updates are lost",
            lambda parameters: CasPaxosNode(parameters, proposer=YoungCounter),
        ),
        Variant(
            "ignores-ages",
            "acceptors take messages from before a register was removed, so deleted values come back",
            lambda parameters: CasPaxosNode(parameters, acceptor=AgelessAcceptor),
        ),
        Variant(
            "removes-promises",
            "acceptors remove a register though they have made a newer promise, so updates are lost",
            lambda parameters: CasPaxosNode(parameters, acceptor=CarelessAcceptor),
        ),
        *host_variants(CasPaxosNode),
    )
}

RESTARTS = "caspaxos-forgets-promises"
"""A plan in which nodes restart again and again."""
TWO_LEAVE = (
    "nemesis=[membership: {node: n2, every: 400ms, for: 200ms}, membership: {node: n3, every: 400ms, for: 200ms}]"
)
"""Two of three acceptors leave at the same time, and come back at the same time."""
CUT_OFF_WHILE_TWO_JOIN = (
    "nemesis=[membership: {node: n4, at: 0ms, for: 500ms}, membership: {node: n5, at: 0ms, for: 500ms}, "
    "partition: {grudge: {n1: [n3], n3: [n1]}, at: 500ms, for: 1s}]"
)
"""Two of five acceptors leave. When they come back, the administrator cannot reach one of the proposers."""
HUNTED: Mapping[str, Hunted] = {
    "forgets-promises": Hunted("caspaxos-forgets-promises"),
    "erases-promises": Hunted("caspaxos-highest-version"),
    "highest-version": Hunted("caspaxos-highest-version"),
    "dirty-reads": Hunted("caspaxos-dirty-reads"),
    "keeps-its-cache": Hunted("caspaxos-one-round-trip"),
    "drops-next-promises": Hunted("caspaxos-one-round-trip"),
    "equal-ids": Hunted("caspaxos-flexible-quorums"),
    "reuses-ballots": Hunted("caspaxos-reuses-ballots"),
    "no-fast-forward": Hunted("caspaxos-long-isolation"),
    "fails-what-it-proposed": Hunted("caspaxos-flexible-quorums"),
    "skips-the-rescan": Hunted("caspaxos-membership"),
    "changes-two-at-once": Hunted("caspaxos-membership", (TWO_LEAVE,)),
    "leaves-proposers-behind": Hunted("caspaxos-membership", ("system.nodes=5", CUT_OFF_WHILE_TWO_JOIN)),
    "removes-at-once": Hunted("caspaxos-deletion"),
    "keeps-deleted-values": Hunted("caspaxos-deletion"),
    "ignores-ages": Hunted("caspaxos-deletion"),
    "keeps-its-counter": Hunted("caspaxos-written-while-removed"),
    "removes-promises": Hunted("caspaxos-written-while-removed"),
    "handles-packets-twice": Hunted(
        "caspaxos-contention-storm",
        unnoticed="networks copy packets, so the protocol is made to handle copies",
    ),
    "torn-writes": Hunted(RESTARTS),
    "read-error-as-empty": Hunted(RESTARTS, ("nemesis.0.crash.target=all",)),
    "fsync-lies": Hunted(RESTARTS),
}
"""How each variant is hunted."""
