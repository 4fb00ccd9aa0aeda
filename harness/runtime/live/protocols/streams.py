"""Messages that are too large for a datagram: each goes over a TCP connection of its own, with its length before it."""

from __future__ import annotations

import select
import socket
from collections import deque
from struct import Struct

from clew.harness.runtime.live.protocols import node_wire as wire

_LENGTH = Struct("<I")
CONNECTIONS_MOST = 64
"""More of them in one direction than this: the oldest is given up, and its message is lost."""


class LargeMessages:
    """The large messages of one endpoint, for a loop over an epoll. Whoever takes its events gives it the descriptors
    that are not the loop's own."""

    def __init__(self, address: str, epoll: select.epoll) -> None:
        self._address = address
        self._epoll = epoll
        self._listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._listener.bind((address, wire.PORT))
        self._listener.listen(CONNECTIONS_MOST)
        self._listener.setblocking(False)
        epoll.register(self._listener, select.EPOLLIN)
        self._sending: dict[int, tuple[socket.socket, memoryview]] = {}
        self._receiving: dict[int, tuple[socket.socket, bytes, bytearray]] = {}
        self._sockets: deque[int] = deque()

    def send(self, address: tuple[str, int], data: bytes) -> None:
        """Send a message. Like a datagram it may be lost."""
        connection = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        connection.setblocking(False)
        # The receiver knows the sender by its address.
        connection.bind((self._address, 0))
        connection.connect_ex(address)
        self._keep(connection, select.EPOLLOUT)
        self._sending[connection.fileno()] = connection, memoryview(_LENGTH.pack(len(data)) + data)

    def handle(self, descriptor: int) -> list[tuple[bytes, bytes]]:
        """A descriptor is ready: go on with it. Returns the messages that are whole by that, each with the four bytes
        of its sender's address."""
        if descriptor == self._listener.fileno():
            self._accept()
        elif descriptor in self._sending:
            self._go_on_sending(descriptor)
        elif descriptor in self._receiving:
            return self._go_on_receiving(descriptor)
        return []

    def _accept(self) -> None:
        try:
            connection, (address, _) = self._listener.accept()
        except OSError:
            return
        connection.setblocking(False)
        self._keep(connection, select.EPOLLIN)
        self._receiving[connection.fileno()] = connection, socket.inet_aton(address), bytearray()

    def _go_on_sending(self, descriptor: int) -> None:
        connection, rest = self._sending[descriptor]
        try:
            rest = rest[connection.send(rest) :]
        except BlockingIOError:
            return
        except OSError:
            rest = rest[:0]
        self._sending[descriptor] = connection, rest
        if not rest:
            self._close(descriptor)

    def _go_on_receiving(self, descriptor: int) -> list[tuple[bytes, bytes]]:
        connection, address, data = self._receiving[descriptor]
        try:
            more = connection.recv(1 << 20)
        except BlockingIOError:
            return []
        except OSError:
            more = b""
        data += more
        whole = len(data) >= _LENGTH.size and len(data) >= _LENGTH.size + _LENGTH.unpack_from(data)[0]
        if whole or not more:
            self._close(descriptor)
        return [(bytes(data[_LENGTH.size :]), address)] if whole else []

    def _keep(self, connection: socket.socket, events: int) -> None:
        self._epoll.register(connection, events)
        self._sockets.append(connection.fileno())
        if len(self._sockets) > CONNECTIONS_MOST:
            self._close(self._sockets[0])

    def _close(self, descriptor: int) -> None:
        connection = (self._sending.pop(descriptor, None) or self._receiving.pop(descriptor))[0]
        self._sockets.remove(descriptor)
        self._epoll.unregister(connection)
        connection.close()
