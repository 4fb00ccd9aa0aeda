"""The story of a run, without the runtime that carries it out.

A run has four phases:

    WORKLOAD      every client thread works through its script, while faults begin and end
    RECOVERY      all faults have ended; the cluster gets time to recover
    FINAL_READS   every client thread reads every key until it is answered
    OVER

The conductor is a sans-IO state machine: it has no clock, no heap and no socket. A runtime tells it what happened, and
carries out the orders that it gets back, in their order:

    start(now)                        the nodes are up                   At(time, token)
    due(now, token)                   the time of an `At` has come  ──>  Invoke(thread, operation)
    completed(now, thread, result)    a client completed                 Replace(thread), Apply(faults, healed), Over()

So one plan means the same under every runtime. The conductor records the history, and it decides about liveness: a
final read that has no answer in time is a failure.
"""

from __future__ import annotations

import enum
from typing import Any

import msgspec

from clew.harness.plan import Plan
from clew.harness.plan.streams import Streams
from clew.harness.runtime.final_reads import FinalReads
from clew.harness.runtime.outcome import Outcome
from clew.harness.runtime.script import Request, scripts
from clew.harness.runtime.thread import Thread
from clew.histories import NEMESIS, Recorder
from clew.nemesis import fault as faults
from clew.nemesis.effect import hits
from clew.nemesis.fault import Fault, FaultEvent
from clew.nemesis.leader import with_leader
from clew.nemesis.schedule import schedule
from clew.systems.node import Complete, Operation


class Phase(enum.Enum):
    """Where in its story a run is."""

    WORKLOAD = "workload"
    RECOVERY = "recovery"
    FINAL_READS = "final reads"
    OVER = "over"


class At(msgspec.Struct, frozen=True, gc=False):
    """Order: call `due(time, token)` when the run has reached `time` (ns). Orders for one time are due in their order.

    `token` means nothing to the runtime.
    """

    time: int
    token: Any


class Invoke(msgspec.Struct, frozen=True, gc=False):
    """Order: have the client of this thread start this operation."""

    thread: Thread
    operation: Operation


class Replace(msgspec.Struct, frozen=True, gc=False):
    """Order: throw the client of this thread away and make a fresh one. `thread.process` is its new process."""

    thread: Thread


class Apply(msgspec.Struct, frozen=True, gc=False):
    """Order: bring the cluster into the state that exactly these faults ask for.

    `healed` says that the workload is over. From then on the network loses and duplicates nothing, whatever the plan
    says of it.
    """

    faults: tuple[Fault, ...]
    healed: bool


class Over(msgspec.Struct, frozen=True, gc=False):
    """Order: the run is over. Stop the nodes."""


Order = At | Invoke | Replace | Apply | Over


class _Timeout(msgspec.Struct, frozen=True, gc=False):
    thread: Thread
    operation: Operation


class _Begin(msgspec.Struct, frozen=True, gc=False):
    event: FaultEvent


class _End(msgspec.Struct, frozen=True, gc=False):
    event: FaultEvent


_HEAL, _RECOVERED, _DEADLINE = "heal", "recovered", "deadline"


class Conductor:
    """One run of a plan, as a state machine. `recorder` and `outcome` always hold what has happened so far.

    Raises what a watcher of the recorder raises (`FirstViolation`), and `ValueError` if the cluster is too small for a
    fault.
    """

    threads: list[Thread]
    """The client threads, by number."""
    phase: Phase
    """Where in its story the run is."""
    leader: str
    """The node that leads, as far as the runtime knows; the runtime keeps it up to date. A fault that hits `leader`
    hits this node."""
    untouched: list[FaultEvent]
    """The active faults that have not affected an operation yet; see `touch`."""

    def __init__(self, plan: Plan, recorder: Recorder, outcome: Outcome) -> None:
        streams = Streams(plan.seed)
        self.threads = [Thread(number, script) for number, script in enumerate(scripts(plan.workload, streams))]
        self.phase = Phase.WORKLOAD
        self.leader = plan.nodes[0]
        self.untouched = []
        self._plan = plan
        self._recorder = recorder
        self._outcome = outcome
        self._coming_faults = schedule(plan.nemesis, plan.nodes, streams.get)
        self._active: list[FaultEvent] = []
        self._final_reads = FinalReads(plan, len(self.threads))

    # What the runtime tells

    def start(self, now: int) -> list[Order]:
        """The nodes are up: the workload begins."""
        orders: list[Order] = []
        for thread in self.threads:
            orders += self._ask(thread, thread.script.next(now))
        orders += self._next_fault()
        return orders + self._end_of_workload(now)

    def due(self, now: int, token: Any) -> list[Order]:
        """The time of an `At` with this token has come."""
        if type(token) is Thread:
            return self._invoke(now, token)
        if type(token) is _Timeout:
            if token.thread.operation is token.operation:
                return self.completed(now, token.thread, Complete("info", token.operation.value, "timeout"))
            return []
        if type(token) is _Begin:
            return self._begin(now, token.event)
        if type(token) is _End:
            return self._end(now, token.event)
        if token is _HEAL:
            return self._heal(now)
        if token is _RECOVERED:
            self.phase = Phase.FINAL_READS
            reads = ((thread, self._final_reads.next(thread, now)) for thread in self.threads)
            return [order for thread, request in reads for order in self._ask(thread, request)]
        assert token is _DEADLINE, token
        self._outcome.unanswered.extend(self._final_reads.unanswered())
        return self._over()

    def completed(self, now: int, thread: Thread, result: Complete) -> list[Order]:
        """The client of a thread has completed its open operation, or the operation has timed out."""
        operation, thread.operation = thread.operation, None
        assert operation is not None
        ok = result.type == "ok"
        value = result.value if ok else operation.value
        self._recorder.record(now, thread.process, result.type, operation.f, operation.key, value, result.error)
        self._outcome.progress.outcomes[result.type] += 1
        orders: list[Order] = []
        if result.type == "info":
            thread.process += len(self.threads)
            orders.append(Replace(thread))
        if self.phase is Phase.WORKLOAD:
            self._outcome.answered += ok
            thread.script.observe(operation, result)
            request = thread.request = thread.script.next(now)
            if request is not None:
                orders.append(At(request.time, thread))
            else:
                orders += self._end_of_workload(now)
        else:
            orders += self._ask(thread, self._final_reads.answered(thread, result, now))
            if self._final_reads.all_answered:
                orders += self._over()
        return orders

    def touch(self, source: str, destination: str, between_nodes: bool) -> None:
        """A message is sent on this link. Count each active fault that affects it while an operation is open.

        Call it only while `untouched` is not empty: most of the time there is nothing to count.
        """
        if all(thread.operation is None for thread in self.threads):
            return
        for event in self.untouched[:]:
            fault = event.fault
            if (between_nodes or fault.reaches_clients) and hits(fault, source, destination):
                self.untouched.remove(event)
                self._outcome.progress.touched[faults.name(fault)] += 1

    # The workload

    def _ask(self, thread: Thread, request: Request | None) -> list[Order]:
        thread.request = request
        return [] if request is None else [At(request.time, thread)]

    def _invoke(self, now: int, thread: Thread) -> list[Order]:
        request = thread.request
        assert request is not None
        event = self._recorder.record(now, thread.process, "invoke", request.f, request.key, request.value)
        final = self.phase is Phase.FINAL_READS
        operation = thread.operation = Operation(event.index, request.f, request.key, request.value, final)
        return [At(now + self._plan.workload.timeout, _Timeout(thread, operation)), Invoke(thread, operation)]

    # Faults

    def _next_fault(self) -> list[Order]:
        event = next(self._coming_faults, None)
        return [] if event is None else [At(event.at, _Begin(event))]

    def _begin(self, now: int, event: FaultEvent) -> list[Order]:
        if self.phase is not Phase.WORKLOAD:
            return []
        event = with_leader(event, self.leader)
        self._active.append(event)
        self.untouched.append(event)
        self._outcome.progress.faults[faults.name(event.fault)] += 1
        orders: list[Order] = [] if event.until is None else [At(event.until, _End(event))]
        orders += self._next_fault()
        self._record(now, "start", event)
        return [*orders, self._apply()]

    def _end(self, now: int, event: FaultEvent) -> list[Order]:
        if self.phase is not Phase.WORKLOAD:
            return []
        self._active.remove(event)
        self.untouched = [other for other in self.untouched if other is not event]
        self._record(now, "stop", event)
        return [self._apply()]

    def _apply(self) -> Apply:
        return Apply(tuple(event.fault for event in self._active), self.phase is not Phase.WORKLOAD)

    def _record(self, now: int, what: str, event: FaultEvent) -> None:
        name = faults.name(event.fault)
        self._recorder.record(now, NEMESIS, "info", f"{what}-{name}", value=faults.to_value(event))

    # The end

    def _end_of_workload(self, now: int) -> list[Order]:
        """When no thread has a request left, everything heals and the cluster gets time to recover.

        Only faults that stay to the end of the run do not heal.
        """
        if self.phase is not Phase.WORKLOAD or any(thread.request is not None for thread in self.threads):
            return []
        self.phase = Phase.RECOVERY
        self._outcome.rested = now
        return [At(now, _HEAL)]

    def _heal(self, now: int) -> list[Order]:
        for event in self._active:
            if not event.stays:
                self._record(now, "stop", event)
        self._active = [event for event in self._active if event.stays]
        self.untouched.clear()
        recovered = now + self._plan.recovery.after
        return [self._apply(), At(recovered, _RECOVERED), At(recovered + self._plan.recovery.within, _DEADLINE)]

    def _over(self) -> list[Order]:
        self.phase = Phase.OVER
        return [Over()]
