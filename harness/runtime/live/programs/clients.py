"""The clients of a program, as the harness sees them.

    HostedClients    Python classes, all in one client host (client_host.py)
    LineClients      programs of any language that speak JSON lines (line_clients.py), one process each

Both end an operation by `completed`, and only the operation that its thread has open: late answers are dropped.
"""

from __future__ import annotations

import itertools
import os
import socket
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec
import trio

from clew.harness.errors import UserError
from clew.harness.plan import Plan
from clew.harness.runtime.failure import SystemFailure
from clew.harness.runtime.live.logs import Logs
from clew.harness.runtime.live.programs.client_wire import (
    CONTROL,
    AskReady,
    Back,
    Begin,
    Broken,
    Done,
    ForgetReady,
    FromHost,
    Invoke,
    Leads,
    Ready,
    Replace,
    ToHost,
    Unready,
    decode_from_host,
    encode,
)
from clew.harness.runtime.live.programs.ended import ended
from clew.harness.runtime.live.programs.pipes import Outbox, lines
from clew.harness.runtime.live.world.cannot_start import CannotStart
from clew.harness.runtime.live.world.world import World
from clew.harness.runtime.thread import Thread
from clew.systems import Complete, Operation, ProgramCluster
from clew.systems.registry import DESCRIBED

HOST = "clients"
"""What the log calls the client host."""

HANGS_AFTER = 2.0
"""Seconds after which a client hangs that was given up: those who give up by themselves come back a moment later."""

Completed = Callable[[Thread, Complete], None]
"""Told when the open operation of a thread has ended."""


def answer(thread: Thread, id: int, result: Complete, completed: Completed) -> None:
    """End the open operation of a thread, if the answer is to that one."""
    if thread.operation is not None and thread.operation.id == id:
        completed(thread, result)


class HostedClients:
    """The client host: it makes the clients of Python classes, and tells for all programs whether a node is ready."""

    def __init__(
        self,
        plan: Plan,
        cluster: ProgramCluster,
        threads: Mapping[int, Thread],
        completed: Completed,
        leads: Callable[[str], None],
    ) -> None:
        self._plan = plan
        self._cluster = cluster
        self._threads = threads
        self._completed = completed
        self._leads = leads
        self._questions: dict[int, trio.Event] = {}
        self._listens: dict[str, tuple[str, ...]] = {}
        self._number = itertools.count()
        self._outbox: Outbox
        self.came_back = False
        """Whether any client has ever ended an operation by itself, in time or late."""
        self._asked: dict[int, int] = {}
        """The operation that the client of each thread carries out: thread -> id."""
        self._away: dict[int, float] = {}
        """The operations whose clients were given up and have not come back: id -> when that was, in s."""

    async def run(
        self, world: World, logs: Logs, log: Path, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED
    ) -> None:
        """Start the client host, and do what it says until it is cancelled. Raises `SystemFailure` if it ends."""
        ours, theirs = socket.socketpair()
        names = (*self._plan.nodes, *self._plan.clients)
        numbers = {name: CONTROL + 1 + place for place, name in enumerate(names)} if world.tuns else {}
        with theirs, ours, logs.writer(HOST, log) as out, open(os.devnull, "rb") as nothing:
            process = await world.spawn(
                self._plan.clients[0],
                [sys.executable, "-P", "-m", "clew.harness.runtime.live.programs.client_host"],
                # The host imports what this process imports, from where this process does.
                environment={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
                folder=Path.cwd(),
                stdin=nothing.fileno(),
                stdout=out,
                stderr=out,
                keep={CONTROL: theirs.fileno()},
                enters={number: name for name, number in numbers.items()},
            )
            source = ours.detach()
        self._outbox = Outbox(os.dup(source))
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._outbox.run)
            system = self._plan.system
            parameters = msgspec.Raw(msgspec.json.encode(system.parameters))
            folders = (str(Path(system.name).parent),) if system.name.endswith(".py") else ()
            nodes = self._cluster.nodes
            self._send(Begin(system.name, parameters, nodes, self._cluster.timeout, numbers, folders))
            task_status.started()
            async with lines(source) as said:
                async for line in said:
                    self._take(decode_from_host.decode(line))
            status = await process.wait()
            raise SystemFailure("client", "", f"ended: their process {ended(status)}", await logs.last_words(HOST))

    def invoke(self, thread: Thread, operation: Operation) -> None:
        """Have the client of a thread carry out an operation."""
        node = self._cluster.nodes[thread.number % len(self._cluster.nodes)]
        self._asked[thread.number] = operation.id
        self._send(
            Invoke(
                thread.number,
                node.name,
                operation.id,
                operation.f,
                operation.key,
                operation.value,
                operation.final,
            )
        )

    def replace(self, thread: Thread) -> None:
        """Give up the client of a thread. The next operation gets a new one."""
        if (id := self._asked.pop(thread.number, None)) is not None:
            self._away[id] = trio.current_time()
        self._send(Replace(thread.number))

    async def ready(self, node: str) -> None:
        """Wait until a node is ready."""
        question = next(self._number)
        said = self._questions[question] = trio.Event()
        self._send(AskReady(node, question))
        try:
            await said.wait()
        finally:
            del self._questions[question]
            self._send(ForgetReady(question))

    def listens(self, node: str) -> tuple[str, ...]:
        """Where anything in the network of this node listened when it was last asked whether it is ready."""
        return self._listens.get(node, ())

    def hang(self) -> int:
        """How many clients were given up `HANGS_AFTER` ago or earlier, and have not come back since."""
        return sum(trio.current_time() - since > HANGS_AFTER for since in self._away.values())

    def _send(self, line: ToHost) -> None:
        self._outbox.write(encode(line) + b"\n")

    def _take(self, line: FromHost) -> None:
        match line:
            case Back():
                self.came_back = True
                self._away.pop(line.id, None)
            case Done():
                self.came_back = True
                # Or it came back before it heard that it was given up.
                if self._away.pop(line.id, None) is None:
                    self._asked.pop(line.thread, None)
                result = Complete(line.type, line.value, line.error)
                answer(self._threads[line.thread], line.id, result, self._completed)
            case Ready():
                if (said := self._questions.get(line.question)) is not None:
                    said.set()
            case Unready():
                self._listens[line.node] = line.listens
            case Leads():
                self._leads(line.node)
            case Broken():
                raise SystemFailure(line.part, line.name, line.what, line.detail)


def not_startable(plan: Plan, error: CannotStart, what: str | None = None) -> UserError:
    """The error of a user whose plan names a program that cannot be started. `what` is the field of the system; None:
    the one that says how nodes are started."""
    field = what or (plan.system.name if plan.system.name in DESCRIBED else "name")
    return UserError(f"{plan.name}: system.{field}: {error}")
