"""Endpoints at a switch, for tests to send between them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import trio

from clew.harness.plan import Plan, loads, resolve
from clew.harness.plan.schema import Links, NetworkPlan
from clew.harness.runtime.live.switch import Switch, open_switch
from clew.nemesis.latency import Constant
from tests.harness.runtime.live.cables import Cables

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

    def __init__(self, net: Cables, switch: Switch) -> None:
        self.net = net
        self.switch = switch
        self.udp = {name: net.udp(name, 7) for name in net.tuns}
        self.names = {(net.addresses.of(name), 7): name for name in net.tuns}
        for made in self.udp.values():
            made.setblocking(False)

    def send(self, source: str, destination: str, data: bytes) -> None:
        self.udp[source].sendto(data, (self.net.addresses.of(destination), 7))

    async def receive(self, name: str) -> tuple[str, bytes]:
        """The next datagram at an endpoint, and who sent it."""
        with trio.fail_after(10):
            await trio.lowlevel.wait_readable(self.udp[name])
        data, sender = self.udp[name].recvfrom(65536)
        return self.names[sender], data

    async def pass_all(self, source: str, destination: str) -> None:
        """Wait until everything that was sent on a whole and instant link has arrived."""
        self.send(source, destination, b"last")
        while (await self.receive(destination))[1] != b"last":
            pass

    async def connects(self, source: str, destination: str) -> bool:
        """Whether a UDP packet passes, seen by the switch's own count: sent or lost, whichever is counted first."""
        before = self.switch.counts().messages
        self.send(source, destination, b"?")
        with trio.fail_after(10):
            while self.switch.counts().messages["sent"] == before["sent"]:
                await trio.sleep(0)
        return self.switch.counts().messages["partition"] == before["partition"]

    async def carry(self, source: str, destination: str, data: bytes) -> bytes:
        """What arrives of `data` over a TCP connection."""
        got = bytearray()
        with self.net.tcp(destination, 80) as made:
            made.listen()
            listener = trio.SocketListener(trio.socket.from_stdlib_socket(made.dup()))
            async with listener, trio.open_nursery() as nursery:

                async def serve() -> None:
                    async with await listener.accept() as stream:
                        async for part in stream:
                            got.extend(part)

                nursery.start_soon(serve)
                caller = trio.socket.from_stdlib_socket(self.net.tcp(source))
                await caller.connect((self.net.addresses.of(destination), 80))
                async with trio.SocketStream(caller) as stream:
                    await stream.send_all(data)
        return bytes(got)


def in_lab(net: Cables, test: Any, network: NetworkPlan = CALM_NETWORK, **options: Any) -> None:
    """Run an asynchronous test in a `Lab`."""

    async def main() -> None:
        with trio.fail_after(60):
            async with open_switch(plan(network), net.addresses, net.tuns, **options) as switch:
                lab = Lab(net, switch)
                try:
                    await test(lab)
                finally:
                    for made in lab.udp.values():
                        made.close()

    trio.run(main)
