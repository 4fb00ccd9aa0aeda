"""The loop that forwards packets. It runs in the switch process and owns the model of the network.

    wait for packets, for a request, or for the next delayed packet
    deliver what is due
    from each interface that has packets, take some. For each:
        a route is known     its link is whole and instant: write the packet to the receiver's interface
        no route is known    ask the network model; deliver now, later, twice, or not at all

A route is what the loop remembers of a link on which nothing can happen to a packet, and where nothing has to be noted
about it. Whenever faults change, all routes are forgotten, and each is found again with its next packet.
"""

from __future__ import annotations

import errno
import os
import select
import time
from collections.abc import Callable, Sequence
from heapq import heappop, heappush
from pathlib import Path
from typing import Protocol

from clew.harness.plan.streams import Streams
from clew.harness.runtime.live.packets.packet import beginning, is_udp, is_unicast_ipv4
from clew.harness.runtime.live.packets.packet_journal import PacketJournal
from clew.harness.runtime.live.packets.pcap import PcapWriter
from clew.harness.runtime.live.packets.switch_wire import CUT, DOWN, FULL, Counters, Drops, Setup, links_of
from clew.harness.runtime.network import Network
from clew.nemesis.effect import hits
from clew.nemesis.fault import Fault
from clew.nemesis.latency import Constant

PACKET_BYTES_MAX = 65_536
"""No packet is longer: IPv4 has 16 bits for its length."""

PACKETS_A_ROUND = 64
"""How many packets are taken before the loop looks again at requests and at delayed packets: about 0.3 ms."""

REPORT_AFTER = 2_000_000
"""Lost datagrams are reported together, at most so late (ns)."""

_BROADCAST = b"\xff\xff"
"""The last bytes of the address of everybody in a network whose addresses have the first two bytes in common."""

_TOO_MUCH = {errno.EAGAIN, errno.ENOBUFS, errno.ENOMEM}


class Packet:
    """The kind of all packets, for the draws of the network model."""


class _Link:
    """One direction between two endpoints."""

    __slots__ = ("between_nodes", "destination", "hit", "number", "out", "source", "state")

    def __init__(self, number: int, source: str, destination: str, out: int, between_nodes: bool) -> None:
        self.number = number
        self.source = source
        self.destination = destination
        self.out = out
        self.between_nodes = between_nodes
        self.hit = False
        self.state = -1
        """For which state of the network `hit` holds."""


Route = tuple[int, int]
"""The descriptor to which packets of a link are written, and the number of the link."""

_Waiting = tuple[int, int, _Link | None, bytes, int]
"""When a packet is due, a number that keeps the order, its link, the packet, its number in the journal. Without a link:
when the lost datagrams are to be reported."""


class Control(Protocol):
    """What the loop waits for besides packets."""

    waits_to_send: bool
    """Whether it is also to be called as soon as its socket takes more."""

    def fileno(self) -> int:
        """The descriptor to wait for."""

    def obey(self) -> bool:
        """Called when the descriptor is ready. Returns whether to go on."""


class Forwarder:
    """Forwards packets between the interfaces of `setup.ports`."""

    def __init__(self, setup: Setup, counters: Counters, report: Callable[[Drops], None]) -> None:
        """`report` gets the lost datagrams, if `setup.drops` asks for them. Raises `OSError` if the pcap file cannot be
        written."""
        self._network = Network(setup.network, setup.nodes, setup.clients, Streams(setup.seed))
        self._plan = setup.network
        self._active: tuple[Fault, ...] = ()
        self._healed = False
        self._state = 0
        self._t0: int | None = None
        self._journal = None if setup.journal is None else PacketJournal(setup.journal)
        self._pcap = None if setup.pcap is None else PcapWriter(Path(setup.pcap))
        self._noted = self._journal is not None or self._pcap is not None
        self._wall = time.time_ns() - time.monotonic_ns()
        self._report = report if setup.drops else None
        self._drops: list[tuple[int, int, str, bytes]] = []
        self._heap: list[_Waiting] = []
        self._pushed = 0
        self._sent = counters.of("sent")
        self._hit = counters.of("hit")
        self._lost = {why: counters.of(why) for why in ("loss", CUT, FULL, DOWN)}
        self._counters = counters
        self._links: dict[int, dict[bytes, _Link]] = {port.tun: {} for port in setup.ports}
        self._routes: dict[int, dict[bytes, Route]] = {port.tun: {} for port in setup.ports}
        nodes, ports = set(setup.nodes), {port.name: port for port in setup.ports}
        for number, (source, destination) in enumerate(links_of(setup.nodes, setup.clients)):
            if source in ports and destination in ports:
                out = ports[destination]
                link = _Link(number, source, destination, out.tun, source in nodes and destination in nodes)
                self._links[ports[source].tun][out.address] = link

    # What the harness asks for

    def begin(self, t0: int) -> None:
        """The run begins at `t0` on the monotonic clock."""
        self._t0 = t0

    def apply(self, active: Sequence[Fault], healed: bool) -> None:
        """Bring all links into the state that these faults ask for."""
        self._network.apply(active)
        if healed:
            self._network.heal()
        self._active, self._healed = tuple(active), healed
        self._state += 1
        for routes in self._routes.values():
            routes.clear()

    def life(self, node: str, life: int, starts: bool) -> None:
        """Note in the journal that a node starts or crashes."""
        if self._journal is not None:
            now = self._run_time(time.monotonic_ns())
            (self._journal.start if starts else self._journal.crash)(now, node, life)

    def close(self) -> None:
        """Write what is buffered."""
        self._report_drops()
        if self._journal is not None:
            self._journal.flush()
        if self._pcap is not None:
            self._pcap.close()

    # The loop

    def run(self, control: Control) -> None:
        """Forward packets, and do what `control` is asked for, until it says that this is the end."""
        epoll = select.epoll()
        asked = control.fileno()
        epoll.register(asked, select.EPOLLIN)
        waits_to_send = False
        for tun in self._routes:
            os.set_blocking(tun, False)
            epoll.register(tun, select.EPOLLIN)
        poll, clock, heap = epoll.poll, time.monotonic_ns, self._heap
        while True:
            if heap:
                wait = heap[0][0] - clock()
                if wait > 0:
                    # An epoll waits for whole milliseconds; select, for one descriptor, for microseconds.
                    select.select([epoll], [], [], wait / 1e9)
                events = poll(0)
                self._deliver_due(clock())
            else:
                events = poll()
            share = PACKETS_A_ROUND // (len(events) or 1) or 1
            for descriptor, _ in events:
                if descriptor == asked:
                    if not control.obey():
                        return
                elif not self.take(descriptor, share):
                    epoll.unregister(descriptor)
            if control.waits_to_send is not waits_to_send:
                waits_to_send = control.waits_to_send
                epoll.modify(asked, select.EPOLLIN | (select.EPOLLOUT if waits_to_send else 0))

    def take(self, tun: int, most: int) -> bool:
        """Forward packets from an interface, `most` at most. Returns False if the interface is gone."""
        read, write, sent, route_to = os.read, os.write, self._sent, self._routes[tun].get
        try:
            for _ in range(most):
                packet = read(tun, PACKET_BYTES_MAX)
                route = route_to(packet[16:20])
                if route is None:
                    self._decide(tun, packet)
                    continue
                out, link = route
                try:
                    write(out, packet)
                except OSError as error:
                    self._lost[_reason(error)][link] += 1
                sent[link] += 1
        except BlockingIOError:
            pass
        except OSError as error:
            # EIO: the interface is down, and may come up again. Otherwise its namespace has ended.
            return error.errno == errno.EIO
        return True

    def _decide(self, tun: int, packet: bytes) -> None:
        """What becomes of a packet for which there is no route."""
        if not is_unicast_ipv4(packet):
            return
        link = self._links[tun].get(packet[16:20])
        if link is None:
            if packet[18:20] != _BROADCAST:
                self._counters.numbers[self._counters.index("nowhere")] += 1
            return
        if link.state != self._state:
            self._look_at(link, tun, packet[16:20])
        now = time.monotonic_ns()
        if link.hit:
            self._hit[link.number] += 1
        id = -1
        # What nodes say to each other until all of them serve is not part of the run.
        if self._journal is not None and self._t0 is not None:
            id = self._journal.send(self._run_time(now), link.source, link.destination, packet)
            if id < 0:
                self._counters.numbers[self._counters.index("unjournalled")] += 1
        arrivals = self._network.fate(link.source, link.destination, now, Packet)
        heap = self._heap
        if isinstance(arrivals, str):
            self._lose(link, packet, id, now, arrivals)
            arrivals = []
        for arrival in arrivals:
            # A packet that waits and is due by now may be one that this packet must not overtake.
            if arrival <= now and not (heap and heap[0][0] <= now):
                self._deliver(link, packet, id, now)
            else:
                self._push(arrival, link, packet, id)
        # Last, so that whoever sees it counted as sent sees it counted as lost.
        self._sent[link.number] += 1

    def _look_at(self, link: _Link, tun: int, destination: bytes) -> None:
        """Find out what the network is for this link now, and whether it gets a route."""
        link.state = self._state
        asked = [fault for fault in self._active if link.between_nodes or fault.reaches_clients]
        link.hit = any(hits(fault, link.source, link.destination) for fault in asked)
        if not link.hit and not self._noted and self._is_instant(link):
            self._routes[tun][destination] = link.out, link.number

    def _is_instant(self, link: _Link) -> bool:
        """Whether a packet on a link that no fault hits always arrives at once, exactly once."""
        plan = self._plan.nodes if link.between_nodes else self._plan.clients
        same = plan.latency == Constant(0) and plan.reorder == 1.0
        return same and (self._healed or plan.drop == plan.duplicate == 0.0)

    def _push(self, arrival: int, link: _Link | None, packet: bytes, id: int) -> None:
        self._pushed += 1
        heappush(self._heap, (arrival, self._pushed, link, packet, id))

    def _deliver_due(self, now: int) -> None:
        """Deliver the packets whose time has come."""
        heap, network = self._heap, self._network
        while heap and heap[0][0] <= now:
            _, _, link, packet, id = heappop(heap)
            if link is None:
                self._report_drops()
            elif not network.whole and network.cut(link.source, link.destination):
                self._hit[link.number] += 1
                self._lose(link, packet, id, now, CUT)
            else:
                self._deliver(link, packet, id, now)

    def _deliver(self, link: _Link, packet: bytes, id: int, now: int) -> None:
        try:
            os.write(link.out, packet)
        except OSError as error:
            self._lose(link, packet, id, now, _reason(error))
            return
        if self._journal is not None:
            self._journal.receive(id, self._run_time(now))
        if self._pcap is not None and not self._pcap.packet(self._wall + now, packet):
            self._counters.numbers[self._counters.index("uncaptured")] += 1

    def _lose(self, link: _Link, packet: bytes, id: int, now: int, why: str) -> None:
        self._lost[why][link.number] += 1
        if self._journal is not None:
            self._journal.drop(id, self._run_time(now), why)
        if self._report is not None and is_udp(packet):
            if not self._drops:
                self._push(now + REPORT_AFTER, None, b"", -1)
            self._drops.append((self._run_time(now), link.number, why, beginning(packet)))

    def _report_drops(self) -> None:
        if self._report is not None and self._drops:
            self._report(Drops(self._drops))
            self._drops = []

    def _run_time(self, now: int) -> int:
        return 0 if self._t0 is None else max(0, now - self._t0)


def _reason(error: OSError) -> str:
    """Why an interface did not take a packet."""
    return FULL if error.errno in _TOO_MUCH else DOWN
