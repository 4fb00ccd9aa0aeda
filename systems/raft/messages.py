"""The messages, with the paper's names (Figures 2 and 13), and what the log is made of.

    client            leader                         followers
      ── Request ───────>
                          ── AppendEntries ────────────>
                          <──────────────── Appended ───
      <──────── Answer ──    or NotLeader from any other server

                     candidate                       the others
                          ── RequestVote ──────────────>
                          <──────────────────── Vote ───

An answer to a server repeats no question. It has a term, and an answer of an old term is dropped. Every message is the
same after a round trip through JSON.
"""

from __future__ import annotations

from typing import Any

import msgspec

import clew.systems.node

Key = int | str


class Command(msgspec.Struct, frozen=True, array_like=True):
    """What the log replicates: one change that a client asked for."""

    client: str
    id: int
    """The client's operation. Ids grow, so a server can tell that a request is old (section 8)."""
    f: str
    """`put`, `cas` or `delete`."""
    key: Key
    value: Any


class Entry(msgspec.Struct, frozen=True, array_like=True):
    """One place of the log."""

    term: int
    """The term of the leader that appended it."""
    command: Command | None
    """None: the empty entry with which every leader begins its term (section 8)."""


class Request(msgspec.Struct, frozen=True, tag="request"):
    """From a client: do this."""

    id: int
    f: str
    key: Key
    value: Any


class Answer(clew.systems.node.Reply, frozen=True, tag="answer"):
    """From the leader to a client: the operation is done, and this is its result."""

    value: Any
    error: str | None
    term: int
    """The leader's term."""
    index: int
    """Where in the log the command ran; for a read, the last place that had run. Only the invariants need it."""


class NotLeader(clew.systems.node.Reply, frozen=True, tag="not-leader"):
    """From a server that does not lead."""

    leader: str | None
    """Who leads, if the server knows."""


class RequestVote(msgspec.Struct, frozen=True, tag="request-vote"):
    """From a candidate: elect me in this term."""

    term: int
    last_index: int
    """The last place of the candidate's log."""
    last_term: int
    """The term of the entry there."""


class Vote(msgspec.Struct, frozen=True, tag="vote"):
    """The answer to `RequestVote`."""

    term: int
    granted: bool
    last_index: int
    """The last place of the voter's log. Only the invariants need it."""
    last_term: int


class AppendEntries(msgspec.Struct, frozen=True, tag="append-entries"):
    """From a leader: append these entries after the one at `prev_index`. Without entries it is a heartbeat."""

    term: int
    prev_index: int
    prev_term: int
    entries: tuple[Entry, ...]
    commit: int
    """Everything up to here is committed."""
    round: int
    """The follower repeats it: so the leader knows which of its messages the follower has seen."""


class Lead(AppendEntries, frozen=True, tag="lead"):
    """The first `AppendEntries` of a term: the candidate has won, and leads from now on."""


class Appended(msgspec.Struct, frozen=True, tag="appended"):
    """The answer to `AppendEntries` and `InstallSnapshot`."""

    term: int
    matched: bool
    """Whether the follower's log is the leader's up to `index`."""
    index: int
    """If it is not: the logs may match up to here."""
    round: int


class InstallSnapshot(msgspec.Struct, frozen=True, tag="install-snapshot"):
    """From a leader whose log no longer has what the follower needs: the state after the entry at `index`."""

    term: int
    index: int
    last_term: int
    """The term of the entry at `index`."""
    state: str
    round: int


Message = Request | Answer | NotLeader | RequestVote | Vote | AppendEntries | Lead | Appended | InstallSnapshot
