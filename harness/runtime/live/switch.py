"""The network of a live run, as the harness sees it: a process of its own that forwards the packets of all endpoints.

    n1 ── tun ──┐                              apply(faults)      returns when they are in force
    n2 ── tun ──┼── switch process  <────────  counts, touched    what became of the packets, read from shared memory
    c0 ── tun ──┘   (switch_process.py)        started, crashed   lines for its journal

The switch process decides with the network model of the simulation (`fate`) what becomes of each packet. It waits for
no checker and no client, and it ends with the harness.
"""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

import msgspec

from clew.harness.plan import Plan
from clew.nemesis.fault import Fault


class Addresses(Protocol):
    """Which IPv4 address each endpoint has."""

    def of(self, name: str) -> str: ...


Link = tuple[str, str]
"""The names of the two endpoints of one direction: (source, destination)."""


class Counts(msgspec.Struct, frozen=True):
    """What became of the packets so far."""

    messages: Counter[str]
    """Packets by fate, as in `Progress.messages`: `sent` counts all of them, the others say why a packet was lost."""
    hits: dict[Link, int]
    """For each link, the packets that were on it while an active fault hit it. Links without any are missing."""


class Drop(msgspec.Struct, frozen=True, gc=False):
    """A UDP packet that was lost."""

    time: int
    """When, in ns since the start of the run."""
    source: str
    destination: str
    why: str
    """`loss`, `partition`, or `full` if the receiver's interface did not take it."""
    first: bytes
    """The first 24 bytes of the datagram, or all of a shorter one."""


class Switch:
    """The network while `open_switch` lasts."""

    async def begin(self, t0: int) -> None:
        """The run begins: times in the journal and of drops are counted from here (`time.monotonic_ns()`). Until then
        they are 0."""
        raise NotImplementedError

    async def apply(self, active: Sequence[Fault], healed: bool) -> None:
        """Bring all links into the state that exactly these faults ask for. When it returns, this is in force.

        `healed`: from now on nothing is lost or duplicated, whatever the plan says of the network.
        """
        raise NotImplementedError

    def counts(self) -> Counts:
        """What became of the packets so far. Costs no message to the switch process."""
        raise NotImplementedError

    def touched(self) -> list[Link]:
        """The links on which an active fault has hit a packet since the last call, for `Conductor.touch`. Cheap enough
        to be asked before each step of the conductor while `untouched` is not empty."""
        raise NotImplementedError

    async def started(self, node: str, life: int) -> None:
        """Note in the journal of packets that a node starts."""
        raise NotImplementedError

    async def crashed(self, node: str, life: int) -> None:
        """Note in the journal of packets that a node crashes."""
        raise NotImplementedError


@contextlib.asynccontextmanager
async def open_switch(
    plan: Plan,
    addresses: Addresses,
    tuns: Mapping[str, int],
    *,
    journal: int | None = None,
    pcap: Path | None = None,
    dropped: Callable[[Drop], None] | None = None,
) -> AsyncIterator[Switch]:
    """Forward the packets of all endpoints for as long as the block lasts, by `plan.network`, `plan.seed` and the
    faults of `apply`.

    `tuns` are the descriptors of the endpoints' TUN interfaces; they stay the caller's. `journal` is a descriptor that
    gets a message journal (`clew.histories.journal`) with an entry for each packet. `pcap` is a file that gets every
    delivered packet. `dropped` is told of each lost UDP packet, within a few milliseconds, in the order of their times.
    Raises `MachineError` if the switch process ends by itself. Inside the block that arrives as in any trio nursery.
    """
    raise NotImplementedError
    yield Switch()
