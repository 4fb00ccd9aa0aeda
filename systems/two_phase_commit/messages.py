"""The messages. Each key is a transaction of its own, so every message names its key.

    client         coordinator             participants
      ── Submit ──────>
                       ── Prepare ───────────>               the first phase: everybody votes
                       <───────── Vote ───────
      <───── Outcome ──
                       ── Decision ──────────>               the second phase: everybody is told

      ── Read ───────────────────────────────>               what do you know?
      <───────────────────────────── Outcome ──   or Undecided: ask the coordinator
      ── Read ────────>
      <───── Outcome ──

                       <──────── Inquiry ─────               to everybody: I voted yes, and was told nothing
                       ── Decision ──────────>               from anybody who knows

Every message is the same after a round trip through JSON.
"""

from __future__ import annotations

from typing import Literal

import msgspec

import clew.systems.node

Key = int
Fate = Literal["committed", "aborted"]
"""What is decided about a transaction."""
COMMITTED: Fate = "committed"
ABORTED: Fate = "aborted"


def coordinator_of(key: Key, nodes: tuple[str, ...]) -> str:
    """The node that coordinates a transaction. All nodes take part in it, the coordinator among them."""
    return nodes[key % len(nodes)]


def refuses(node: str, key: Key, refusals: int, nodes: tuple[str, ...]) -> bool:
    """Whether a node is among those that refuse a transaction: so many after its coordinator, who would be the last."""
    return (nodes.index(node) - key - 1) % len(nodes) < refusals


class Submit(msgspec.Struct, frozen=True, tag="submit"):
    """From a client to a coordinator: try to commit this transaction, and tell me how it ended."""

    id: int
    key: Key
    refusals: int
    """How many participants cannot commit it. In a database, that would be theirs to find out."""


class Read(msgspec.Struct, frozen=True, tag="read"):
    """From a client to any node: how did this transaction end?"""

    id: int
    key: Key


class Outcome(clew.systems.node.Reply, frozen=True, tag="outcome"):
    """To a client: this is decided. None, to a reader: nobody has submitted the transaction."""

    key: Key
    fate: Fate | None


class Undecided(clew.systems.node.Reply, frozen=True, tag="undecided"):
    """From a participant to a reader: I do not know. The coordinator may."""

    key: Key


class Prepare(msgspec.Struct, frozen=True, tag="prepare"):
    """From the coordinator to all: can you commit? (VOTE-REQ)"""

    key: Key
    refusals: int


class Vote(msgspec.Struct, frozen=True, tag="vote"):
    """From a participant to the coordinator. Who votes yes can commit, and can abort: it waits to be told which."""

    key: Key
    yes: bool


class Decision(msgspec.Struct, frozen=True, tag="decision"):
    """From the coordinator to all, and to whoever asks, from anybody who knows: do this. (COMMIT or ABORT)"""

    key: Key
    fate: Fate


class Inquiry(msgspec.Struct, frozen=True, tag="inquiry"):
    """From a participant to all: I have voted yes, and do not know what was decided. (DECISION-REQ)"""

    key: Key


Message = Submit | Read | Outcome | Undecided | Prepare | Vote | Decision | Inquiry
