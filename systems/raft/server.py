"""What every server has, whatever its role (Figure 2, "State"): its term and vote, the log, and the state machine."""

from __future__ import annotations

import msgspec

from clew.systems.node import Context
from clew.systems.raft.log import Log, Snapshot
from clew.systems.raft.messages import (
    Appended,
    AppendEntries,
    Command,
    InstallSnapshot,
    PreVote,
    RequestPreVote,
    RequestVote,
    Vote,
)
from clew.systems.raft.parameters import Parameters
from clew.systems.raft.store import Session, Store


class Voted(msgspec.Struct, frozen=True):
    """What a server must never forget about elections."""

    term: int = 0
    """The latest term that it has seen."""
    candidate: str | None = None
    """Whom it voted for in that term."""


class Server:
    """The state of one server, and what it does as a follower. Variants override the rules."""

    def __init__(self, parameters: Parameters) -> None:
        self._parameters = parameters
        self.voted = Voted()
        self.log = Log()
        self.store = Store()
        self.commit = 0
        """Everything up to here is committed, and has run."""
        self.goal: tuple[str, ...] | None = None
        """Who is to be a member, as the operator ordered in this life. None: there was no order."""

    def load(self, ctx: Context) -> None:
        """Read what survived the last life. Raises `UnreadableDisk`."""
        self.voted = ctx.disk.read("voted", Voted) or Voted()
        self.log.load(ctx)
        self.store = Store.deserialize(self.log.snapshot.state)
        self.commit = self.log.snapshot.index

    @property
    def term(self) -> int:
        """The latest term that the server has seen."""
        return self.voted.term

    def members(self, ctx: Context) -> tuple[str, ...]:
        """The members of the latest configuration in the log, committed or not (thesis, 4.1)."""
        configuration = self.log.configuration
        return ctx.nodes if configuration is None else configuration.members

    def is_removed(self, ctx: Context) -> bool:
        """Whether the server knows that it is no member: a configuration without it is committed."""
        return ctx.name not in self.members(ctx) and self.log.changed_at <= self.commit

    def enter(self, ctx: Context, term: int, candidate: str | None = None) -> None:
        """Enter a later term, or vote in this one. It is on disk before the server answers."""
        self.voted = Voted(term, candidate)
        ctx.disk.write("voted", self.voted)
        ctx.disk.sync()

    def vote(self, ctx: Context, candidate: str, message: RequestVote) -> Vote:
        """Vote for the first candidate of the term whose log is fresh enough (5.2 and 5.4.1)."""
        granted = message.term == self.term and self.voted.candidate in (None, candidate) and self._is_fresh(message)
        if granted and self.voted.candidate is None:
            self.enter(ctx, self.term, candidate)
        return Vote(self.term, granted, self.log.last_index, self.log.last_term)

    def pre_vote(self, ctx: Context, message: RequestPreVote, hears_leader: bool) -> PreVote:
        """Whether this server would vote for a candidate now: not while it hears from a leader (thesis, 9.6)."""
        return PreVote(self.term, message.term > self.term and not hears_leader and self._is_fresh(message))

    def _is_fresh(self, message: RequestVote | RequestPreVote) -> bool:
        """Whether the candidate's log is at least as up-to-date as this one: a later last term, or the same and no
        shorter log. A candidate that lacks a committed entry does not find a majority then."""
        return (message.last_term, message.last_index) >= (self.log.last_term, self.log.last_index)

    def append(self, ctx: Context, message: AppendEntries) -> Appended:
        """Append a leader's entries, if the log has the entry before them (5.3)."""
        log = self.log
        before, entries = message.prev_index, message.entries
        if before < log.snapshot.index:
            # What the snapshot stands for is committed, so the leader has the same.
            entries = entries[log.snapshot.index - before :]
            before = min(log.snapshot.index, before + len(message.entries))
        elif not self._fits(message):
            return Appended(self.term, False, self._hint(message), message.round)
        for place, entry in enumerate(entries, before + 1):
            if log.term_at(place) != entry.term:
                if place <= log.last_index:
                    log.cut(ctx, place)
                    # Nothing committed is ever cut, except by leaders of broken variants. Then the new entries run too.
                    self.commit = min(self.commit, place - 1)
                log.append(ctx, entries[place - before - 1 :])
                ctx.disk.sync()
                break
        matched = before + len(entries)
        self.advance(ctx, min(message.commit, matched))
        return Appended(self.term, True, matched, message.round)

    def _fits(self, message: AppendEntries) -> bool:
        """The consistency check: the entry before the new ones is the leader's."""
        return self.log.term_at(message.prev_index) == message.prev_term

    def _hint(self, message: AppendEntries) -> int:
        """Where the logs may match: before all entries of the term that does not (the end of 5.3)."""
        if message.prev_index > self.log.last_index:
            return self.log.last_index
        term, place = self.log.term_at(message.prev_index), message.prev_index - 1
        while place > self.commit and self.log.term_at(place) == term:
            place -= 1
        return place

    def install(self, ctx: Context, message: InstallSnapshot) -> Appended:
        """Take a leader's snapshot, unless this server has committed as much itself (section 7)."""
        if message.index > self.commit:
            self.log.install(ctx, Snapshot(message.index, message.last_term, message.state, message.configuration))
            ctx.disk.sync()
            self.store = Store.deserialize(message.state)
            self.commit = message.index
            ctx.count("snapshots installed")
        return Appended(self.term, True, message.index, message.round)

    def advance(self, ctx: Context, commit: int) -> list[tuple[int, Command, Session]]:
        """Run everything up to `commit`. Returns the commands that ran, with the terms of their entries.

        A command that ran before, at another place, is returned with its first result.
        """
        ran = []
        while self.commit < commit:
            self.commit += 1
            entry = self.log.entry(self.commit)
            if type(entry.command) is Command:
                ran.append((entry.term, entry.command, self.store.apply(self.commit, entry.command)))
        if self.commit - self.log.snapshot.index >= self._parameters.snapshot_every:
            self.log.compact(ctx, self.commit, self.store.serialize())
            ctx.disk.sync()
            ctx.count("snapshots taken")
        return ran
