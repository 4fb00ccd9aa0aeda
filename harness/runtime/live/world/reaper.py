"""The reaper: the parent of one program, and of everything that the program leaves behind.

    harness ──line── reaper ──> program ──> whatever it starts, daemons too

In a world of namespaces the reaper is the first process of a PID namespace. The kernel kills all of a PID namespace
when its first process ends, and one `kill` reaches all of it. On loopback the reaper adopts orphans, and finds its
descendants in /proc.

The reaper is forked by the process of the world and executes nothing, so it starts in a millisecond.
"""

from __future__ import annotations

import contextlib
import marshal
import os
import select
import signal
import socket
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from clew.harness.runtime.live.world import kernel

PATIENCE = 20
"""How many milliseconds a program may take to stop before it counts as stopped.

A stop takes microseconds, but a program in a system call that nothing interrupts stops when the call ends. A `vfork`
whose child has been stopped never ends. Such a program does nothing before it stops.
"""


PARENT_DIED = signal.SIGCONT
"""The signal that tells a process of a loopback world that its parent has ended.

SIGKILL would leave it no time to kill its descendants. Any other signal but this one would wait until the process goes
on, if somebody has stopped it.
"""


@dataclass(frozen=True)
class Start:
    """What the reaper is to start."""

    argv: list[str]
    environment: Mapping[str, str]
    folder: str
    descriptors: Mapping[int, int]
    """The number that the program sees -> a descriptor of this process."""
    enters: bool
    """Whether the program may enter network namespaces."""


def run_reaper(line: socket.socket, start: Start, parent: int | None) -> NoReturn:
    """Start the program, obey the line until the program ends, then end with all that is left of it.

    Sent on the line: `("started",)` or `("failed", errno, stage)`, then `("stopped", N)` and `("continued", N)`, then
    `("ended", status)`. Taken from it: `("pause", N)`, `("resume", N)` and `("kill",)`. Its end means `kill`.

    `parent` is the process to die with. None in a PID namespace, where the kernel cares for that.
    """
    namespace = parent is None
    woken = wake_on_signals()
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        failure, program = start_program(start)
        # Descriptors of the program must not stay open here: its readers wait for their end.
        kernel.close_others({0, 1, 2, line.fileno(), *woken})
        if failure:
            tell(line, "failed", *failure)
        else:
            tell(line, "started")
            status = _watch(line, woken[0], program, parent)
            if not namespace:
                kill_descendants()
            tell(line, "ended", status)
    if not namespace:
        kill_descendants()
    os._exit(0)


def wake_on_signals() -> tuple[int, int]:
    """A pipe whose reading end becomes readable when a child ends or stops, and on `PARENT_DIED`."""
    woken, waker = os.pipe()
    os.set_blocking(woken, False)
    os.set_blocking(waker, False)
    signal.set_wakeup_fd(waker, warn_on_full_buffer=False)
    for number in (signal.SIGCHLD, PARENT_DIED):
        signal.signal(number, lambda number, frame: None)
    return woken, waker


def tell(line: socket.socket, *message: Any) -> None:
    """Send a message to the harness. Both ends are the same interpreter, so `marshal` will do; `json` starts slowly."""
    line.send(marshal.dumps(message))


def start_program(start: Start) -> tuple[tuple[int, str] | None, int]:
    """Fork and execute the program. Returns (errno, stage) or None if it runs, and its process id."""
    reading, writing = os.pipe()
    reaper = os.getpid()
    pid = os.fork()
    if pid == 0:
        _become(start, writing, reaper)
    os.close(writing)
    # The program's end of the pipe closes when it is executed.
    with open(reading, "rb") as pipe:
        problem = pipe.read()
    if not problem:
        return None, pid
    os.waitpid(pid, 0)
    number, stage = problem.decode().split()
    return (int(number), stage), pid


def _become(start: Start, problem: int, reaper: int) -> NoReturn:
    stage = "world"
    try:
        signal.set_wakeup_fd(-1)
        # Without a terminal, Ctrl-C and job control of the harness's terminal do not reach it.
        os.setsid()
        problem = kernel.arrange_descriptors(start.descriptors, problem)
        if start.enters and os.geteuid() != 0:
            kernel.keep_right_to_enter()
        # After all changes of credentials. On loopback the program would otherwise survive the reaper's SIGKILL.
        kernel.die_with(reaper)
        stage = "folder"
        os.chdir(start.folder)
        stage = "program"
        kernel.reset_signals()
        os.execvpe(start.argv[0], start.argv, start.environment)
    except BaseException as error:
        number = error.errno if isinstance(error, OSError) else None
        os.write(problem, f"{number or 0} {stage}".encode())
        os._exit(1)


def _watch(line: socket.socket, woken: int, program: int, parent: int | None) -> int:
    """Obey the line until the program ends. Returns its status, as `Popen.returncode` has it."""
    stopped = False
    asked: int | None = None
    """The number of the last order, if it has not been answered."""
    wanted = False
    """Whether that order was to stop."""
    poll = select.poll()
    poll.register(line, select.POLLIN)
    poll.register(woken, select.POLLIN)
    while True:
        if parent not in (None, os.getppid()):
            return -signal.SIGKILL
        for pid, status in _changes():
            if pid != program:
                continue
            if os.WIFSTOPPED(status) or os.WIFCONTINUED(status):
                stopped = os.WIFSTOPPED(status)
            else:
                return os.waitstatus_to_exitcode(status)
        if asked is not None and stopped == wanted:
            tell(line, "stopped" if stopped else "continued", asked)
            asked = None
        ready = dict(poll.poll(None if asked is None else PATIENCE))
        if asked is not None and not ready:
            tell(line, "stopped" if wanted else "continued", asked)
            asked = None
        if woken in ready:
            os.read(woken, 4096)
        if line.fileno() in ready:
            data = line.recv(256)
            order, *number = marshal.loads(data) if data else ("kill",)
            if order == "kill":
                return -signal.SIGKILL
            (asked,) = number
            wanted = order == "pause"
            _signal_all(signal.SIGSTOP if wanted else signal.SIGCONT, parent is None)


def _changes() -> list[tuple[int, int]]:
    """Children that ended, stopped or went on: (process id, status). Reaps those that ended."""
    changes = []
    with contextlib.suppress(ChildProcessError):
        while (change := os.waitpid(-1, os.WNOHANG | os.WUNTRACED | os.WCONTINUED))[0]:
            changes.append(change)
    return changes


def _signal_all(number: int, namespace: bool) -> None:
    """Send a signal to all descendants."""
    if namespace:
        # All processes of the namespace but this one. A fork at this moment does not escape: the kernel restarts it.
        with contextlib.suppress(ProcessLookupError):
            os.kill(-1, number)
    else:
        signalled: set[int] = set()
        while new := set(descendants()) - signalled:
            _send(number, new)
            signalled |= new


def kill_descendants() -> None:
    """Kill all descendants of this process, and reap them. Returns when there is none.

    It takes a process that adopts orphans: then no descendant can leave the tree.
    """
    while True:
        _send(signal.SIGKILL, descendants())
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            return
        time.sleep(0.001)


def _send(number: int, pids: Sequence[int] | set[int]) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, number)


def descendants() -> list[int]:
    """The children of this process, their children, and so on."""
    children: dict[int, list[int]] = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            with contextlib.suppress(OSError), open(f"/proc/{name}/stat", "rb") as file:
                # The second field is the name of the program in parentheses, and may hold anything.
                children.setdefault(int(file.read().rpartition(b")")[2].split()[1]), []).append(int(name))
    found = list(children.get(os.getpid(), ()))
    for pid in found:
        found += children.get(pid, ())
    return found
