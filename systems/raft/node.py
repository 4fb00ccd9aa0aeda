"""A server as a node: it follows, stands for election, or leads (5.1 and Figure 4).

                no word from a leader                    votes of a majority
──> follower ─────────────────────────> candidate ─────────────────────────────> leader
       ^  ^                             │   ^   │ no majority in time               │
       │  └───── there is a leader ─────┘   └───┘                                   │
       └───────────────────── a later term, in any message ─────────────────────────┘
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from clew.systems.node import Context
from clew.systems.raft.leader import Leader
from clew.systems.raft.messages import (
    Answer,
    Appended,
    AppendEntries,
    InstallSnapshot,
    Lead,
    NotLeader,
    PreVote,
    Reconfigure,
    Request,
    RequestPreVote,
    RequestVote,
    Vote,
)
from clew.systems.raft.parameters import Parameters, majority
from clew.systems.raft.server import Server
from clew.systems.recovering_node import RecoveringNode

ELECTION = "election"
HEARTBEAT = "heartbeat"
LOST = "another server leads"
"""Why a campaign failed."""


@dataclass(frozen=True)
class Roles:
    """What a server is made of. Variants bring their own."""

    server: Callable[[Parameters], Server] = Server
    leader: Callable[[Parameters, Server], Leader] = Leader


class RaftNode(RecoveringNode):
    """One life of one server."""

    def __init__(self, parameters: Parameters, roles: Roles = Roles()) -> None:
        self._parameters = parameters
        self._server = roles.server(parameters)
        self._make_leader = roles.leader
        self._leader: Leader | None = None
        self._votes: set[str] = set()
        """Who has voted for this server in its term. Empty: it is no candidate."""
        self._willing: set[str] = set()
        """Who would vote for this server. Empty: it has not asked."""
        self._heard: int | None = None
        """When the leader of this term was last heard, by this server's clock."""
        self._known: str | None = None
        """Who leads in this term, as far as this server knows."""
        self._campaigns: dict[str, int] = {}
        """The clients that wait for this server's election, and their operations."""
        self._react = {
            RequestVote: self._request_vote,
            Vote: self._vote,
            PreVote: self._pre_vote,
            AppendEntries: self._append,
            Lead: self._append,
            InstallSnapshot: self._append,
            Appended: self._appended,
        }

    def recover(self, ctx: Context) -> None:
        """Begin a life as a follower. A server that has forgotten its vote might vote twice."""
        self._server.load(ctx)
        self._wait(ctx)

    def receive(self, ctx: Context, source: str, message: Any) -> None:
        """Enter the message's term if it is later, and react."""
        react = self._react.get(type(message))
        if react is not None:
            if message.term > self._server.term:
                self._server.enter(ctx, message.term)
                self._step_down(ctx)
            react(ctx, source, message)
            self._leave(ctx)
        elif isinstance(message, Request) and self._react:
            self._request(ctx, source, message)
        elif isinstance(message, RequestPreVote) and self._react:
            ctx.send(source, self._server.pre_vote(ctx, message, self._hears_leader(ctx)))
        elif isinstance(message, Reconfigure) and self._react:
            self._server.goal = message.members
            if self._leader is not None:
                self._leader.reconfigure(ctx)

    def wake(self, ctx: Context, timer: str) -> None:
        """Stand for election, or send heartbeats."""
        if timer == ELECTION and self._parameters.pre_vote:
            self._ask_first(ctx)
        elif timer == ELECTION:
            self._stand(ctx)
        elif self._leader is not None:
            self._leader.heartbeat(ctx)
            ctx.set_timer(HEARTBEAT, self._parameters.heartbeat_period)

    def _request(self, ctx: Context, client: str, request: Request) -> None:
        """The leader does what clients ask. Any server can be asked to stand for election."""
        if self._leader is not None:
            self._leader.request(ctx, client, request)
        elif request.f == "campaign":
            self._campaigns[client] = request.id
            self._stand(ctx)
        else:
            ctx.send(client, NotLeader(request.id, self._known))

    def _ask_first(self, ctx: Context) -> None:
        """Ask the others if they would vote for this server (thesis, 9.6). Nobody changes its term or its vote.

        A server that knows that it was removed asks nobody. One that does not know it may be needed, and asks: without
        it, perhaps nobody can be elected who commits its removal (thesis, 4.2.2).
        """
        server = self._server
        self._wait(ctx)
        self._known = None
        self._votes = set()
        if server.is_removed(ctx):
            return
        self._willing = {ctx.name}
        self._ask(ctx, RequestPreVote(server.term + 1, server.log.last_index, server.log.last_term))
        self._count_willing(ctx)

    def _pre_vote(self, ctx: Context, voter: str, message: PreVote) -> None:
        if self._willing and message.granted:
            self._willing.add(voter)
            self._count_willing(ctx)

    def _count_willing(self, ctx: Context) -> None:
        """Stand for election, if a majority would vote for this server."""
        if self._is_majority(ctx, self._willing):
            self._stand(ctx)

    def _hears_leader(self, ctx: Context) -> bool:
        """Whether there was word from a leader within the shortest time after which a follower gives it up."""
        if self._leader is not None:
            return True
        return self._heard is not None and ctx.now - self._heard < self._parameters.election_timeout

    def _is_majority(self, ctx: Context, servers: set[str]) -> bool:
        """Whether these are a majority of the latest configuration. Servers that are no members do not count."""
        members = self._server.members(ctx)
        return len(servers.intersection(members)) >= majority(len(members))

    def _ask(self, ctx: Context, message: RequestVote | RequestPreVote) -> None:
        for node in self._server.members(ctx):
            if node != ctx.name:
                ctx.send(node, message)

    def _stand(self, ctx: Context) -> None:
        """Begin a term, vote for oneself, and ask the others (5.2)."""
        server = self._server
        server.enter(ctx, server.term + 1, ctx.name)
        self._known = None
        self._votes = {ctx.name}
        self._willing = set()
        self._wait(ctx)
        ctx.count("elections")
        self._ask(ctx, RequestVote(server.term, server.log.last_index, server.log.last_term))
        self._count(ctx)

    def _request_vote(self, ctx: Context, candidate: str, message: RequestVote) -> None:
        vote = self._server.vote(ctx, candidate, message)
        if vote.granted:
            self._wait(ctx)
        ctx.send(candidate, vote)

    def _vote(self, ctx: Context, voter: str, message: Vote) -> None:
        if self._votes and message.term == self._server.term and message.granted:
            self._votes.add(voter)
            self._count(ctx)

    def _count(self, ctx: Context) -> None:
        """Lead, with the votes of a majority."""
        if not self._is_majority(ctx, self._votes):
            return
        self._votes = set()
        self._known = ctx.name
        self._leader = self._make_leader(self._parameters, self._server)
        ctx.count("elections won")
        ctx.cancel_timer(ELECTION)
        ctx.set_timer(HEARTBEAT, self._parameters.heartbeat_period)
        self._leader.begin(ctx)
        for client, id in self._campaigns.items():
            ctx.send(client, Answer(id, [self._server.term, ctx.name], None, self._server.term, 0))
        self._campaigns = {}

    def _append(self, ctx: Context, leader: str, message: AppendEntries | InstallSnapshot) -> None:
        """Follow the leader of this term. The leader of an earlier one learns that it is deposed."""
        server = self._server
        if message.term < server.term:
            ctx.send(leader, Appended(server.term, False, 0, message.round))
            return
        if self._votes:
            self._step_down(ctx)
        self._known = leader
        self._heard = ctx.now
        self._willing = set()
        self._wait(ctx)
        if isinstance(message, AppendEntries):
            ctx.send(leader, server.append(ctx, message))
        else:
            ctx.send(leader, server.install(ctx, message))

    def _appended(self, ctx: Context, follower: str, message: Appended) -> None:
        if self._leader is not None and message.term == self._server.term:
            self._leader.appended(ctx, follower, message)

    def _leave(self, ctx: Context) -> None:
        """Lead no more when a configuration without this server is committed (thesis, 4.2.2)."""
        if self._leader is not None and self._server.is_removed(ctx):
            ctx.count("leaders removed")
            self._step_down(ctx)

    def _step_down(self, ctx: Context) -> None:
        """Follow again."""
        if self._leader is not None:
            self._leader.end(ctx)
            self._leader = None
            ctx.cancel_timer(HEARTBEAT)
            self._wait(ctx)
        self._votes = set()
        self._willing = set()
        self._known = self._heard = None
        for client, id in self._campaigns.items():
            ctx.send(client, Answer(id, None, LOST, self._server.term, 0))
        self._campaigns = {}

    def _wait(self, ctx: Context) -> None:
        """Wait for a leader. Each wait is drawn anew, so that votes are rarely split (5.2)."""
        shortest = self._parameters.election_timeout
        ctx.set_timer(ELECTION, shortest + int(ctx.random.random() * shortest))
