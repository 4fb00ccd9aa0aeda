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
    Request,
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
        self._known: str | None = None
        """Who leads in this term, as far as this server knows."""
        self._campaigns: dict[str, int] = {}
        """The clients that wait for this server's election, and their operations."""
        self._react = {
            RequestVote: self._request_vote,
            Vote: self._vote,
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
        elif isinstance(message, Request) and self._react:
            self._request(ctx, source, message)

    def wake(self, ctx: Context, timer: str) -> None:
        """Stand for election, or send heartbeats."""
        if timer == ELECTION:
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

    def _stand(self, ctx: Context) -> None:
        """Begin a term, vote for oneself, and ask the others (5.2)."""
        server = self._server
        server.enter(ctx, server.term + 1, ctx.name)
        self._known = None
        self._votes = {ctx.name}
        self._wait(ctx)
        ctx.count("elections")
        ctx.broadcast(RequestVote(server.term, server.log.last_index, server.log.last_term))
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
        if len(self._votes) < majority(len(ctx.nodes)):
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
        self._wait(ctx)
        if isinstance(message, AppendEntries):
            ctx.send(leader, server.append(ctx, message))
        else:
            ctx.send(leader, server.install(ctx, message))

    def _appended(self, ctx: Context, follower: str, message: Appended) -> None:
        if self._leader is not None and message.term == self._server.term:
            self._leader.appended(ctx, follower, message)

    def _step_down(self, ctx: Context) -> None:
        """Follow again."""
        if self._leader is not None:
            self._leader.end(ctx)
            self._leader = None
            ctx.cancel_timer(HEARTBEAT)
            self._wait(ctx)
        self._votes = set()
        self._known = None
        for client, id in self._campaigns.items():
            ctx.send(client, Answer(id, None, LOST, self._server.term, 0))
        self._campaigns = {}

    def _wait(self, ctx: Context) -> None:
        """Wait for a leader. Each wait is drawn anew, so that votes are rarely split (5.2)."""
        shortest = self._parameters.election_timeout
        ctx.set_timer(ELECTION, shortest + int(ctx.random.random() * shortest))
