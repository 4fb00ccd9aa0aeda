"""The cluster of a protocol in a live run: its nodes in processes of their own, its clients on sockets in the harness.

    harness                                   world
      Live ── ProtocolCluster ──────────────> host server ── fork ──> node host n1, n2, ...   (host_server, node_host)
                 │   └─ records <──────────────────────────────────────┘
                 └── LiveClient c0, c1, ... ── UDP ── switch ── UDP ── node hosts

One epoll serves all clients and all records. It is drained in rounds: a busy cluster keeps the loop going without a
way through trio for each message.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import time
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from functools import partial
from typing import Any

import msgspec
import trio

from clew.harness.exception_groups import unwrap_exception_groups
from clew.harness.plan.streams import Streams
from clew.harness.runtime.failure import SystemFailure
from clew.harness.runtime.live import node_wire as wire
from clew.harness.runtime.live.cluster import Stage
from clew.harness.runtime.live.datagrams import Receiver, Sender
from clew.harness.runtime.live.hosts import Host, HostServer, start_server
from clew.harness.runtime.live.message_record import CRASHED, STARTED, MessageRecord
from clew.harness.runtime.live.messages import Messages, message_types
from clew.harness.runtime.live.node_host import widen
from clew.harness.runtime.live.node_log import NodeLog
from clew.harness.runtime.live.protocol_clients import LiveClient
from clew.harness.runtime.live.switch import Drop, Link
from clew.harness.runtime.monitors import Monitors
from clew.harness.runtime.network import CUT, Network
from clew.harness.runtime.simulation.packet import replies
from clew.harness.runtime.simulation.watchdog import STEP_SECONDS_MAX, Watchdog
from clew.harness.runtime.thread import Thread
from clew.nemesis.fault import Fault
from clew.systems import Protocol
from clew.systems.node import Operation

RELEASE_SECONDS = 0.02
"""How often the records of all nodes are merged, and shown to the monitors."""
ROUNDS_NS = 2_000_000
"""Nanoseconds after which the loop lets trio's other tasks run, however busy the cluster is."""
LAST_COUNTS_SECONDS = 0.5
"""How long the end of a run waits for what its nodes have counted."""


class ProtocolCluster:
    """See `Cluster`. Made by `open_protocol_cluster`."""

    def __init__(
        self,
        stage: Stage,
        system: Protocol,
        server: HostServer,
        sockets: dict[str, socket.socket],
        shared: socket.socket | None,
        setup: wire.Setup,
        monitors: Monitors,
        watchdog: Watchdog,
    ) -> None:
        plan = stage.plan
        self._stage = stage
        self.now = stage.now
        self.at = stage.at
        self.completed = stage.completed
        self._system = system
        self._server = server
        self._sockets = sockets
        self._setup = setup
        self._watchdog = watchdog
        self._streams = Streams(plan.seed)
        self._messages = Messages(system.messages)
        self._types = message_types(system.messages)
        self._journal = stage.journal is not None
        self._progress = stage.outcome.progress
        watched = frozenset(place for kind, place in self._types.items() if kind in monitors.watching)
        self._record = MessageRecord(
            setup.endpoints, watched, self._messages, monitors, stage.journal, self._progress.messages
        )
        self._recorded = setup.recorded
        self._network: Network | None = None
        if setup.network is not None:
            self._network = Network(setup.network, setup.nodes, setup.clients, self._streams)
        self._faults = wire.Faults((), False)
        self._epoll = select.epoll()
        self._handlers: dict[int, Callable[[], object]] = {}
        self._hosts: dict[str, Host] = {}
        self._telling: set[Host] = set()
        """The hosts that have not told everything yet: those that are being killed too."""
        self._lives = dict.fromkeys(plan.nodes, 0)
        self._logs = {name: NodeLog(stage.folder / "nodes" / f"{name}.log") for name in plan.nodes}
        self._places = {name: place for place, name in enumerate(setup.endpoints)}
        self._addresses = {name: (address, wire.PORT) for name, address in setup.addresses.items()}
        self._names = {socket.inet_aton(address): name for name, address in setup.addresses.items()}
        self._receiver = Receiver()
        self._ids = [wire.first_id(self._places[name], 0) for name in plan.clients]
        self._clients: list[LiveClient] = []
        self._touched: set[Link] = set()
        self._sender = None if shared is None else Sender(shared, self._addresses)
        self._out: list[tuple[str, bytes]] = []
        self._out_from: list[str] = []
        self._in_round = False
        self._began = False
        self._t0 = 0
        self.nursery: trio.Nursery

    # The cluster

    async def start(self, node: str) -> None:
        life = self._lives[node]
        self._lives[node] += 1
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        ours.setblocking(False)
        host = Host(node, life, ours)
        now = self._stage.now() if self._began else 0
        log = self._logs[node].open(life, now)
        try:
            seed = self._streams.get(f"node/{node}/{life}").getrandbits(64)
            host.pid = await self._server.ask("spawn", wire.Life(node, life, seed), descriptors=[theirs.fileno(), log])
        finally:
            os.close(log)
            theirs.close()
        self._hosts[node] = host
        self._telling.add(host)
        self._record.add(now, STARTED, node, life)
        self._listen(ours, partial(self._read, host))
        while not (host.ready or host.ended):
            await host.changed.wait()
        if host.ended:
            raise await self._ended_by_itself(host)
        if self._network is not None and (self._faults.active or self._faults.healed):
            host.tell(self._faults)
            host.unconfirmed += 1
        if self._began:
            host.tell(wire.Go(self._t0))

    async def begin(self, threads: Sequence[Thread]) -> None:
        self._t0 = time.monotonic_ns() - self._stage.now()
        self._began = True
        self._clients = [self._client(thread) for thread in threads]
        for host in self._hosts.values():
            host.tell(wire.Go(self._t0))

    async def kill(self, node: str) -> None:
        host = self._hosts.pop(node, None)
        if host is None:
            return
        with trio.CancelScope(shield=True):
            host.killed = True
            await self._server.ask("signal", host.pid, signal.SIGKILL)
            await self._server.ask("reap", host.pid)
            while not host.ended:
                self._read(host)
            self._record.add(self._stage.now(), CRASHED, node, host.life)

    async def pause(self, node: str) -> None:
        host = self._hosts.get(node)
        if host is not None:
            host.paused = True
            host.change()
            await self._server.ask("signal", host.pid, signal.SIGSTOP)

    async def resume(self, node: str) -> None:
        host = self._hosts.get(node)
        if host is not None:
            await self._server.ask("signal", host.pid, signal.SIGCONT)
            host.heard = time.monotonic()
            host.paused = False

    def invoke(self, thread: Thread, operation: Operation) -> None:
        self._clients[thread.number].invoke(operation)

    def replace(self, thread: Thread) -> None:
        self._clients[thread.number].replace()

    async def apply(self, active: Sequence[Fault], healed: bool) -> None:
        if self._network is None:
            return
        self._faults = wire.Faults(tuple(active), healed)
        self._network.apply(active)
        if healed:
            self._network.heal()
        self._touched.clear()
        for host in self._hosts.values():
            host.tell(self._faults)
            host.unconfirmed += 1
        for host in list(self._hosts.values()):
            # A paused host does nothing until it goes on, and then sees this first.
            while host.unconfirmed and not (host.ended or host.killed or host.paused):
                await host.changed.wait()

    def touched(self) -> Iterable[Link]:
        touched, self._touched = self._touched, set()
        return touched

    def last_words(self, node: str) -> str:
        return self._logs[node].last_words()

    # What clients ask for

    def sends(self, client: LiveClient, now: int, destination: str, message: Any, body: bytes) -> None:
        place = self._types.get(type(message))
        if place is None or len(body) > wire.DATAGRAM_BYTES_MAX:
            what = f"sends something that is not a message of its system: {message!r:.200}"
            if place is not None:
                what = f"sends a message of {len(body):,} bytes; live, at most {wire.DATAGRAM_BYTES_MAX:,} fit"
            raise SystemFailure("client", client.name, what)
        id = self._ids[client.thread.number]
        self._ids[client.thread.number] = id + 1
        if place in self._recorded:
            self._record.add(now, wire.SENT, client.name, id, place, self._places.get(destination, 0xFFFF), body)
        data = wire.MESSAGE_ID.pack(id) + body
        if self._network is None:
            self._transmit(client, destination, data)
            return
        self._progress.messages["sent"] += 1
        self._touched.add((client.name, destination))
        arrivals = self._network.fate(client.name, destination, now, type(message))
        if isinstance(arrivals, str):
            self._lose(client, now, id, arrivals)
            return
        for arrival in arrivals:
            if arrival <= now:
                self._transmit(client, destination, data)
            else:
                self.at(arrival, partial(self._arrive, client, destination, data))

    def _hears(self, client: LiveClient, now: int, id: int) -> None:
        self._record.add(now, wire.RECEIVED, client.name, id)

    def counts(self, name: str, amount: int) -> None:
        self._progress.protocol[name] += amount

    def logs(self, client: LiveClient, now: int, text: str) -> None:
        self._stage.log(client.name, f"{now / 1e9:.6f} {text}")

    def _arrive(self, client: LiveClient, destination: str, data: bytes) -> None:
        assert self._network is not None
        if self._network.cut(client.name, destination):
            self._lose(client, self.now(), wire.MESSAGE_ID.unpack_from(data)[0], CUT)
        else:
            self._transmit(client, destination, data)

    def _transmit(self, client: LiveClient, destination: str, data: bytes) -> None:
        # Like any datagram it may be lost.
        if destination not in self._places:
            return
        if self._sender is not None:
            self._out.append((destination, data))
            self._out_from.append(client.name)
            if not self._in_round:
                self._flush()
            return
        try:
            client.udp.sendto(data, self._addresses[destination])
        except OSError:
            return

    def _flush(self) -> None:
        """On loopback, what all clients send in a round leaves at once, and wakes each receiver once."""
        assert self._sender is not None
        out, self._out = self._out, []
        sources, self._out_from = self._out_from, []
        self._sender.send(out, sources)

    def _lose(self, client: LiveClient, now: int, id: int, why: str) -> None:
        self._progress.messages[why] += 1
        if self._journal:
            self._record.add(now, wire.DROPPED, client.name, id, body=why.encode())

    def _client(self, thread: Thread) -> LiveClient:
        plan = self._stage.plan
        variant = self._system.variant(plan.system.variant)
        assert variant.client is not None, "Protocol.variant fills it in"
        udp = self._sockets[thread.name]
        client = LiveClient(
            thread,
            udp,
            plan.nodes,
            self._streams.get(f"client/{thread.number}"),
            partial(variant.client, plan.system.parameters),
            replies(self._system.messages),
            self._messages,
            self._names,
            self,
            self._hears if self._journal else None,
            self._receiver,
            self._watchdog,
        )
        self._listen(udp, client.readable)
        return client

    # What hosts tell

    def _read(self, host: Host) -> bool:
        """Take what a host has told. Returns whether there may be more. At the end of its life nothing follows."""
        try:
            data = host.control.recv(1 << 18)
        except BlockingIOError:
            return False
        except ConnectionResetError:
            data = b""
        if not data:
            host.ended = True
            self._telling.discard(host)
            self._forget(host.control)
            host.change()
            if not host.killed and host.ready:
                self.nursery.start_soon(self._report, host)
            return False
        host.heard = time.monotonic()
        data = host.rest + data
        place, size, unpack = 0, wire.HEAD.size, wire.HEAD.unpack_from
        while place + size <= len(data):
            kind, type_place, destination, length, when, id = unpack(data, place)
            end = place + size + length
            if end > len(data):
                break
            body = data[place + size : end]
            place = end
            if kind <= wire.DROPPED:
                self._record.add(when, kind, host.name, id, type_place, destination, body)
            else:
                self._heed(host, kind, body)
        host.rest = data[place:]
        return True

    def _heed(self, host: Host, kind: int, body: bytes) -> None:
        if kind == wire.LEADS:
            self._stage.leads(host.name)
        elif kind == wire.ALIVE:
            self._count(host, msgspec.json.decode(body, type=wire.Tally))
        elif kind == wire.BROKEN:
            self._stage.failed(SystemFailure("node", host.name, body.decode(), self.last_words(host.name)))
        else:
            if kind == wire.READY:
                host.ready = True
            elif kind == wire.IN_FORCE:
                host.unconfirmed -= 1
            else:
                assert kind == wire.ENDED, kind
                host.done = True
            host.change()

    def _count(self, host: Host, tally: wire.Tally) -> None:
        self._progress.protocol.update(tally.protocol)
        self._progress.processor[host.name] += tally.processor - host.processor
        host.processor = tally.processor
        if self._network is not None:
            self._progress.messages.update(tally.messages)
            self._touched.update((host.name, self._setup.endpoints[place]) for place in tally.links)

    def dropped(self, drop: Drop) -> None:
        """The switch has lost a message."""
        if len(drop.first) >= wire.MESSAGE_ID.size:
            id = wire.MESSAGE_ID.unpack_from(drop.first)[0]
            self._record.add(drop.time, wire.DROPPED, drop.source, id, body=drop.why.encode())

    async def _report(self, host: Host) -> None:
        if self._hosts.get(host.name) is host:
            self._stage.failed(await self._ended_by_itself(host))

    async def _ended_by_itself(self, host: Host) -> SystemFailure:
        del self._hosts[host.name]
        status = await self._server.ask("reap", host.pid)
        how = (
            f"was killed by {signal.Signals(-status).name}" if status < 0 else f"ended by itself: exit status {status}"
        )
        return SystemFailure("node", host.name, how, self.last_words(host.name))

    # The loop

    def _listen(self, sock: socket.socket, handler: Callable[[], object]) -> None:
        self._epoll.register(sock, select.EPOLLIN)
        self._handlers[sock.fileno()] = handler

    def _forget(self, sock: socket.socket) -> None:
        del self._handlers[sock.fileno()]
        self._epoll.unregister(sock)
        sock.close()

    async def serve(self) -> None:
        """Handle what clients receive and what hosts tell, until cancelled."""
        poll, handlers = self._epoll.poll, self._handlers
        while True:
            await trio.lowlevel.wait_readable(self._epoll.fileno())
            end = time.monotonic_ns() + ROUNDS_NS
            while (events := poll(0)) and time.monotonic_ns() < end:
                self._in_round = True
                for descriptor, _ in events:
                    # A handler may end another one's socket.
                    handler = handlers.get(descriptor)
                    if handler is not None:
                        handler()
                self._in_round = False
                if self._out:
                    self._flush()

    async def release(self) -> None:
        """Pass the records on, again and again: all that was told before this began is read first."""
        while True:
            await trio.sleep(RELEASE_SECONDS)
            until = self._stage.now()
            for host in list(self._telling):
                self._read_all(host)
            self._record.release(until)

    async def watch(self) -> None:
        """Report a node whose step does not return."""
        while True:
            began = time.monotonic()
            await trio.sleep(STEP_SECONDS_MAX / 10)
            # While this process was busy with something else, such as compiling the checker, nobody listened.
            deaf = time.monotonic() - began - STEP_SECONDS_MAX / 10
            for host in self._hosts.values():
                host.heard += deaf
                if self._began and not host.paused and time.monotonic() - host.heard > STEP_SECONDS_MAX:
                    what = f"hangs: there is no sign of life for {STEP_SECONDS_MAX:g} s"
                    self._stage.failed(SystemFailure("node", host.name, what, self.last_words(host.name)))

    async def end(self) -> None:
        """Take the last counts and records, and pass all of them on."""
        with trio.CancelScope(shield=True):
            for host in self._hosts.values():
                host.tell(wire.End())
            with trio.move_on_after(LAST_COUNTS_SECONDS):
                while not all(host.done or host.paused or host.ended for host in self._hosts.values()):
                    for host in list(self._hosts.values()):
                        self._read_all(host)
                    await trio.sleep(0.001)
            self._record.release(1 << 62)

    def close(self) -> None:
        """Close what is open, when no task uses it any more."""
        for host in self._telling:
            host.control.close()
        self._epoll.close()

    def _read_all(self, host: Host) -> None:
        while not host.ended and self._read(host):
            pass


@contextlib.asynccontextmanager
async def open_protocol_cluster(stage: Stage, system: Protocol) -> AsyncIterator[ProtocolCluster]:
    """The nodes and clients of a protocol for as long as the block lasts. However the block ends, none is left.

    Raises `SystemFailure` if a part of the system breaks.
    """
    world, progress = stage.world, stage.outcome.progress
    with contextlib.ExitStack() as files, Watchdog(progress) as watchdog:
        monitors = Monitors(stage.plan, system, stage.outcome, watchdog)
        setup = _setup(stage, system, monitors)
        sockets = {}
        for name in setup.clients:
            sockets[name] = udp = files.enter_context(await world.udp_socket(name))
            widen(udp)
            udp.bind((setup.addresses[name], wire.PORT))
        shared = None
        if stage.switch is None:
            # Between namespaces, each client has to send through its own socket.
            shared = files.enter_context(socket.socket(type=socket.SOCK_DGRAM))
        process, server = await start_server(world, setup, files)
        try:
            await server.ready()
            cluster = ProtocolCluster(stage, system, server, sockets, shared, setup, monitors, watchdog)
            files.callback(cluster.close)
            with unwrap_exception_groups():
                async with trio.open_nursery() as nursery:
                    cluster.nursery = nursery
                    for task in (cluster.serve, cluster.release, cluster.watch):
                        nursery.start_soon(task)
                    try:
                        yield cluster
                    finally:
                        await cluster.end()
                    nursery.cancel_scope.cancel()
        finally:
            with trio.CancelScope(shield=True):
                await process.kill()


def _setup(stage: Stage, system: Protocol, monitors: Monitors) -> wire.Setup:
    plan, world = stage.plan, stage.world
    types = message_types(system.messages)
    wanted = types if stage.journal is not None else monitors.watching
    return wire.Setup(
        system=plan.system,
        network=None if stage.switch is not None else plan.network,
        nodes=plan.nodes,
        clients=plan.clients,
        addresses={name: world.addresses.of(name) for name in (*plan.nodes, *plan.clients)},
        data=str(stage.data),
        seed=plan.seed,
        enters={name: 10 + place for place, name in enumerate(plan.nodes)} if stage.switch is not None else {},
        recorded=frozenset(place for kind, place in types.items() if kind in wanted),
        journal=stage.journal is not None,
    )
