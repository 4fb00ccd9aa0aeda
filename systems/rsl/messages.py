"""Everything that is said (Message.i.dfy), with the specification's names.

    client          leader                      all replicas, the leader among them
      ── Request ────>
                       ── 1a ──────────────────────>     a new view
                       <────────────────────── 1b ──
                       ── StartingPhase2 ──────────>     who lags asks for the state: AppStateRequest, AppStateSupply
                       ── 2a ──────────────────────>     a batch at an operation number
                                                 2b ──>  to everybody: every replica learns and executes
      <────────────────────────────────────── Reply ──   from every replica that executes
                                         Heartbeat ──>  view, suspicion, checkpoint

RslMessage_Invalid, a packet that cannot be parsed, has no struct: it ends at the edge. Two things are added to what the
specification says. A supplied state brings the reply cache along (the release of 2015 sent it, 94b6318 removed it):
without it a request may run twice. And a reply tells which place in the log its request had: no client needs that, the
invariants do. All bodies are the same after a round trip through JSON. Frozen values have no cycles, and Python's
garbage collector need not look for any (`gc=False`): in a long run it looked again and again at all that was under way.
"""

from __future__ import annotations

from typing import Annotated

import msgspec

from clew.systems.rsl.application import AppReply, AppRequest
from clew.systems.rsl.types import Ballot, RequestBatch, Votes

Number = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
"""On the wire nothing is below zero or above the largest `max_integer_val`."""


class RequestMessage(msgspec.Struct, frozen=True, gc=False, tag_field="type", tag="request"):
    """A client to the replica that it takes for the leader; the sender's address is the client."""

    seqno_req: Number
    val: AppRequest


class ReplyMessage(msgspec.Struct, frozen=True, gc=False, tag_field="type", tag="reply"):
    """A replica to a client: what request `seqno_reply` returned when it ran, as number `index` of its batch."""

    seqno_reply: Number
    reply: AppReply
    opn_reply: Number
    index: Number


class Message1a(msgspec.Struct, frozen=True, gc=False, tag_field="type", tag="1a"):
    """I lead this view: vote for nothing below it any more, and tell what you have voted for."""

    bal_1a: Ballot


class Message1b(msgspec.Struct, frozen=True, gc=False, tag_field="type", tag="1b"):
    """Promised; these are my votes, all of them from the truncation point on."""

    bal_1b: Ballot
    log_truncation_point: Number
    votes: Votes


class StartingPhase2(msgspec.Struct, frozen=True, gc=False, tag_field="type", tag="starting-phase-2"):
    """I have my quorum, and the log begins here: whoever is not as far needs the state of somebody who is."""

    bal_2: Ballot
    log_truncation_point_2: Number


class Message2a(msgspec.Struct, frozen=True, gc=False, tag_field="type", tag="2a"):
    """Vote for this batch at this place."""

    bal_2a: Ballot
    opn_2a: Number
    val_2a: RequestBatch


class Message2b(msgspec.Struct, frozen=True, gc=False, tag_field="type", tag="2b"):
    """I voted for this batch at this place."""

    bal_2b: Ballot
    opn_2b: Number
    val_2b: RequestBatch


class Heartbeat(msgspec.Struct, frozen=True, gc=False, tag_field="type", tag="heartbeat"):
    """Which view I am in, whether I suspect it, and that I shall never need an operation below `opn_ckpt` again."""

    bal_heartbeat: Ballot
    suspicious: bool
    opn_ckpt: Number


class AppStateRequest(msgspec.Struct, frozen=True, gc=False, tag_field="type", tag="app-state-request"):
    """I need a state with all operations below this one."""

    bal_state_req: Ballot
    opn_state_req: Number


class AppStateSupply(msgspec.Struct, frozen=True, gc=False, tag_field="type", tag="app-state-supply"):
    """The state with all operations below this one, and the last reply to each client."""

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
