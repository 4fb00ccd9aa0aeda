"""Network namespaces with a TUN interface each, and sockets made inside them, for tests of the switch."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping

from clew.harness.runtime.live.addresses import Addresses

_INSIDE = r"""
import ctypes, fcntl, os, signal, socket, struct, sys

libc = ctypes.CDLL(None, use_errno=True)
libc.prctl(1, signal.SIGKILL)
if libc.unshare(0x40000000 if os.getuid() == 0 else 0x50000000):
    sys.exit(77)
control = socket.socket(fileno=0)
address = sys.argv[1]


def request(rest):
    return struct.pack("16s24s", b"clew0", rest)


def ipv4(text):
    return struct.pack("HH4s8x", socket.AF_INET, 0, socket.inet_aton(text))


tun = os.open("/dev/net/tun", os.O_RDWR)
fcntl.ioctl(tun, 0x400454CA, struct.pack("16sH22x", b"clew0", 0x1001))
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any:
    fcntl.ioctl(any, 0x8916, request(ipv4(address)))
    fcntl.ioctl(any, 0x891C, request(ipv4("255.255.0.0")))
    fcntl.ioctl(any, 0x8922, request(struct.pack("i", 65000)))
    fcntl.ioctl(any, 0x8914, request(struct.pack("h", 1)))
    fcntl.ioctl(any, 0x8914, struct.pack("16s24s", b"lo", struct.pack("h", 1)))
socket.send_fds(control, [b"tun"], [tun])
os.close(tun)
while kind := control.recv(8):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM if kind == b"udp" else socket.SOCK_STREAM) as made:
        socket.send_fds(control, [kind], [made.fileno()])
"""


class Cables:
    """Endpoints with a namespace each."""

    def __init__(self, addresses: Addresses, tuns: Mapping[str, int], controls: Mapping[str, socket.socket]) -> None:
        self.addresses = addresses
        self.tuns = tuns
        self._controls = controls

    def udp(self, endpoint: str, port: int = 0) -> socket.socket:
        """A UDP socket of an endpoint, bound to its address."""
        return self._socket(endpoint, b"udp", port)

    def tcp(self, endpoint: str, port: int = 0) -> socket.socket:
        """A TCP socket of an endpoint, bound to its address."""
        return self._socket(endpoint, b"tcp", port)

    def _socket(self, endpoint: str, kind: bytes, port: int) -> socket.socket:
        control = self._controls[endpoint]
        control.send(kind)
        _, (descriptor,), _, _ = socket.recv_fds(control, 8, 1)
        made = socket.socket(fileno=descriptor)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind((self.addresses.of(endpoint), port))
        return made


@contextlib.contextmanager
def cables(*endpoints: str) -> Iterator[Cables]:
    """Namespaces for these endpoints, until the block ends."""
    addresses = Addresses.of_endpoints(endpoints)
    with contextlib.ExitStack() as stack:
        tuns, controls = {}, {}
        for endpoint in endpoints:
            ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            stack.enter_context(ours)
            command = [sys.executable, "-S", "-E", "-s", "-c", _INSIDE, addresses.of(endpoint)]
            inside = stack.enter_context(subprocess.Popen(command, stdin=theirs.fileno()))
            # Called first: the process ends when it is killed, and Popen waits for it.
            stack.callback(inside.kill)
            theirs.close()
            _, (tun,), _, _ = socket.recv_fds(ours, 8, 1)
            stack.enter_context(open(tun, "rb", buffering=0))
            tuns[endpoint], controls[endpoint] = tun, ours
        yield Cables(addresses, tuns, controls)
