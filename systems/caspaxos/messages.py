"""Everything that is said, with the paper's names; one register for each key, so every message names its key.

    client          proposer                 acceptors
      ── Request ──────>
                        ── Prepare ──────────────>
                        <──────────── Promise ────   or Conflict
                        ── Accept ───────────────>
                        <─────────── Accepted ────   or Conflict
      <──────── Reply ──

A reply repeats the ballot it answers, and a ballot is never used twice, so late and duplicated messages are told apart
by their ballot alone. All bodies are the same after a round trip through JSON.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from clew.systems.caspaxos.ballot import Ballot
from clew.systems.caspaxos.change import Change, Versioned

Key = int | str


class Request(msgspec.Struct, frozen=True, tag_field="type", tag="request"):
    """A client to a proposer: apply `change` to the register. `id` is unique in the run."""

    id: int
    key: Key
    change: Change


class Reply(msgspec.Struct, frozen=True, tag_field="type", tag="reply"):
    """A proposer to a client. `value` is the state that a read saw; `error` says why the outcome is not `ok`."""

    id: int
    outcome: Literal["ok", "fail", "info"]
    value: Any = None
    error: str | None = None


class Prepare(msgspec.Struct, frozen=True, tag_field="type", tag="prepare"):
    """Accept nothing below `ballot` from now on, and tell what you have accepted."""

    key: Key
    ballot: Ballot


class Promise(msgspec.Struct, frozen=True, tag_field="type", tag="promise"):
    """The answer to `Prepare`: promised; and `value` is what this acceptor accepted last, at ballot `accepted`."""

    key: Key
    ballot: Ballot
    accepted: Ballot
    value: Versioned


class Accept(msgspec.Struct, frozen=True, tag_field="type", tag="accept"):
    """Accept `value` at `ballot`.

    `base` is the ballot at which the value that the change was applied to had been accepted: the proposer's claim that
    nothing between `base` and `ballot` is ever chosen. No acceptor needs it; the invariants do. `promise` is the
    piggy-backed prepare: the ballot below which to accept nothing afterwards, `ballot` itself if there is none.
    """

    key: Key
    ballot: Ballot
    base: Ballot
    value: Versioned
    promise: Ballot


class Accepted(msgspec.Struct, frozen=True, tag_field="type", tag="accepted"):
    """The answer to `Accept`: accepted at `ballot`; `promised` is where the acceptor's promise stands by now."""

    key: Key
    ballot: Ballot
    promised: Ballot


class Conflict(msgspec.Struct, frozen=True, tag_field="type", tag="conflict"):
    """The other answer to `Prepare` and `Accept`: no, for `promised` was promised, which is above `ballot`."""

    key: Key
    ballot: Ballot
    promised: Ballot


Message = Request | Reply | Prepare | Promise | Accept | Accepted | Conflict
