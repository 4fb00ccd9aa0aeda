"""The switch, seen through real sockets in network namespaces."""

from __future__ import annotations

import errno
import os
import select
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from random import Random
from typing import Any

import pytest
import trio

from clew.harness.errors import MachineError
from clew.harness.plan.schema import Links, NetworkPlan
from clew.harness.runtime.live.packets.switch import Drop, _process
from clew.histories.journal import entries
from clew.histories.journal_search import messages_between, node_lives
from clew.nemesis.grudge import ALL_KINDS
from clew.nemesis.latency import Constant, Uniform
from clew.nemesis.network import BadNetwork
from clew.nemesis.partition import Partition
from clew.nemesis.pause import Pause
from tests.harness.runtime.live.lab import CALM, Lab, in_lab

pytestmark = pytest.mark.usefixtures("namespaces")

MS = 1_000_000


def test_packets_reach_every_endpoint_and_say_who_sent_them() -> None:
    async def test(lab: Lab) -> None:
        links = [(a, b) for a in lab.world.tuns for b in lab.world.tuns if a != b and "n" in a[0] + b[0]]
        for source, destination in links:
            lab.send(source, destination, f"{source}>{destination}".encode())
            assert await lab.receive(destination) == (source, f"{source}>{destination}".encode())
        counts = await lab.counts(len(links))
        assert counts.messages == {"sent": len(links)}
        assert counts.hits == {}

    in_lab(test)


def test_packets_for_nobody_and_for_all_are_not_forwarded() -> None:
    async def test(lab: Lab) -> None:
        lab.udp["n1"].sendto(b"?", ("10.77.0.200", 7))
        lab.udp["n1"].setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        lab.udp["n1"].sendto(b"?", ("10.77.255.255", 7))
        await lab.pass_all("n1", "n2")
        assert (await lab.counts(2)).messages == {"sent": 2, "nowhere": 1}

    in_lab(test)


@pytest.mark.parametrize(
    "kind",
    [kind if kind in ("majority", "one-way") else pytest.param(kind, marks=pytest.mark.long) for kind in ALL_KINDS],
)
def test_a_partition_of_every_kind_cuts_exactly_the_links_that_it_names(kind: Any) -> None:

    async def test(lab: Lab) -> None:
        fault = Partition.draw(("n1", "n2", "n3", "n4"), Random(5), kind=kind)
        await lab.switch.apply([fault := fault.with_leader("n2")], False)
        refused = set(fault.refused())
        assert refused
        for source in lab.world.tuns:
            for destination in lab.world.tuns:
                if source != destination and "n" in source[0] + destination[0]:
                    assert await lab.connects(source, destination) is ((source, destination) not in refused)
        assert set(lab.switch.counts().hits) == refused

    in_lab(test)


def test_a_partition_may_cut_one_direction_between_a_client_and_a_node() -> None:
    async def test(lab: Lab) -> None:
        await lab.switch.apply([Partition({"c0": ("n1",)})], False)
        lab.send("c0", "n1", b"question")
        assert await lab.receive("n1") == ("c0", b"question")
        lab.send("n1", "c0", b"answer")
        await lab.pass_all("n2", "c0")
        assert (await lab.counts(3)).hits == {("n1", "c0"): 1}
        assert lab.switch.touched() == [("n1", "c0")]
        assert lab.switch.touched() == []
        await lab.switch.apply([], False)
        lab.send("n1", "c0", b"again")
        assert await lab.receive("c0") == ("n1", b"again")

    in_lab(test)


def test_a_partition_is_in_force_when_apply_returns() -> None:
    """Every packet is lost that is sent after it, and every packet arrives that is sent after its end."""

    async def test(lab: Lab) -> None:
        for turn in range(100):
            await lab.switch.apply([Partition({"n2": ("n1",)})], False)
            lab.send("n1", "n2", b"cut %d" % turn)
            await lab.counts(2 * turn + 1)
            await lab.switch.apply([], False)
            lab.send("n1", "n2", b"whole %d" % turn)
            assert await lab.receive("n2") == ("n1", b"whole %d" % turn)
        assert lab.switch.counts().messages["partition"] == 100

    in_lab(test)


def test_packets_on_their_way_are_lost_when_a_partition_begins() -> None:
    drops: list[Drop] = []

    async def test(lab: Lab) -> None:
        await lab.switch.begin(time.monotonic_ns())
        for number in range(5):
            lab.send("n1", "n2", b"%d" % number)
            lab.send("n3", "n2", b"%d" % number)
        await lab.counts(10)
        await lab.switch.apply([Partition({"n2": ("n1",)})], False)
        assert [await lab.receive("n2") for _ in range(5)] == [("n3", b"%d" % number) for number in range(5)]
        assert lab.switch.counts().messages == {"sent": 10, "partition": 5}
        assert lab.switch.counts().hits == {("n1", "n2"): 5}

    in_lab(test, NetworkPlan(Links(Constant(300 * MS), reorder=0.0), CALM), dropped=drops.append)
    assert [(drop.source, drop.destination, drop.why, drop.first) for drop in drops] == [
        ("n1", "n2", "partition", b"%d" % number) for number in range(5)
    ]
    assert all(drop.time >= 300 * MS for drop in drops)


def test_loss_duplication_and_delay_are_those_of_the_plan_and_of_the_faults() -> None:
    async def test(lab: Lab) -> None:
        await lab.switch.apply([BadNetwork(drop=1.0, nodes=("n1",))], False)
        lab.send("n1", "n2", b"lost")
        lab.send("n3", "n2", b"twice")
        assert [await lab.receive("n2") for _ in range(2)] == [("n3", b"twice")] * 2
        counts = await lab.counts(2)
        assert counts.messages == {"sent": 2, "loss": 1}
        assert counts.hits == {("n1", "n2"): 1}
        await lab.switch.apply([BadNetwork(delay=Constant(50 * MS))], False)
        begin = time.monotonic_ns()
        lab.send("n1", "n2", b"late")
        assert await lab.receive("n2") == ("n1", b"late")
        assert time.monotonic_ns() - begin >= 50 * MS
        assert await lab.receive("n2") == ("n1", b"late")
        lab.send("c0", "n2", b"at once")
        assert await lab.receive("n2") == ("c0", b"at once")
        # When all has healed, nothing is doubled any more, though the plan says so.
        await lab.switch.apply([], True)
        lab.send("n1", "n2", b"once")
        assert await lab.receive("n2") == ("n1", b"once")
        await lab.pass_all("c0", "n2")

    in_lab(test, NetworkPlan(Links(Constant(0), duplicate=1.0), CALM))


@pytest.mark.parametrize("reorder", [0.0, 1.0])
def test_packets_overtake_each_other_only_where_they_may(reorder: float) -> None:
    async def test(lab: Lab) -> None:
        for number in range(100):
            lab.send("n1", "n2", b"%d" % number)
        got = [int((await lab.receive("n2"))[1]) for _ in range(100)]
        assert sorted(got) == list(range(100))
        assert (got == sorted(got)) is (reorder == 0.0)

    in_lab(test, NetworkPlan(Links(Uniform(0, 50 * MS), reorder=reorder), CALM))


def test_a_fault_that_stands_on_a_link_is_counted_even_if_the_packet_passes() -> None:
    async def test(lab: Lab) -> None:
        await lab.switch.apply([Pause(("n3",))], False)
        await lab.pass_all("n1", "n2")
        assert lab.switch.touched() == []
        await lab.pass_all("n1", "n3")
        await lab.pass_all("c0", "n3")
        assert sorted(lab.switch.touched()) == [("c0", "n3"), ("n1", "n3")]

    in_lab(test)


# TCP


@pytest.mark.parametrize(
    "links",
    [
        pytest.param(CALM, id="calm", marks=pytest.mark.long),
        pytest.param(Links(Constant(0), drop=0.1), id="loss", marks=pytest.mark.long),
        pytest.param(Links(Constant(0), duplicate=0.5), id="duplication", marks=pytest.mark.long),
        pytest.param(Links(Uniform(0, 5 * MS)), id="delay", marks=pytest.mark.long),
        pytest.param(Links(Uniform(0, 5 * MS), drop=0.1, duplicate=0.1, reorder=0.0), id="all"),
    ],
)
def test_a_tcp_connection_carries_every_byte_through_a_bad_network(links: Links) -> None:
    data = os.urandom(1_000_000)

    async def test(lab: Lab) -> None:
        while True:
            assert await lab.carry("n1", "n2", data) == data
            if not links.drop or lab.switch.counts().messages["loss"]:
                return

    in_lab(test, NetworkPlan(links, CALM))


def test_a_tcp_connection_waits_out_a_partition() -> None:
    data = os.urandom(300_000)

    async def test(lab: Lab) -> None:
        async def cut_and_heal() -> None:
            await lab.switch.apply([Partition({"n2": ("n1",)})], False)
            while not lab.switch.counts().hits:
                await trio.sleep(0.01)
            await lab.switch.apply([], False)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(cut_and_heal)
            assert await lab.carry("n1", "n2", data) == data
        assert lab.switch.counts().messages["partition"] > 0

    in_lab(test, NetworkPlan(Links(Constant(1 * MS)), CALM))


def test_a_connection_to_a_port_where_nobody_listens_is_refused_by_the_node_itself() -> None:
    async def test(lab: Lab) -> None:
        with await lab.tcp("c0") as caller, pytest.raises(ConnectionRefusedError):
            await caller.connect((lab.world.addresses.of("n1"), 81))

    in_lab(test)


def test_a_burst_waits_until_the_switch_has_time() -> None:
    """Nobody reads from the interfaces before the switch is there, as when its process gets no turn for a while."""

    async def test(lab: Lab) -> None:
        (child,) = children_of(os.getpid(), "switch_process")
        os.kill(child, signal.SIGSTOP)
        for _ in range(5000):
            lab.send("n1", "n2", b"burst")
        os.kill(child, signal.SIGCONT)
        assert (await lab.counts(5000)).messages == {"sent": 5000}

    in_lab(test)


def test_a_node_that_stands_still_holds_up_nobody() -> None:
    """Its kernel drops what its sockets cannot hold. Packets of others go on."""

    async def test(lab: Lab) -> None:
        for _ in range(100):
            for _ in range(100):
                lab.send("n1", "n2", bytes(1000))
            lab.send("n3", "n4", b"others")
            assert await lab.receive("n4") == ("n3", b"others")

    in_lab(test)


# What it leaves


def test_the_journal_has_every_packet_and_what_became_of_it(tmp_path: Path) -> None:
    path = tmp_path / "messages.jsonl"

    async def test(lab: Lab) -> None:
        lab.send("n1", "n2", b"before the run")
        await lab.receive("n2")
        await lab.switch.started("n1", 0)
        await lab.switch.begin(time.monotonic_ns())
        lab.send("n1", "n2", b"four")
        await lab.receive("n2")
        await lab.switch.apply([Partition({"n1": ("n2",)})], False)
        lab.send("n2", "n1", b"cut")
        assert await lab.carry("c0", "n3", b"tcp") == b"tcp"
        await lab.switch.crashed("n1", 0)
        assert lab.switch.counts().unjournalled == 0

    with path.open("wb") as file:
        in_lab(test, journal=file.fileno())
    times = [entry.time for entry in entries(path)]
    assert times == sorted(times)
    four, cut, *tcp = messages_between(path, 0, times[-1])
    assert (four.source, four.destination, four.body) == ("n1", "n2", {"type": "udp", "bytes": 4, "from": 7, "to": 7})
    assert len(four.received) == 1
    assert (cut.dropped, cut.received) == ("partition", [])
    assert [(m.source, m.type, m.body["flags"], m.body["bytes"]) for m in tcp[:3]] == [
        ("c0", "tcp", "S", 0),
        ("n3", "tcp", "SA", 0),
        ("c0", "tcp", "A", 0),
    ]
    assert any(m.body["bytes"] == 3 for m in tcp)
    (life,) = node_lives(path)
    assert (life.node, life.number, life.start) == ("n1", 0, 0)
    assert life.end is not None


# How it ends


def test_a_switch_process_that_is_killed_ends_the_block() -> None:
    async def test(lab: Lab) -> None:
        (child,) = children_of(os.getpid(), "switch_process")
        os.kill(child, signal.SIGKILL)
        await trio.sleep_forever()

    with pytest.raises(MachineError, match="the process that forwards the packets has ended"):
        in_lab(test)


def test_a_switch_process_ends_with_its_control_socket() -> None:
    """That is how it learns that the harness has ended, if it is not killed first."""
    with _process([]) as (popen, control):
        control.close()
        assert popen.wait(timeout=30) == 0


def test_a_switch_process_is_killed_with_the_harness(tmp_path: Path) -> None:
    harness = """if True:
        import time
        from clew.harness.runtime.live.packets.switch import _process
        with _process([]) as (popen, control):
            # Somebody else has the socket too, so the process does not see its end.
            import os
            if os.fork():
                print(popen.pid, flush=True)
            time.sleep(600)
    """
    with subprocess.Popen([sys.executable, "-c", harness], stdout=subprocess.PIPE, text=True) as popen:
        assert popen.stdout is not None
        switch = os.pidfd_open(int(popen.stdout.readline()))
        (other,) = set(children_of(popen.pid, "import time")) - {popen.pid}
        popen.kill()
    ended = select.select([switch], [], [], 30)[0]
    os.close(switch)
    os.kill(other, signal.SIGKILL)
    assert ended, "it is still there"


def test_an_error_in_the_block_leaves_no_process() -> None:
    async def test(lab: Lab) -> None:
        raise OSError(errno.EIO, "something of the caller's")

    with pytest.raises(OSError, match="something of the caller's"):
        in_lab(test)
    assert children_of(os.getpid(), "switch_process") == []


def test_a_pcap_file_that_cannot_be_written_is_said_in_one_line(tmp_path: Path) -> None:
    async def test(lab: Lab) -> None: ...

    with pytest.raises(MachineError, match=r"nowhere/packets\.pcap"):
        in_lab(test, pcap=tmp_path / "nowhere" / "packets.pcap")


def test_a_file_that_is_not_whole_is_noted() -> None:
    async def test(lab: Lab) -> None:
        lab.send("n1", "n2", b"one")
        await lab.receive("n2")
        assert lab.switch.notes() == []

    in_lab(test, pcap=Path("/dev/null"))

    async def full(lab: Lab) -> None:
        for _ in range(600):
            lab.send("n1", "n2", bytes(1000))
            await lab.receive("n2")
        await lab.counts(600)
        (note,) = lab.switch.notes()
        assert note.startswith("packets.pcap was full (or its disk): the last ")

    in_lab(full, pcap=Path("/dev/full"))


def children_of(parent: int, name: str) -> list[int]:
    """The children of a process whose command line has this in it."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            stat, command = (folder / "stat").read_text(), (folder / "cmdline").read_text()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(stat.rsplit(")", 1)[1].split()[1]) == parent and name in command:
            found.append(int(folder.name))
    return found
