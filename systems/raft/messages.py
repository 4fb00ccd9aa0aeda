"""The messages, with the paper's names (Figures 2 and 13), and what the log is made of.

    client            leader                         followers
      ── Request ───────>
                          ── AppendEntries ────────────>
                          <──────────────── Appended ───
      <──────── Answer ──    or NotLeader from any other server

                     candidate                       the others
                          ── RequestVote ──────────────>
                          <──────────────────── Vote ───

Before an election, `RequestPreVote` and `PreVote` go the same way as `RequestVote` and `Vote`, if `pre_vote` is set.

An answer to a server repeats no question. It has a term, and an answer of an old term is dropped. Every message is the
same after a round trip through JSON.
"""

from __future__ import annotations

from dataclasses import dataclass
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


@dataclass(frozen=True)  # No struct: a field that may hold one of two structs would need tags in both.
class Configuration:
    """Who belongs to the cluster, as an entry of the log (thesis, 4.1). A server uses the latest one in its log."""

    members: tuple[str, ...]


class Entry(msgspec.Struct, frozen=True, array_like=True):
    """One place of the log."""

    term: int
    """The term of the leader that appended it."""
    command: Command | Configuration | None
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


class RequestPreVote(msgspec.Struct, frozen=True, tag="request-pre-vote"):
    """From a server that has not heard from a leader: would I be elected (thesis, 9.6)?"""

    term: int
    """The term that the server would begin. Nobody enters it for this."""
    last_index: int
    last_term: int


class PreVote(msgspec.Struct, frozen=True, tag="pre-vote"):
    """The answer to `RequestPreVote`."""

    term: int
    """The term in which the voter is."""
    granted: bool


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


class InstallSnapshot(msgspec.Struct, frozen=True, omit_defaults=True, tag="install-snapshot"):
    """From a leader whose log no longer has what the follower needs: the state after the entry at `index`."""

    term: int
    index: int
    last_term: int
    """The term of the entry at `index`."""
    state: str
    round: int
    configuration: Configuration | None = None
    """The latest configuration up to `index`. None: the members never changed."""


class Reconfigure(msgspec.Struct, frozen=True, tag="reconfigure"):
    """From a server's operator to the server: these are to be the members. The leader carries it out."""

    number: int
    """Counts the orders of a run."""
    members: tuple[str, ...]


Message = (
    Request
    | Answer
    | NotLeader
    | RequestVote
    | Vote
    | RequestPreVote
    | PreVote
    | AppendEntries
    | Lead
    | Appended
    | InstallSnapshot
    | Reconfigure
)
