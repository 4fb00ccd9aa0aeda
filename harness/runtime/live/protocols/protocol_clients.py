"""All clients of a protocol in a live run: what they send, on which sockets, and what becomes of it.

Between namespaces each client has a socket of its own, at its own address. On loopback one socket serves all of them:
what they send in a round of the loop leaves in one datagram for each node (`parcels.py`), and the network model decides
here about each message, because there is no switch.
"""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from types import TracebackType
from typing import Any

from clew.harness.plan.streams import Streams
from clew.harness.runtime.failure import SystemFailure
from clew.harness.runtime.live.cluster import Stage
from clew.harness.runtime.live.packets.switch import Link
from clew.harness.runtime.live.protocols import node_wire as wire
from clew.harness.runtime.live.protocols.datagrams import Receiver, Sender
from clew.harness.runtime.live.protocols.live_client import LiveClient
from clew.harness.runtime.live.protocols.message_record import MessageRecord
from clew.harness.runtime.live.protocols.messages import Messages, message_types
from clew.harness.runtime.live.protocols.node_host import NOBODY, widen
from clew.harness.runtime.live.protocols.parcels import Message, NoParcel, Parcels
from clew.harness.runtime.network import CUT, Network
from clew.harness.runtime.packet import replies
from clew.harness.runtime.thread import Thread
from clew.harness.runtime.watchdog import Watchdog
from clew.systems import Protocol
from clew.systems.node import Operation


class Round:
    """A round of the loop: `with round:`. What clients send in it leaves at its end."""

    def __init__(self, sender: Sender | None, parcels: Parcels) -> None:
        self._sender = sender
        self._parcels = parcels
        self._goes_on = False
        self._out: list[Message] = []

    def send(self, message: Message) -> None:
        """Send a message now or at the end of the round. Like any datagram it may be lost."""
        self._out.append(message)
        if not self._goes_on:
            self._flush()

    def __enter__(self) -> None:
        self._goes_on = True

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._goes_on = False
        if self._out:
            self._flush()

    def _flush(self) -> None:
        assert self._sender is not None
        out, self._out = self._out, []
        self._sender.send(self._parcels.pack(out))


class ProtocolClients:
    """See above. Made by `open_clients`."""

    touched: set[Link]
    """The links on which messages were sent. Only where there is no switch, which would know."""
    round: Round

    def __init__(
        self,
        stage: Stage,
        system: Protocol,
        setup: wire.Setup,
        messages: Messages,
        record: MessageRecord,
        network: Network | None,
        watchdog: Watchdog,
        sockets: dict[str, socket.socket],
    ) -> None:
        self._stage = stage
        self.now = stage.now
        self.at = stage.at
        self.completed = stage.completed
        self._system = system
        self._setup = setup
        self._messages = messages
        self._record = record
        self._network = network
        self._watchdog = watchdog
        self._sockets = sockets
        self._progress = stage.outcome.progress
        self._types = message_types(system.messages)
        self._places = {name: place for place, name in enumerate(setup.endpoints)}
        self._addresses = {name: (address, wire.PORT) for name, address in setup.addresses.items()}
        self._endpoints = setup.endpoints
        self._nodes = len(setup.nodes)
        self._known = {socket.inet_aton(address) for address in setup.addresses.values()}
        self._receiver = Receiver()
        self._recorded = setup.recorded
        self._ids = [wire.first_id(self._places[name], 0) for name in setup.clients]
        self._clients: list[LiveClient] = []
        self.touched = set()
        shared = sockets[setup.clients[0]] if network is not None else None
        self._parcels = Parcels(setup)
        self.round = Round(None if shared is None else Sender(shared, self._addresses), self._parcels)

    def begin(self, threads: Sequence[Thread]) -> None:
        """Make the client of each thread."""
        plan, streams = self._stage.plan, Streams(self._setup.seed)
        variant = self._system.variant(plan.system.variant)
        assert variant.client is not None, "Protocol.variant fills it in"
        for thread in threads:
            self._clients.append(
                LiveClient(
                    thread,
                    plan.nodes,
                    streams.get(f"client/{thread.number}"),
                    partial(variant.client, plan.system.parameters),
                    replies(self._system.messages),
                    self._messages,
                    self,
                    self._hears if self._setup.journal else None,
                    self._watchdog,
                )
            )

    def handlers(self) -> Iterator[tuple[socket.socket, Callable[[], None]]]:
        """The sockets of the clients, and what to call when one of them can be read."""
        for udp in self._sockets.values():
            yield udp, partial(self._readable, udp.fileno())

    def invoke(self, thread: Thread, operation: Operation) -> None:
        """Have the client of a thread start an operation."""
        self._clients[thread.number].invoke(operation)

    def replace(self, thread: Thread) -> None:
        """Make a fresh client for a thread."""
        self._clients[thread.number].replace()

    def _readable(self, descriptor: int) -> None:
        """Hand each message that has come to its client."""
        endpoints, clients, nodes = self._endpoints, self._clients, self._nodes
        for data, address in self._receiver.receive(descriptor):
            try:
                messages = self._parcels.opened(data)
            except NoParcel:
                continue
            if address not in self._known or not clients:
                continue
            for id, source, destination, body in messages:
                if destination >= nodes:
                    clients[destination - nodes].receive(id, endpoints[source], body)

    # What clients ask for

    def sends(self, client: LiveClient, now: int, destination: str, message: Any, body: bytes) -> None:
        """A client sends a message; `body` is its JSON. Raises `SystemFailure` for what is none, or too large."""
        place = self._types.get(type(message))
        if place is None or len(body) > wire.DATAGRAM_BYTES_MAX:
            what = f"sends something that is not a message of its system: {message!r:.200}"
            if place is not None:
                what = f"sends a message of {len(body):,} bytes; live, at most {wire.DATAGRAM_BYTES_MAX:,} fit"
            raise SystemFailure("client", client.name, what)
        number = client.thread.number
        id = self._ids[number]
        self._ids[number] = id + 1
        to = self._places.get(destination, NOBODY)
        if place in self._recorded:
            self._record.add(now, wire.SENT, client.name, id, place, to, body)
        leaving = id, self._nodes + number, to, body
        if self._network is None:
            self._transmit(client, destination, leaving)
            return
        self._progress.messages["sent"] += 1
        self.touched.add((client.name, destination))
        if self._network.instant and to != NOBODY:
            self.round.send(leaving)
            return
        arrivals = self._network.fate(client.name, destination, now, type(message))
        if isinstance(arrivals, str):
            self._lose(client, now, id, arrivals)
            return
        for arrival in arrivals:
            if arrival <= now:
                self._transmit(client, destination, leaving)
            else:
                self.at(arrival, partial(self._arrive, client, destination, leaving))

    def counts(self, name: str, amount: int) -> None:
        """A client counts something."""
        self._progress.protocol[name] += amount

    def logs(self, client: LiveClient, now: int, text: str) -> None:
        """A client writes a line to its log."""
        self._stage.log(client.name, f"{now / 1e9:.6f} {text}")

    def _hears(self, client: LiveClient, now: int, id: int) -> None:
        self._record.add(now, wire.RECEIVED, client.name, id)

    def _arrive(self, client: LiveClient, destination: str, message: Message) -> None:
        assert self._network is not None
        if self._network.cut(client.name, destination):
            self._lose(client, self.now(), message[0], CUT)
        else:
            self._transmit(client, destination, message)

    def _transmit(self, client: LiveClient, destination: str, message: Message) -> None:
        if destination not in self._places:
            return
        if self._network is not None:
            self.round.send(message)
            return
        with contextlib.suppress(OSError):
            self._sockets[client.name].sendto(self._parcels.box([message]), self._addresses[destination])

    def _lose(self, client: LiveClient, now: int, id: int, why: str) -> None:
        self._progress.messages[why] += 1
        if self._setup.journal:
            self._record.add(now, wire.DROPPED, client.name, id, body=why.encode())


async def open_clients(
    stage: Stage,
    system: Protocol,
    setup: wire.Setup,
    messages: Messages,
    record: MessageRecord,
    network: Network | None,
    watchdog: Watchdog,
    files: contextlib.ExitStack,
) -> ProtocolClients:
    """The clients of a run, with their sockets, which `files` closes."""
    sockets = {}
    for name in setup.clients if network is None else setup.clients[:1]:
        sockets[name] = udp = files.enter_context(await stage.world.udp_socket(name))
        widen(udp)
        udp.bind((setup.addresses[name], wire.PORT))
    return ProtocolClients(stage, system, setup, messages, record, network, watchdog, sockets)
