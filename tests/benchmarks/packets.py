"""How many packets the switch of live runs forwards, beside a bare loop that only reads and writes them.

    python -m tests.benchmarks.packets [--seconds 3] [--rounds 3]

Between two network namespaces, 32 sockets at one end each send a UDP packet of 100 bytes, wait for its echo, and send
the next. Sender and echo are processes of their own. The ways take turns, and the median counts. Packets are counted in
both directions. They are divided by wall time, which says how fast the machine is with all of it, and by the processor
time of the forwarding process, kernel included, which says how many one processor could forward.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import mmap
import os
import select
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import trio

from clew.harness.plan import Plan, loads, resolve
from clew.harness.plan.schema import MILLISECOND, Links, NetworkPlan
from clew.harness.runtime.live.packets.switch import open_switch
from clew.harness.runtime.live.world.world import World, open_world
from clew.nemesis.fault import Fault
from clew.nemesis.latency import Constant, Exponential
from clew.nemesis.partition import Partition

SOCKETS = 32
DATA = bytes(72)  # With the headers it is a packet of 100 bytes.
CALM = Links(Constant(0))
PLAN = """
name: packets
system: {name: caspaxos, nodes: 3}
workload: {kind: cas-register, clients: 1, operations: 1}
"""


# The processes of the load, and the bare loop


def serve(descriptor: int) -> None:
    """Send every datagram back."""
    with socket.socket(fileno=descriptor) as made:
        made.setblocking(True)
        while True:
            data, sender = made.recvfrom(2048)
            made.sendto(data, sender)


def call(address: str, descriptors: list[int]) -> None:
    """Send a datagram on each socket again and again, each time when the last one has come back."""
    sockets = {descriptor: socket.socket(fileno=descriptor) for descriptor in descriptors}
    epoll = select.epoll()
    for descriptor, made in sockets.items():
        made.connect((address, 7))
        epoll.register(descriptor, select.EPOLLIN)
    while True:
        ready = [descriptor for descriptor, _ in epoll.poll(0.1)]
        for descriptor in ready:
            sockets[descriptor].recv(2048)
        # Nothing for so long: all were lost, because nobody was there to forward them.
        for descriptor in ready or descriptors:
            sockets[descriptor].send(DATA)


def forward(counter: int, ends: list[tuple[int, str]]) -> None:
    """The bare loop: a packet is read and written to whom its last byte but none names. Nothing else is done."""
    count = memoryview(mmap.mmap(counter, 8)).cast("q")
    routes = {socket.inet_aton(address)[2:]: descriptor for descriptor, address in ends}
    epoll = select.epoll()
    for descriptor, _ in ends:
        epoll.register(descriptor, select.EPOLLIN)
    read, write, poll = os.read, os.write, epoll.poll
    while True:
        for descriptor, _ in poll():
            packet = read(descriptor, 65536)
            write(routes[packet[18:20]], packet)
            count[0] += 1


ROLES: dict[str, Callable[..., None]] = {"serve": serve, "call": call, "forward": forward}


@contextlib.contextmanager
def process(role: str, *arguments: Any, keep: list[int]) -> Iterator[int]:
    """A process with one of the roles; gives its id."""
    command = [sys.executable, "-m", "tests.benchmarks.packets", "--role", json.dumps([role, *arguments])]
    with subprocess.Popen(command, pass_fds=keep) as popen:
        try:
            yield popen.pid
        finally:
            popen.kill()


# The ways to forward: each gives the process that does it, and a function that says how many packets it has forwarded.

Forwarding = tuple[int, Callable[[], int]]


@contextlib.asynccontextmanager
async def bare(world: World) -> AsyncIterator[Forwarding]:
    counter = os.memfd_create("packets")
    os.ftruncate(counter, 8)
    count = memoryview(mmap.mmap(counter, 8)).cast("q")
    ends = [(tun, world.addresses.of(name)) for name, tun in world.tuns.items()]
    with process("forward", counter, ends, keep=[counter, *world.tuns.values()]) as pid:
        yield pid, lambda: count[0]
    os.close(counter)


def switched(
    links: Links = CALM, faults: tuple[Fault, ...] = (), journal: Path | None = None, pcap: Path | None = None
) -> Callable[[World], contextlib.AbstractAsyncContextManager[Forwarding]]:
    """The switch with such links, faults and files."""

    @contextlib.asynccontextmanager
    async def way(world: World) -> AsyncIterator[Forwarding]:
        plan: Plan = msgspec.structs.replace(
            resolve(loads(PLAN, "packets.yaml", Path())), network=NetworkPlan(CALM, links)
        )
        with contextlib.ExitStack() as stack:
            file = None if journal is None else stack.enter_context(journal.open("wb")).fileno()
            before = set(children())
            async with open_switch(plan, world.addresses, world.tuns, journal=file, pcap=pcap) as switch:
                (pid,) = set(children()) - before
                await switch.apply(faults, False)
                await switch.begin(time.monotonic_ns())
                yield pid, lambda: switch.counts().messages["sent"]

    return way


def children() -> list[int]:
    """The processes that this process has started."""
    return [int(pid) for pid in Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()]


def processor_time(pid: int) -> float:
    """Seconds that a process has used, in the kernel too."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def apply_again_and_again(world: World, times: int) -> list[float]:
    """How long (ms) it takes until a fault is in force and the harness knows it."""
    plan = msgspec.structs.replace(resolve(loads(PLAN, "packets.yaml", Path())), network=NetworkPlan(CALM, CALM))
    took = []
    async with open_switch(plan, world.addresses, world.tuns) as switch:
        await trio.sleep(0.5)
        for number in range(times):
            began = time.perf_counter()
            await switch.apply([Partition({"n2": ("n3",)})] if number % 2 else [], False)
            took.append(1000 * (time.perf_counter() - began))
            await trio.sleep(0.002)
    return took


async def measure(seconds: float, rounds: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        ways = {
            "bare loop": bare,
            "switch": switched(),
            "switch, a partition elsewhere": switched(faults=(Partition({"n2": ("n3",)}),)),
            "switch, latency exponential 1 ms": switched(Links(Exponential(MILLISECOND))),
            "switch, journal": switched(journal=folder / "messages.jsonl"),
            "switch, journal and pcap": switched(journal=folder / "messages.jsonl", pcap=folder / "packets.pcap"),
        }
        figures: dict[str, list[tuple[float, float]]] = {way: [] for way in ways}
        async with open_world(["n1", "n2", "n3", "c0"]) as world, contextlib.AsyncExitStack() as stack:
            server = stack.enter_context(await world.udp_socket("n1"))
            server.bind((world.addresses.of("n1"), 7))
            callers = [stack.enter_context(await world.udp_socket("c0")).fileno() for _ in range(SOCKETS)]
            stack.enter_context(process("serve", server.fileno(), keep=[server.fileno()]))
            stack.enter_context(process("call", world.addresses.of("n1"), callers, keep=callers))
            for _ in range(rounds):
                for label, way in ways.items():
                    async with way(world) as (pid, count):
                        while count() < 1000:  # the process is still starting
                            await trio.sleep(0.1)
                        await trio.sleep(0.5)
                        packets, used, began = count(), processor_time(pid), time.perf_counter()
                        await trio.sleep(seconds)
                        took, used = time.perf_counter() - began, processor_time(pid) - used
                        packets = count() - packets
                        figures[label].append((packets / took, packets / used))
            applied = sorted(await apply_again_and_again(world, 500))
    print(f"{SOCKETS} sockets, packets of 100 bytes, {rounds} times {seconds:g} s: median (least to most)")
    for label, measured in figures.items():
        wall, pure = zip(*measured, strict=True)
        print(
            f"  {label:<34}{statistics.median(wall):>8,.0f} packets/s ({min(wall):,.0f} to {max(wall):,.0f})"
            f"{statistics.median(pure):>10,.0f} per processor second"
        )
    print(
        f"  meanwhile, a fault is in force, and the harness knows it, after {statistics.median(applied):.1f} ms "
        f"(median; {applied[len(applied) * 9 // 10]:.1f} ms for one in ten)"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--role", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.role is not None:
        role, *arguments = json.loads(options.role)
        ROLES[role](*arguments)
    else:
        trio.run(measure, options.seconds, options.rounds)


if __name__ == "__main__":
    main()
