"""A cluster for tests: every message, timer and crash happens when the test says so, or when a schedule does."""

from __future__ import annotations

import random
from typing import Any

import msgspec

from clew.checkers import Verdict, check
from clew.histories import Event, History
from clew.systems import ClientContext, Context, Operation, Protocol, Reply, Sent, Violation
from clew.systems.node import CancelTimer, Complete, Count, Effect, Log, Send, SetTimer, Sync, Write

Flight = tuple[int, str, str, Any]
"""A message in flight: its number in the journal, its source, its destination, and its body."""


class Cluster:
    """Nodes and clients of a protocol, the messages in flight between them, and the operations that are completed.

    Every message goes through JSON and back. A crash loses what was not synced, and the timers.
    """

    def __init__(self, system: Protocol, parameters: Any = None, *, nodes: int, variant: str | None = None) -> None:
        self.system = system
        self.parameters = system.parameters() if parameters is None else parameters
        self.names = tuple(f"n{number + 1}" for number in range(nodes))
        self.now = 0
        self.flying: list[Flight] = []
        self.journal: list[Sent] = []
        self.completed: dict[int, Complete] = {}
        self.events: list[Event] = []
        self.violations: list[Violation] = []
        self.timers: dict[tuple[str, str], int] = {}
        self.disks: dict[str, dict[str, bytes]] = {name: {} for name in self.names}
        self.lives: dict[str, int] = dict.fromkeys(self.names, 0)
        self._make = system.variant(variant)
        self._monitors = system.invariants(self.parameters, nodes)
        self._nodes: dict[str, Any] = {}
        self._contexts: dict[str, Context] = {}
        self._synced: dict[str, dict[str, bytes]] = {name: {} for name in self.names}
        self._clients: dict[str, Any] = {}
        self._open: dict[str, tuple[int, Event]] = {}
        self._operations = 0
        self._processes = 0
        self._process: dict[str, int] = {}
        self._decode = msgspec.json.Decoder(system.messages)
        for name in self.names:
            self.restart(name)

    def invoke(self, thread: int, f: str, value: Any = None, key: int | str = 0) -> int:
        """Have the client of a thread start an operation. Returns its number, the key of its end in `completed`."""
        name = f"c{thread}"
        if name in self._open:
            self._complete(name, Complete("info", value, "timeout"))
        if name not in self._process:
            self._process[name] = self._processes
            self._processes += 1
        self._operations += 1
        event = Event(len(self.events), len(self.events), self._process[name], "invoke", f, key, value)
        self.events.append(event)
        self._open[name] = (self._operations, event)
        client = self._clients[name] = (self._make.client or self.system.client)(self.parameters)
        ctx = self._contexts[name] = ClientContext(name, self.names, random.Random(0), thread)
        ctx.now = self.now
        client.invoke(ctx, Operation(self._operations, f, key, value))
        self._carry_out(name, ctx.take())
        return self._operations

    def busy(self, thread: int) -> bool:
        """Whether an operation of the thread is open."""
        return f"c{thread}" in self._open

    def verdict(self) -> Verdict:
        """The checker's verdict on everything that the clients have seen."""
        return check(History.of(self.events), self.system.model_of(self.parameters))

    def deliver(self, flight: Flight, *, again: bool = False) -> None:
        """Deliver a message in flight. With `again`, a copy of it stays in flight."""
        if not again:
            self.flying.remove(flight)
        _, source, destination, message = flight
        target = self._nodes.get(destination) or (self._clients.get(destination) if self._awaits(flight) else None)
        if target is not None:
            ctx = self._contexts[destination]
            ctx.now = self.now
            target.receive(ctx, source, message)
            self._carry_out(destination, ctx.take())

    def send(self, source: str, destination: str, message: Any) -> None:
        """Put a message in flight, and show it to the invariants."""
        body = self._decode.decode(msgspec.json.encode(message))
        assert body == message
        sent = Sent(len(self.journal), self.now, source, destination, body)
        self.journal.append(sent)
        self.flying.append((sent.id, source, destination, body))
        for monitor in self._monitors:
            violation = monitor.observe(sent) if type(body) in monitor.watches else None
            if violation is not None:
                self.violations.append(violation)

    def lose(self, flight: Flight) -> None:
        """Lose a message in flight."""
        self.flying.remove(flight)

    def wake(self, name: str, timer: str) -> None:
        """Let a timer fire, even if it is not due yet."""
        self.now = max(self.now, self.timers.pop((name, timer)))
        ctx = self._contexts[name]
        ctx.now = self.now
        (self._nodes.get(name) or self._clients[name]).wake(ctx, timer)
        self._carry_out(name, ctx.take())

    def earliest(self) -> tuple[str, str]:
        """The timer that is due first."""
        return min(self.timers, key=lambda timer: (self.timers[timer], timer))

    def crash(self, name: str) -> None:
        """Kill a node. Only what it has synced is left."""
        del self._nodes[name]
        self.disks[name] = dict(self._synced[name])
        for timer in [timer for timer in self.timers if timer[0] == name]:
            del self.timers[timer]

    def restart(self, name: str) -> None:
        """Begin the next life of a node that is down."""
        self.lives[name] += 1
        self._nodes[name] = self._make.node(self.parameters)
        seed = f"{name}/{self.lives[name]}"
        ctx = self._contexts[name] = Context(name, self.names, random.Random(seed), self.disks[name])
        ctx.now = self.now
        self._nodes[name].start(ctx)
        self._carry_out(name, ctx.take())

    def up(self, name: str) -> bool:
        """Whether a node is alive."""
        return name in self._nodes

    def settle(self, *, steps: int = 20_000) -> None:
        """Deliver everything in order, and let timers fire when nothing is in flight, until nothing is left to do."""
        for _ in range(steps):
            if self.flying:
                self.deliver(self.flying[0])
            elif self.timers:
                self.wake(*self.earliest())
            else:
                return
        raise AssertionError(f"still busy after {steps} steps")

    def round(
        self, thread: int, f: str, value: Any = None, *, prepare: tuple[str, ...], accept: tuple[str, ...]
    ) -> int:
        """One operation of a protocol with two phases. Prepare and accept reach only these nodes, in this order.

        A quorum in both completes the operation. All other messages are lost. Returns the number of the operation.
        """
        operation = self.invoke(thread, f, value)
        for names in (self.names, prepare, self.names, accept, self.names, ()):
            self._deliver_to(names)
        self.flying.clear()
        return operation

    def _awaits(self, flight: Flight) -> bool:
        """Whether the client at its destination has an operation open that it may answer (see `Reply`)."""
        _, _, destination, message = flight
        if destination not in self._open:
            return False
        return not isinstance(message, Reply) or message.id == self._open[destination][0]

    def _deliver_to(self, names: tuple[str, ...]) -> None:
        """Deliver the messages in flight to these nodes, in their order, and to clients. Lose the others."""
        flights, self.flying = self.flying, []
        for name in (*names, *self._clients):
            for flight in flights:
                if flight[2] == name:
                    self.deliver(flight, again=True)

    def _carry_out(self, name: str, effects: list[Effect]) -> None:
        for effect in effects:
            if isinstance(effect, Send):
                self.send(name, effect.destination, effect.message)
            elif isinstance(effect, SetTimer):
                self.timers[name, effect.name] = self.now + effect.delay
            elif isinstance(effect, CancelTimer):
                self.timers.pop((name, effect.name), None)
            elif isinstance(effect, Sync):
                self._synced[name] = dict(self.disks[name])
            elif isinstance(effect, Complete):
                self._complete(name, effect)
            else:
                assert isinstance(effect, Write | Log | Count)

    def _complete(self, name: str, effect: Complete) -> None:
        operation, invocation = self._open.pop(name)
        self.completed[operation] = effect
        process, f, key = invocation.process, invocation.f, invocation.key
        now = len(self.events)
        self.events.append(Event(now, now, process, effect.type, f, key, effect.value, effect.error))
        if effect.type == "info":
            del self._process[name]
