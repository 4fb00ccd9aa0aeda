"""Addresses: each node and each client thread has an IPv4 address of its own, so a source address tells who sent.

    n1, n2, ...    PREFIX.0.1, PREFIX.0.2, ...
    c0, c1, ...    PREFIX.1.1, PREFIX.1.2, ..., PREFIX.1.250, PREFIX.2.1, ...

PREFIX is 10.77 between the namespaces of a world, which are its own. On loopback all runs share the addresses of the
machine, so PREFIX is 127.A there, and each run reserves an A.
"""

from __future__ import annotations

import socket
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

PREFIX = "10.77"
"""The first two bytes of all addresses between namespaces."""

PREFIX_LENGTH = 16
"""How many bits of an address are the same for all endpoints of a run."""

MOST_NODES = 254
"""How many nodes have an address."""

MOST_CLIENTS = 250 * 250
"""How many clients have an address."""


@dataclass(frozen=True)
class Addresses:
    """The addresses of the endpoints of one run. An endpoint is a node (`n1`) or a thread of a client (`c0`)."""

    prefix: str
    """The first two bytes of every address: `10.77`."""

    by_name: Mapping[str, str]
    """The address of each endpoint."""

    by_address: Mapping[str, str] = field(init=False, repr=False, compare=False)
    """The endpoint of each address."""

    by_packed: Mapping[bytes, str] = field(init=False, repr=False, compare=False)
    """The endpoint of each address in its four bytes, as it stands in an IPv4 header."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_address", {address: name for name, address in self.by_name.items()})
        packed = {socket.inet_aton(address): name for name, address in self.by_name.items()}
        object.__setattr__(self, "by_packed", packed)

    @classmethod
    def of_endpoints(cls, endpoints: Iterable[str], prefix: str = PREFIX) -> Addresses:
        """The addresses of these endpoints. Raises ValueError for a name that is not `n1`.. or `c0`.., or too high."""
        return cls(prefix, {name: _address(prefix, name) for name in endpoints})

    def of(self, name: str) -> str:
        """The address of an endpoint. Raises KeyError if the run has no such endpoint."""
        return self.by_name[name]

    def packed(self, name: str) -> bytes:
        """The four bytes of the address of an endpoint. Raises KeyError if the run has no such endpoint."""
        return socket.inet_aton(self.by_name[name])

    def name(self, address: str) -> str | None:
        """The endpoint that has this address, or None."""
        return self.by_address.get(address)


def _address(prefix: str, name: str) -> str:
    kind, digits = name[:1], name[1:]
    # `int` takes signs, spaces and other scripts' digits.
    if digits.isascii() and digits.isdecimal():
        number = int(digits)
        if kind == "n" and 1 <= number <= MOST_NODES:
            return f"{prefix}.0.{number}"
        if kind == "c" and number < MOST_CLIENTS:
            return f"{prefix}.{1 + number // 250}.{1 + number % 250}"
    raise ValueError(f"an endpoint is n1 to n{MOST_NODES} or c0 to c{MOST_CLIENTS - 1}, not {name!r}")
