"""The messages: two of the store, and those of single-decree Paxos, one decision for each instance.

    client         replica                 all replicas
      ── Request ─────>
                       ── Prepare ───────────>
                       <───────── Promise ────   or Reject
                       ── Accept ────────────>
                                              ── Accepted ───────────>   all replicas, or Reject
      <────── Answer ──                                                  when the instance has run

Every message is the same after a round trip through JSON.
"""

from __future__ import annotations

from typing import Any

import msgspec

import clew.systems.node
from clew.systems.paxos.messages import Accept, Accepted, Decision, Prepare, Promise, Reject

Key = int | str
Batch = list[Any]
"""What an instance decides: commands in their order, each as a list (see `Command`). Paxos takes any JSON value."""


class Command(msgspec.Struct, frozen=True, array_like=True):
    """One operation of a client, as the log has it."""

    client: str
    id: int
    """The client's operation. Ids grow, so a replica can tell that a command ran already."""
    f: str
    """`get`, `put`, `cas` or `delete`. Reads are in the log too."""
    key: Key
    value: Any


class Request(msgspec.Struct, frozen=True, tag="request"):
    """From a client to a replica: do this."""

    id: int
    f: str
    key: Key
    value: Any


class Answer(clew.systems.node.Reply, frozen=True, tag="answer"):
    """From a replica to a client: the command ran, and this is its result."""

    value: Any
    error: str | None


Message = Request | Answer | Decision | Prepare | Promise | Accept | Accepted | Reject
