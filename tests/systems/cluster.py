"""A cluster in a test's hand: every message, timer and crash happens when the test says so, or when a schedule does."""

from __future__ import annotations

import random
from typing import Any

import msgspec

from systems import ClientContext, Context, Operation, Sent, System, Violation
from systems.node import CancelTimer, Complete, Effect, Send, SetTimer, Sync, Write

Flight = tuple[int, str, str, Any]
"""A message on its way: its number in the journal, who sent it, to whom, and the body."""


class Cluster:
    """Nodes and clients of a system, the messages in flight between them, and what they have completed.

    Bodies go through JSON and back on their way. A crash loses what was written and not synced, and the timers.
    """

    def __init__(self, system: System, parameters: Any = None, *, nodes: int, variant: str | None = None) -> None:
        self.system = system
        self.parameters = system.parameters() if parameters is None else parameters
        self.names = tuple(f"n{number + 1}" for number in range(nodes))
        self.now = 0
        self.flying: list[Flight] = []
        self.journal: list[Sent] = []
        self.completed: dict[int, Complete] = {}
        self.violations: list[Violation] = []
        self.timers: dict[tuple[str, str], int] = {}
        self.disks: dict[str, dict[str, bytes]] = {name: {} for name in self.names}
        self.lives: dict[str, int] = dict.fromkeys(self.names, 0)
        self.steps = 0
        self._make = system.variant(variant)
        self._monitors = system.invariants(self.parameters, nodes)
        self._nodes: dict[str, Any] = {}
        self._contexts: dict[str, Context] = {}
        self._synced: dict[str, dict[str, bytes]] = {name: {} for name in self.names}
        self._clients: dict[str, Any] = {}
        self._open: dict[str, int] = {}
        self._operations = 0
        self._decode = msgspec.json.Decoder(system.messages)
        for name in self.names:
            self.restart(name)

    def invoke(self, thread: int, f: str, value: Any = None, key: int | str = 0) -> int:
        """Have the client of a thread start an operation; its number, under which `completed` will have the end."""
        name = f"c{thread}"
        self._operations += 1
        self._open[name] = self._operations
        assert self._make.client is not None
        client = self._clients[name] = self._make.client(self.parameters)
        ctx = self._contexts[name] = ClientContext(name, self.names, random.Random(0), thread)
        ctx.now = self.now
        client.invoke(ctx, Operation(self._operations, f, key, value))
        self._carry_out(name, ctx.take())
        return self._operations

    def deliver(self, flight: Flight, *, again: bool = False) -> None:
        """Deliver a message in flight; `again` keeps a copy of it in flight."""
        if not again:
            self.flying.remove(flight)
        number, source, destination, message = flight
        target = self._nodes.get(destination) or self._clients.get(destination)
        if target is not None:
            ctx = self._contexts[destination]
            ctx.now = self.now
            target.receive(ctx, source, message)
            self._carry_out(destination, ctx.take())

    def lose(self, flight: Flight) -> None:
        """Lose a message in flight."""
        self.flying.remove(flight)

    def wake(self, name: str, timer: str) -> None:
        """Let a timer fire, whenever it is due."""
        self.now = max(self.now, self.timers.pop((name, timer)))
        ctx = self._contexts[name]
        ctx.now = self.now
        self._nodes[name].wake(ctx, timer)
        self._carry_out(name, ctx.take())

    def crash(self, name: str) -> None:
        """Kill a node: what its disk had synced is all that is left."""
        del self._nodes[name]
        self.disks[name] = dict(self._synced[name])
        for timer in [timer for timer in self.timers if timer[0] == name]:
            del self.timers[timer]

    def restart(self, name: str) -> None:
        """Begin a life of a node that is down."""
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
        """Deliver everything in order, and let timers fire when nothing flies, until nothing is left to do."""
        for _ in range(steps):
            if self.flying:
                self.deliver(self.flying[0])
            elif self.timers:
                self.wake(*min(self.timers, key=lambda timer: (self.timers[timer], timer)))
            else:
                return
        raise AssertionError(f"still busy after {steps} steps")

    def deliver_among(self, *names: str) -> None:
        """Deliver what flies among these until nothing does; lose what they sent to the others."""
        while flights := [flight for flight in self.flying if flight[1] in names]:
            for flight in flights:
                (self.deliver if flight[2] in names else self.lose)(flight)

    def _carry_out(self, name: str, effects: list[Effect]) -> None:
        self.steps += 1
        for effect in effects:
            if isinstance(effect, Send):
                body = self._decode.decode(msgspec.json.encode(effect.message))
                assert body == effect.message
                sent = Sent(len(self.journal), self.now, name, effect.destination, body)
                self.journal.append(sent)
                self.flying.append((sent.id, name, effect.destination, body))
                for monitor in self._monitors:
                    violation = monitor.observe(sent)
                    if violation is not None:
                        self.violations.append(violation)
            elif isinstance(effect, SetTimer):
                self.timers[name, effect.name] = self.now + effect.delay
            elif isinstance(effect, CancelTimer):
                self.timers.pop((name, effect.name), None)
            elif isinstance(effect, Sync):
                self._synced[name] = dict(self.disks[name])
            elif isinstance(effect, Complete):
                assert self._open[name] not in self.completed
                self.completed[self._open[name]] = effect
            else:
                assert isinstance(effect, Write)
