"""Messages on the network of a live run: on loopback, several of them in one datagram.

    datagram:  id of the first message (8 bytes), [message, message, ...] in msgpack
    message:   id, source, destination, body (JSON)

A datagram costs a sender and a receiver as much as several steps of a protocol. On loopback, all messages that a
process sends to another process at one time share a *parcel*: a request of every client, the replies to all of them.
All clients live in the harness, so one socket receives for them. Between namespaces every message has a datagram of its
own, because the switch decides about each packet.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated

import msgspec

from clew.harness.runtime.live.protocols import node_wire as wire
from clew.histories.event import MALFORMED

PARCEL_BYTES_MAX = 65_507
"""A UDP datagram has room for so many bytes."""
HEAD_BYTES_MAX = 32
"""More than what stands before the body of a message, or before the first message."""

Message = tuple[int, int, int, bytes]
"""Id, a number that no other message of the run has; places of source and destination in `Setup.endpoints`; body."""


class NoParcel(Exception):
    """A datagram that does not hold messages between endpoints of this run."""


class Parcels:
    """Makes and opens the datagrams of a run."""

    def __init__(self, setup: wire.Setup) -> None:
        self._share = setup.network is not None
        names = setup.endpoints
        clients_host = setup.clients[0] if setup.clients else ""
        self._hosts = [clients_host if self._share and name in setup.clients else name for name in names]
        self._encode = msgspec.msgpack.Encoder().encode
        place = Annotated[int, msgspec.Meta(ge=0, lt=len(names))]
        self._decode = msgspec.msgpack.Decoder(list[tuple[int, place, place, bytes]]).decode

    def pack(self, messages: Sequence[Message]) -> list[tuple[str, bytes]]:
        """Datagrams with these messages, each with the endpoint that it goes to: on loopback, the first client receives
        for all clients. Messages to one endpoint stay in their order."""
        hosts, box = self._hosts, self.box
        if not self._share:
            return [(hosts[message[2]], box([message])) for message in messages]
        boxes: dict[str, list[Message]] = {}
        for message in messages:
            host = hosts[message[2]]
            if host in boxes:
                boxes[host].append(message)
            else:
                boxes[host] = [message]
        return [(host, box(some)) for host, inside in boxes.items() for some in _split(inside)]

    def box(self, messages: list[Message]) -> bytes:
        """One datagram with all of these messages."""
        return wire.MESSAGE_ID.pack(messages[0][0]) + self._encode(messages)

    def opened(self, datagram: bytes) -> list[Message]:
        """The messages in a datagram. Raises `NoParcel`."""
        try:
            messages: list[Message] = self._decode(memoryview(datagram)[wire.MESSAGE_ID.size :])
        except MALFORMED as error:
            raise NoParcel(str(error)) from None
        return messages


def _split(messages: list[Message]) -> Iterator[list[Message]]:
    """The messages in as many lists as it takes for each to fit into a datagram."""
    start, size = 0, HEAD_BYTES_MAX
    for place, message in enumerate(messages):
        added = HEAD_BYTES_MAX + len(message[3])
        if size + added > PARCEL_BYTES_MAX and place > start:
            yield messages[start:place]
            start, size = place, HEAD_BYTES_MAX
        size += added
    yield messages[start:] if start else messages
