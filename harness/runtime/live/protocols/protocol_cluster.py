"""The cluster of a protocol in a live run: its nodes in processes of their own, its clients on sockets in the harness.

    harness                                   world
      Live ── ProtocolCluster ──────────────> host server ── fork ──> node host n1, n2, ...   (host_server, node_host)
                 │   └─ records <──────────────────────────────────────┘
                 └── LiveClient c0, c1, ... ── UDP ── switch ── UDP ── node hosts

One epoll serves all clients and all records. It is drained in rounds: a busy cluster keeps the loop going without a
way through trio for each message.
"""

from __future__ import annotations

import select
import signal
import socket
import time
from collections.abc import Callable, Iterable, Sequence
from functools import partial

import msgspec
import trio

from clew.harness.plan.streams import Streams
from clew.harness.runtime.failure import SystemFailure
from clew.harness.runtime.live.cluster import Stage
from clew.harness.runtime.live.logs import Logs
from clew.harness.runtime.live.packets.switch import Drop, Link
from clew.harness.runtime.live.protocols import node_wire as wire
from clew.harness.runtime.live.protocols.hosts import Host, HostServer
from clew.harness.runtime.live.protocols.message_record import CRASHED, STARTED, MessageRecord
from clew.harness.runtime.live.protocols.protocol_clients import ProtocolClients
from clew.harness.runtime.network import Network
from clew.harness.runtime.thread import Thread
from clew.harness.runtime.watchdog import STEP_SECONDS_MAX
from clew.nemesis.effect import excluded
from clew.nemesis.fault import Fault
from clew.systems.node import Operation

RELEASE_SECONDS = 0.02
"""How often the records of all nodes are merged, and shown to the monitors."""
ROUNDS_NS = 2_000_000
"""Nanoseconds after which the loop lets trio's other tasks run, however busy the cluster is."""
LINGER_SECONDS = 0.001
"""How long the loop waits for the next message before it lets trio's other tasks run. It is within `ROUNDS_NS`."""
LAST_COUNTS_SECONDS = 0.5
"""How long the end of a run waits for what its nodes have counted."""


class ProtocolCluster:
    """See `Cluster`. Made by `open_cluster.open_protocol_cluster`."""

    def __init__(
        self,
        stage: Stage,
        server: HostServer,
        setup: wire.Setup,
        record: MessageRecord,
        clients: ProtocolClients,
        network: Network | None,
        logs: Logs,
    ) -> None:
        plan = stage.plan
        self._stage = stage
        self._server = server
        self._setup = setup
        self._streams = Streams(plan.seed)
        self._progress = stage.outcome.progress
        self._record = record
        self._clients = clients
        self._network = network
        self._faults = wire.Faults((), False)
        self._members = wire.Members(0, plan.nodes)
        self._epoll = select.epoll()
        self._handlers: dict[int, Callable[[], object]] = {}
        for udp, handler in clients.handlers():
            self._listen(udp, handler)
        self._hosts: dict[str, Host] = {}
        self._telling: set[Host] = set()
        """The hosts that have not told everything yet: those that are being killed too."""
        self._lives = dict.fromkeys(plan.nodes, 0)
        self._logs = logs
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
        title = f"{life + 1}, {now / 1e9:.3f} s" if life else None
        with theirs, self._logs.writer(node, self._stage.folder / "nodes" / f"{node}.log", title) as log:
            seed = self._streams.get(f"node/{node}/{life}").getrandbits(64)
            host.pid = await self._server.ask(
                wire.Spawn(wire.Life(node, life, seed)), descriptors=[theirs.fileno(), log]
            )
        self._hosts[node] = host
        self._telling.add(host)
        self._record.add(now, STARTED, node, life)
        self._listen(ours, partial(self._read, host))
        while not (host.ready or host.ended):
            await host.changed.wait()
        if host.ended and not host.ready:
            raise await self._ended_by_itself(host)
        # A host that was ready and ended before this task's turn came is reported by `_report`, as any that ends later.
        if self._network is not None and (self._faults.active or self._faults.healed):
            host.tell(self._faults)
            host.unconfirmed += 1
        if self._members.number:
            host.tell(self._members)
        if self._began:
            host.tell(wire.Go(self._t0))

    async def begin(self, threads: Sequence[Thread]) -> None:
        self._t0 = time.monotonic_ns() - self._stage.now()
        self._began = True
        self._clients.begin(threads)
        for host in self._hosts.values():
            host.tell(wire.Go(self._t0))

    async def kill(self, node: str) -> None:
        host = self._hosts.pop(node, None)
        if host is None:
            return
        with trio.CancelScope(shield=True):
            host.killed = True
            await self._server.ask(wire.Signal(host.pid, signal.SIGKILL))
            await self._server.ask(wire.Reap(host.pid))
            while not host.ended:
                self._read(host)
            self._record.add(self._stage.now(), CRASHED, node, host.life)

    async def pause(self, node: str) -> None:
        host = self._hosts.get(node)
        if host is not None:
            host.paused = True
            host.change()
            await self._server.ask(wire.Signal(host.pid, signal.SIGSTOP))

    async def resume(self, node: str) -> None:
        host = self._hosts.get(node)
        if host is not None:
            await self._server.ask(wire.Signal(host.pid, signal.SIGCONT))
            host.heard = time.monotonic()
            host.paused = False

    def invoke(self, thread: Thread, operation: Operation) -> None:
        self._clients.invoke(thread, operation)

    def replace(self, thread: Thread) -> None:
        self._clients.replace(thread)

    async def apply(self, active: Sequence[Fault], healed: bool) -> None:
        out = excluded(active)
        members = tuple(name for name in self._setup.nodes if name not in out)
        if members != self._members.members:
            self._members = wire.Members(self._members.number + 1, members)
            for host in self._hosts.values():
                host.tell(self._members)
        if self._network is None:
            return
        self._faults = wire.Faults(tuple(active), healed)
        self._network.apply(active)
        if healed:
            self._network.heal()
        self._clients.touched.clear()
        for host in self._hosts.values():
            host.tell(self._faults)
            host.unconfirmed += 1
        for host in list(self._hosts.values()):
            # A paused host does nothing until it goes on, and then sees this first.
            while host.unconfirmed and not (host.ended or host.killed or host.paused):
                await host.changed.wait()

    def touched(self) -> Iterable[Link]:
        touched, self._clients.touched = self._clients.touched, set()
        return touched

    def last_words(self, node: str) -> str:
        return self._logs.tail(node)

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
            # It ends now, and its end is reported when all that it has printed is here.
            host.broken = body.decode()
            if host.killed:
                self._stage.failed(SystemFailure("node", host.name, host.broken, self.last_words(host.name)))
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
            self._clients.touched.update((host.name, self._setup.endpoints[place]) for place in tally.links)

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
        status = await self._server.ask(wire.Reap(host.pid))
        how = (
            f"was killed by {signal.Signals(-status).name}" if status < 0 else f"ended by itself: exit status {status}"
        )
        return SystemFailure("node", host.name, host.broken or how, await self._logs.last_words(host.name))

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
            wait = 0.0
            # A busy cluster answers within a moment. To wait for that here costs less than a way through trio.
            while (events := poll(wait)) and (left := end - time.monotonic_ns()) > 0:
                wait = LINGER_SECONDS if left > LINGER_SECONDS * 1e9 else 0.0
                with self._clients.round:
                    for descriptor, _ in events:
                        # A handler may end another one's socket.
                        handler = handlers.get(descriptor)
                        if handler is not None:
                            handler()

    async def release(self) -> None:
        """Pass the records on, again and again."""
        while True:
            await trio.sleep(RELEASE_SECONDS)
            self._pass_on()

    def _pass_on(self) -> None:
        """Pass on what has happened until now. What hosts have told until now is read first, see `MessageRecord`."""
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
        """Take the last counts, and pass on the records of all that has happened until then.

        Hosts go on after they have answered. Records of what happens later stay here: their causes may not be read yet.
        """
        with trio.CancelScope(shield=True):
            for host in self._hosts.values():
                host.tell(wire.End())
            with trio.move_on_after(LAST_COUNTS_SECONDS):
                while not all(host.done or host.paused or host.ended for host in self._hosts.values()):
                    for host in list(self._hosts.values()):
                        self._read_all(host)
                    await trio.sleep(0.001)
            self._pass_on()

    def close(self) -> None:
        """Close what is open, when no task uses it any more."""
        for host in self._telling:
            host.control.close()
        self._epoll.close()

    def _read_all(self, host: Host) -> None:
        while not host.ended and self._read(host):
            pass
