"""Endpoints of a world at a switch, for tests to send between them."""

from __future__ import annotations

import socket
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec
import trio

from clew.harness.plan import Plan, loads, resolve
from clew.harness.plan.schema import Links, NetworkPlan
from clew.harness.runtime.live.packets.switch import Counts, Switch, open_switch
from clew.harness.runtime.live.world.world import World, open_world
from clew.nemesis.latency import Constant

PLAN = """
name: live
system: {name: caspaxos, nodes: 4}
workload: {kind: cas-register, clients: 2, operations: 5}
seed: 3
"""
CALM = Links(Constant(0))
CALM_NETWORK = NetworkPlan(CALM, CALM)


def plan(network: NetworkPlan = CALM_NETWORK) -> Plan:
    return msgspec.structs.replace(resolve(loads(PLAN, "live.yaml", Path())), network=network)


class Lab:
    """Four nodes and two clients at a switch."""

    def __init__(self, world: World, switch: Switch, udp: Mapping[str, socket.socket]) -> None:
        self.world = world
        self.switch = switch
        self.udp = udp
        """A socket of each endpoint, at port 7."""

    def send(self, source: str, destination: str, data: bytes) -> None:
        self.udp[source].sendto(data, (self.world.addresses.of(destination), 7))

    async def receive(self, name: str) -> tuple[str, bytes]:
        """The next datagram at an endpoint, and who sent it."""
        with trio.fail_after(10):
            await trio.lowlevel.wait_readable(self.udp[name])
        data, sender = self.udp[name].recvfrom(65536)
        return self.world.addresses.by_address[sender[0]], data

    async def pass_all(self, source: str, destination: str) -> None:
        """Wait until everything that was sent on a whole and instant link has arrived."""
        self.send(source, destination, b"last")
        while (await self.receive(destination))[1] != b"last":
            pass

    async def counts(self, sent: int) -> Counts:
        """What the switch counts, as soon as it has counted so many packets. It counts a packet when it has passed."""
        with trio.fail_after(10):
            while self.switch.counts().messages["sent"] < sent:
                await trio.sleep(0)
        return self.switch.counts()

    async def connects(self, source: str, destination: str) -> bool:
        """Whether a UDP packet passes."""
        before = self.switch.counts().messages
        self.send(source, destination, b"?")
        after = (await self.counts(before["sent"] + 1)).messages
        return after["partition"] == before["partition"]

    async def carry(self, source: str, destination: str, data: bytes) -> bytes:
        """What arrives of `data` over a TCP connection."""
        got = bytearray()
        listening = await self.tcp(destination)
        await listening.bind((self.world.addresses.of(destination), 0))
        listening.listen()

        async def serve() -> None:
            async with await trio.SocketListener(listening).accept() as stream:
                async for part in stream:
                    got.extend(part)

        with listening, await self.tcp(source) as caller:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(serve)
                await caller.connect(listening.getsockname())
                async with trio.SocketStream(caller) as stream:
                    await stream.send_all(data)
        return bytes(got)

    async def tcp(self, endpoint: str) -> trio.socket.SocketType:
        """A TCP socket of an endpoint."""
        return trio.socket.from_stdlib_socket(await self.world.tcp_socket(endpoint))


def in_lab(test: Callable[[Lab], Awaitable[None]], network: NetworkPlan = CALM_NETWORK, **options: Any) -> None:
    """Run an asynchronous test in a `Lab`. `options` are for `open_switch`."""

    async def main() -> None:
        chosen = plan(network)
        async with open_world([*chosen.nodes, *chosen.clients]) as world:
            udp = {name: await world.udp_socket(name) for name in world.tuns}
            try:
                for name, made in udp.items():
                    made.bind((world.addresses.of(name), 7))
                async with open_switch(chosen, world.addresses, world.tuns, **options) as switch:
                    with trio.fail_after(60):
                        await test(Lab(world, switch, udp))
            finally:
                for made in udp.values():
                    made.close()

    trio.run(main)
