"""The discrete-event simulation: it owns time, the network, the disks and every random choice.

    while events are left:
        take the earliest                       deliver a message, wake a timer, invoke an operation,
        let whom it concerns take a step        time one out, begin or end a fault
        carry out the step's effects            send (the network decides the fate), set timers, write to disk,
                                                complete an operation

A run is a pure function of (plan, seed): events at equal times happen in the order in which they were scheduled, and
every random number comes from a stream named by what it serves.

It runs in four phases: the workload under faults; everything heals and the cluster gets time to recover; final reads;
the end. What the final reads do not get answered is a liveness failure.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from typing import Any

import msgspec
import trio

from clew.harness.plan import Plan
from clew.harness.plan.streams import Streams
from clew.harness.runtime.failure import Part, SystemFailure, raised
from clew.harness.runtime.final_reads import FinalReads
from clew.harness.runtime.monitors import Watchers
from clew.harness.runtime.outcome import Outcome
from clew.harness.runtime.script import Request, scripts
from clew.harness.runtime.simulation.disk import SimulatedDisk
from clew.harness.runtime.simulation.network import SimulatedNetwork
from clew.harness.runtime.simulation.nodes import Nodes
from clew.harness.runtime.simulation.packet import Packets
from clew.harness.runtime.thread import Thread
from clew.histories import NEMESIS, Recorder
from clew.histories.journal import Journal
from clew.nemesis import fault as faults
from clew.nemesis.effect import down, hits
from clew.nemesis.leader import with_leader
from clew.nemesis.schedule import schedule
from clew.systems import Operation, Protocol, Sent
from clew.systems.node import CancelTimer, Complete, Count, Effect, Log, Send, SetTimer, Sync, Write

DELIVER, WAKE, INVOKE, TIMEOUT, CLIENT_WAKE, FAULT, HEAL, RECOVERED, DEADLINE = range(9)

BREATH = 1024
"""Inline, a run gives way to trio (signals, progress) once in so many events."""


class _Life:
    """A node: whether it is up, which life it is in, its disk and its timers."""

    def __init__(self, name: str, disk: SimulatedDisk) -> None:
        self.name = name
        self.disk = disk
        self.number = -1
        self.up = False
        self.timers: dict[str, int] = {}


class Simulation:
    """One run of a plan. `run` may be cancelled at any moment; recorder and outcome hold what there was until then."""

    def __init__(
        self,
        plan: Plan,
        system: Protocol,
        nodes: Nodes,
        recorder: Recorder,
        outcome: Outcome,
        journal: Journal | None = None,
        log: Callable[[str, str], None] = lambda node, line: None,
    ) -> None:
        self._plan = plan
        self._nodes = nodes
        self._recorder = recorder
        self._outcome = outcome
        self._journal = journal
        self._packets = Packets(system.messages)
        self._log = log
        self._streams = Streams(plan.seed)
        self._variant = system.variant(plan.system.variant)
        self._watchers = Watchers(plan, system, outcome)
        streams = self._streams
        self._lives = {node: _Life(node, SimulatedDisk(streams.get(f"disk/{node}"))) for node in plan.nodes}
        self._threads = [
            Thread(number, script, streams.get(f"client/{number}"), plan.nodes)
            for number, script in enumerate(scripts(plan.workload, streams))
        ]
        self._by_name = {thread.name: thread for thread in self._threads}
        self._network = SimulatedNetwork(plan.network, plan.nodes, plan.clients, streams)
        self._coming_faults = schedule(plan.nemesis, plan.nodes, streams.get)
        self._active: list[faults.FaultEvent] = []
        self._untouched: list[faults.FaultEvent] = []
        self._heap: list[tuple[int, int, int, Any, Any, Any, Any]] = []
        self._pushed = 0
        self._messages = 0
        self._now = 0
        self._working = True
        self._over = False
        self._final = FinalReads(plan, self._threads, self._ask)
        self._leads = system.leads
        self._leader = plan.nodes[0]

    async def run(self) -> None:
        """From the first start of the nodes to the last final read."""
        progress = self._outcome.progress
        for name in self._lives:
            await self._start(name)
        for thread in self._threads:
            thread.become(thread.number, self._variant, self._plan.system.parameters)
            self._next_request(thread)
        self._next_fault()
        self._rest_if_done()
        while not self._over:
            now, _, kind, a, b, c, d = heapq.heappop(self._heap)
            self._now = progress.now = now
            if kind == DELIVER:
                if self._arrives(a, b, c):
                    if (life := self._lives.get(b)) is not None:
                        self._carry_out(life, await self._nodes.receive(b, now, a, *d))
                    else:
                        self._hand_over(a, b, d[0])
            elif kind == WAKE:
                await self._wake(a, b, c)
            elif kind == TIMEOUT:
                self._time_out(a, b)
            elif kind == INVOKE:
                self._invoke(a, b)
            elif kind == CLIENT_WAKE:
                self._wake_client(a, b, c)
            elif kind == FAULT:
                await self._turn(a, b)
            elif kind == HEAL:
                await self._heal()
            elif kind == RECOVERED:
                self._read_finally()
            else:
                self._give_up()
            progress.events += 1
            if not progress.events % BREATH:
                await trio.lowlevel.checkpoint()
        self._outcome.finished = True

    def _push(self, time: int, kind: int, a: Any = None, b: Any = None, c: Any = None, d: Any = None) -> int:
        self._pushed += 1
        heapq.heappush(self._heap, (time, self._pushed, kind, a, b, c, d))
        return self._pushed

    # Nodes

    async def _start(self, name: str) -> None:
        life = self._lives[name]
        life.number += 1
        life.up = True
        if self._journal is not None:
            self._journal.start(self._now, name, life.number)
        seed = self._streams.get(f"node/{name}/{life.number}").getrandbits(64)
        self._carry_out(life, await self._nodes.start(name, self._now, seed, life.disk.contents()))

    async def _crash(self, name: str) -> None:
        life = self._lives[name]
        life.up = False
        life.timers.clear()
        life.disk.crash()
        if self._journal is not None:
            self._journal.crash(self._now, name, life.number)
        await self._nodes.kill(name)

    async def _wake(self, life: _Life, timer: str, token: int) -> None:
        if life.timers.get(timer) == token:
            del life.timers[timer]
            self._carry_out(life, await self._nodes.wake(life.name, self._now, timer))

    def _carry_out(self, life: _Life, effects: list[Effect]) -> None:
        for effect in effects:
            # Not `isinstance`: asked of a msgspec struct it takes four times as long to say no.
            if type(effect) is Send:
                self._send(life.name, effect.destination, effect.message)
            elif type(effect) is SetTimer:
                due = self._now + max(effect.delay, 1)
                life.timers[effect.name] = self._push(due, WAKE, life, effect.name, self._pushed + 1)
            elif type(effect) is CancelTimer:
                life.timers.pop(effect.name, None)
            elif type(effect) is Write:
                life.disk.write(effect.key, bytes(effect.value))
            elif type(effect) is Sync:
                life.disk.sync()
            elif type(effect) is Log:
                self._log(life.name, f"{self._now / 1e9:.6f} {effect.text}")
            elif type(effect) is Count:
                self._outcome.progress.protocol[effect.name] += effect.amount

    # Messages

    def _send(self, source: str, destination: str, message: Any) -> None:
        now = self._now
        id = self._messages
        self._messages += 1
        try:
            packet = message, body = self._packets.pack(message)
        except (msgspec.MsgspecError, TypeError) as error:
            who: Part = "client" if source in self._by_name else "node"
            what = f"sends what is no message of its system: {message!r:.200} ({error})"
            raise SystemFailure(who, source, what) from None
        if type(message) is self._leads:
            self._leader = source
        if self._journal is not None:
            self._journal.send(id, now, source, destination, body)
        if type(message) in self._watchers.kinds:
            self._watchers.look(Sent(id, now, source, destination, message))
        if source == destination:
            self._push(now, DELIVER, source, destination, id, packet)
            return
        if self._untouched:
            self._touch(source, destination)
        arrivals = self._network.fate(source, destination, now, type(message))
        self._outcome.progress.messages["sent"] += 1
        if isinstance(arrivals, str):
            self._lose(id, arrivals)
            return
        for arrival in arrivals:
            self._push(arrival, DELIVER, source, destination, id, packet)

    def _lose(self, id: int, why: str) -> None:
        self._outcome.progress.messages[why] += 1
        if self._journal is not None:
            self._journal.drop(id, self._now, why)

    def _touch(self, source: str, destination: str) -> None:
        """A message goes from here to there: which of the active faults reach an open operation by it?"""
        if all(thread.operation is None for thread in self._threads):
            return
        between_nodes = source in self._lives and destination in self._lives
        for event in self._untouched[:]:
            fault = event.fault
            if (between_nodes or not isinstance(fault, faults.Network)) and hits(fault, source, destination):
                self._untouched.remove(event)
                self._outcome.progress.touched[faults.name(fault)] += 1

    def _arrives(self, source: str, destination: str, id: int) -> bool:
        """Whether a message that is due is let in, by the network and by a receiver that is up."""
        if source != destination and not self._network.whole and self._network.cut(source, destination):
            self._touch(source, destination)
            self._lose(id, "partition")
            return False
        life = self._lives.get(destination)
        if life is not None and not life.up:
            self._lose(id, "down")
            return False
        if self._journal is not None:
            self._journal.receive(id, self._now)
        return True

    # Clients

    def _hand_over(self, source: str, name: str, message: Any) -> None:
        """A message for a client, or for nobody; most messages are, and a client need not be waited for."""
        thread = self._by_name.get(name)
        if thread is not None:
            self._step(thread, thread.client.receive, source, message)

    def _next_request(self, thread: Thread) -> None:
        thread.request = thread.script.next(self._now)
        if thread.request is not None:
            self._ask(thread, thread.request)

    def _invoke(self, thread: Thread, request: Request) -> None:
        event = self._recorder.record(self._now, thread.process, "invoke", request.f, request.key, request.value)
        operation = thread.operation = Operation(event.index, request.f, request.key, request.value)
        self._push(self._now + self._plan.workload.timeout, TIMEOUT, thread, operation)
        self._step(thread, thread.client.invoke, operation)

    def _wake_client(self, thread: Thread, timer: str, token: int) -> None:
        if thread.timers.get(timer) == token:
            del thread.timers[timer]
            self._step(thread, thread.client.wake, timer)

    def _step(self, thread: Thread, react: Callable[..., None], *what: Any) -> None:
        """Have a client take a step, and carry out its effects."""
        ctx = thread.ctx
        ctx.now = self._now
        process = thread.process
        try:
            react(ctx, *what)
        except (Exception, SystemExit):
            raise raised("client", thread.name) from None
        for effect in ctx.take() if ctx.effects else ():
            if thread.process != process:
                # It has said that nobody knows: that was its last word.
                break
            if type(effect) is Send:
                self._send(thread.name, effect.destination, effect.message)
            elif type(effect) is SetTimer:
                due = self._now + max(effect.delay, 1)
                thread.timers[effect.name] = self._push(due, CLIENT_WAKE, thread, effect.name, self._pushed + 1)
            elif type(effect) is CancelTimer:
                thread.timers.pop(effect.name, None)
            elif type(effect) is Complete and thread.operation is not None:
                self._complete(thread, effect)
            elif type(effect) is Count:
                self._outcome.progress.protocol[effect.name] += effect.amount

    def _time_out(self, thread: Thread, operation: Operation) -> None:
        if thread.operation is operation:
            self._complete(thread, Complete("info", operation.value, "timeout"))

    def _complete(self, thread: Thread, result: Complete) -> None:
        operation, thread.operation = thread.operation, None
        assert operation is not None
        value = result.value if result.type == "ok" else operation.value
        self._recorder.record(self._now, thread.process, result.type, operation.f, operation.key, value, result.error)
        self._outcome.progress.outcomes[result.type] += 1
        self._outcome.answered += self._working and result.type == "ok"
        if result.type == "info":
            thread.become(thread.process + len(self._threads), self._variant, self._plan.system.parameters)
        if self._working:
            thread.script.observe(operation, result)
            self._next_request(thread)
            self._rest_if_done()
        else:
            self._final.answered(thread, result.type == "ok", self._now)
            self._over = self._over or self._final.over

    # Faults

    def _next_fault(self) -> None:
        fault = next(self._coming_faults, None)
        if fault is not None:
            self._push(fault.at, FAULT, fault, True)

    async def _turn(self, fault: faults.FaultEvent, begins: bool) -> None:
        """A fault begins or ends."""
        if not self._working:
            return
        # Faults may come thick and fast, and each costs a look at all that are active: leave room for a Ctrl-C.
        await trio.lowlevel.checkpoint()
        if begins:
            fault = with_leader(fault, self._leader)
            self._active.append(fault)
            self._untouched.append(fault)
            self._outcome.progress.faults[faults.name(fault.fault)] += 1
            if fault.until is not None:
                self._push(fault.until, FAULT, fault, False)
            self._next_fault()
        else:
            self._active.remove(fault)
            self._untouched = [event for event in self._untouched if event is not fault]
        self._record_fault(fault, begins)
        await self._apply_faults()

    async def _apply_faults(self) -> None:
        """Bring the cluster into the state that the active faults ask for."""
        active = [event.fault for event in self._active]
        self._network.apply(active)
        dead = down(active)
        for node, life in self._lives.items():
            if life.up and node in dead:
                await self._crash(node)
            elif not life.up and node not in dead:
                await self._start(node)

    def _record_fault(self, fault: faults.FaultEvent, begins: bool) -> None:
        f = f"{'start' if begins else 'stop'}-{faults.name(fault.fault)}"
        self._recorder.record(self._now, NEMESIS, "info", f, value=faults.to_value(fault))

    # The end

    def _rest_if_done(self) -> None:
        """When no thread has anything left to do, everything heals and the cluster gets time to recover."""
        if self._working and all(thread.request is None for thread in self._threads):
            self._working = False
            self._outcome.rested = self._now
            self._push(self._now, HEAL)

    async def _heal(self) -> None:
        for fault in self._active:
            self._record_fault(fault, False)
        self._active.clear()
        self._untouched.clear()
        await self._apply_faults()
        self._network.heal()
        recovery = self._plan.recovery
        self._push(self._now + recovery.after, RECOVERED)
        self._push(self._now + recovery.after + recovery.within, DEADLINE)

    def _read_finally(self) -> None:
        for thread in self._threads:
            self._final.next(thread, self._now)

    def _ask(self, thread: Thread, request: Request) -> None:
        thread.request = request
        self._push(request.time, INVOKE, thread, request)

    def _give_up(self) -> None:
        """The cluster had its time."""
        self._over = True
        self._outcome.unanswered.extend(self._final.unanswered())
