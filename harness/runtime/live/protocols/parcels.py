"""Messages on the network of a live run: a head and the JSON, and on loopback several of them in one datagram.

    datagram:  message, message, ...
    message:   id, source, destination, bytes of the body   body (JSON)

A datagram costs a sender and a receiver as much as several steps of a protocol. On loopback, all messages that a
process sends to another process at one time share a *parcel*: a request of every client, the replies to all of them.
All clients live in the harness, so one socket receives for them. Between namespaces every message has a datagram of its
own, because the switch decides about each packet.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from struct import Struct
from struct import error as TooShort

HEAD = Struct("<QHHI")
"""The head of a message: its id, a number that no other message of the run has; the places of its source and its
destination in `Setup.endpoints`; bytes of the body."""

PARCEL_BYTES_MAX = 65_507
"""A UDP datagram has room for so many bytes."""

Message = tuple[int, int, int, bytes]
"""A message as it arrives: id, places of source and destination, body."""


class NoParcel(Exception):
    """A datagram that does not hold whole messages."""


def parcels(messages: Sequence[tuple[str, bytes]], hosts: Mapping[str, str]) -> Iterator[tuple[str, bytes]]:
    """Messages with heads, each with its destination, as parcels, each with the host that it goes to.

    The messages to a host stay in their order. `hosts` names the host of each destination.
    """
    boxes: dict[str, list[bytes]] = {}
    for destination, message in messages:
        host = hosts[destination]
        if host in boxes:
            boxes[host].append(message)
        else:
            boxes[host] = [message]
    for host, box in boxes.items():
        if sum(map(len, box)) <= PARCEL_BYTES_MAX:
            yield host, b"".join(box)
        else:
            yield from ((host, parcel) for parcel in _several(box))


def _several(box: list[bytes]) -> Iterator[bytes]:
    start = size = 0
    for place, message in enumerate(box):
        if size + len(message) > PARCEL_BYTES_MAX:
            yield b"".join(box[start:place])
            start, size = place, 0
        size += len(message)
    yield b"".join(box[start:])


def opened(parcel: bytes, endpoints: int) -> list[Message]:
    """The messages in a parcel. Raises `NoParcel` if it is none, or names endpoints that there are not."""
    unpack, size, found, place, end = HEAD.unpack_from, HEAD.size, [], 0, len(parcel)
    try:
        while place < end:
            id, source, destination, length = unpack(parcel, place)
            start = place + size
            place = start + length
            found.append((id, source, destination, parcel[start:place]))
            if source >= endpoints or destination >= endpoints:
                raise NoParcel(f"a message from {source} to {destination}, of {endpoints} endpoints")
    except TooShort as error:
        raise NoParcel(str(error)) from None
    if place != end or not found:
        raise NoParcel(f"{end} bytes, and messages of {place}")
    return found
