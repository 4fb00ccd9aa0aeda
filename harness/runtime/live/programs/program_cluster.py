"""The cluster of a `Program`: anybody's processes, each in a network of its own, and clients that talk to them.

    n1, n2, ...    Program.command       what they print: nodes/n1.log, ...
    client host    Program.client, ready, leader
    c0, c1, ...    Program.client_command, if the clients are programs of their own

The packets between them pass the switch. Nothing here knows what they mean.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import AsyncIterator, Iterable, Sequence

import trio

from clew.harness.exception_groups import unwrap_exception_groups
from clew.harness.runtime.failure import SystemFailure, raised
from clew.harness.runtime.live.cluster import Stage
from clew.harness.runtime.live.logs import Logs, open_logs
from clew.harness.runtime.live.packets.switch import Link
from clew.harness.runtime.live.programs.clients import HOST, HostedClients, not_startable
from clew.harness.runtime.live.programs.ended import ended, foreground
from clew.harness.runtime.live.programs.line_clients import LineClients
from clew.harness.runtime.live.world.cannot_start import CannotStart
from clew.harness.runtime.live.world.process import Process
from clew.harness.runtime.thread import Thread
from clew.histories.text import plural
from clew.nemesis.fault import Fault
from clew.systems import Operation, Program, ProgramCluster, ProgramNode
from clew.systems.command import CommandParameters, awaited

CLIENTS_LOG = "clients.log"


class Life:
    """One process of a node."""

    def __init__(self, process: Process) -> None:
        self.process = process
        self.serves = False
        """Whether it has been ready."""
        self.over = trio.Event()
        """It has ended, and `status` says how."""
        self.status = 0


class Programs:
    """The nodes and clients of one run. `open_program_cluster` makes it."""

    def __init__(self, stage: Stage, program: Program, logs: Logs, nursery: trio.Nursery) -> None:
        self._stage = stage
        self._program = program
        self._logs = logs
        self._nursery = nursery
        parameters = stage.plan.system.parameters
        ports = program.ports_of(parameters)
        nodes = tuple(
            ProgramNode(
                name,
                stage.world.addresses.of(name),
                ports,
                stage.data / name,
                stage.folder.absolute() / "nodes" / f"{name}.log",
            )
            for name in stage.plan.nodes
        )
        self.cluster = ProgramCluster(nodes, parameters, stage.plan.workload.timeout / 1e9)
        self._nodes = {node.name: node for node in nodes}
        self._lives = dict.fromkeys(self._nodes, 0)
        self._running: dict[str, Life] = {}
        self._threads: dict[int, Thread] = {}
        self._begun = False
        self._leader: str | None = None
        self._host = HostedClients(stage.plan, self.cluster, self._threads, stage.completed, self._leads)
        self._clients: HostedClients | LineClients = self._host
        if program.client_command(nodes[0], self.cluster) is not None:
            log = stage.folder / CLIENTS_LOG
            self._clients = LineClients(stage.plan, program, self.cluster, stage.world, logs, log, stage.completed)

    async def open(self) -> None:
        """Start what the clients need."""
        await self._nursery.start(self._host.run, self._stage.world, self._logs, self._stage.folder / CLIENTS_LOG)
        if isinstance(self._clients, LineClients):
            await self._nursery.start(self._clients.run)

    async def start(self, node: str) -> None:
        """See `Cluster.start`."""
        mine = self._nodes[node]
        mine.data.mkdir(exist_ok=True)
        try:
            argv = [str(word) for word in self._program.command(mine, self.cluster)]
            environment = {**os.environ, **self._program.environment(mine, self.cluster)}
            folder = self._program.folder(mine, self.cluster)
        except Exception as error:
            raise raised("node", node, error) from None
        self._lives[node] += 1
        title = f"{self._lives[node]}, {self._stage.now() / 1e9:.3f} s" if self._lives[node] > 1 else None
        with self._logs.writer(node, mine.log, title) as out, open(os.devnull, "rb") as nothing:
            try:
                # Shielded: a process that nobody knows could never be killed alone.
                with trio.CancelScope(shield=True):
                    process = await self._stage.world.spawn(
                        node,
                        argv,
                        environment=environment,
                        folder=folder,
                        stdin=nothing.fileno(),
                        stdout=out,
                        stderr=out,
                    )
            except CannotStart as error:
                raise not_startable(self._stage.plan, error) from None
        life = self._running[node] = Life(process)
        self._nursery.start_soon(self._watch, node, life)
        if self._stage.switch is not None:
            await self._stage.switch.started(node, self._lives[node] - 1)
        ready = False
        with unwrap_exception_groups():
            async with trio.open_nursery() as waiting:

                async def give_up_if_it_ends() -> None:
                    await life.over.wait()
                    waiting.cancel_scope.cancel()

                waiting.start_soon(give_up_if_it_ends)
                await self._host.ready(node)
                ready = True
                waiting.cancel_scope.cancel()
        # It may have ended at the moment at which it was ready. From here on `_watch` reports its end.
        if life.over.is_set():
            raise await self._failure(node, life, "" if ready else f" before it was ready{foreground(life.status)}")
        life.serves = True

    async def begin(self, threads: Sequence[Thread]) -> None:
        """See `Cluster.begin`."""
        self._begun = True
        self._threads.update((thread.number, thread) for thread in threads)
        if self._leader is not None:
            self._stage.leads(self._leader)

    def end(self) -> None:
        """The run is over. Notes how many clients hang.

        Raises `SystemFailure` if no client has ever come back from an operation: then nothing is known of the nodes,
        and the final reads that nobody answered are no fault of theirs.
        """
        outcome = self._stage.outcome
        asked = sum(outcome.progress.outcomes.values())
        expected = f"expected a client to give up by itself, within {self.cluster.timeout:g} s"
        if asked and not self._clients.came_back:
            outcome.finished = False
            outcome.unanswered.clear()
            what = f"hangs: none has come back from any of {plural(asked, 'operation')}; {expected}"
            raise SystemFailure("client", "", what, self._logs.tail(HOST))
        if hang := self._host.hang():
            gone = f"{plural(hang, 'client')} had been given up and had not come back at the end of the run"
            outcome.notes.append(f"{gone}: they hang; {expected}")

    async def kill(self, node: str) -> None:
        """See `Cluster.kill`."""
        life = self._running.pop(node, None)
        if life is not None:
            await life.process.kill()
            if self._stage.switch is not None:
                await self._stage.switch.crashed(node, self._lives[node] - 1)

    async def pause(self, node: str) -> None:
        """See `Cluster.pause`."""
        await self._running[node].process.pause()

    async def resume(self, node: str) -> None:
        """See `Cluster.resume`."""
        await self._running[node].process.resume()

    def invoke(self, thread: Thread, operation: Operation) -> None:
        """See `Cluster.invoke`."""
        self._clients.invoke(thread, operation)

    def replace(self, thread: Thread) -> None:
        """See `Cluster.replace`."""
        self._clients.replace(thread)

    async def apply(self, active: Sequence[Fault], healed: bool) -> None:
        """See `Cluster.apply`. Without a switch nothing here can touch a packet."""

    def touched(self) -> Iterable[Link]:
        """See `Cluster.touched`."""
        return ()

    def last_words(self, node: str) -> str:
        """See `Cluster.last_words`. Begins with what a node that is not ready does not do.

        At the start of a run, what the other nodes have printed comes after it.
        """
        mine = self._nodes[node]
        listens = self._host.listens(node)
        where = "" if not self._stage.world.tuns else f"it listens on {', '.join(listens) or 'no port'}; "
        said = f"{where}expected {self._expected(mine)}\n{self._logs.tail(node)}".strip()
        if self._begun:
            return said
        # The first start: a cluster may not form because of another node.
        return "\n".join([said, *(self._of_other(other) for other in self._nodes if other != node)])

    def _of_other(self, node: str) -> str:
        """What a node has printed, in words for the failure of another one."""
        serves = node in self._running and self._running[node].serves
        said, does = self._logs.tail(node), "serves" if serves else "does not serve either"
        return f"{node}, which {does}:\n{said}" if said else f"{node} {does}, and has printed nothing"

    def _expected(self, node: ProgramNode) -> str:
        """What `ready` waits for, in words."""
        parameters = self.cluster.parameters
        if isinstance(parameters, CommandParameters):
            return awaited(node, parameters)
        ports = ", ".join(f"{node.host}:{port}" for port in node.ports.values())
        return f"`ready` to say so of {ports}"

    async def _watch(self, node: str, life: Life) -> None:
        """Wait for the end of a process. If it served and nobody killed it, the run ends."""
        life.status = await life.process.wait()
        life.over.set()
        if life.serves and self._running.get(node) is life:
            self._stage.failed(await self._failure(node, life))

    async def _failure(self, node: str, life: Life, when: str = "") -> SystemFailure:
        return SystemFailure("node", node, f"{ended(life.status)}{when}", await self._logs.last_words(node))

    def _leads(self, node: str) -> None:
        self._leader = node
        if self._begun:
            self._stage.leads(node)


@contextlib.asynccontextmanager
async def open_program_cluster(stage: Stage, program: Program) -> AsyncIterator[Programs]:
    """The cluster of a program for as long as the block lasts. No node runs yet.

    Raises `UserError` for a command that cannot be started, and `SystemFailure` if a part of the system breaks.
    """
    with unwrap_exception_groups(), open_logs() as logs:
        async with trio.open_nursery() as nursery:
            cluster = Programs(stage, program, logs, nursery)
            await cluster.open()
            yield cluster
            cluster.end()
            nursery.cancel_scope.cancel()
