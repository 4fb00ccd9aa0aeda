"""The simulation: it owns time, the network, the disks and the nodes.

    while the run is not over:
        take the earliest event                 a message arrives, a timer is due, the conductor has something to do
        let its receiver take a step            a node, a client, or the conductor
        carry out what the step asks for        send (the network decides the fate), set timers, write to disk,
                                                complete an operation; begin and end faults

A run is a pure function of (plan, seed). Events at equal times happen in the order in which they were scheduled, and
every random number comes from a stream named after what it is for.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from heapq import heappop, heappush
from typing import Any, ClassVar

import msgspec
import trio

from clew.harness.plan import Plan
from clew.harness.plan.schema import MILLISECOND
from clew.harness.plan.streams import Streams
from clew.harness.runtime.conductor import Apply, At, Conductor, Invoke, Order, Over, Replace
from clew.harness.runtime.failure import Part, SystemFailure
from clew.harness.runtime.monitors import Monitors
from clew.harness.runtime.network import Network
from clew.harness.runtime.outcome import Outcome
from clew.harness.runtime.packet import Packets, replies
from clew.harness.runtime.runtime import Capability
from clew.harness.runtime.simulation.disk import SimulatedDisk
from clew.harness.runtime.simulation.endpoint import ClientEndpoint, Endpoint, NodeEndpoint
from clew.harness.runtime.simulation.nodes import Nodes
from clew.harness.runtime.thread import Thread
from clew.harness.runtime.watchdog import Watchdog
from clew.histories.journal import Journal
from clew.nemesis.effect import down, excluded, paused
from clew.nemesis.fault import Fault
from clew.systems import Protocol, Sent
from clew.systems.node import CancelTimer, Complete, Count, Effect, Log, Send, SetTimer, Sync, Write

ARRIVE, DELIVER, WAKE, CONDUCT = range(4)
"""The kinds of events. A message arrives from the network, and is then delivered; the two differ for a paused node."""

SOON = 100 * MILLISECOND
"""Events that are due later than this (ns) wait in a heap of their own. They are timers and timeouts, most of which are
never due: thousands of them, in one heap with the messages, would cost each message several comparisons more."""

_Event = tuple[int, int, int, Any, Any, Any, Any]
"""When, its number, its kind, and what the kind needs. Of events at one time, the first that was scheduled is due."""

YIELD_EVERY = 1024
"""Events between two checkpoints of trio, which let signals and the progress line in. A checkpoint costs as much as
some events do; at this number it is not seen in the speed of a run, and a Ctrl-C waits 20 ms."""

EVENTS_AT_ONCE_MAX = 100_000
"""Events within one millisecond of cluster time in which no operation and no fault begins or ends. Above it the run
ends as a failure: a node that sends itself messages, or sets timers, without a delay would go on for ever. The largest
shipped plans have a few hundred."""

MESSAGES_UNDER_WAY = 20_000
"""Messages under way at once. Once there were more, twice as many end the run as a failure: nodes that answer each
answer with more than one message, on the whole, double their number again and again. Much traffic does not grow so."""

EVENTS_OF_A_RELEASED_ONE = 10
"""How many events one event that has waited for a paused node may cause. All that waited come at one instant, and that
is no mistake of the node."""


class Simulation:
    """One run of a plan in virtual time. `run` may be cancelled at any moment."""

    capabilities: ClassVar = frozenset({Capability.PROTOCOLS, Capability.MESSAGES, Capability.REPEATS})

    def __init__(
        self,
        plan: Plan,
        system: Protocol,
        nodes: Nodes,
        watchdog: Watchdog,
        outcome: Outcome,
        journal: Journal | None = None,
        log: Callable[[str, str], None] = lambda node, line: None,
    ) -> None:
        self._plan = plan
        self._leads = system.leads
        self._system = system
        self._watchdog = watchdog
        self._outcome = outcome
        self._journal = journal
        self._log = log
        self._packets = Packets(system.messages)
        self._replies = replies(system.messages)
        self._fates = outcome.progress.messages
        self._monitors = Monitors(plan, system, outcome, watchdog)
        self._watched = self._monitors.watching
        self._streams = Streams(plan.seed)
        disks = {name: SimulatedDisk(self._streams.get(f"disk/{name}")) for name in plan.nodes}
        self._nodes = {name: NodeEndpoint(name, disk, nodes) for name, disk in disks.items()}
        self._clients: list[ClientEndpoint] = []
        self._endpoints: dict[str, Endpoint] = {**self._nodes}
        self._network = Network(plan.network, plan.nodes, plan.clients, self._streams)
        self._conductor: Conductor
        self._heap: list[_Event] = []
        self._later: list[_Event] = []
        self._soon = 0
        self._pushed = 0
        self._messages = 0
        self._now = 0
        self._members, self._orders = plan.nodes, 0
        self._millisecond_ends = 0
        self._events_max = EVENTS_AT_ONCE_MAX
        self._counted_at, self._crowd = 0, 0
        self._over = False

    async def run(self, conductor: Conductor) -> None:
        """From the first start of the nodes until the conductor says that the run is over.

        Raises `SystemFailure` if a part of the system breaks.
        """
        self._conductor = conductor
        for node in self._nodes.values():
            await self._start(node)
        for thread in conductor.threads:
            self._clients.append(self._client(thread))
            self._endpoints[thread.name] = self._clients[-1]
        for order in conductor.start(self._now):
            self._obey(order)
        progress, endpoints, heap = self._outcome.progress, self._endpoints, self._heap
        network, journal = self._network, self._journal
        events = 0
        while not self._over:
            if not heap:
                self._take_from_later()
            now, _, kind, a, b, c, d = heappop(heap)
            self._now = progress.now = now
            if kind <= DELIVER:
                endpoint = endpoints[b]
                if (network.whole and endpoint.up and not endpoint.paused) or self._delivers(kind, a, endpoint, c, d):
                    if journal is not None:
                        journal.receive(c, now)
                    message, body = d
                    effects = await endpoint.receive(now, a, message, body)
                    # Most messages to a client are a second or third reply: they have no effect.
                    if effects:
                        self._carry_out(endpoint, effects)
            elif kind == WAKE:
                if self._wakes(a, b, c):
                    self._carry_out(a, await a.wake(now, b))
            else:
                self._something_happened()
                for order in conductor.due(now, a):
                    if type(order) is not Apply:
                        self._obey(order)
                    else:
                        # Faults may come thick and fast, and each costs a look at all that are active: let a Ctrl-C in.
                        await trio.lowlevel.checkpoint()
                        await self.apply(order.faults, order.healed)
            events += 1
            progress.events = events
            if not events % YIELD_EVERY:
                await trio.lowlevel.checkpoint()
                if not self._moves_on(events):
                    raise self._never_ends(b if kind <= DELIVER else a.name)
                if len(heap) + len(self._later) > MESSAGES_UNDER_WAY and events >= self._counted_at:
                    self._count_messages(events)
        self._outcome.finished = True

    def _push(self, time: int, kind: int, a: Any = None, b: Any = None, c: Any = None, d: Any = None) -> int:
        self._pushed += 1
        heappush(self._heap if time < self._soon else self._later, (time, self._pushed, kind, a, b, c, d))
        return self._pushed

    def _take_from_later(self) -> None:
        """Nothing is due before `_soon`: let it be later, and move what is due before it."""
        later = self._later
        self._soon = later[0][0] + SOON
        while later and later[0][0] < self._soon:
            heappush(self._heap, heappop(later))

    def _something_happened(self) -> None:
        """An operation or a fault begins or ends: the run moves on, whatever the time."""
        self._millisecond_ends = 0

    def _moves_on(self, events: int) -> bool:
        """Whether the run has not come to too many events within a millisecond. Asked every `YIELD_EVERY` events."""
        if self._now >= self._millisecond_ends:
            self._millisecond_ends = self._now + MILLISECOND
            self._events_max = max(self._events_max, events + EVENTS_AT_ONCE_MAX)
        return events <= self._events_max

    def _never_ends(self, name: str) -> SystemFailure:
        part: Part = "node" if name in self._nodes else "client"
        what = (
            f"takes more than {EVENTS_AT_ONCE_MAX:,} steps within a millisecond, at {self._now / 1e9:.6f} s of cluster "
        )
        return SystemFailure(part, name, what + "time: does it send itself messages, or set timers, without a delay?")

    def _count_messages(self, events: int) -> None:
        """Raise `SystemFailure` if they become more and more. Counting takes a look at each event, so it is seldom."""
        self._counted_at = events + len(self._heap) + len(self._later)
        sent_by = Counter(event[3] for heap in (self._heap, self._later) for event in heap if event[2] == ARRIVE)
        count = sent_by.total()
        if count > MESSAGES_UNDER_WAY and not self._crowd:
            self._crowd = count
        elif count >= 2 * self._crowd > 0:
            name = max(sent_by, key=lambda each: sent_by[each])
            part: Part = "node" if name in self._nodes else "client"
            what = f"sends more and more: {sent_by[name]:,} of its messages are under way, at {self._now / 1e9:.6f} s"
            raise SystemFailure(part, name, what + " of cluster time: is each answer answered again?")

    # What the conductor orders

    def _obey(self, order: Order) -> None:
        """Carry out an order other than `Apply`."""
        if type(order) is At:
            self._push(order.time, CONDUCT, order.token)
        elif type(order) is Invoke:
            client = self._clients[order.thread.number]
            self._carry_out(client, client.invoke(self._now, order.operation))
        elif type(order) is Replace:
            self._clients[order.thread.number].replace()
        else:
            assert type(order) is Over, order
            self._over = True

    async def apply(self, active: Sequence[Fault], healed: bool) -> None:
        """Bring the cluster into the state that these faults ask for, whatever state it is in."""
        self._network.apply(active)
        dead, still = down(active), paused(active)
        for node in self._nodes.values():
            if node.up and node.name in dead:
                await self._crash(node)
            elif not node.up and node.name not in dead and node.name not in still:
                await self._start(node)
            self._pause(node, node.name in still)
        if healed:
            self._network.heal()
        members = tuple(name for name in self._nodes if name not in excluded(active))
        if members != self._members:
            self._members = members
            self._orders += 1
            for node in self._nodes.values():
                if node.up:
                    self._order(node)

    # What nodes and clients ask for

    def _carry_out(self, endpoint: Endpoint, effects: list[Effect]) -> None:
        """Do what a step has asked for, in its order."""
        for effect in effects:
            # Not `isinstance`: for a msgspec struct it takes four times as long to say no.
            if type(effect) is Send:
                self._send(endpoint.name, effect.destination, effect.message)
            elif type(effect) is SetTimer:
                due = self._now + max(effect.delay, 1)
                endpoint.timers[effect.name] = self._push(due, WAKE, endpoint, effect.name, self._pushed + 1)
            elif type(effect) is CancelTimer:
                endpoint.timers.pop(effect.name, None)
            elif type(effect) is Write:
                endpoint.disk.write(effect.key, bytes(effect.value))
            elif type(effect) is Sync:
                endpoint.disk.sync()
            elif type(effect) is Log:
                self._log(endpoint.name, f"{self._now / 1e9:.6f} {effect.text}")
            elif type(effect) is Count:
                self._outcome.progress.protocol[effect.name] += effect.amount
            elif type(effect) is Complete and not self._complete(endpoint, effect):
                return

    def _complete(self, endpoint: Endpoint, result: Complete) -> bool:
        """A client ends its operation. Returns whether its process goes on: `info` is the last word of a process."""
        assert isinstance(endpoint, ClientEndpoint), "only a client can ask for this"
        thread = endpoint.thread
        process = thread.process
        if thread.operation is not None:
            self._something_happened()
            for order in self._conductor.completed(self._now, thread, result):
                self._obey(order)
        return thread.process == process

    def _send(self, source: str, destination: str, message: Any) -> None:
        now = self._now
        id = self._messages
        self._messages += 1
        try:
            packet = message, body = self._packets.pack(message)
        except (msgspec.MsgspecError, TypeError) as error:
            part: Part = "node" if source in self._nodes else "client"
            what = f"sends something that is not a message of its system: {message!r:.200} ({error})"
            raise SystemFailure(part, source, what) from None
        if type(message) is self._leads:
            self._conductor.leader = source
        if self._journal is not None:
            self._journal.send(id, now, source, destination, body)
        if type(message) in self._watched:
            self._monitors.look(Sent(id, now, source, destination, message))
        if source == destination:
            self._push(now, ARRIVE, source, destination, id, packet)
            return
        if self._conductor.untouched:
            self._touch(source, destination)
        arrivals = self._network.fate(source, destination, now, type(message))
        self._fates["sent"] += 1
        if isinstance(arrivals, str):
            self._lose(id, arrivals)
            return
        for arrival in arrivals:
            # `_push`, without the call: this line runs once for each message.
            self._pushed += 1
            event = (arrival, self._pushed, ARRIVE, source, destination, id, packet)
            heappush(self._heap if arrival < self._soon else self._later, event)

    # Messages and timers

    def _delivers(self, kind: int, source: str, receiver: Endpoint, id: int, packet: tuple[Any, bytes]) -> bool:
        """Whether the receiver takes a message now.

        If a partition refuses the message, or the receiver is down, it is lost. If the receiver is paused, it waits.
        """
        if not self._network.whole and kind == ARRIVE and self._refuses(source, receiver.name):
            self._touch(source, receiver.name)
            self._lose(id, "partition")
            return False
        if not receiver.up:
            self._lose(id, "down")
            return False
        if receiver.paused:
            receiver.waiting.append((DELIVER, source, receiver.name, id, packet))
            return False
        return True

    def _refuses(self, source: str, destination: str) -> bool:
        return source != destination and self._network.cut(source, destination)

    def _wakes(self, endpoint: Endpoint, timer: str, token: int) -> bool:
        """Whether a timer rings now: not if it was set again or cancelled, and not while its endpoint is paused."""
        if endpoint.timers.get(timer) != token:
            return False
        if endpoint.paused:
            endpoint.waiting.append((WAKE, endpoint, timer, token))
            return False
        del endpoint.timers[timer]
        return True

    def _lose(self, id: int, why: str) -> None:
        self._fates[why] += 1
        if self._journal is not None:
            self._journal.drop(id, self._now, why)

    def _touch(self, source: str, destination: str) -> None:
        self._conductor.touch(source, destination, source in self._nodes and destination in self._nodes)

    # Lives

    def _client(self, thread: Thread) -> ClientEndpoint:
        variant = self._system.variant(self._plan.system.variant)
        assert variant.client is not None, "Protocol.variant fills it in"
        make, parameters = variant.client, self._plan.system.parameters
        stream = self._streams.get(f"client/{thread.number}")
        return ClientEndpoint(thread, self._plan.nodes, stream, lambda: make(parameters), self._replies, self._watchdog)

    async def _start(self, node: NodeEndpoint) -> None:
        node.life += 1
        node.up = True
        if self._journal is not None:
            self._journal.start(self._now, node.name, node.life)
        seed = self._streams.get(f"node/{node.name}/{node.life}").getrandbits(64)
        self._carry_out(node, await node.start(self._now, seed))
        if self._orders:
            self._order(node)

    def _order(self, node: NodeEndpoint) -> None:
        """Have a node tell itself who is to be a member."""
        make = self._system.order(self._plan.system.parameters)
        assert make is not None, "the plan was refused"
        self._send(node.name, node.name, make(self._orders, self._members))

    async def _crash(self, node: NodeEndpoint) -> None:
        node.up = False
        node.timers.clear()
        for kind, _, _, id, *_ in node.waiting:
            if kind == DELIVER:
                self._lose(id, "down")
        node.waiting.clear()
        node.disk.crash()
        if self._journal is not None:
            self._journal.crash(self._now, node.name, node.life)
        await node.kill()

    def _pause(self, node: NodeEndpoint, still: bool) -> None:
        """Have a node stand still, or go on with everything that has waited for it, in its order."""
        node.paused = still
        if not still:
            for event in node.waiting:
                self._push(self._now, *event)
            self._events_max += EVENTS_OF_A_RELEASED_ONE * len(node.waiting)
            node.waiting.clear()
