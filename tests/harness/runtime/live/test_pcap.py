"""Pcap files of ours, read by a library that has nothing to do with clew."""

from __future__ import annotations

import socket
import time
from pathlib import Path

import dpkt
import pytest

from clew.harness.runtime.live.packets.pcap import PcapWriter
from clew.nemesis.partition import Partition
from tests.harness.conftest import Clew
from tests.harness.runtime.live.lab import Lab, in_lab

PACKET = bytes.fromhex("450000200001000040110000 0a4d0001 0a4d0002 00070009000c0000 31323334")


def packets(path: Path) -> list[tuple[float, dpkt.ip.IP]]:
    """The packets of a pcap file with their times (s since 1970)."""
    with path.open("rb") as file:
        reader = dpkt.pcap.Reader(file)
        # LINKTYPE_RAW of the list at tcpdump.org.
        assert reader.datalink() == 101
        return [(float(at), dpkt.ip.IP(data)) for at, data in reader]


def test_what_is_written_is_read_back_with_its_time(tmp_path: Path) -> None:
    path = tmp_path / "packets.pcap"
    writer = PcapWriter(path)
    for number in range(3):
        assert writer.packet(1_700_000_000_000_000_000 + number, PACKET)
    writer.close()
    with path.open("rb") as file:
        assert [(int(at * 10**9), data) for at, data in dpkt.pcap.Reader(file)] == [
            (1_700_000_000_000_000_000 + number, PACKET) for number in range(3)
        ]


def test_a_file_that_is_long_enough_takes_no_more_and_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "packets.pcap"
    writer = PcapWriter(path, bytes_max=24 + 2 * (16 + len(PACKET)))
    assert [writer.packet(0, PACKET) for _ in range(4)] == [True, True, False, False]
    writer.close()
    assert len(packets(path)) == 2


def test_a_full_disk_ends_the_file_and_not_the_writer() -> None:
    writer = PcapWriter(Path("/dev/full"))
    assert writer.packet(0, PACKET)
    writer.flush()
    assert not writer.packet(0, PACKET)
    writer.close()


@pytest.mark.usefixtures("namespaces")
def test_a_run_writes_the_packets_that_arrived(tmp_path: Path) -> None:
    path = tmp_path / "packets.pcap"
    begin = time.time()

    async def test(lab: Lab) -> None:
        lab.send("n1", "n2", b"over UDP")
        await lab.receive("n2")
        await lab.switch.apply([Partition({"n3": ("n1",)})], False)
        lab.send("n1", "n3", b"refused")
        assert await lab.carry("c0", "n1", b"over TCP") == b"over TCP"
        assert lab.switch.counts().uncaptured == 0

    in_lab(test, pcap=path)
    (at, first), *tcp = packets(path)
    assert begin - 1 < at < time.time() + 1
    assert socket.inet_ntoa(first.src) == "10.77.0.1"
    assert (first.udp.data, first.udp.sport) == (b"over UDP", 7)
    assert {type(packet.data) for _, packet in tcp} == {dpkt.tcp.TCP}
    assert b"over TCP" in [bytes(packet.data.data) for _, packet in tcp]


@pytest.mark.usefixtures("namespaces")
def test_clew_run_writes_the_packets_of_a_live_run_if_asked(clew: Clew, tmp_path: Path) -> None:
    short = ["--set", "runtime=live", "--set", "workload.operations=5", "--set", "recovery.after=10ms"]
    done = clew("run", "caspaxos-happy-path", "--pcap", *short)
    assert done.returncode == 0, done.stderr
    found = packets(tmp_path / "store" / "latest" / "packets.pcap")
    senders = {socket.inet_ntoa(packet.src) for _, packet in found}
    assert {f"10.77.0.{node}" for node in range(1, 6)} <= senders


def test_packets_of_a_simulation_are_refused(clew_call: Clew) -> None:
    done = clew_call("run", "caspaxos-happy-path", "--pcap")
    assert done.returncode == 254
    assert "the runtime simulation has no such section" in done.stderr
