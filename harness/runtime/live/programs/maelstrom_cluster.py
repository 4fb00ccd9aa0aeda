"""The cluster of a Maelstrom program: nodes whose network is their stdin and stdout.

    n1 ── stdout ──┐                      ┌── stdin ──> n2
    n2 ── stdout ──┼── here, by `fate` ───┼── stdin ──> n1
    c0 ── request ─┘                      └── answer ─> c0

The network model of the simulation decides about each line, between nodes and between clients and nodes. There is no
disk: a node that starts again begins empty, and gets a new `init`.
"""

from __future__ import annotations

import contextlib
import itertools
import os
from collections.abc import AsyncIterator, Iterable, Sequence

import msgspec
import trio

from clew.harness.exception_groups import unwrap_exception_groups
from clew.harness.plan.streams import Streams
from clew.harness.runtime.failure import SystemFailure
from clew.harness.runtime.live.cluster import Stage
from clew.harness.runtime.live.logs import Logs, open_logs
from clew.harness.runtime.live.packets.switch import Link
from clew.harness.runtime.live.programs.clients import not_startable
from clew.harness.runtime.live.programs.ended import ended
from clew.harness.runtime.live.programs.pipes import LineTooLong, Outbox, lines
from clew.harness.runtime.live.world.cannot_start import CannotStart
from clew.harness.runtime.live.world.process import Process
from clew.harness.runtime.network import CUT, Network
from clew.harness.runtime.thread import Thread
from clew.histories.event import MALFORMED
from clew.nemesis.effect import hits
from clew.nemesis.fault import Fault
from clew.systems import Operation
from clew.systems.maelstrom import HARNESS, BadAnswer, Body, Envelope, Maelstrom, answer, init_body, request
from clew.systems.maelstrom_services import SERVICES, Services

DOWN, FULL = "down", "full"
KINDS_MOST = 1000
"""How many types of messages have random numbers of their own. A program that invents more shares those of one."""
SHOWN = 100
"""How many characters of a wrong line are shown."""

_envelope = msgspec.json.Decoder(Envelope)
_body = msgspec.json.Decoder(Body)


class Life:
    """One process of a node."""

    def __init__(self, process: Process, outbox: Outbox) -> None:
        self.process = process
        self.outbox = outbox
        self.serves = trio.Event()
        """It has answered `init`."""
        self.failure: SystemFailure | None = None
        """What it did wrong, before it served."""
        self.over = trio.Event()
        """It has ended or did wrong."""


class Pipes:
    """The nodes, the clients and the network of one run. `open_maelstrom_cluster` makes it."""

    def __init__(self, stage: Stage, logs: Logs, nursery: trio.Nursery) -> None:
        plan = stage.plan
        self._stage = stage
        self._logs = logs
        self._nursery = nursery
        self._lives = dict.fromkeys(plan.nodes, 0)
        self._running: dict[str, Life] = {}
        self._threads: dict[str, Thread] = {}
        self._network = Network(plan.network, plan.nodes, plan.clients, Streams(plan.seed))
        self._services = Services()
        self._kinds: dict[str, type] = {}
        self._ids = itertools.count()
        self._active: tuple[Fault, ...] = ()
        self._hit: set[Link] = set()
        self._begun = False

    # The nodes

    async def start(self, node: str) -> None:
        """See `Cluster.start`."""
        parameters, life = self._stage.plan.system.parameters, self._lives[node]
        self._lives[node] += 1
        stdin, sink = os.pipe()
        source, stdout = os.pipe()
        title = f"{life + 1}, {self._stage.now() / 1e9:.3f} s" if life else None
        outbox = Outbox(sink)
        try:
            log = self._stage.folder / "nodes" / f"{node}.log"
            # Shielded: a process that nobody knows could never be killed alone.
            with self._logs.writer(node, log, title) as err, trio.CancelScope(shield=True):
                process = await self._stage.world.spawn(
                    node,
                    parameters.maelstrom,
                    environment={**os.environ, **parameters.environment},
                    folder=parameters.folder,
                    stdin=stdin,
                    stdout=stdout,
                    stderr=err,
                )
        except BaseException as error:
            os.close(sink)
            os.close(source)
            if isinstance(error, CannotStart):
                raise not_startable(self._stage.plan, error) from None
            raise
        finally:
            os.close(stdin)
            os.close(stdout)
        running = self._running[node] = Life(process, outbox)
        if self._stage.journal is not None:
            self._stage.journal.start(self._now(), node, life)
        self._nursery.start_soon(outbox.run)
        self._nursery.start_soon(self._read, node, running, source)
        init = {"src": HARNESS, "dest": node, "body": init_body(node, self._stage.plan.nodes)}
        outbox.write(msgspec.json.encode(init) + b"\n")
        with unwrap_exception_groups():
            async with trio.open_nursery() as waiting:
                waiting.start_soon(self._raise_if_it_fails, running)
                await running.serves.wait()
                waiting.cancel_scope.cancel()

    async def begin(self, threads: Sequence[Thread]) -> None:
        """See `Cluster.begin`."""
        self._begun = True
        self._threads = {thread.name: thread for thread in threads}

    async def kill(self, node: str) -> None:
        """See `Cluster.kill`."""
        running = self._running.pop(node, None)
        if running is not None:
            running.outbox.close()
            await running.process.kill()
            if self._stage.journal is not None:
                self._stage.journal.crash(self._now(), node, self._lives[node] - 1)

    async def pause(self, node: str) -> None:
        """See `Cluster.pause`."""
        await self._running[node].process.pause()

    async def resume(self, node: str) -> None:
        """See `Cluster.resume`."""
        await self._running[node].process.resume()

    def last_words(self, node: str) -> str:
        """See `Cluster.last_words`."""
        return f"it has not answered init\n{self._logs.tail(node)}".strip()

    async def _raise_if_it_fails(self, running: Life) -> None:
        await running.over.wait()
        assert running.failure is not None
        raise running.failure

    async def _read(self, node: str, running: Life, stdout: int) -> None:
        """Take what a node says, until it ends or says what is no message."""
        what: str | None = None
        try:
            async with lines(stdout) as said:
                try:
                    async for line in said:
                        if self._running.get(node) is not running:
                            return
                        self._take(node, running, line)
                except (_Wrong, LineTooLong):
                    # Before its pipe is closed: what a program says about a broken pipe would hide what it said before.
                    await running.process.kill()
                    raise
        except _Wrong as wrong:
            what = str(wrong)
        except LineTooLong:
            what = "printed a line without an end"
        if what is None:
            # It may have closed its stdout, but runs: then it is of no use any more, and it will not end either.
            with trio.move_on_after(1) as patience:
                what = ended(await running.process.wait())
            if patience.cancelled_caught:
                what = "closed its stdout"
        if self._running.get(node) is not running:
            return
        assert what is not None
        when = "" if running.serves.is_set() else " before it was ready"
        failure = running.failure = SystemFailure("node", node, what + when, await self._logs.last_words(node))
        running.over.set()
        if running.serves.is_set():
            self._stage.failed(failure)

    def _take(self, node: str, running: Life, line: bytes) -> None:
        """One line of a node. Raises `_Wrong`.

        Its `src` may be another: nodes pass requests of clients on. The network goes by who really sends.
        """
        if not line.strip():
            return
        try:
            message = _envelope.decode(line)
            kind = _body.decode(message.body).type
        except MALFORMED:
            shown = line.decode(errors="replace")
            shown = shown if len(shown) <= SHOWN else f"{shown[:SHOWN]}..."
            expected = f'{{"src": "{node}", "dest": "c0", "body": {{"type": ...}}}}'
            raise _Wrong(f"printed {shown!r}; expected a message such as {expected}") from None
        if message.dest == HARNESS:
            if kind != "init_ok":
                raise _Wrong(f"answered init with {kind!r:.{SHOWN}}; expected init_ok")
            running.serves.set()
        else:
            self._send(node, message.dest, kind, line, message.body)

    # The clients

    def invoke(self, thread: Thread, operation: Operation) -> None:
        """See `Cluster.invoke`."""
        nodes = self._stage.plan.nodes
        node = nodes[thread.number % len(nodes)]
        body = request(operation, self._stage.plan.system.parameters.workload)
        line = msgspec.json.encode({"src": thread.name, "dest": node, "body": body})
        self._send(thread.name, node, operation.f, line, msgspec.Raw(msgspec.json.encode(body)))

    def replace(self, thread: Thread) -> None:
        """See `Cluster.replace`. A client is nothing but its name and the operation that it has open."""

    def _answer(self, node: str, client: str, body: msgspec.Raw) -> None:
        thread = self._threads.get(client)
        if thread is None or thread.operation is None:
            return
        try:
            result = answer(thread.operation, msgspec.json.decode(body), self._stage.plan.system.parameters.workload)
        except BadAnswer as error:
            self._stage.failed(SystemFailure("node", node, str(error)))
            return
        if result is not None:
            self._stage.completed(thread, result)

    # The network

    async def apply(self, active: Sequence[Fault], healed: bool) -> None:
        """See `Cluster.apply`."""
        self._active = tuple(active)
        if healed:
            self._network.heal()
        else:
            self._network.apply(active)

    def touched(self) -> Iterable[Link]:
        """See `Cluster.touched`."""
        hit, self._hit = self._hit, set()
        return hit

    def _send(self, source: str, destination: str, kind: str, line: bytes, body: msgspec.Raw) -> None:
        id, now = next(self._ids), self._now()
        self._stage.outcome.progress.messages["sent"] += 1
        if self._stage.journal is not None:
            self._stage.journal.send(id, now, source, destination, bytes(body))
        if source == destination or not self._begun or source in SERVICES or destination in SERVICES:
            self._deliver(id, source, destination, line, body)
            return
        clients = not (source in self._lives and destination in self._lives)
        for fault in self._active:
            if (fault.reaches_clients or not clients) and hits(fault, source, destination):
                self._hit.add((source, destination))
        arrivals = self._network.fate(source, destination, now, self._kind(kind))
        if isinstance(arrivals, str):
            self._lose(id, arrivals)
            return
        for arrival in arrivals:
            if arrival <= now:
                self._deliver(id, source, destination, line, body)
            else:
                self._stage.at(arrival, lambda: self._arrive(id, source, destination, line, body))

    def _arrive(self, id: int, source: str, destination: str, line: bytes, body: msgspec.Raw) -> None:
        if self._network.cut(source, destination):
            self._lose(id, CUT)
        else:
            self._deliver(id, source, destination, line, body)

    def _deliver(self, id: int, source: str, destination: str, line: bytes, body: msgspec.Raw) -> None:
        if destination in SERVICES:
            self._received(id)
            said = self._services.answer(destination, msgspec.json.decode(body))
            envelope = {"src": destination, "dest": source, "body": said}
            reply = msgspec.Raw(msgspec.json.encode(said))
            self._send(destination, source, said["type"], msgspec.json.encode(envelope), reply)
            return
        if destination not in self._lives:
            if destination not in self._stage.plan.clients:
                self._lose(id, f"there is no {destination}")
                return
            self._received(id)
            self._answer(source, destination, body)
            return
        running = self._running.get(destination)
        if running is None:
            self._lose(id, DOWN)
        elif running.outbox.write(line + b"\n"):
            self._received(id)
        else:
            self._lose(id, FULL)

    def _received(self, id: int) -> None:
        if self._stage.journal is not None:
            self._stage.journal.receive(id, self._now())

    def _lose(self, id: int, why: str) -> None:
        self._stage.outcome.progress.messages[why] += 1
        if self._stage.journal is not None:
            self._stage.journal.drop(id, self._now(), why)

    def _kind(self, name: str) -> type:
        """The type that the network draws random numbers for."""
        kind = self._kinds.get(name)
        if kind is None:
            if len(self._kinds) >= KINDS_MOST or "\0" in name:
                return object
            kind = self._kinds[name] = type(name, (), {})
        return kind

    def _now(self) -> int:
        return self._stage.now() if self._begun else 0


class _Wrong(Exception):
    """A node has said what no node may say. The message goes on with "node n1 ..."."""


@contextlib.asynccontextmanager
async def open_maelstrom_cluster(stage: Stage, system: Maelstrom) -> AsyncIterator[Pipes]:
    """The cluster of a Maelstrom program for as long as the block lasts. No node runs yet.

    Raises `UserError` for a command that cannot be started, and `SystemFailure` if a part of the system breaks.
    """
    with unwrap_exception_groups(), open_logs() as logs:
        async with trio.open_nursery() as nursery:
            yield Pipes(stage, logs, nursery)
            nursery.cancel_scope.cancel()
