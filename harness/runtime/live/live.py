"""The live runtime: the conductor's orders by the wall clock, on real processes and real packets.

    open_live ── a world (world.py) ── a switch (switch.py) ── a cluster (cluster.py) ── Live

    while the run is not over:
        hand the conductor what is due, carry out its orders      Live.run
        completions come from the cluster                         Live.completed
        bring each node into the state that the faults ask for    Keeper

Time is real: `now` is what `time.monotonic_ns()` has counted since all nodes were ready. An invocation is stamped
before its client acts and a completion after its answer has come. So intervals in the history may be too wide, and are
never too narrow.
"""

from __future__ import annotations

import contextlib
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from heapq import heappop, heappush
from pathlib import Path
from tempfile import gettempdir
from typing import Any, ClassVar

import trio

from clew.harness.errors import MachineError, UserError
from clew.harness.exception_groups import unwrap_exception_groups
from clew.harness.plan import Plan
from clew.harness.plan.schema import AS_THEY_COME
from clew.harness.runtime.conductor import Apply, At, Conductor, Invoke, Order, Over, Replace
from clew.harness.runtime.live.bounded_journal import BoundedJournal
from clew.harness.runtime.live.cluster import Cluster
from clew.harness.runtime.live.data_folder import data_folder, keep
from clew.harness.runtime.live.garbage import rare_collections
from clew.harness.runtime.live.keeper import Keeper
from clew.harness.runtime.live.packets.switch import Drop, Switch, open_switch
from clew.harness.runtime.live.programs.maelstrom_cluster import open_maelstrom_cluster
from clew.harness.runtime.live.programs.program_cluster import open_program_cluster
from clew.harness.runtime.live.protocols.open_cluster import open_protocol_cluster
from clew.harness.runtime.live.vanishing_folder import vanishing_folder
from clew.harness.runtime.live.world.world import World, open_loopback, open_world
from clew.harness.runtime.outcome import Outcome
from clew.harness.runtime.runtime import Capability
from clew.harness.runtime.thread import Thread
from clew.histories.journal import Journal
from clew.nemesis.effect import down, paused
from clew.nemesis.fault import Fault
from clew.systems import Program, Protocol, Service
from clew.systems.maelstrom import Maelstrom
from clew.systems.node import Complete

NEVER = 1 << 62
"""A time (ns) after any run."""
NODE_FAULTS = ("crash", "pause")
"""The faults that do something to nodes and nothing to packets."""
FAR = 100_000_000
"""Nanoseconds from now: what is due later than this waits in a queue, if it is due after all others there."""
COUNT_SECONDS = 0.1
"""How often the counts of the switch are looked at, for the line of progress."""

_Waiting = tuple[int, int, Callable[[], None] | None, Any]
"""When something is due, a number that keeps the order, and what: a call, or a token of the conductor."""


class Live:
    """One live run. It is also the `Stage` of its cluster. `run` may be cancelled at any moment."""

    capabilities: ClassVar = frozenset({Capability.PROTOCOLS, Capability.PROGRAMS, Capability.MESSAGES})

    def __init__(
        self,
        plan: Plan,
        system: Service,
        outcome: Outcome,
        world: World,
        folder: Path,
        data: Path,
        journal: Journal | None,
        log: Callable[[str, str], None],
    ) -> None:
        self.plan = plan
        self.system = system
        self.outcome = outcome
        self.world = world
        self.switch: Switch | None = None
        self.folder = folder
        self.data = data
        self._bounded = None if journal is None else BoundedJournal(journal)
        self.journal: Journal | None = self._bounded
        self.log = log
        self.dropped: Callable[[Drop], None] = lambda drop: None
        self.cluster: Cluster
        """Set by `open_live`: a cluster needs its stage first."""
        self._conductor: Conductor
        self._keepers: dict[str, Keeper] = {}
        self._t0 = time.monotonic_ns()
        self._heap: list[_Waiting] = []
        # Most of what waits are timeouts, seconds away and in order: thousands, for which the heap would be slow.
        self._far: deque[_Waiting] = deque()
        self._pushed = 0
        self._applies: list[Apply] = []
        self._failed: Exception | None = None
        self._story = trio.CancelScope()
        self._over = False
        self._busy = False
        self._nap = trio.CancelScope()
        self._nap_ends = 0

    # The runtime

    async def run(self, conductor: Conductor) -> None:
        """From the first start of the nodes until the conductor says that the run is over.

        Raises `SystemFailure` if a part of the system breaks.
        """
        self._conductor = conductor
        self._keepers = {name: Keeper(name, self) for name in self.plan.nodes}
        try:
            with unwrap_exception_groups(), self._story, rare_collections():
                await self._start()
                async with trio.open_nursery() as nursery:
                    for keeper in self._keepers.values():
                        nursery.start_soon(keeper.keep)
                    nursery.start_soon(self._count)
                    self._obey(conductor.start(self.now()))
                    while not self._over:
                        await self._go_on()
                    nursery.cancel_scope.cancel()
        finally:
            self._look_at_counts()
            if self.switch is not None:
                self.outcome.notes += self.switch.notes()
            if self._bounded is not None:
                self.outcome.notes += self._bounded.notes()
        if self._failed is not None:
            raise self._failed
        self.outcome.finished = True

    async def _start(self) -> None:
        """Start all nodes at once. When they serve, time begins."""
        async with trio.open_nursery() as nursery:
            for keeper in self._keepers.values():
                nursery.start_soon(keeper.start)
        self._t0 = time.monotonic_ns()
        if self.switch is not None:
            await self.switch.begin(self._t0)
        await self.cluster.begin(self._conductor.threads)

    async def apply(self, active: Sequence[Fault], healed: bool) -> None:
        """The network first, and when that is in force, the nodes: each has a keeper who brings it where it should be,
        and nothing waits for that."""
        if self.switch is not None:
            await self.switch.apply(active, healed)
        await self.cluster.apply(active, healed)
        dead, still = down(active), paused(active)
        for name, keeper in self._keepers.items():
            keeper.want(up=name not in dead, paused=name in still, calm=not active)

    async def _go_on(self) -> None:
        """Do what is due, and wait for what is next."""
        self._run_due()
        while self._applies:
            order = self._applies.pop(0)
            await self.apply(order.faults, order.healed)
            self._run_due()
        if self._over:
            return
        self._nap_ends = min((waiting[0][0] for waiting in (self._heap, self._far) if waiting), default=NEVER)
        seconds = (self._nap_ends - self.now()) / 1e9
        with trio.CancelScope(deadline=trio.current_time() + seconds) as self._nap:
            # Completions come while this task sleeps, and may bring new orders.
            await trio.sleep_forever()
        self._nap_ends = 0

    # The stage of the cluster

    def now(self) -> int:
        return time.monotonic_ns() - self._t0

    def at(self, time: int, call: Callable[[], None]) -> None:
        self._push(time, call, None)

    def completed(self, thread: Thread, result: Complete) -> None:
        # What is raised in here ends the run, in whatever task it came up.
        try:
            self._obey(self._conductor.completed(self._stamp(self.now()), thread, result))
            if not self._busy:
                self._run_due()
        except Exception as error:
            self.failed(error)

    def failed(self, failure: Exception) -> None:
        if self._failed is None:
            self._failed = failure
            self._story.cancel()

    def leads(self, node: str) -> None:
        self._conductor.leader = node

    # What the conductor orders

    def _run_due(self) -> None:
        """Hand over all that is due by now. New orders may be due at once: then they are carried out here too."""
        heap, far, conductor = self._heap, self._far, self._conductor
        self._busy = True
        try:
            while not self._over:
                now = self.now()
                while far and far[0][0] <= now:
                    heappush(heap, far.popleft())
                if not heap or heap[0][0] > now:
                    break
                _, _, call, token = heappop(heap)
                if call is not None:
                    call()
                else:
                    self._obey(conductor.due(self._stamp(now), token))
        finally:
            self._busy = False

    def _stamp(self, now: int) -> int:
        """The time of what happens now."""
        progress = self.outcome.progress
        progress.now = now
        progress.events += 1
        if self._conductor.untouched:
            self._touch()
        return now

    def _touch(self) -> None:
        touched = self.cluster.touched() if self.switch is None else self.switch.touched()
        for source, destination in touched:
            self._conductor.touch(source, destination, source in self._keepers and destination in self._keepers)

    def _obey(self, orders: list[Order]) -> None:
        for order in orders:
            if type(order) is At:
                self._push(order.time, None, order.token)
            elif type(order) is Invoke:
                self.cluster.invoke(order.thread, order.operation)
            elif type(order) is Replace:
                self.cluster.replace(order.thread)
            elif type(order) is Apply:
                self._applies.append(order)
                self._nap.cancel()
            else:
                assert type(order) is Over, order
                self._over = True
                self._nap.cancel()

    def _push(self, time: int, call: Callable[[], None] | None, token: Any) -> None:
        self._pushed += 1
        far = self._far
        if time > self.outcome.progress.now + FAR and (not far or far[-1][0] <= time):
            far.append((time, self._pushed, call, token))
        else:
            heappush(self._heap, (time, self._pushed, call, token))
        if time < self._nap_ends:
            self._nap_ends = time
            self._nap.deadline = trio.current_time() + (time - self.now()) / 1e9

    # Counts

    async def _count(self) -> None:
        while True:
            await trio.sleep(COUNT_SECONDS)
            self._look_at_counts()

    def _look_at_counts(self) -> None:
        progress = self.outcome.progress
        progress.now = self.now()
        if self.switch is not None:
            progress.messages.clear()
            progress.messages.update(self.switch.counts().messages)


@contextlib.asynccontextmanager
async def open_live(
    plan: Plan,
    system: Service,
    outcome: Outcome,
    *,
    folder: Path | None = None,
    journal: Journal | None = None,
    log: Callable[[str, str], None] = lambda name, line: None,
) -> AsyncIterator[Live]:
    """A live run of the plan for as long as the block lasts. However the block ends, nothing of it is left.

    `folder` is the folder of the run, for logs and packets; without one they are thrown away. `journal` gets every
    message. `log(name, line)` gets what clients log. Raises `SystemFailure` if a part of the system breaks, and
    `MachineError` if the machine does not allow what the plan asks for.
    """
    with unwrap_exception_groups():
        async with contextlib.AsyncExitStack() as stack:
            if folder is None:
                folder = stack.enter_context(vanishing_folder(Path(gettempdir()), "clew-"))
            (folder / "nodes").mkdir(exist_ok=True)
            data = stack.enter_context(data_folder())
            if plan.live.keep_data:
                # When all processes have ended.
                stack.callback(keep, data, folder / "data")
            world = await _world(plan, system, outcome, stack)
            live = Live(plan, system, outcome, world, folder, data, journal, log)
            programs = isinstance(system, Program)
            # The network of Maelstrom programs is their pipes.
            if world.tuns and not isinstance(system, Maelstrom):
                live.switch = await stack.enter_async_context(
                    open_switch(
                        plan,
                        world.addresses,
                        world.tuns,
                        journal=journal.fileno() if programs and journal is not None else None,
                        pcap=folder / "packets.pcap" if plan.live.pcap else None,
                        dropped=None if programs or journal is None else lambda drop: live.dropped(drop),
                    )
                )
            if isinstance(system, Program):
                for server in system.servers_of(plan.system.parameters):
                    if (note := await trio.to_thread.run_sync(server.another_version)) is not None:
                        outcome.notes.append(note)
                live.cluster = await stack.enter_async_context(open_program_cluster(live, system))
            elif isinstance(system, Maelstrom):
                live.cluster = await stack.enter_async_context(open_maelstrom_cluster(live, system))
            else:
                assert isinstance(system, Protocol)
                cluster = await stack.enter_async_context(open_protocol_cluster(live, system))
                live.cluster, live.dropped = cluster, cluster.dropped
            yield live


def _wants_packets(plan: Plan, system: Service) -> str | None:
    """The first field of the plan that is about packets which only namespaces bring to clew. None if there is none.

    The sockets of a protocol and the pipes of a Maelstrom program are clew's own.
    """
    if not isinstance(system, Program):
        return None
    faults = (f"nemesis.{i}.{entry.fault}" for i, entry in enumerate(plan.nemesis) if entry.fault not in NODE_FAULTS)
    return next(faults, None if plan.network == AS_THEY_COME else "network")


async def _world(plan: Plan, system: Service, outcome: Outcome, stack: contextlib.AsyncExitStack) -> World:
    """The world that the plan asks for. What is less than one could expect becomes a note of the result."""
    endpoints = (*plan.nodes, *plan.clients)
    wants_packets = _wants_packets(plan, system)
    if plan.live.network != "loopback":
        try:
            return await stack.enter_async_context(open_world(endpoints))
        except MachineError as error:
            if plan.live.network == "tun" or plan.live.pcap or wants_packets:
                raise
            instead = "no packet passes through clew"
            if isinstance(system, Protocol):
                instead = "clew's own sockets do what the network should do"
            outcome.notes.append(
                f"no namespaces on this machine, so all nodes are on the loopback device, and {instead}: {error}"
            )
    elif wants_packets:
        raise UserError(
            f"{plan.name}: {wants_packets}: the packets of programs on the loopback device do not pass through clew; "
            "expected live.network: tun, or a plan without it"
        )
    return await stack.enter_async_context(open_loopback(endpoints))
