"""The process of a world: it makes the namespaces and starts what lives in them.

    harness ── outer process ── init ──┬── reaper ── program      each reaper in a PID namespace of its own
               user namespace    PID   ├── reaper ── program
                                  1    └── ...

The outer process only waits for init, which no process can do from inside. Whatever ends the harness, the kernel kills
the outer process, then init, and with init all of its PID namespace. Two things tell each of them that its parent has
ended: the parent-death signal, and the end of a socket or pipe that only the parent holds.

On loopback there are no namespaces, and the outer process does init's work.

It runs as `python -I -S -c ... MODE PARENT ENDPOINT=ADDRESS...`, with the socket to the harness as its standard input.
"""

from __future__ import annotations

import contextlib
import errno
import marshal
import os
import select
import signal
import socket
import sys
import traceback
from typing import Any, NoReturn

from clew.harness.runtime.live.world import kernel
from clew.harness.runtime.live.world.reaper import (
    PARENT_DIED,
    Start,
    kill_descendants,
    run_reaper,
    tell,
    wake_on_signals,
)

MOST_DESCRIPTORS = 253
"""How many descriptors one message may carry (SCM_MAX_FD)."""


def main() -> NoReturn:
    """Be the process of a world until the harness ends it."""
    mode, parent, *endpoints = sys.argv[1:]
    kernel.die_with(int(parent), signal.SIGKILL if mode == "namespaces" else PARENT_DIED)
    # Otherwise it would not notice a signal that the harness blocks.
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    # A Ctrl-C is for the harness alone.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    control = socket.socket(fileno=os.dup(0))
    os.dup2(os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC), 0)
    # Otherwise the folder in which the harness was started could not be unmounted.
    os.chdir("/")
    try:
        if mode == "namespaces":
            _become_namespaces(control, int(parent), dict(endpoint.split("=") for endpoint in endpoints))
        else:
            kernel.be_called("clew-world")
            kernel.adopt_orphans()
            tell(control, "ready")
            World(control, {}, parent=int(parent)).serve()
            kill_descendants()
            os._exit(0)
    except OSError as error:
        _refused("world", control, error)
    except BaseException:
        with contextlib.suppress(OSError):
            tell(control, "broken", traceback.format_exc())
    os._exit(1)


def _become_namespaces(control: socket.socket, parent: int, endpoints: dict[str, str]) -> NoReturn:
    _leave_the_machine(control)
    # The change of user namespace may have taken the signal back.
    kernel.die_with(parent)
    alive, outer = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(outer)
        _become_init(control, alive, endpoints)
    with contextlib.suppress(BrokenPipeError):
        socket.send_fds(control, [marshal.dumps(("init",))], [os.pidfd_open(pid)])
    kernel.be_called("clew-outer")
    kernel.close_others({0, 1, 2, outer})
    # This returns when the kernel has killed and reaped all of the namespace.
    os.waitpid(pid, 0)
    os._exit(0)


def _leave_the_machine(control: socket.socket) -> None:
    """Go into new namespaces: of users if this is not root, of mounts, and of PIDs for the children."""
    kinds = kernel.NEW_PIDS | kernel.NEW_MOUNTS
    if kernel.may_administer():
        # Root without a user namespace may change users, as a program that gives up root's rights does.
        try:
            kernel.unshare(kinds)
        except PermissionError:
            pass
        else:
            return
    try:
        kernel.become_root_of_a_user_namespace()
        kernel.unshare(kinds)
    except OSError as error:
        _refused("users", control, error)


def _refused(stage: str, control: socket.socket, error: OSError) -> NoReturn:
    """Tell the harness what the machine does not allow."""
    with contextlib.suppress(OSError):
        tell(control, "refused", stage, error.errno or 0, str(error))
    os._exit(1)


def _become_init(control: socket.socket, alive: int, endpoints: dict[str, str]) -> NoReturn:
    try:
        kernel.die_with_parent()
        kernel.be_called("clew-init")
        networks = {}
        for endpoint, address in endpoints.items():
            try:
                kernel.unshare(kernel.NEW_NETWORK)
                networks[endpoint] = os.open("/proc/self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
            except OSError as error:
                _refused("network", control, error)
            try:
                tun = kernel.open_tun(address)
            except OSError as error:
                _refused("tun", control, error)
            socket.send_fds(control, [marshal.dumps(("tun", endpoint))], [tun])
            os.close(tun)
        tell(control, "ready")
        World(control, networks, alive=alive).serve()
    except OSError as error:
        _refused("world", control, error)
    except BaseException:
        with contextlib.suppress(OSError):
            tell(control, "broken", traceback.format_exc())
    os._exit(0)


class World:
    """Carries out what the harness asks for. Each request brings a line of its own, on which the answers go."""

    def __init__(
        self, control: socket.socket, networks: dict[str, int], *, alive: int | None = None, parent: int | None = None
    ) -> None:
        self._control = control
        self._alive = alive
        """A pipe that ends with the outer process. None on loopback."""
        self._parent = parent
        """The harness. None in a PID namespace, from which it cannot be seen."""
        self._networks = networks
        """The network namespace of each endpoint."""
        self._own_pids = os.open("/proc/self/ns/pid", os.O_RDONLY | os.O_CLOEXEC)

    def serve(self) -> None:
        """Answer requests until the harness or the outer process ends."""
        woken = wake_on_signals()[0]
        poll = select.poll()
        for descriptor in (self._control.fileno(), woken, *([] if self._alive is None else [self._alive])):
            poll.register(descriptor, select.POLLIN)
        while self._parent in (None, os.getppid()):
            ready = {descriptor for descriptor, _ in poll.poll()}
            if woken in ready:
                os.read(woken, 4096)
                self._reap()
            if self._alive in ready:
                return
            if self._control.fileno() in ready and not self._answer():
                return

    def _reap(self) -> None:
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass

    def _answer(self) -> bool:
        """Carry out one request. Returns False if the harness has ended."""
        try:
            data, descriptors, flags, _ = socket.recv_fds(self._control, 1 << 18, MOST_DESCRIPTORS)
        except ConnectionResetError:
            return False
        if not data:
            return False
        request, endpoint, *details = marshal.loads(data)
        with socket.socket(fileno=descriptors[0]) as line:
            try:
                if flags & socket.MSG_CTRUNC:
                    raise OSError(errno.EMFILE, "the kernel had no numbers left for the descriptors of a request")
                if request == "spawn":
                    self._spawn(line, endpoint, details, descriptors[1:])
                else:
                    self._make_socket(line, endpoint, request)
            except OSError as error:
                with contextlib.suppress(OSError):
                    tell(line, "failed", error.errno or 0, "world")
            finally:
                for descriptor in descriptors[1:]:
                    os.close(descriptor)
        return True

    def _make_socket(self, line: socket.socket, endpoint: str, kind: str) -> None:
        # A socket belongs to the network namespace in which it was made, whoever uses it.
        kernel.enter(self._networks[endpoint], kernel.NEW_NETWORK)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM if kind == "udp" else socket.SOCK_STREAM) as made:
            socket.send_fds(line, [marshal.dumps(("socket",))], [made.fileno()])

    def _spawn(self, line: socket.socket, endpoint: str, details: list[Any], descriptors: list[int]) -> None:
        argv, environment, folder, numbers, enters = details
        wanted = dict(zip(numbers, descriptors, strict=True))
        wanted |= {number: self._networks[name] for number, name in enters.items() if self._networks}
        start = Start(argv, environment, folder, wanted, bool(enters))
        parent = os.getpid()
        if self._networks:
            kernel.unshare(kernel.NEW_PIDS)
        try:
            pid = os.fork()
            if pid == 0:
                self._become_reaper(line, endpoint, start, parent)
        finally:
            if self._networks:
                # The kernel allows no second `unshare` while the children of this process belong elsewhere.
                kernel.enter(self._own_pids, kernel.NEW_PIDS)
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            socket.send_fds(line, [marshal.dumps(("pidfd",))], [os.pidfd_open(pid)])

    def _become_reaper(self, line: socket.socket, endpoint: str, start: Start, parent: int) -> NoReturn:
        try:
            network = self._networks.get(endpoint)
            kernel.be_called(f"clew-{endpoint}")
            if network is None:
                kernel.die_with(parent, PARENT_DIED)
                kernel.adopt_orphans()
            else:
                kernel.enter(network, kernel.NEW_NETWORK)
                kernel.unshare(kernel.NEW_MOUNTS)
                # Where parts of /proc are hidden, as in containers, the kernel does not allow a new one. And no mount
                # may appear outside, so the order matters.
                with contextlib.suppress(OSError):
                    kernel.receive_mounts_only()
                    kernel.mount_proc()
            kernel.close_others({0, 1, 2, line.fileno(), *start.descriptors.values()})
            run_reaper(line, start, parent if network is None else None)
        except OSError as error:
            with contextlib.suppress(OSError):
                tell(line, "failed", error.errno or errno.EIO, "world")
        except BaseException:
            traceback.print_exc()
        os._exit(1)


if __name__ == "__main__":
    main()
