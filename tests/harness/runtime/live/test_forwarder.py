"""The loop of the switch between pairs of sockets, which stand for the two ends of an interface."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from clew.harness.plan.schema import Links, NetworkPlan
from clew.harness.runtime.live.packets.forwarder import Forwarder
from clew.harness.runtime.live.packets.packet import beginning, body
from clew.harness.runtime.live.packets.packet_journal import PacketJournal
from clew.harness.runtime.live.packets.switch_wire import Counters, Drops, Frames, Port, Setup, frame, links_of
from clew.histories.journal import entries
from clew.histories.journal_search import is_cut
from clew.nemesis.latency import Constant

ADDRESSES = {"n1": bytes([10, 77, 0, 1]), "n2": bytes([10, 77, 0, 2]), "c0": bytes([10, 77, 1, 1])}
CALM = Links(Constant(0))


def datagram(source: str, destination: str, data: bytes) -> bytes:
    """An IPv4 packet with a UDP datagram, with checksums that nobody looks at here."""
    udp = bytes([0, 7, 0, 9]) + (8 + len(data)).to_bytes(2, "big") + bytes(2) + data
    header = bytes([0x45, 0]) + (20 + len(udp)).to_bytes(2, "big") + bytes([0, 0, 0, 0, 64, 17, 0, 0])
    return header + ADDRESSES[source] + ADDRESSES[destination] + udp


class Bench:
    """A forwarder with a port for each endpoint. `ends` are what the kernels of the endpoints would have."""

    def __init__(self, network: NetworkPlan, journal: int | None = None) -> None:
        pairs = {name: socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET) for name in ADDRESSES}
        self.ends = {name: there for name, (_, there) in pairs.items()}
        self.ports = {name: here for name, (here, _) in pairs.items()}
        for made in (*self.ends.values(), *self.ports.values()):
            made.setblocking(False)
        nodes, clients = ("n1", "n2"), ("c0",)
        self.counters = Counters(len(links_of(nodes, clients)))
        self.links = links_of(nodes, clients)
        self.drops: list[Drops] = []
        self.forwarder = Forwarder(
            Setup(
                network=network,
                seed=1,
                nodes=nodes,
                clients=clients,
                ports=tuple(Port(name, ADDRESSES[name], here.fileno()) for name, here in self.ports.items()),
                counters=self.counters.descriptor,
                journal=journal,
                pcap=None,
                drops=True,
            ),
            self.counters,
            self.drops.append,
        )

    def pass_on(self, source: str, *packets: bytes) -> bool:
        """An endpoint sends packets, and the forwarder takes them."""
        for packet in packets:
            self.ends[source].send(packet)
        return self.forwarder.take(self.ports[source].fileno(), 100)

    def received(self, name: str) -> list[bytes]:
        """What has arrived at an endpoint."""
        found = []
        while True:
            try:
                found.append(self.ends[name].recv(65536))
            except BlockingIOError:
                return found

    def count(self, what: str, source: str, destination: str) -> int:
        return self.counters.of(what)[self.links.index((source, destination))]

    def total(self, what: str) -> int:
        return self.counters.numbers[self.counters.index(what)]

    def close(self) -> None:
        for made in (*self.ends.values(), *self.ports.values()):
            made.close()
        os.close(self.counters.descriptor)


@pytest.fixture
def bench() -> Iterator[Bench]:
    made = Bench(NetworkPlan(CALM, CALM))
    yield made
    made.close()


def test_what_a_kernel_says_to_everybody_is_neither_forwarded_nor_counted(bench: Bench) -> None:
    router_solicitation = bytes([0x60]) + bytes(5) + bytes([58, 255]) + bytes(16) + bytes([255, 2]) + bytes(14)
    multicast = datagram("n1", "n2", b"?").replace(ADDRESSES["n2"], bytes([224, 0, 0, 251]))
    broadcast = datagram("n1", "n2", b"?").replace(ADDRESSES["n2"], bytes([10, 77, 255, 255]))
    assert bench.pass_on("n1", router_solicitation, multicast, broadcast, b"short")
    assert [bench.received(name) for name in ADDRESSES] == [[], [], []]
    assert not any(bench.counters.numbers)


def test_an_interface_that_takes_no_more_holds_up_nobody(bench: Bench) -> None:
    packet = datagram("n1", "n2", bytes(1000))
    while not bench.count("full", "n1", "n2"):
        assert bench.pass_on("n1", packet)
    sent = bench.count("sent", "n1", "n2")
    assert len(bench.received("n2")) == sent - 1
    assert bench.pass_on("c0", datagram("c0", "n1", b"hello"))
    assert bench.received("n1") == [datagram("c0", "n1", b"hello")]


def test_an_interface_that_is_gone_is_forgotten_and_what_is_for_it_is_lost(bench: Bench) -> None:
    gone = bench.ports["n2"].fileno()
    bench.ports["n2"].close()
    assert not bench.forwarder.take(gone, 1)
    assert bench.pass_on("n1", datagram("n1", "n2", b"first"), datagram("n1", "n2", b"second"))
    assert bench.count("down", "n1", "n2") == 2
    bench.forwarder.close()
    assert [(why, first) for report in bench.drops for _, _, why, first in report.packets] == [("down", b"first")]


def test_the_journal_stops_at_its_size_with_whole_lines_and_the_rest_is_counted(tmp_path: Path) -> None:
    path = tmp_path / "messages.jsonl"
    packet = datagram("n1", "n2", b"1234")
    with path.open("wb") as file:
        journal = PacketJournal(file.fileno(), bytes_max=1)
        first = journal.send(1, "n1", "n2", packet)
        journal.flush()
        assert journal.full
        assert journal.send(2, "n1", "n2", packet) == -1
        journal.receive(first, 3)
        journal.receive(-1, 3)
        journal.crash(4, "n1", 0)
        journal.flush()
    assert [(entry.event, entry.id) for entry in entries(path)] == [("send", 0), ("receive", 0), ("crash", -1)]
    assert not is_cut(path)


def test_a_journal_on_a_full_disk_does_not_end_the_network() -> None:
    with Path("/dev/full").open("wb") as full:
        bench = Bench(NetworkPlan(CALM, CALM), journal=full.fileno())
        bench.forwarder.begin(0)
        assert bench.pass_on("n1", datagram("n1", "n2", b"one"))
        bench.forwarder.close()
        assert bench.pass_on("n1", datagram("n1", "n2", b"two"))
        assert len(bench.received("n2")) == 2
        assert bench.total("unjournalled") == 1
        bench.close()


def test_the_words_of_a_packet() -> None:
    udp = datagram("n1", "n2", b"0123456789 and more than twenty-four bytes")
    assert msgspec.json.decode(body(udp)) == {"type": "udp", "bytes": 42, "from": 7, "to": 9}
    assert beginning(udp) == b"0123456789 and more than"
    tcp = bytearray(udp[:20] + bytes([9, 75, 0, 80]) + bytes(8) + bytes([0x50, 0x12]) + bytes(6) + b"abc")
    tcp[9] = 6
    assert msgspec.json.decode(body(bytes(tcp))) == {"type": "tcp", "flags": "SA", "bytes": 3, "from": 2379, "to": 80}
    icmp = bytearray(udp[:20] + bytes([8, 0]) + bytes(6) + b"abcd")
    icmp[9] = 1
    assert msgspec.json.decode(body(bytes(icmp))) == {"type": "icmp", "kind": 8, "bytes": 4}
    later = bytearray(udp)
    later[7] = 1
    assert msgspec.json.decode(body(bytes(later))) == {"type": "ip", "protocol": 17, "bytes": 50}


def test_frames_come_out_of_a_stream_however_it_is_cut() -> None:
    stream = frame("one") + frame("two") + frame("")
    for size in range(1, len(stream) + 1):
        frames = Frames(msgspec.msgpack.decode)
        parts = [stream[start : start + size] for start in range(0, len(stream), size)]
        assert [value for part in parts for value in frames.feed(part)] == ["one", "two", ""]
