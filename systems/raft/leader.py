"""The leader of a term: it replicates its log, commits, and answers clients (5.3, 5.4.2 and section 8). It also changes
the members of the cluster, one at a time (`membership.py`)."""

from __future__ import annotations

from typing import NamedTuple

from clew.systems.node import Context
from clew.systems.raft.membership import Recruits, next_members
from clew.systems.raft.messages import (
    Answer,
    Appended,
    AppendEntries,
    Command,
    Configuration,
    Entry,
    InstallSnapshot,
    Lead,
    NotLeader,
    Request,
)
from clew.systems.raft.parameters import Parameters, majority
from clew.systems.raft.server import Server

CONTRADICTIONS_MOST = 8
"""How many refusals of a follower that lacks what it had acknowledged are answered between two heartbeats."""


class Read(NamedTuple):
    """A request that changes nothing. It is answered when a majority has confirmed that the leader still leads."""

    client: str
    request: Request
    round: int
    """The followers of a majority have to repeat this round, or a later one."""


class Leader:
    """One term of one leader. It ends with the term, or with the life of the server."""

    def __init__(self, parameters: Parameters, server: Server) -> None:
        self._parameters = parameters
        self._server = server
        self._next: dict[str, int] = {}
        """The place of the next entry to send to each follower."""
        self._match: dict[str, int] = {}
        """Up to where each follower's log is known to be the leader's."""
        self._seen: dict[str, int] = {}
        """The last round that each follower has repeated."""
        self._contradicted: dict[str, int] = {}
        """How often each follower has lacked what it had acknowledged, since the last heartbeat."""
        self._round = 0
        self._reads: list[Read] = []
        self._waiting: list[tuple[str, Request]] = []
        """Reads that came before an entry of this term was committed."""
        self._recruits = Recruits(parameters)

    def begin(self, ctx: Context) -> None:
        """Append an empty entry, and tell everybody. The entry commits what earlier leaders have left behind."""
        log = self._server.log
        prev_index, prev_term = log.last_index, log.last_term
        empty = (Entry(self._server.term, None),)
        log.append(ctx, empty)
        ctx.disk.sync()
        lead = Lead(self._server.term, prev_index, prev_term, empty, self._server.commit, self._round)
        for node in self._server.members(ctx):
            if node != ctx.name:
                self._follow(node)
                ctx.send(node, lead)
        self._commit(ctx)
        self.reconfigure(ctx)

    def heartbeat(self, ctx: Context) -> None:
        """Send every follower what it lacks, or an empty message."""
        self._contradicted.clear()
        for node in self._next:
            self._send(ctx, node)

    def request(self, ctx: Context, client: str, request: Request) -> None:
        """Begin a client's operation."""
        if request.f in ("get", "read", "campaign"):
            self._read(ctx, client, request)
            return
        session = self._server.store.session(client)
        if session is not None and request.id <= session.id:
            if request.id == session.id:
                ctx.send(client, self._answer(request.id, session.value, session.error, session.index))
            return
        command = Command(client, request.id, request.f, request.key, request.value)
        self._server.log.append(ctx, (Entry(self._server.term, command),))
        ctx.disk.sync()
        self.heartbeat(ctx)
        self._commit(ctx)

    def appended(self, ctx: Context, follower: str, message: Appended) -> None:
        """Learn how far a follower's log is the leader's, and send what it lacks."""
        if follower not in self._next:
            return  # It was removed.
        self._seen[follower] = max(self._seen[follower], message.round)
        if message.matched:
            self._match[follower] = max(self._match[follower], message.index)
            self._next[follower] = max(self._next[follower], message.index + 1)
            self._commit(ctx)
            # What is committed now may have begun a change that removes the follower.
            if self._next.get(follower, self._server.log.last_index + 1) <= self._server.log.last_index:
                self._send(ctx, follower)
        else:
            self._refused(ctx, follower, message)
        self._serve(ctx)
        if self._recruits.has(follower):
            self._recruits.progress(follower, self._match[follower], self._server.log.last_index, ctx.now)
            self.reconfigure(ctx)

    def _refused(self, ctx: Context, follower: str, message: Appended) -> None:
        """Go back to where the logs may match, and send what comes after that.

        A follower may say that it lacks what it had acknowledged: the refusal comes late, or a disk has lost synced
        writes. Such a disk has the follower refuse for ever. A network that copies messages makes two answers of one
        now and then. So if each refusal were answered, the messages would double again and again.
        """
        if message.index < self._match[follower]:
            self._contradicted[follower] = self._contradicted.get(follower, 0) + 1
            if self._contradicted[follower] > CONTRADICTIONS_MOST:
                return
        self._next[follower] = max(self._match[follower], min(self._next[follower] - 1, message.index)) + 1
        self._send(ctx, follower)

    def reconfigure(self, ctx: Context) -> None:
        """Take the next step to what the operator has ordered, if it is time for one."""
        server = self._server
        if server.goal is None:
            return
        members = server.members(ctx)
        for node in self._recruits.choose([node for node in server.goal if node not in members]):
            del self._next[node], self._match[node], self._seen[node]
        for node in self._recruits.new():
            self._follow(node)
            self._recruits.begin(node, server.log.last_index, ctx.now)
            self._send(ctx, node)
        if self._may_change():
            following = next_members(ctx.nodes, members, server.goal, self._recruits.ready(), ctx.name)
            if following is not None:
                self._change(ctx, following)

    def _may_change(self) -> bool:
        """Whether a change may begin: the one before is committed, and so is an entry of this term.

        The second condition is the correction of 2015 (Ongaro, "bug in single-server membership changes", raft-dev).
        Without it two leaders of different terms can each begin a change of the same configuration, and neither knows
        of the other's. These two new configurations may have majorities without a common server.
        """
        server = self._server
        return server.log.changed_at <= server.commit and server.log.term_at(server.commit) == server.term

    def _change(self, ctx: Context, members: tuple[str, ...]) -> None:
        """Append a configuration. It is in force from now on (thesis, 4.1).

        A follower that lags refuses this message, and gets the entry later. A server that is removed gets it just now:
        if it arrives, the server knows early.
        """
        server, log = self._server, self._server.log
        prev_index, prev_term = log.last_index, log.last_term
        entries = (Entry(server.term, Configuration(members)),)
        log.append(ctx, entries)
        ctx.disk.sync()
        ctx.count("membership changes")
        message = AppendEntries(server.term, prev_index, prev_term, entries, server.commit, self._round)
        for node in self._next:
            ctx.send(node, message)
            if self._next[node] == log.last_index:
                self._next[node] += 1
        for node in [node for node in self._next if node not in members and not self._recruits.has(node)]:
            del self._next[node], self._match[node], self._seen[node]
        self._recruits.done(members)
        self._commit(ctx)

    def _follow(self, node: str) -> None:
        """Take a server for a follower whose log is the leader's until it says otherwise."""
        self._next[node], self._match[node], self._seen[node] = self._server.log.last_index + 1, 0, -1

    def end(self, ctx: Context) -> None:
        """The term is over. Clients whose reads are open ask another server; their changes may yet be committed."""
        for client, request in [*self._waiting, *((read.client, read.request) for read in self._reads)]:
            ctx.send(client, NotLeader(request.id, None))

    def _send(self, ctx: Context, follower: str) -> None:
        server, log = self._server, self._server.log
        place = self._next[follower]
        if place <= log.snapshot.index:
            snapshot = log.snapshot
            last = snapshot.index, snapshot.term
            message = InstallSnapshot(server.term, *last, snapshot.state, self._round, snapshot.configuration)
            ctx.send(follower, message)
            self._next[follower] = snapshot.index + 1
            return
        term = log.term_at(place - 1)
        assert term is not None
        entries = log.after(place - 1, self._parameters.max_entries)
        ctx.send(follower, AppendEntries(server.term, place - 1, term, entries, server.commit, self._round))
        # More entries follow before this message is answered. If it is lost, the follower will say so.
        self._next[follower] = place + len(entries)

    def _commit(self, ctx: Context) -> None:
        """Commit what a majority has, and answer the clients."""
        server = self._server
        place = self._held_by_majority(ctx, server.log.last_index, self._match)
        if place > server.commit and self._may_commit(place):
            for term, command, session in server.advance(ctx, place):
                if term == server.term and session.id == command.id:
                    answer = self._answer(command.id, session.value, session.error, session.index)
                    ctx.send(command.client, answer)
            waiting, self._waiting = self._waiting, []
            for client, request in waiting:
                self._read(ctx, client, request)
            self.reconfigure(ctx)

    def _may_commit(self, place: int) -> bool:
        """Only entries of the leader's own term are committed by counting (5.4.2 and Figure 8).

        An older entry that a majority has can still be overwritten, by a leader that has a later entry in its place.
        """
        return self._server.log.term_at(place) == self._server.term

    def _read(self, ctx: Context, client: str, request: Request) -> None:
        """Ask all followers if this server still leads (section 8).

        The store is up to date only when an entry of this term is committed: until then a read waits. Who leads can be
        told without the store.
        """
        committed = self._server.log.term_at(self._server.commit) == self._server.term
        if request.f == "get" and not committed:
            self._waiting.append((client, request))
            return
        self._round += 1
        self._reads.append(Read(client, request, self._round))
        self.heartbeat(ctx)
        self._serve(ctx)

    def _serve(self, ctx: Context) -> None:
        """Answer the reads that a majority has confirmed."""
        seen = self._held_by_majority(ctx, self._round, self._seen)
        while self._reads and self._reads[0].round <= seen:
            read = self._reads.pop(0)
            ctx.send(read.client, self._answer_to(ctx, read.request))

    def _answer_to(self, ctx: Context, request: Request) -> Answer:
        server = self._server
        value = server.store.get(request.key) if request.f == "get" else [server.term, ctx.name]
        return self._answer(request.id, value, None, server.commit)

    def _answer(self, id: int, value: object, error: str | None, index: int) -> Answer:
        return Answer(id, value, error, self._server.term, index)

    def _held_by_majority(self, ctx: Context, own: int, others: dict[str, int]) -> int:
        """The highest number that a majority of the members has reached.

        This server counts itself only if it is one (thesis, 4.2.2).
        """
        members = self._server.members(ctx)
        reached = [own if node == ctx.name else others[node] for node in members]
        return sorted(reached, reverse=True)[majority(len(members)) - 1]
