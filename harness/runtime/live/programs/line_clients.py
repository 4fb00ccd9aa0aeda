"""Clients that are programs of their own, in any language: JSON lines on stdin and stdout, one process for each thread.

    in     {"hello": {"client": "c0", "node": {"name": "n1", "host": "10.77.0.1", "port": 8000}, "nodes": [...],
                      "timeout": 1.0}}
    in     {"invoke": {"id": 7, "f": "cas", "key": 0, "value": [3, 4]}, "node": "10.77.0.1:8000"}
    out    {"id": 7, "type": "ok", "value": 4}                         or "fail" or "info", with an "error"

A client that has not answered in time is killed, and its thread gets a new process. A second or late answer is dropped;
an answer to an operation that the thread was never asked for ends the run, and so does an `ok` that cannot be one: to a
read without a value, or to a change with the value false.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import msgspec
import trio

from clew.harness.plan import Plan
from clew.harness.runtime.failure import SystemFailure
from clew.harness.runtime.live.logs import Logs
from clew.harness.runtime.live.programs.clients import Completed, answer, not_startable
from clew.harness.runtime.live.programs.ended import ended
from clew.harness.runtime.live.programs.pipes import LineTooLong, Outbox, lines
from clew.harness.runtime.live.world.cannot_start import CannotStart
from clew.harness.runtime.live.world.process import Process
from clew.harness.runtime.live.world.world import World
from clew.harness.runtime.thread import Thread
from clew.histories.event import MALFORMED
from clew.systems import Complete, Operation, Program, ProgramCluster, ProgramNode
from clew.systems.program import ANSWERS, BadResult, told

EXPECTED = 'expected a line such as {"id": 7, "type": "ok", "value": 3}'
SHOWN = 100
"""How many characters of a wrong line are shown."""


class _Answer(msgspec.Struct, frozen=True):
    id: int
    type: Literal["ok", "fail", "info"]
    value: Any = msgspec.UNSET
    error: str | None = None


class LineClients:
    """All clients of a run. `run` must be running."""

    def __init__(
        self,
        plan: Plan,
        program: Program,
        cluster: ProgramCluster,
        world: World,
        logs: Logs,
        log: Path,
        completed: Completed,
    ) -> None:
        self._plan = plan
        self._program = program
        self._cluster = cluster
        self._world = world
        self._logs = logs
        self._log = log
        self._completed = completed
        self._model = program.model_of(plan.system.parameters)
        self._clients: dict[int, _Client] = {}
        self._asked: defaultdict[int, set[int]] = defaultdict(set)
        """The ids of all operations that each thread was asked for, by its earlier clients too."""
        self.came_back = False
        """Whether any client has ever answered."""
        self._nursery: trio.Nursery

    async def run(self, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Keep the clients, until it is cancelled. Raises `SystemFailure` if a client ends, or prints garbage
        or an id that nobody asked for."""
        async with trio.open_nursery() as self._nursery:
            task_status.started()
            await trio.sleep_forever()

    def invoke(self, thread: Thread, operation: Operation) -> None:
        """Have the client of a thread carry out an operation."""
        client = self._clients.get(thread.number)
        if client is None:
            client = self._clients[thread.number] = _Client(thread)
            client.say({"hello": self._hello(thread)})
            self._nursery.start_soon(self._keep, client)
        node = self._node(thread)
        client.say(
            {
                "invoke": {"id": operation.id, "f": operation.f, "key": operation.key, "value": operation.value},
                "node": f"{node.host}:{_port(node)}",
            }
        )
        client.open = operation
        self._asked[thread.number].add(operation.id)

    def replace(self, thread: Thread) -> None:
        """Give up the client of a thread, unless it has answered and waits for its next operation."""
        client = self._clients.get(thread.number)
        if client is not None and client.open is not None:
            del self._clients[thread.number]
            client.given_up.set()

    def _node(self, thread: Thread) -> ProgramNode:
        return self._cluster.nodes[thread.number % len(self._cluster.nodes)]

    def _hello(self, thread: Thread) -> dict[str, Any]:
        nodes = [
            {"name": node.name, "host": node.host, "port": _port(node), "ports": dict(node.ports)}
            for node in self._cluster.nodes
        ]
        mine = thread.number % len(nodes)
        return {"client": thread.name, "node": nodes[mine], "nodes": nodes, "timeout": self._cluster.timeout}

    def _argv(self, thread: Thread) -> Sequence[str]:
        argv = self._program.client_command(self._node(thread), self._cluster)
        assert argv is not None, "this client is a Python class"
        return argv

    async def _keep(self, client: _Client) -> None:
        """One life of a client: until it is given up, or ends by itself."""
        name = client.thread.name
        process = await self._start(client)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(client.outbox.run)
            nursery.start_soon(self._read, client)

            async def watch() -> None:
                status = await process.wait()
                if not client.given_up.is_set():
                    raise SystemFailure("client", name, ended(status), await self._logs.last_words(name))

            nursery.start_soon(watch)
            await client.given_up.wait()
            await process.kill()
            nursery.cancel_scope.cancel()

    async def _start(self, client: _Client) -> Process:
        name = client.thread.name
        try:
            with self._logs.writer(name, self._log) as err:
                return await self._world.spawn(
                    name,
                    self._argv(client.thread),
                    environment=os.environ,
                    folder=self._program.folder(self._node(client.thread), self._cluster),
                    stdin=client.stdin,
                    stdout=client.stdout,
                    stderr=err,
                )
        except CannotStart as error:
            raise not_startable(self._plan, error, "client") from None
        finally:
            os.close(client.stdin)
            os.close(client.stdout)

    async def _read(self, client: _Client) -> None:
        name = client.thread.name
        decoder = msgspec.json.Decoder(_Answer)
        try:
            async with lines(client.answers) as said:
                async for line in said:
                    if client.given_up.is_set():
                        return
                    try:
                        found = decoder.decode(line)
                    except MALFORMED:
                        raise _garbage(name, line) from None
                    if found.id not in self._asked[client.thread.number]:
                        raise SystemFailure(
                            "client", name, f"printed {_shown(line)}; it was never asked for an operation {found.id}"
                        )
                    self.came_back = True
                    self._take(client, found)
        except LineTooLong:
            raise _garbage(name, b"") from None

    def _take(self, client: _Client, found: _Answer) -> None:
        operation = client.open
        if operation is None or found.id != operation.id:
            return
        client.open = None
        answer(
            client.thread,
            found.id,
            Complete(found.type, self._value(client, operation, found), found.error),
            self._completed,
        )

    def _value(self, client: _Client, operation: Operation, found: _Answer) -> Any:
        """The result that an answer tells. Raises `SystemFailure` for an `ok` that cannot be one."""
        if found.type != "ok":
            return None
        if found.value is msgspec.UNSET and operation.f in ANSWERS:
            name, expected = client.thread.name, "expected one, null for a key that holds nothing"
            raise SystemFailure("client", name, f"answered {operation.f} {found.id} with ok and no value; {expected}")
        try:
            return told(operation, None if found.value is msgspec.UNSET else found.value, self._model)
        except BadResult:
            what = f"answered {operation.f} {found.id} with ok and the value false"
            expected = "expected no value, or the type fail if it certainly did not happen"
            raise SystemFailure("client", client.thread.name, f"{what}; {expected}") from None


class _Client:
    """One life of a client. What it shall read can be said before its process runs."""

    def __init__(self, thread: Thread) -> None:
        self.thread = thread
        self.open: Operation | None = None
        """The operation that it has not answered yet."""
        self.given_up = trio.Event()
        self.stdin, sink = os.pipe()
        self.outbox = Outbox(sink)
        self.answers, self.stdout = os.pipe()

    def say(self, line: Any) -> None:
        self.outbox.write(msgspec.json.encode(line) + b"\n")


def _port(node: ProgramNode) -> int:
    return next(iter(node.ports.values()))


def _garbage(name: str, line: bytes) -> SystemFailure:
    shown = _shown(line) if line else "a line without an end"
    return SystemFailure("client", name, f"printed {shown}; {EXPECTED}")


def _shown(line: bytes) -> str:
    text = line.decode(errors="replace")
    return repr(text if len(text) <= SHOWN else f"{text[:SHOWN]}...")
