"""Variants of Raft. Each has one mistake that the paper warns of, or that a real system has made."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from clew.systems.host_variants import host_variants
from clew.systems.node import Context
from clew.systems.protocol import Hunted, Variant
from clew.systems.raft.leader import Leader
from clew.systems.raft.messages import AppendEntries, Request, RequestPreVote, RequestVote
from clew.systems.raft.node import RaftNode, Roles
from clew.systems.raft.parameters import Parameters
from clew.systems.raft.server import Server, Voted


class ForgetsItsVote(Server):
    """Keeps its term on disk, but not its vote. After a restart it votes again in the same term.

    Figure 2 lists votedFor among the persistent state. akka-raft forgot its votes (Scott et al., 2016).

    A client is told of two leaders of one term, or sees an acknowledged write vanish with one of them.
    """

    def enter(self, ctx: Context, term: int, candidate: str | None = None) -> None:
        self.voted = Voted(term, candidate)
        ctx.disk.write("voted", Voted(term))
        ctx.disk.sync()


class IgnoresFreshness(Server):
    """Votes for any candidate, also for one whose log lacks committed entries (5.4.1).

    A client sees an acknowledged write vanish: the next leader does not have it, and makes the others drop it.
    """

    def _is_fresh(self, message: RequestVote | RequestPreVote) -> bool:
        return True


class AppendsUnchecked(Server):
    """Appends entries after a place that it has, without looking at the entry there (5.3).

    The log of a deposed leader keeps the entries that nobody else has, under those of its successor.

    A client sees an acknowledged write vanish, or one that failed appear, when such a server leads.
    """

    def _fits(self, message: AppendEntries) -> bool:
        return message.prev_index <= self.log.last_index


class CountsOlderTerms(Leader):
    """Commits any entry that a majority has, also one of an older term (5.4.2, and the story of Figure 8).

    A client sees an acknowledged write vanish: a server with a later entry in the same place is elected.
    """

    def _may_commit(self, place: int) -> bool:
        return True


class ServesReadsAlone(Leader):
    """Answers reads from its own store, without asking anybody if it still leads (section 8).

    etcd 0.4 and Consul did (Jepsen, 2014): a leader that is cut off does not know that it was deposed.

    A client reads a value that was overwritten before it asked.
    """

    def _read(self, ctx: Context, client: str, request: Request) -> None:
        ctx.send(client, self._answer_to(ctx, request))


class ChangesTooEarly(Leader):
    """Begins a change of the membership before an entry of its own term is committed.

    The thesis allowed it (4.1). Huanchen Zhang and Brandon Amos found it wrong, and Ongaro corrected it in 2015 on
    the list raft-dev.

    A client sees acknowledged writes vanish: two leaders each begin a change of the same configuration, and the new
    configurations have majorities without a common server.
    """

    def _may_change(self) -> bool:
        return self._server.log.changed_at <= self._server.commit


class ChangesTwoAtOnce(Leader):
    """Begins a change before the one before is committed (thesis, 4.1).

    A client sees acknowledged writes vanish: the new configuration and the one before last have majorities without a
    common server.
    """

    def _may_change(self) -> bool:
        return self._server.log.term_at(self._server.commit) == self._server.term


def node_with(roles: Roles) -> Callable[[Parameters], RaftNode]:
    """A function that makes a node with these roles, given its parameters."""
    return lambda parameters: RaftNode(parameters, roles)


VARIANTS: Mapping[str, Variant] = {
    variant.name: variant
    for variant in (
        Variant(
            "forgets-its-vote",
            "a restarted server votes again in the same term, so that a term gets two leaders",
            node_with(Roles(server=ForgetsItsVote)),
        ),
        Variant(
            "ignores-freshness",
            "servers vote for candidates with stale logs, so acknowledged writes vanish",
            node_with(Roles(server=IgnoresFreshness)),
        ),
        Variant(
            "appends-unchecked",
            "followers do not compare the entry before new ones, so logs differ and acknowledged writes vanish",
            node_with(Roles(server=AppendsUnchecked)),
        ),
        Variant(
            "counts-older-terms",
            "a leader commits entries of older terms by counting them (Figure 8), so acknowledged writes vanish",
            node_with(Roles(leader=CountsOlderTerms)),
        ),
        Variant(
            "serves-reads-alone",
            "a leader answers reads without a majority, so a leader that is cut off returns old values",
            node_with(Roles(leader=ServesReadsAlone)),
        ),
        Variant(
            "changes-too-early",
            "a leader changes the members before an entry of its term is committed, so acknowledged writes vanish",
            node_with(Roles(leader=ChangesTooEarly)),
        ),
        Variant(
            "changes-two-at-once",
            "a leader changes the members before the last change is committed, so acknowledged writes vanish",
            node_with(Roles(leader=ChangesTwoAtOnce)),
        ),
        *host_variants(RaftNode),
    )
}

RESTARTS = "raft-snapshots"
"""A plan in which servers restart again and again."""
HUNTED: Mapping[str, Hunted] = {
    "forgets-its-vote": Hunted("raft-forgets-its-vote"),
    "ignores-freshness": Hunted("raft-leader-loss"),
    "appends-unchecked": Hunted("raft-appends-unchecked"),
    "counts-older-terms": Hunted("raft-counts-older-terms"),
    "serves-reads-alone": Hunted("raft-leader-loss"),
    "changes-too-early": Hunted("raft-changes-too-early"),
    "changes-two-at-once": Hunted("raft-changes-two-at-once"),
    "handles-packets-twice": Hunted(
        "raft-snapshots",
        unnoticed="networks copy packets, so the protocol is made to handle copies",
    ),
    "torn-writes": Hunted(RESTARTS),
    "read-error-as-empty": Hunted(RESTARTS),
    "fsync-lies": Hunted(RESTARTS),
}
"""How each variant is hunted."""
