"""The messages, with the paper's names. There is one register for each key, so every message names its key.

    client          proposer                 acceptors
      ── Request ──────>
                        ── Prepare ──────────────>
                        <──────────── Promise ────   or Conflict
                        ── Accept ───────────────>
                        <─────────── Accepted ────   or Conflict
      <──────── Reply ──

An acceptor's answer repeats the ballot of the question. A ballot is never used twice, so a proposer knows late and
duplicate answers by their ballot. `membership.py` and `collector.py` say when the other messages are sent. Every
message is the same after a round trip through JSON.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

import clew.systems.node
from clew.systems.caspaxos.ballot import NEVER, Ballot
from clew.systems.caspaxos.change import Change, Versioned
from clew.systems.caspaxos.configuration import Configuration

Key = int | str


class Request(msgspec.Struct, frozen=True, tag="request"):
    """From a client to a proposer: apply a change to the register."""

    id: int
    """The client's operation. Ids grow, so a proposer can tell that a request is old."""
    key: Key
    change: Change


class Reply(clew.systems.node.Reply, frozen=True, tag="reply"):
    """From a proposer to a client: how the operation ended."""

    outcome: Literal["ok", "fail", "info"]
    value: Any = None
    """The state that was chosen, if the change asks for it (`change.TELLING`)."""
    error: str | None = None
    """Why the outcome is not `ok`."""


class Prepare(msgspec.Struct, frozen=True, tag="prepare", omit_defaults=True):
    """From a proposer: accept nothing below `ballot` any more, and report what you have accepted."""

    key: Key
    ballot: Ballot
    age: int = 0
    """The age of the proposer: how many collections of deleted registers it has taken part in (`collector.py`)."""


class Promise(msgspec.Struct, frozen=True, tag="promise"):
    """An acceptor's answer to `Prepare`: yes."""

    key: Key
    ballot: Ballot
    """The ballot that is promised."""
    accepted: Ballot
    """The ballot at which this acceptor accepted a value last, or `NEVER`."""
    value: Versioned
    """The value that it accepted then."""


class Accept(msgspec.Struct, frozen=True, tag="accept", omit_defaults=True):
    """From a proposer: accept `value` at `ballot`."""

    key: Key
    ballot: Ballot
    base: Ballot
    """The ballot of the value that the change was applied to. Nothing between `base` and `ballot` is ever chosen.

    No acceptor needs it. The invariants do.
    """
    value: Versioned
    promise: Ballot
    """Accept nothing below this ballot afterwards: the prepare of the next round, sent along (one round trip). It is
    `ballot` itself if no prepare is sent along."""
    age: int = 0
    """The age of the proposer, as in `Prepare`."""


class Accepted(msgspec.Struct, frozen=True, tag="accepted"):
    """An acceptor's answer to `Accept`: yes. This is a *vote* for the value that was proposed at `ballot`."""

    key: Key
    ballot: Ballot
    promised: Ballot
    """What the acceptor has promised by now. It may be above `ballot`."""


class Conflict(msgspec.Struct, frozen=True, tag="conflict"):
    """An acceptor's answer to `Prepare` or `Accept`: no."""

    key: Key
    ballot: Ballot
    """The ballot that is refused."""
    promised: Ballot
    """The higher ballot that the acceptor has promised."""


class Reconfigure(msgspec.Struct, frozen=True, tag="reconfigure"):
    """From a node's operator to the node: these are to be the acceptors. The administrator carries it out."""

    number: int
    """Counts the orders of a run."""
    members: tuple[str, ...]


class Configure(msgspec.Struct, frozen=True, tag="configure"):
    """From the administrator to a proposer: work with this configuration from now on."""

    configuration: Configuration


class Configured(msgspec.Struct, frozen=True, tag="configured"):
    """A proposer's answer to `Configure`: what it sends after this, it sends in this configuration."""

    configuration: Configuration


class Turn(msgspec.Struct, frozen=True, tag="turn"):
    """From the administrator to an acceptor: start, or forget everything and be silent."""

    number: int
    """The number of the step."""
    on: bool


class Turned(msgspec.Struct, frozen=True, tag="turned"):
    """An acceptor's answer to `Turn`: done. An acceptor that was turned off is empty from here on."""

    number: int
    on: bool


class AskKeys(msgspec.Struct, frozen=True, tag="ask-keys"):
    """From the administrator to an acceptor: which keys do you have?"""

    number: int
    """The number of the step."""


class Held(msgspec.Struct, frozen=True, tag="held"):
    """An acceptor's answer to `AskKeys`: all keys for which it has promised or accepted anything."""

    number: int
    keys: tuple[Key, ...]


class Deleted(msgspec.Struct, frozen=True, tag="deleted"):
    """From a proposer to the collector of its node: a tombstone was chosen."""

    key: Key


class Replicate(msgspec.Struct, frozen=True, tag="replicate"):
    """From a collector to the proposer of its node: have the identity change accepted by so many acceptors."""

    key: Key
    votes: int


class Replicated(msgspec.Struct, frozen=True, tag="replicated"):
    """A proposer's answer to `Replicate`."""

    key: Key
    outcome: Literal["tombstone", "value", "not yet"]
    """What so many acceptors have accepted: the empty state, or another. Or they have not, and the proposer gave up."""
    ballot: Ballot = NEVER
    """The ballot at which they accepted it."""


class GrowOlder(msgspec.Struct, frozen=True, tag="grow-older"):
    """From a collector to a proposer: leave behind all that you have of this key from before `ballot`."""

    key: Key
    ballot: Ballot
    """The ballot of the tombstone that all acceptors have accepted."""


class GrownOlder(msgspec.Struct, frozen=True, tag="grown-older"):
    """A proposer's answer to `GrowOlder`: what it sends from now on has this age, and for the key a higher ballot."""

    key: Key
    ballot: Ballot
    age: int


class Refuse(msgspec.Struct, frozen=True, tag="refuse"):
    """From a collector to an acceptor: refuse messages of proposers that are younger than this."""

    key: Key
    ballot: Ballot
    ages: dict[str, int]
    """The least age of each proposer."""


class Refusing(msgspec.Struct, frozen=True, tag="refusing"):
    """An acceptor's answer to `Refuse`: done."""

    key: Key
    ballot: Ballot
    ages: dict[str, int]
    """The least age of each proposer, by all collections that the acceptor knows of."""


class Remove(msgspec.Struct, frozen=True, tag="remove"):
    """From a collector to an acceptor: forget the register if it is as the tombstone at `ballot` left it."""

    key: Key
    ballot: Ballot


class Removed(msgspec.Struct, frozen=True, tag="removed"):
    """An acceptor's answer to `Remove`: the register is forgotten, or holds something newer."""

    key: Key
    ballot: Ballot


Message = (
    Request
    | Reply
    | Prepare
    | Promise
    | Accept
    | Accepted
    | Conflict
    | Reconfigure
    | Configure
    | Configured
    | Turn
    | Turned
    | AskKeys
    | Held
    | Deleted
    | Replicate
    | Replicated
    | GrowOlder
    | GrownOlder
    | Refuse
    | Refusing
    | Remove
    | Removed
)
