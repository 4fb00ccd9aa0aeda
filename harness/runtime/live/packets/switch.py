"""The network of a live run, as the harness sees it: a process of its own that forwards the packets of all endpoints.

    n1 ── tun ──┐                              apply(faults)      returns when they are in force
    n2 ── tun ──┼── switch process  <────────  counts, touched    what became of the packets, read from shared memory
    c0 ── tun ──┘   (switch_process.py)        started, crashed   lines for its journal

The switch process decides with the network model of the simulation (`fate`) what becomes of each packet. It waits for
no checker and no client, and it ends with the harness.
"""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
import trio

from clew.harness.errors import MachineError
from clew.harness.exception_groups import unwrap_exception_groups
from clew.harness.plan import Plan
from clew.harness.runtime.live.packets import switch_wire as wire
from clew.harness.runtime.live.world.addresses import Addresses
from clew.nemesis.fault import Fault

_CLOSING = 5.0
"""How long (s) the switch process may take to write what it has buffered."""

Link = tuple[str, str]
"""The names of the two endpoints of one direction: (source, destination)."""


class Counts(msgspec.Struct, frozen=True):
    """What became of the packets so far."""

    messages: Counter[str]
    """Packets by fate, as in `Progress.messages`: `sent` counts all of them, the others say why a packet was lost."""
    hits: dict[Link, int]
    """For each link, the packets that were on it while an active fault hit it. Links without any are missing."""
    unjournalled: int
    """Packets that are missing from the journal, because it was full: 0 if it has all of them."""
    uncaptured: int
    """Delivered packets that are missing from the pcap file, because it was full."""


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

    def __init__(self, links: Sequence[Link], counters: wire.Counters, ask: Callable[[wire.Request], Awaitable[None]]):
        self._links = links
        self._counters = counters
        self._ask = ask
        self._of = {what: counters.of(what) for what in wire.LINK_COUNTS}
        self._hits = bytes(self._of["hit"])

    async def begin(self, t0: int) -> None:
        """The run begins: times are counted from here (`time.monotonic_ns()`).

        Packets that were sent earlier are not in the journal. Lives and drops from before have the time 0.
        """
        await self._ask(wire.Begin(t0))

    async def apply(self, active: Sequence[Fault], healed: bool) -> None:
        """Bring all links into the state that exactly these faults ask for. When it returns, this is in force.

        `healed`: from now on nothing is lost or duplicated, whatever the plan says of the network.
        """
        await self._ask(wire.Apply(tuple(active), healed))

    def counts(self) -> Counts:
        """What became of the packets so far. Costs no message to the switch process."""
        messages = Counter({what: sum(self._of[what]) for what in wire.LINK_COUNTS if what != "hit"})
        totals = {what: self._counters.numbers[self._counters.index(what)] for what in wire.TOTALS}
        messages["sent"] += totals["nowhere"]
        messages["nowhere"] = totals["nowhere"]
        hits = {link: count for link, count in zip(self._links, self._of["hit"], strict=True) if count}
        return Counts(+messages, hits, totals["unjournalled"], totals["uncaptured"])

    def touched(self) -> list[Link]:
        """The links on which an active fault has hit a packet since the last call, for `Conductor.touch`. Cheap enough
        to be asked before each step of the conductor while `untouched` is not empty."""
        hits = bytes(self._of["hit"])
        if hits == self._hits:
            return []
        before, self._hits = memoryview(self._hits).cast("q"), hits
        now = memoryview(hits).cast("q")
        return [link for link, old, new in zip(self._links, before, now, strict=True) if old != new]

    def notes(self) -> list[str]:
        """A sentence for each file that does not have all packets, for `Outcome.notes`."""
        counts = self.counts()
        named = {"the journal of messages": counts.unjournalled, "packets.pcap": counts.uncaptured}
        return [
            f"{name} was full (or its disk): the last {missing:,} packets are missing from it"
            for name, missing in named.items()
            if missing
        ]

    async def started(self, node: str, life: int) -> None:
        """Note in the journal of packets that a node starts."""
        await self._ask(wire.Life(node, life, True))

    async def crashed(self, node: str, life: int) -> None:
        """Note in the journal of packets that a node crashes."""
        await self._ask(wire.Life(node, life, False))


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
    Raises `MachineError` if the switch process ends by itself. Call it from a main thread: see `die_with`.
    """
    links = wire.links_of(plan.nodes, plan.clients)
    counters = wire.Counters(len(links))
    ports = tuple(wire.Port(name, addresses.packed(name), tun) for name, tun in tuns.items())
    setup = wire.Setup(
        network=plan.network,
        seed=plan.seed,
        nodes=plan.nodes,
        clients=plan.clients,
        ports=ports,
        counters=counters.descriptor,
        journal=journal,
        pcap=None if pcap is None else str(pcap),
        drops=dropped is not None,
    )
    kept = [*tuns.values(), counters.descriptor, *([] if journal is None else [journal])]
    try:
        with _process(kept) as (popen, control):
            stream = trio.SocketStream(trio.socket.from_stdlib_socket(control))
            talk = _Talk(popen, stream, links, dropped)
            with unwrap_exception_groups():
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(talk.listen)
                    await talk.ask(setup)
                    try:
                        yield Switch(links, counters, talk.ask)
                    finally:
                        await talk.close()
    finally:
        os.close(counters.descriptor)


class _Talk:
    """The harness's end of the control socket."""

    def __init__(
        self,
        popen: subprocess.Popen[bytes],
        stream: trio.SocketStream,
        links: Sequence[Link],
        dropped: Callable[[Drop], None] | None,
    ) -> None:
        self._popen = popen
        self._stream = stream
        self._links = links
        self._dropped = dropped
        self._asked = self._done = 0
        self._sending = trio.Lock()
        self._answered = trio.Condition()
        self._closing = False

    async def ask(self, request: Any) -> None:
        """Send a request and wait until it is carried out. A request whose caller is cancelled may be carried out."""
        async with self._sending:
            with trio.CancelScope(shield=True):
                # Half a request would be the end of all later ones.
                await self._stream.send_all(wire.frame(request))
            self._asked += 1
            mine = self._asked
        async with self._answered:
            while self._done < mine:
                await self._answered.wait()

    async def close(self) -> None:
        """Let the switch process write what it has buffered, and wait until it has ended. Cannot be cancelled."""
        self._closing = True
        with trio.CancelScope(shield=True), contextlib.suppress(trio.BrokenResourceError):
            await self._stream.send_all(wire.frame(wire.Close()))
        with trio.move_on_after(_CLOSING, shield=True):
            await _end_of(self._popen)
        self._popen.kill()

    async def listen(self) -> None:
        """Take the answers as they come."""
        frames = wire.Frames(msgspec.msgpack.Decoder(wire.Answer).decode)
        try:
            while data := await self._stream.receive_some(1 << 16):
                for answer in frames.feed(data):
                    await self._take(answer)
        except trio.BrokenResourceError:
            pass
        if not self._closing:
            raise MachineError("the process that forwards the packets has ended")

    async def _take(self, answer: wire.Answer) -> None:
        if isinstance(answer, wire.Done):
            async with self._answered:
                self._done = answer.requests
                self._answered.notify_all()
        elif isinstance(answer, wire.Failed):
            raise MachineError(f"the process that forwards the packets cannot start: {answer.why}")
        elif self._dropped is not None:
            for time, link, why, first in answer.packets:
                self._dropped(Drop(time, *self._links[link], why, first))


@contextlib.contextmanager
def _process(kept: Collection[int]) -> Iterator[tuple[subprocess.Popen[bytes], socket.socket]]:
    """A switch process with these descriptors, and the socket to talk to it. It has ended when the block is left."""
    ours, theirs = socket.socketpair()
    with theirs:
        popen = subprocess.Popen(
            # -P: the folder the user happens to be in is not for it to import from.
            [sys.executable, "-P", "-m", "clew.harness.runtime.live.packets.switch_process", str(os.getpid())],
            stdin=theirs.fileno(),
            pass_fds=kept,
            # A Ctrl-C at the terminal is for the harness to handle.
            start_new_session=True,
        )
    try:
        yield popen, ours
    finally:
        popen.kill()
        popen.wait()
        ours.close()


async def _end_of(popen: subprocess.Popen[bytes]) -> None:
    """Wait until a child has ended."""
    descriptor = os.pidfd_open(popen.pid)
    try:
        await trio.lowlevel.wait_readable(descriptor)
    finally:
        os.close(descriptor)
