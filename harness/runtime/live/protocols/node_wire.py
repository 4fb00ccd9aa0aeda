"""What the harness and the processes of our own nodes say to each other.

    harness ── Setup (a file), Spawn, Signal, Reap ──> host server      forks a host for each life of a node
    harness ── Go, Faults, Members, End ────────────> node host         frames: a length and an order in msgpack
    harness <── records ────────────────────────────── node host        what happened there, in the order of time

A record has a fixed head, and a body for some kinds. Records of messages are sent before the messages themselves: a
node that is killed has then told everything that others can have seen of it.
"""

from __future__ import annotations

import socket
from struct import Struct
from typing import Union

import msgspec

from clew.harness.plan.schema import NetworkPlan
from clew.nemesis.faults import FAULTS

PORT = 27077
"""The port of every endpoint. They differ in their addresses."""

DATAGRAM_BYTES_MAX = 60_000
"""A larger message between nodes goes over TCP. A UDP datagram has room for 65,507 bytes."""

MESSAGE_ID = Struct("<Q")
"""What a datagram begins with: the id of its first message, which no other message of the run has (`parcels.py`)."""

HEAD = Struct("<BBHIqQ")
"""The head of a record: kind, type of the message (its place in `messages.message_types`), place of the destination in
`Setup.endpoints`, bytes of the body, time (ns), message id."""

SENT, RECEIVED, DROPPED, LEADS, ALIVE, READY, IN_FORCE, ENDED, BROKEN = range(9)
"""The kinds of records:

SENT      a message is about to leave; the body is its JSON
RECEIVED  a message has arrived
DROPPED   a message was lost by what the plan or a fault does to the link; the body says why
LEADS     the node has sent the message that makes it leader
ALIVE     a sign of life; the body has counts since the last one (`Tally`)
READY     the node's sockets are bound
IN_FORCE  what the last `Faults` ask for is done
ENDED     the answer to `End`: nothing follows
BROKEN    the node asks for what no node can have; the body says what. Nothing follows.
"""


class Setup(msgspec.Struct, frozen=True):
    """What all hosts of a run know."""

    system: str
    """What `systems.find_protocol` takes."""
    variant: str | None
    """A way in which the system is broken on purpose. None: it is not."""
    parameters: msgspec.Raw
    """The JSON of the system's `parameters` struct."""
    network: NetworkPlan | None
    """What each host does to the messages that it sends. None: a switch does that."""
    nodes: tuple[str, ...]
    clients: tuple[str, ...]
    addresses: dict[str, str]
    """The address of each endpoint."""
    data: str
    """The folder with the data of the nodes."""
    seed: int
    enters: dict[str, int]
    """The descriptor of each node's network namespace. Empty on loopback."""
    recorded: frozenset[int]
    """The types of messages whose sending is recorded, as places in `message_types`."""
    journal: bool
    """Whether arrivals and losses are recorded too."""

    @property
    def endpoints(self) -> tuple[str, ...]:
        """All nodes, then all clients."""
        return self.nodes + self.clients


class Life(msgspec.Struct, frozen=True):
    """One life of a node."""

    name: str
    number: int
    """From 0."""
    seed: int


class Spawn(msgspec.Struct, frozen=True, tag="spawn"):
    """Fork a host. Comes with its control socket and its log. The answer is the id of the process."""

    life: Life


class Signal(msgspec.Struct, frozen=True, tag="signal"):
    """Send a signal to a host. The answer, 0, comes when a stopped process stands still."""

    pid: int
    number: int


class Reap(msgspec.Struct, frozen=True, tag="reap"):
    """The answer is the exit status of a host that has ended or is about to."""

    pid: int


Request = Spawn | Signal | Reap


class Go(msgspec.Struct, frozen=True, tag="go"):
    """Begin the life."""

    t0: int
    """When the run began, in ns of the monotonic clock."""


class Faults(msgspec.Struct, frozen=True, tag="faults"):
    """The faults that are active now, for a host that plays the network. `IN_FORCE` answers."""

    active: tuple[Union[tuple(FAULTS.values())], ...]  # type: ignore[valid-type]  # noqa: UP007
    healed: bool


class Members(msgspec.Struct, frozen=True, tag="members"):
    """Who is to be a member of the cluster from now on. The node sends itself the order of its protocol."""

    number: int
    """Counts the orders of a run, from 1."""
    members: tuple[str, ...]


class End(msgspec.Struct, frozen=True, tag="end"):
    """The run is over: tell the last counts. `ENDED` answers."""


Order = Go | Faults | Members | End


class Tally(msgspec.Struct, omit_defaults=True):
    """What a host has counted since it last told."""

    messages: dict[str, int] = {}
    """Messages by fate, as `Progress.messages` has them."""
    protocol: dict[str, int] = {}
    """What the node counted."""
    processor: int = 0
    """Nanoseconds of processor time since the start of the process."""
    links: list[int] = []
    """The endpoints to which it has sent, as places in `Setup.endpoints`."""


def first_id(endpoint: int, life: int) -> int:
    """The first message id of a life of an endpoint. There is room for 4,096 lives and for all messages of a life."""
    return endpoint << 48 | (life & 0xFFF) << 36


_LENGTH = Struct("<I")
encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Order).decode


def frame(order: Order) -> bytes:
    """An order to a host, as bytes."""
    body = encode(order)
    return _LENGTH.pack(len(body)) + body


def read_frame(control: socket.socket) -> Order:
    """The next order to a host. Waits for it. Raises `EOFError` when the harness is gone."""
    order: Order = _decode(_exactly(control, _LENGTH.unpack(_exactly(control, _LENGTH.size))[0]))
    return order


def _exactly(control: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count:
        # A host's control socket never blocks its loop: it is set to blocking for the rest of a frame that has begun.
        more = control.recv(count - len(data))
        if not more:
            raise EOFError
        data += more
    return data
