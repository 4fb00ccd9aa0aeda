"""Nodes as real processes, in lockstep with the simulation: a line goes in, the lines of its effects come out.

Nodes are forked from a fork server (`clew.systems.fork_server`) that has imported the system already. The server is
made with `subprocess.Popen` in the main thread, not with `trio.run_process`: trio spawns from a worker thread, and the
kernel's parent-death signal, which kills the server and all nodes when the harness is killed, fires when the spawning
*thread* ends: ten idle seconds later. Everything else is waited for with trio.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import msgspec
import trio

from clew.harness.exception_groups import unwrap_exception_groups
from clew.harness.plan.schema import SystemPlan
from clew.harness.runtime import watchdog
from clew.harness.runtime.failure import SystemFailure
from clew.histories.event import MALFORMED
from clew.systems.node import Effect
from clew.systems.protocol import Protocol
from clew.systems.wire import DONE, HARNESS, Init, effect_of, line_in


class _ForkServer:
    """The process that nodes are forked from."""

    def __init__(self, system: str) -> None:
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._control.setblocking(False)
        with theirs:
            self._popen = subprocess.Popen(
                # -P: the folder the user happens to be in is not the nodes' to import from.
                [sys.executable, "-P", "-m", "clew.systems.fork_server", str(os.getpid()), system],
                stdin=theirs.fileno(),
                start_new_session=True,
            )

    async def ready(self) -> None:
        """Wait until nodes can be forked."""
        if await self._answer() != b"ready":
            raise SystemFailure("node", "", "cannot start: the system does not load")

    async def spawn(self, descriptors: list[int]) -> int:
        """Fork a node with these descriptors as stdin, stdout and stderr. Returns its process id."""
        return int(await self._ask(b"spawn", descriptors))

    async def reap(self, pid: int) -> int:
        """The exit status of a node that has ended or is about to. Until this returns, the process id is not reused."""
        return int(await self._ask(b"reap %d" % pid, []))

    async def _ask(self, request: bytes, descriptors: list[int]) -> bytes:
        try:
            socket.send_fds(self._control, [request], descriptors)
            answer = await self._answer()
        except OSError:
            answer = b""
        if not answer:
            raise SystemFailure("node", "", "is lost: the process that nodes are forked from was killed")
        return answer

    async def _answer(self) -> bytes:
        await trio.lowlevel.wait_readable(self._control)
        return self._control.recv(64)

    def close(self) -> None:
        """End the fork server. The kernel ends every node with it."""
        self._popen.kill()
        self._popen.wait()
        self._control.close()


class _Process:
    """One life: a child process, its pipes, and its log."""

    def __init__(self, name: str, log: Path, fork_server: _ForkServer) -> None:
        self.name = name
        self._log = log
        self._log_start = log.stat().st_size if log.exists() else 0
        self._fork_server = fork_server
        self._pid: int | None = None
        theirs_in, self._in = os.pipe()
        self._out, theirs_out = os.pipe()
        os.set_blocking(self._in, False)
        os.set_blocking(self._out, False)
        self._answers = select.poll()
        self._answers.register(self._out, select.POLLIN)
        self._theirs = [theirs_in, theirs_out]

    async def spawn(self) -> None:
        """Begin the life."""
        log = os.open(self._log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        self._theirs.append(log)
        try:
            self._pid = await self._fork_server.spawn(self._theirs)
        finally:
            for descriptor in self._theirs:
                os.close(descriptor)

    async def step(self, line: bytes) -> list[bytes]:
        """Send a line, and wait for the lines of the answer. The last one is `done`."""
        data: bytes | memoryview = line
        while data:
            try:
                sent = os.write(self._in, data)
            except BlockingIOError:
                await trio.lowlevel.wait_writable(self._in)
            except BrokenPipeError:
                raise await self._ended() from None
            else:
                data = memoryview(data)[sent:]
        answer = b""
        while not answer.endswith(DONE):
            # The node shares this processor and mostly answers at once. To wait for it here costs half of what it costs
            # to wait by way of trio's loop. A node that thinks for longer is waited for with trio.
            self._answers.poll(_PATIENCE_MS)
            try:
                chunk = os.read(self._out, 1 << 16)
            except BlockingIOError:
                await trio.lowlevel.wait_readable(self._out)
                continue
            if not chunk:
                raise await self._ended()
            answer += chunk
            if len(answer) > _ANSWER_BYTES_MAX:
                raise self.failure("prints without end")
        return answer.splitlines()

    async def _ended(self) -> SystemFailure:
        status = await self.kill()
        if status == -signal.SIGKILL:
            return self.failure("was killed from outside, or closed its output")
        return self.failure(f"died by itself: exit status {status}")

    async def kill(self) -> int | None:
        """SIGKILL, then reap. Returns the exit status. Cannot be cancelled: it is the last thing a cancelled run
        does."""
        if self._pid is None:
            return None
        pid, self._pid = self._pid, None
        os.close(self._in)
        os.close(self._out)
        with trio.CancelScope(shield=True):
            # Until it is reaped its process id cannot go to another process.
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            status = await self._fork_server.reap(pid)
        return status  # noqa: RET504 (a type checker thinks that a scope may be left early, even a shielded one)

    def failure(self, what: str) -> SystemFailure:
        """What is wrong with the node, and what it left on stderr in this life."""
        with self._log.open("rb") as stream:
            stream.seek(self._log_start)
            detail = stream.read().decode(errors="replace")
        return SystemFailure("node", self.name, what, detail)


_ANSWER_BYTES_MAX = 64 << 20
_PATIENCE_MS = 5
"""A node that takes longer for a step lets the rest of clew run: signals, and the watch for nodes that hang."""


class ProcessNodes:
    """Nodes as child processes. Use `async with open_processes(...)`, which leaves none behind."""

    def __init__(self, system: Protocol, plan: SystemPlan, names: tuple[str, ...], logs: Path) -> None:
        self._plan = plan
        self._parameters = msgspec.Raw(msgspec.json.encode(plan.parameters))
        self._names = names
        self._logs = logs
        self._message = msgspec.json.Decoder(system.messages)
        self._fork_server = _ForkServer(plan.name)
        self._running: dict[str, _Process] = {}
        self._stepping: tuple[_Process, float] | None = None

    async def ready(self) -> None:
        """Wait until nodes can be started."""
        await self._fork_server.ready()

    async def start(self, name: str, now: int, seed: int, disk: dict[str, bytes]) -> list[Effect]:
        process = self._running[name] = _Process(name, self._logs / f"{name}.log", self._fork_server)
        await process.spawn()
        init = Init(
            system=self._plan.name,
            variant=self._plan.variant,
            parameters=self._parameters,
            nodes=self._names,
            seed=seed,
            disk={key: msgspec.Raw(value) for key, value in disk.items()},
        )
        return await self._step(process, HARNESS, now, msgspec.json.encode(init))

    async def receive(self, name: str, now: int, source: str, message: Any, body: bytes) -> list[Effect]:
        return await self._step(self._running[name], source, now, body)

    async def wake(self, name: str, now: int, timer: str) -> list[Effect]:
        body = msgspec.json.encode({"type": "wake", "timer": timer})
        return await self._step(self._running[name], HARNESS, now, body)

    async def kill(self, name: str) -> None:
        await self._running.pop(name).kill()

    async def _step(self, process: _Process, source: str, now: int, body: bytes) -> list[Effect]:
        self._stepping = process, trio.current_time()
        answer = await process.step(line_in(source, process.name, now, body))
        self._stepping = None
        effects: list[Effect] = []
        for line in answer:
            try:
                effect = effect_of(line, self._message)
            except MALFORMED as error:
                text = line[:200].decode(errors="replace")
                what = f"sends something that is not a message of its system: {text!r} ({error})"
                raise process.failure(what) from None
            if effect is not None:
                effects.append(effect)
        return effects

    async def watch(self) -> None:
        """Raise `SystemFailure` for a node that hangs. One look a second costs less than a deadline for every step."""
        while True:
            await trio.sleep(watchdog.STEP_SECONDS_MAX / 10)
            if self._stepping is not None:
                process, since = self._stepping
                if trio.current_time() - since > watchdog.STEP_SECONDS_MAX:
                    raise process.failure(f"hangs: one step takes longer than {watchdog.STEP_SECONDS_MAX:g} s")

    async def close(self) -> None:
        """Kill and reap every process there is."""
        try:
            for process in self._running.values():
                await process.kill()
        except SystemFailure:
            # The fork server is gone, and the kernel has killed every node with it.
            return
        finally:
            self._fork_server.close()


@contextlib.asynccontextmanager
async def open_processes(
    system: Protocol, plan: SystemPlan, names: tuple[str, ...], logs: Path
) -> AsyncIterator[ProcessNodes]:
    """Nodes as processes for as long as the block lasts, each with a log file `logs/<name>.log`.

    However the block ends (return, exception, cancellation), no process is left. A node that hangs ends the block with
    `SystemFailure`.
    """
    with _one_processor():
        nodes = ProcessNodes(system, plan, names, logs)
        try:
            with unwrap_exception_groups():
                async with trio.open_nursery() as nursery:
                    await nodes.ready()
                    nursery.start_soon(nodes.watch)
                    yield nodes
                    nursery.cancel_scope.cancel()
        finally:
            await nodes.close()


@contextlib.contextmanager
def _one_processor() -> Iterator[None]:
    """Keep the harness and the nodes it makes on one processor.

    In lockstep only one of them runs at a time, and on a virtual machine waking a process on another processor takes
    several times as long as the step it is woken for (100 to 300 us against 20).
    """
    allowed = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {allowed[os.getpid() % len(allowed)]})
    try:
        yield
    finally:
        os.sched_setaffinity(0, allowed)
