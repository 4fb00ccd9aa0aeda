"""Runs one life of a node for real: a loop over its sockets and timers, in a process of its own.

    datagrams, timers, what the node sent to itself ── steps ──> effects
    after each batch of steps:   1. writes and fsync   2. records to the harness   3. messages leave

Messages leave last. What a node has promised is then on its disk, and the harness has a record of all that others can
have seen, whenever a SIGKILL comes. One fsync serves all steps of a batch.

The loop is plain epoll without a framework: in a busy cluster it takes as long as the steps themselves.
"""

from __future__ import annotations

import os
import random
import select
import socket
import time
from collections import deque
from heapq import heappop, heappush
from pathlib import Path
from typing import Any, NoReturn

import msgspec

from clew.harness.runtime.live.protocols import node_wire as wire
from clew.harness.runtime.live.protocols.datagrams import Receiver, Sender
from clew.harness.runtime.live.protocols.messages import Messages, message_types
from clew.harness.runtime.live.protocols.node_disk import NodeDisk
from clew.harness.runtime.live.protocols.parcels import Message, NoParcel, Parcels
from clew.harness.runtime.live.protocols.streams import LargeMessages
from clew.harness.runtime.network import CUT, Network
from clew.histories.event import MALFORMED
from clew.systems.node import CancelTimer, Context, Count, Log, Node, Send, SetTimer, Sync, Write
from clew.systems.protocol import Protocol

SIGN_OF_LIFE = 100_000_000
"""Nanoseconds between two records `ALIVE`."""
STEPS_AT_ONCE_MAX = 100_000
"""Steps for messages that a node sends to itself before it hears of anything else. More are a mistake of the node."""
NOBODY = 0xFFFF
"""The place of a destination that no endpoint has."""
RECEIVE_BUFFER = 4 << 20
"""Bytes of datagrams that wait for a node that is busy or paused, if the machine allows as much."""


class NodeHost:
    """One life of one node, and its sockets, timers and disk."""

    def __init__(self, setup: wire.Setup, system: Protocol, life: wire.Life, control: socket.socket) -> None:
        self._setup = setup
        self._name = life.name
        self._control = control
        self._names = setup.endpoints
        self._endpoints = {name: place for place, name in enumerate(setup.endpoints)}
        self._place = self._endpoints[life.name]
        self._parcels = Parcels(setup)
        self._addresses = {socket.inet_aton(address) for address in setup.addresses.values()}
        self._types = message_types(system.messages)
        self._recorded = [place in setup.recorded for place in self._types.values()]
        # Most messages are neither recorded nor make the node the leader.
        self._noted = [
            recorded or kind is system.leads for kind, recorded in zip(self._types, self._recorded, strict=True)
        ]
        self._journal = setup.journal
        self._leads = -1 if system.leads is None else self._types[system.leads]
        self._encode = msgspec.json.Encoder().encode
        self._messages = Messages(system.messages)
        self._known = self._messages.known.get
        self._network: Network | None = None
        if setup.network is not None:
            from clew.harness.plan.streams import Streams

            self._network = Network(setup.network, setup.nodes, setup.clients, Streams(setup.seed))
        self._instant = self._network is None or self._network.instant
        self._disk = NodeDisk(Path(setup.data) / f"{life.name}.disk")
        contents = dict(self._disk.contents)
        self._ctx = Context(life.name, setup.nodes, random.Random(life.seed), contents)
        parameters = msgspec.json.decode(setup.parameters, type=system.parameters)
        self._node: Node = system.variant(setup.variant).node(parameters)
        self._order = system.order(parameters)
        self._members: wire.Members | None = None
        """The last order that came before the node has started."""
        self._started = False
        self._t0 = 0
        self._next_id = wire.first_id(self._endpoints[life.name], life.number)
        self._timers: dict[str, int] = {}
        self._wakes: list[tuple[int, int, str]] = []
        self._pushed = 0
        self._to_self: deque[tuple[int, Any]] = deque()
        self._out: list[Message] = []
        self._large_out: list[Message] = []
        self._delayed: list[tuple[int, int, Message]] = []
        self._records: list[bytes] = []
        self._tally = wire.Tally()
        self._sent = 0
        self._links: set[int] = set()
        self._last_sign = 0
        self._last: Any = None
        self._body, self._kind = b"", 0
        address = setup.addresses[life.name]
        self._udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        widen(self._udp)
        self._udp.bind((address, wire.PORT))
        self._udp.setblocking(False)
        self._sender = Sender(self._udp, {name: (where, wire.PORT) for name, where in setup.addresses.items()})
        self._receiver = Receiver()
        self._epoll = select.epoll()
        self._large = LargeMessages(address, self._epoll)
        self._epoll.register(self._udp, select.EPOLLIN)
        self._epoll.register(control, select.EPOLLIN)

    def run(self) -> None:
        """Live until killed, or until the harness is gone. Raises what the node raises."""
        self._record(wire.READY)
        self._tell()
        go = wire.read_frame(self._control)
        # What the network should do may come first, and who is to be a member.
        while not isinstance(go, wire.Go):
            self._obey(go)
            go = wire.read_frame(self._control)
        self._t0 = go.t0
        self._ctx.now = self._now()
        self._node.start(self._ctx)
        self._started = True
        self._carry_out(self._ctx.now)
        if self._members is not None:
            self._obey(self._members)
        self._flush(self._ctx.now)
        udp, control = self._udp.fileno(), self._control.fileno()
        poll = self._epoll.poll
        while True:
            arrived: list[tuple[bytes, bytes]] = []
            for descriptor, _ in poll(self._patience()):
                if descriptor == udp:
                    arrived += self._receiver.receive(udp)
                elif descriptor == control:
                    self._obey(wire.read_frame(self._control))
                else:
                    arrived += self._large.handle(descriptor)
            # Read after the messages were taken: a message is received later than it was sent, by any clock.
            now = self._now()
            for data, address in arrived:
                self._receive(now, address, data)
            if self._wakes and self._wakes[0][0] <= now:
                self._wake(now)
            self._flush(now)

    def _now(self) -> int:
        return time.monotonic_ns() - self._t0

    def _patience(self) -> float:
        """Seconds until there is something to do without a message."""
        next_time = self._last_sign + SIGN_OF_LIFE
        if self._wakes and self._wakes[0][0] < next_time:
            next_time = self._wakes[0][0]
        if self._delayed and self._delayed[0][0] < next_time:
            next_time = self._delayed[0][0]
        return max(0.0, (next_time - self._now()) / 1e9)

    # Steps

    def _receive(self, now: int, address: bytes, data: bytes) -> None:
        """Take a step for each message of a parcel."""
        if address not in self._addresses:
            self._print(f"ignored a packet from an address that is nobody's: {data[:100]!r}")
            return
        try:
            messages = self._parcels.opened(data)
        except NoParcel as error:
            self._print(f"ignored a packet that holds no messages, from {socket.inet_ntoa(address)}: {error}")
            return
        ctx, names, known, receive = self._ctx, self._names, self._known, self._node.receive
        for id, place, _, body in messages:
            message = known(body)
            if message is None:
                try:
                    message = self._messages.decode(body)
                except MALFORMED as error:
                    self._print(f"ignored a packet that is not a message, from {names[place]}: {error}")
                    continue
            if self._journal:
                self._record(wire.RECEIVED, now, id)
            ctx.now = now
            receive(ctx, names[place], message)
            if ctx.effects:
                self._carry_out(now)

    def _wake(self, now: int) -> None:
        wakes, timers, ctx = self._wakes, self._timers, self._ctx
        while wakes and wakes[0][0] <= now:
            _, token, name = heappop(wakes)
            if timers.get(name) != token:
                continue
            del timers[name]
            ctx.now = now
            self._node.wake(ctx, name)
            if ctx.effects:
                self._carry_out(now)

    def _carry_out(self, now: int) -> None:
        """Do what a step has asked for, in its order, and take the steps for what the node sends to itself."""
        ctx = self._ctx
        steps = 0
        while True:
            for effect in ctx.effects:
                if type(effect) is Send:
                    self._send(now, effect.destination, effect.message)
                elif type(effect) is SetTimer:
                    self._pushed += 1
                    self._timers[effect.name] = self._pushed
                    heappush(self._wakes, (now + max(effect.delay, 1), self._pushed, effect.name))
                elif type(effect) is CancelTimer:
                    self._timers.pop(effect.name, None)
                elif type(effect) is Write:
                    self._disk.write(effect.key, bytes(effect.value))
                elif type(effect) is Sync:
                    self._disk.sync()
                elif type(effect) is Log:
                    self._print(f"{now / 1e9:.6f} {effect.text}")
                elif type(effect) is Count:
                    counts = self._tally.protocol
                    counts[effect.name] = counts.get(effect.name, 0) + effect.amount
            ctx.effects.clear()
            if not self._to_self:
                return
            steps += 1
            if steps > STEPS_AT_ONCE_MAX:
                self._broken(
                    f"takes more than {STEPS_AT_ONCE_MAX:,} steps at once: does it send itself messages for ever?"
                )
            id, message = self._to_self.popleft()
            if self._journal:
                self._record(wire.RECEIVED, now, id)
            self._node.receive(ctx, self._name, message)

    # Messages

    def _send(self, now: int, destination: str, message: Any) -> None:
        if message is not self._last:
            # A broadcast is one message many times.
            self._body, self._kind = self._encoded(message)
            self._last = message
        body = self._body
        id = self._next_id
        self._next_id = id + 1
        place = self._endpoints.get(destination, NOBODY)
        if self._noted[self._kind]:
            self._note(now, id, place)
        if place == self._place:
            self._to_self.append((id, self._messages.copy(message, body)))
            return
        self._sent += 1
        self._links.add(place)
        if place == NOBODY:
            self._lose(now, id, f"there is no {destination}")
            return
        leaving = id, self._place, place, body
        if self._instant:
            self._leave(leaving)
            return
        assert self._network is not None
        arrivals = self._network.fate(self._name, destination, now, type(message))
        if isinstance(arrivals, str):
            self._lose(now, id, arrivals)
            return
        for arrival in arrivals:
            if arrival <= now:
                self._leave(leaving)
            else:
                self._pushed += 1
                heappush(self._delayed, (arrival, self._pushed, leaving))

    def _note(self, now: int, id: int, place: int) -> None:
        """Tell the harness that the last message is about to leave, and that it makes the node the leader."""
        if self._kind == self._leads:
            self._record(wire.LEADS, now, id)
        if self._recorded[self._kind]:
            self._records.append(wire.HEAD.pack(wire.SENT, self._kind, place, len(self._body), now, id) + self._body)

    def _encoded(self, message: Any) -> tuple[bytes, int]:
        """The JSON of a message, and the place of its type."""
        try:
            return self._encode(message), self._types[type(message)]
        except (KeyError, msgspec.MsgspecError, TypeError):
            self._broken(f"sends something that is not a message of its system: {message!r:.200}")

    def _lose(self, now: int, id: int, why: str) -> None:
        self._tally.messages[why] = self._tally.messages.get(why, 0) + 1
        if self._journal:
            self._record(wire.DROPPED, now, id, why.encode())

    def _flush(self, now: int) -> None:
        """Make safe what was synced, tell the harness what happened, and then let the messages leave."""
        if now - self._last_sign >= SIGN_OF_LIFE:
            self._count(now)
        self._disk.flush()
        delayed = self._delayed
        while delayed and delayed[0][0] <= now:
            _, _, message = heappop(delayed)
            assert self._network is not None
            # A partition that has begun meanwhile takes the messages that are on their way, too.
            if self._network.cut(self._name, self._names[message[2]]):
                self._lose(now, message[0], CUT)
            else:
                self._leave(message)
        if self._records:
            self._tell()
        if self._out:
            datagrams = self._parcels.pack(self._out)
            self._out.clear()
            for place, why in self._sender.send(datagrams):
                for id, *_ in self._parcels.opened(datagrams[place][1]):
                    self._lose(now, id, why)
        while self._large_out:
            message = self._large_out.pop()
            address = self._setup.addresses[self._names[message[2]]]
            self._large.send((address, wire.PORT), self._parcels.box([message]))

    def _leave(self, message: Message) -> None:
        """Have a message leave after this batch of steps."""
        body = message[3]
        if len(body) <= wire.DATAGRAM_BYTES_MAX:
            self._out.append(message)
        elif message[2] >= len(self._setup.nodes):
            self._broken(
                f"sends a message of {len(body):,} bytes to a client; live, a client gets at most "
                f"{wire.DATAGRAM_BYTES_MAX:,} bytes at once"
            )
        else:
            self._large_out.append(message)

    # The harness

    def _obey(self, order: wire.Order) -> None:
        if isinstance(order, wire.Faults):
            assert self._network is not None
            self._network.apply(order.active)
            if order.healed:
                self._network.heal()
            self._instant = self._network.instant
            self._record(wire.IN_FORCE)
        elif isinstance(order, wire.Members):
            if not self._started:
                self._members = order
                return
            assert self._order is not None, "the plan was refused"
            self._ctx.now = self._now()
            self._send(self._ctx.now, self._name, self._order(order.number, order.members))
            self._carry_out(self._ctx.now)
        else:
            assert isinstance(order, wire.End), order
            self._count(self._now())
            self._record(wire.ENDED)

    def _count(self, now: int) -> None:
        tally, self._tally = self._tally, wire.Tally()
        if self._sent:
            tally.messages["sent"] = self._sent
            tally.links = [place for place in self._links if place != NOBODY]
            self._sent = 0
            self._links.clear()
        tally.processor = time.process_time_ns()
        self._last_sign = now
        self._record(wire.ALIVE, now, 0, msgspec.json.encode(tally))

    def _record(self, kind: int, now: int = 0, id: int = 0, body: bytes = b"") -> None:
        self._records.append(wire.HEAD.pack(kind, 0, 0, len(body), now, id) + body)

    def _tell(self) -> None:
        """Hand all records over. Waits while the harness is too busy to take them: then the node is too fast for it."""
        view = memoryview(b"".join(self._records))
        self._records.clear()
        while view:
            view = view[self._control.send(view) :]

    def _broken(self, what: str) -> NoReturn:
        self._record(wire.BROKEN, 0, 0, what.encode())
        self._tell()
        os._exit(1)

    def _print(self, line: str) -> None:
        os.write(1, (line + "\n").encode())


def widen(udp: socket.socket) -> None:
    """Give a socket as large a buffer for arriving datagrams as the machine allows."""
    force = 33  # SO_RCVBUFFORCE, which the module `socket` does not have.
    try:
        udp.setsockopt(socket.SOL_SOCKET, force, RECEIVE_BUFFER)
    except PermissionError:
        udp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
