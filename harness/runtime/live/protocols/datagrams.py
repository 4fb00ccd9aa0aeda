"""Many datagrams in one system call: Linux's `sendmmsg` and `recvmmsg`, which Python's `socket` does not have.

A datagram costs a Python program about as much as a step of a protocol, and each one that is sent alone may wake its
receiver and put the sender to sleep. In one call they cost a third, and the receivers wake when all have been sent.

The kernel reads a table of `struct mmsghdr` (64 bytes: an address, a list of one buffer, the length that was received).
The tables are made once; for each datagram only the address, the buffer and the length are written into them.
"""

from __future__ import annotations

import ctypes
import errno
import os
import socket
from collections.abc import Mapping, Sequence
from struct import Struct

MOST = 64
"""Datagrams in one call."""
BYTES_MOST = 1 << 16
"""Bytes of the largest datagram."""

_HEADER = Struct("<QIxxxxQQQQixxxxIxxxx")
"""`struct mmsghdr`: address, its length, buffers, how many, control data, its length, flags, length received."""
_BUFFER = Struct("<QQ")
"""`struct iovec`: address and length of a buffer."""
_RECEIVED = Struct("<I")
_ADDRESS_BYTES = 16

_libc = ctypes.CDLL(None, use_errno=True)
_sendmmsg, _recvmmsg = _libc.sendmmsg, _libc.recvmmsg


class _Table:
    """Headers, buffers and addresses for `MOST` datagrams, at places in memory that do not change."""

    def __init__(self, size: int) -> None:
        self.data = bytearray(size)
        self.headers = bytearray(_HEADER.size * MOST)
        self.buffers = bytearray(_BUFFER.size * MOST)
        self.addresses = bytearray(_ADDRESS_BYTES * MOST)
        self.base = _place(self.data)
        self.headers_at, self.addresses_at = _place(self.headers), _place(self.addresses)
        self.pointer = ctypes.c_void_p(self.headers_at)
        buffers = _place(self.buffers)
        for number in range(MOST):
            address = self.addresses_at + number * _ADDRESS_BYTES
            _HEADER.pack_into(
                self.headers, number * _HEADER.size,
                address, _ADDRESS_BYTES, buffers + number * _BUFFER.size, 1, 0, 0, 0, 0,
            )  # fmt: skip


def _place(memory: bytearray) -> int:
    return ctypes.addressof(ctypes.c_char.from_buffer(memory))


class Sender:
    """Sends through one UDP socket. `addresses` are those that datagrams can go to: name -> (IPv4 address, port)."""

    def __init__(self, udp: socket.socket, addresses: Mapping[str, tuple[str, int]]) -> None:
        self._descriptor = udp.fileno()
        self._table = _Table(BYTES_MOST * 4)
        self._packed = {
            name: b"".join(
                (socket.AF_INET.to_bytes(2, "little"), port.to_bytes(2, "big"), socket.inet_aton(address), bytes(8))
            )
            for name, (address, port) in addresses.items()
        }

    def send(self, datagrams: Sequence[tuple[str, bytes]]) -> list[tuple[int, str]]:
        """Send datagrams, each to the address of a name. Returns which of them were not sent, by place, and why."""
        failed: list[tuple[int, str]] = []
        start = 0
        while start < len(datagrams):
            start = self._send_some(datagrams, start, failed)
        return failed

    def _send_some(
        self,
        datagrams: Sequence[tuple[str, bytes]],
        start: int,
        failed: list[tuple[int, str]],
    ) -> int:
        """Send the datagrams from this place on, as many as fit. Returns the place of the first that is left."""
        table, packed = self._table, self._packed
        data, base, size = table.data, table.base, len(table.data)
        used = count = 0
        for destination, datagram in datagrams[start : start + MOST]:
            end = used + len(datagram)
            if end > size:
                break
            data[used:end] = datagram
            table.addresses[count * 16 : count * 16 + 16] = packed[destination]
            _BUFFER.pack_into(table.buffers, count * 16, base + used, len(datagram))
            used = end
            count += 1
        sent = _sendmmsg(self._descriptor, table.pointer, count, 0)
        if sent > 0:
            return start + int(sent)
        # The first one cannot be sent. The others may go elsewhere.
        failed.append((start, os.strerror(ctypes.get_errno())))
        return start + 1


class Receiver:
    """Receives from UDP sockets that do not block. One will do for all sockets of a thread."""

    def __init__(self) -> None:
        self._table = _Table(BYTES_MOST * MOST)
        for number in range(MOST):
            _BUFFER.pack_into(self._table.buffers, number * 16, self._table.base + number * BYTES_MOST, BYTES_MOST)

    def receive(self, descriptor: int) -> list[tuple[bytes, bytes]]:
        """The datagrams that wait at a socket, at most `MOST`, each with the four bytes of its sender's address."""
        table = self._table
        count = _recvmmsg(descriptor, table.pointer, MOST, 0, None)
        if count <= 0:
            error = ctypes.get_errno()
            if count < 0 and error not in (errno.EAGAIN, errno.EINTR):
                raise OSError(error, os.strerror(error))
            return []
        data, addresses, headers = table.data, table.addresses, table.headers
        received = []
        for number in range(count):
            start = number * BYTES_MOST
            (size,) = _RECEIVED.unpack_from(headers, number * 64 + 56)
            received.append((bytes(data[start : start + size]), bytes(addresses[number * 16 + 4 : number * 16 + 8])))
        return received
