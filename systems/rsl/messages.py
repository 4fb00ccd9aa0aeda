"""The messages, with the specification's names (Message.i.dfy).

    client          leader                      all replicas, the leader among them
      ── Request ────>
                       ── 1a ──────────────────────>     a new view
                       <────────────────────── 1b ──
                       ── StartingPhase2 ──────────>     a replica that lags asks all others for their state:
                                                         AppStateRequest, AppStateSupply
                       ── 2a ──────────────────────>     a batch at an operation number
                                                 2b ──>  to all replicas: each learns and executes
      <────────────────────────────────────── Reply ──   from every replica that executes
                                         Heartbeat ──>  to all replicas: view, suspicion, checkpoint

The specification's RslMessage_Invalid, a packet that cannot be parsed, has no struct: such packets never reach a
replica. Two messages have more fields than in the specification:

- A supplied state comes with the reply cache. Without it a request may run twice. (IronFleet's release of 2015 sent it
  too; commit 94b6318 removed it.)
- A reply tells at which place of the log its request ran. Clients do not need it, but the invariants do.

Every message is the same after a round trip through JSON. The messages are frozen and form no cycles, so the garbage
collector may skip them (`gc=False`). In long runs it spent much time on messages in flight.
"""

from __future__ import annotations

from typing import Annotated

import msgspec

from clew.systems.rsl.application import AppReply, AppRequest
from clew.systems.rsl.types import Ballot, RequestBatch, Votes

Number = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
"""A number in a message: not below zero, and at most the largest `max_integer_val`."""


class RequestMessage(msgspec.Struct, frozen=True, gc=False, tag="request"):
    """From a client to the replica that it takes for the leader. The sender's address names the client."""

    seqno_req: Number
    val: AppRequest


class ReplyMessage(msgspec.Struct, frozen=True, gc=False, tag="reply"):
    """From a replica to a client."""

    seqno_reply: Number
    """The number of the request."""
    reply: AppReply
    """What the application answered when the request ran."""
    opn_reply: Number
    """The place of the log at which the request ran."""
    index: Number
    """The position of the request in the batch there, from 0."""


class Message1a(msgspec.Struct, frozen=True, gc=False, tag="1a"):
    """From the leader of a view: vote for nothing below this ballot any more, and report your votes."""

    bal_1a: Ballot


class Message1b(msgspec.Struct, frozen=True, gc=False, tag="1b"):
    """The answer to a 1a: promised. It reports all votes of the acceptor from its truncation point on."""

    bal_1b: Ballot
    log_truncation_point: Number
    votes: Votes


class StartingPhase2(msgspec.Struct, frozen=True, gc=False, tag="starting-phase-2"):
    """From the leader: a quorum has promised, and the log begins here. Replicas that lag behind ask for the state."""

    bal_2: Ballot
    log_truncation_point_2: Number


class Message2a(msgspec.Struct, frozen=True, gc=False, tag="2a"):
    """From the leader: vote for this batch at this place of the log."""

    bal_2a: Ballot
    opn_2a: Number
    val_2a: RequestBatch


class Message2b(msgspec.Struct, frozen=True, gc=False, tag="2b"):
    """From an acceptor to all replicas: it has voted for this batch at this place of the log."""

    bal_2b: Ballot
    opn_2b: Number
    val_2b: RequestBatch


class Heartbeat(msgspec.Struct, frozen=True, gc=False, tag="heartbeat"):
    """From a replica to all, again and again."""

    bal_heartbeat: Ballot
    """The view that it is in."""
    suspicious: bool
    """Whether it suspects that view."""
    opn_ckpt: Number
    """Its checkpoint: it will never need an operation below this one again."""


class AppStateRequest(msgspec.Struct, frozen=True, gc=False, tag="app-state-request"):
    """From a replica that lags, to all: it needs a state with all operations below this one."""

    bal_state_req: Ballot
    opn_state_req: Number


class AppStateSupply(msgspec.Struct, frozen=True, gc=False, tag="app-state-supply"):
    """The answer: the state with all operations below this one, and the last reply to each client."""

    bal_state_supply: Ballot
    opn_state_supply: Number
    app_state: str
    reply_cache: dict[str, ReplyMessage]


Message = (
    RequestMessage
    | ReplyMessage
    | Message1a
    | Message1b
    | StartingPhase2
    | Message2a
    | Message2b
    | Heartbeat
    | AppStateRequest
    | AppStateSupply
)
