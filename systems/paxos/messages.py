"""Ballots and messages. Each key is a decision of its own, so every message names its key.

    client         proposer                acceptors               learners
      ── Request ─────>
                       ── Prepare ───────────>
                       <───────── Promise ────   or Reject
                       ── Accept ────────────>
                                              ── Accepted ───────────>   or Reject, to the proposer
      <─────────────────────────────────────────────────── Decision ──

Every message is the same after a round trip through JSON.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec

import clew.systems.node

Key = int | str


class Ballot(NamedTuple):
    """The number of a proposal. Only one proposer uses it, and only once. Ballots are ordered by round, then by
    proposer."""

    round: int
    proposer: str

    def __str__(self) -> str:
        return f"{self.round}/{self.proposer}" if self.proposer else "never"


NEVER = Ballot(0, "")
"""Below every ballot in use."""


class Request(msgspec.Struct, frozen=True, tag="request"):
    """From a client to a proposer: propose a value, or read what is decided."""

    id: int
    key: Key
    value: Any
    """None: only read."""


class Decision(clew.systems.node.Reply, frozen=True, tag="decision"):
    """From a proposer to a client: this is decided. None, to a reader: nothing was, when it asked."""

    key: Key
    value: Any


class Prepare(msgspec.Struct, frozen=True, tag="prepare"):
    """Phase 1a: accept nothing below `ballot` any more, and report what you have accepted."""

    key: Key
    ballot: Ballot


class Promise(msgspec.Struct, frozen=True, tag="promise"):
    """Phase 1b, an acceptor's answer: yes."""

    key: Key
    ballot: Ballot
    accepted: Ballot
    """The ballot at which this acceptor accepted a value last, or `NEVER`."""
    value: Any
    """The value that it accepted then."""


class Accept(msgspec.Struct, frozen=True, tag="accept"):
    """Phase 2a: accept `value` at `ballot`."""

    key: Key
    ballot: Ballot
    value: Any


class Accepted(msgspec.Struct, frozen=True, tag="accepted"):
    """Phase 2b, from an acceptor to all learners: it has accepted the value. This is a *vote*."""

    key: Key
    ballot: Ballot
    value: Any


class Reject(msgspec.Struct, frozen=True, tag="reject"):
    """An acceptor's answer to `Prepare` or `Accept`: no."""

    key: Key
    ballot: Ballot
    """The ballot that is refused."""
    promised: Ballot
    """The higher ballot that the acceptor has promised."""


Message = Request | Decision | Prepare | Promise | Accept | Accepted | Reject
