"""What the harness and the switch process say to each other.

Over a stream socket go requests and answers in msgpack, each after its length. `Setup` comes first. Every request has a
number, and the switch process answers it with `Done` when it has carried it out. `Drops` come in between.

The numbers of packets are not sent: both sides map the same memory (`Counters`), so the harness can read them at any
time.
"""

from __future__ import annotations

import mmap
import os
from collections.abc import Callable, Iterator
from struct import Struct
from typing import Any, Union

import msgspec

from clew.harness.plan.schema import NetworkPlan
from clew.nemesis.faults import FAULTS

_LENGTH = Struct("<I")

LOSS, CUT, FULL, DOWN = "loss", "partition", "full", "down"
"""Why a packet is lost: by chance, by a partition, because the receiver's interface takes no more, or because there is
no interface any more. The network model has the first two."""

LINK_COUNTS = ("sent", LOSS, CUT, FULL, DOWN, "hit")
"""What is counted for each link. `hit`: packets that were on it while an active fault hit it."""

TOTALS = ("nowhere", "unjournalled", "uncaptured")
"""What is counted once: packets to an address that no endpoint has, and packets that found the journal or the pcap file
full."""


class Port(msgspec.Struct, frozen=True):
    """An endpoint at the switch."""

    name: str
    address: bytes
    """The four bytes of its IPv4 address."""
    tun: int
    """The descriptor of its interface, in the switch process as in the harness."""


class Setup(msgspec.Struct, frozen=True):
    """What the switch process has to know before it forwards anything."""

    network: NetworkPlan
    seed: int
    nodes: tuple[str, ...]
    clients: tuple[str, ...]
    ports: tuple[Port, ...]
    counters: int
    """The descriptor of the shared memory."""
    journal: int | None
    """A descriptor that gets the message journal."""
    pcap: str | None
    """The path of a file that gets the packets."""
    drops: bool
    """Whether to report lost UDP packets."""


class Begin(msgspec.Struct, frozen=True, tag="begin"):
    """The run begins. `t0` is its time 0 on the monotonic clock (ns)."""

    t0: int


class Apply(msgspec.Struct, frozen=True, tag="apply"):
    """Bring all links into the state that these faults ask for."""

    faults: tuple[Union[tuple(FAULTS.values())], ...]  # type: ignore[valid-type]  # noqa: UP007
    healed: bool


class Life(msgspec.Struct, frozen=True, tag="life"):
    """A node starts or crashes, for the journal."""

    node: str
    life: int
    starts: bool


class Close(msgspec.Struct, frozen=True, tag="close"):
    """Write what is buffered, and end."""


Request = Begin | Apply | Life | Close


class Done(msgspec.Struct, frozen=True, tag="done"):
    """So many requests, `Setup` first, are carried out."""

    requests: int


class Failed(msgspec.Struct, frozen=True, tag="failed"):
    """The switch process cannot go on."""

    why: str


class Drops(msgspec.Struct, frozen=True, tag="drops"):
    """Lost UDP packets: time (ns since the start of the run), number of the link, why, first bytes of the datagram."""

    packets: list[tuple[int, int, str, bytes]]


Answer = Done | Failed | Drops

encode = msgspec.msgpack.Encoder().encode


def frame(message: Any) -> bytes:
    """The bytes of a message on the stream."""
    data = encode(message)
    return _LENGTH.pack(len(data)) + data


class Frames:
    """Puts the messages of a stream together again. `decode` turns the bytes of one into a value."""

    def __init__(self, decode: Callable[[bytes], Any]) -> None:
        self.decode = decode
        self._rest = b""

    def feed(self, data: bytes) -> Iterator[Any]:
        """The messages that are complete with these bytes."""
        rest = self._rest + data
        at = 0
        while len(rest) - at >= _LENGTH.size:
            end = at + _LENGTH.size + _LENGTH.unpack_from(rest, at)[0]
            if end > len(rest):
                break
            self._rest = rest[end:]
            yield self.decode(rest[at + _LENGTH.size : end])
            at = end
        self._rest = rest[at:]


class Counters:
    """The numbers that both processes see. One process writes them, the other only reads.

    Each is eight aligned bytes, so a reader never sees half of one. The memory lasts as long as the object.
    """

    def __init__(self, links: int, descriptor: int | None = None) -> None:
        size = 8 * (links * len(LINK_COUNTS) + len(TOTALS))
        self.descriptor = os.memfd_create("clew-switch") if descriptor is None else descriptor
        if descriptor is None:
            os.ftruncate(self.descriptor, size)
        self._memory = mmap.mmap(self.descriptor, size)
        self.numbers = memoryview(self._memory).cast("q")
        """All numbers: first `sent` of every link, then the next of `LINK_COUNTS`, ..., then `TOTALS`."""
        self.links = links

    def of(self, what: str) -> memoryview[int]:
        """One of `LINK_COUNTS` for every link."""
        start = LINK_COUNTS.index(what) * self.links
        return self.numbers[start : start + self.links]

    def index(self, total: str) -> int:
        """Where in `numbers` one of `TOTALS` is."""
        return len(LINK_COUNTS) * self.links + TOTALS.index(total)


def links_of(nodes: tuple[str, ...], clients: tuple[str, ...]) -> list[tuple[str, str]]:
    """The links in the order of their numbers. Clients have links with nodes only."""
    links = [(a, b) for a in nodes for b in nodes if a != b]
    for client in clients:
        links += [(client, node) for node in nodes] + [(node, client) for node in nodes]
    return links
