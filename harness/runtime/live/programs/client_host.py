"""The client host: a process inside the cluster's network that carries out the blocking code of a `Program`.

    socket ──> main thread ──┬── c0    client.invoke(...)     in the network of c0
                             ├── c1    client.invoke(...)     in the network of c1
                             └── n2    ready(n2)?             in the network of n2

Each client has a thread, and the thread is in the network of its client: what it sends comes from that client's
address. A client that hangs keeps its thread; a new client gets a new thread, and what the old one still says is
dropped. `client_wire.py` has the lines on the socket. The process ends when the socket closes.
"""

from __future__ import annotations

import os
import queue
import socket
import sys
import threading
import time
import traceback
from collections.abc import Callable
from types import TracebackType
from typing import Any, Literal

import msgspec

from clew.harness.runtime.failure import report
from clew.harness.runtime.live.programs.client_wire import (
    CONTROL,
    RESULT_MOST,
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
    decode_begin,
    decode_to_host,
    encode,
)
from clew.systems import Complete, Operation, Program, ProgramCluster, ProgramNode, find_system
from clew.systems.node_process import read_lines
from clew.systems.program import MISTAKES, carry_out

CLONE_NEWNET = 0x40000000
NO_CONNECTION = 0.1
"""Seconds for which an operation waits that found no connection: otherwise a client of a dead node would fail again and
again without a pause."""
ASK_EVERY = 0.02
"""Seconds between two questions whether a node is ready."""
ASK_LATER = 0.02
"""The part of the time since the start that these seconds become, if that is more: questions to a node that takes long
cost processor time, which it needs itself."""
LEADER_EVERY = 0.1
"""Seconds between two questions which node leads."""
LISTEN = "0A"
"""The state of a listening socket in /proc/net/tcp."""


class Host:
    """All clients of a run."""

    def __init__(self, begin: Begin, program: Program, send: Callable[[FromHost], None]) -> None:
        self._program = program
        self._cluster = begin.cluster(program)
        self._nodes = {node.name: node for node in begin.nodes}
        self._namespaces = begin.namespaces
        self._send = send
        self._clients: dict[int, Client] = {}
        self._questions: set[int] = set()
        if program.leader is not None:
            self._thread(self._watch_leader)

    def take(self, line: ToHost) -> None:
        """Do what a line of the harness asks for. Nothing here blocks."""
        match line:
            case Invoke():
                client = self._clients.get(line.thread)
                if client is None:
                    node = self._nodes[line.node]
                    client = self._clients[line.thread] = Client(
                        line.thread, node, self._program, self._cluster, self._send
                    )
                    self._thread(client.run, f"c{line.thread}")
                client.operations.put(Operation(line.id, line.f, line.key, line.value, line.final))
            case Replace():
                if (client := self._clients.pop(line.thread, None)) is not None:
                    client.give_up()
            case AskReady():
                self._questions.add(line.question)
                self._thread(lambda: self._ask_ready(self._nodes[line.node], line.question), line.node)
            case ForgetReady():
                self._questions.discard(line.question)

    def _thread(self, run: Callable[[], None], endpoint: str | None = None) -> None:
        def inside() -> None:
            if endpoint in self._namespaces:
                enter(self._namespaces[endpoint])
            run()

        threading.Thread(target=inside, daemon=True).start()

    def _ask_ready(self, node: ProgramNode, question: int) -> None:
        seen: tuple[str, ...] | None = None
        began = time.monotonic()
        while question in self._questions:
            try:
                ready = self._program.ready(node, self._cluster)
            except OSError:
                ready = False
            except Exception as error:
                self._send(broken("node", node.name, "raised in `ready`", error))
                return
            if ready:
                self._send(Ready(question))
                return
            listens = listening() if self._namespaces else ()
            if listens != seen:
                seen = listens
                self._send(Unready(node.name, listens))
            time.sleep(max(ASK_EVERY, ASK_LATER * (time.monotonic() - began)))

    def _watch_leader(self) -> None:
        assert self._program.leader is not None
        last = None
        while True:
            try:
                leader = self._program.leader(self._cluster)
            except OSError:
                leader = None
            except Exception as error:
                self._send(broken("node", "", "raised in `leader`", error))
                return
            if leader is not None and leader not in tuple(self._nodes):
                expected = f"expected None or one of {', '.join(self._nodes)}"
                self._send(Broken("node", "", f"returned {leader!r:.100} from `leader`; {expected}", ""))
                return
            if leader is not None and leader != last:
                last = leader
                self._send(Leads(leader))
            time.sleep(LEADER_EVERY)


class Client:
    """One process of the workload, with a thread of its own."""

    def __init__(
        self,
        thread: int,
        node: ProgramNode,
        program: Program,
        cluster: ProgramCluster,
        send: Callable[[FromHost], None],
    ) -> None:
        self.operations: queue.SimpleQueue[Operation | None] = queue.SimpleQueue()
        """What it shall do next. None: nothing more."""
        self._thread = thread
        self._node = node
        self._program = program
        self._cluster = cluster
        self._model = program.model_of(cluster.parameters)
        self._send = send
        self._given_up = False

    def give_up(self) -> None:
        """Drop what the client still says, and end its thread as soon as it comes back from what it does."""
        self._given_up = True
        self.operations.put(None)

    def run(self) -> None:
        """Carry out operations until the client is given up."""
        client: Any = None
        while (operation := self.operations.get()) is not None:
            done, client = self._carry_out(client, operation)
            if done is None:
                return
            answer = Done(self._thread, operation.id, done.type, done.value, done.error)
            self._send(Back(operation.id) if self._given_up else answer)
        self._close(client)

    def _carry_out(self, client: Any, operation: Operation) -> tuple[Complete | None, Any]:
        """How the operation ended, and the client. None: the client's code is wrong, and the harness knows."""
        try:
            if client is None:
                assert self._program.client is not None
                try:
                    client = self._program.client(self._node, self._cluster)
                except OSError as error:
                    time.sleep(min(NO_CONNECTION, self._cluster.timeout / 2))
                    return Complete("fail", None, f"no connection: {said(error)}"), None
            done = carry_out(client, operation, self._model)
            if (length := len(msgspec.json.encode(done.value))) > RESULT_MOST:
                what = f"returned {length:,} bytes from {operation.f}; expected at most {RESULT_MOST:,}"
                self._send(Broken("client", f"c{self._thread}", what, ""))
                return None, client
        except (*MISTAKES, SystemExit) as error:
            if not self._given_up:
                self._send(broken("client", f"c{self._thread}", "raised", error))
            return None, client
        except Exception as error:
            done = Complete("info", None, said(error))
        return done, client

    def _close(self, client: Any) -> None:
        try:
            if hasattr(client, "close"):
                client.close()
        except Exception as error:
            # The connection may be broken: that is why the client is given up.
            print(f"c{self._thread}: close: {said(error)}", file=sys.stderr)


def said(error: BaseException) -> str:
    """An exception in one line."""
    text = str(error)
    return f"{type(error).__name__}: {text.splitlines()[0]:.200}" if text else type(error).__name__


def broken(part: Literal["node", "client"], name: str, what: str, error: BaseException) -> Broken:
    """The line that says that the system's own code is wrong."""
    return Broken(part, name, f"{what} {said(error)}", report(error))


def enter(namespace: int) -> None:
    """Move the calling thread into a network namespace."""
    if sys.version_info >= (3, 12):
        os.setns(namespace, CLONE_NEWNET)
    else:
        import ctypes

        libc = ctypes.CDLL(None, use_errno=True)
        if libc.setns(namespace, CLONE_NEWNET) != 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))


def listening() -> tuple[str, ...]:
    """The TCP addresses at which anything listens in the network of the calling thread. Empty if that is unknown."""
    found = set()
    for name, width in (("tcp", 8), ("tcp6", 32)):
        try:
            with open(f"/proc/thread-self/net/{name}", encoding="ascii") as table:
                rows = [row.split() for row in list(table)[1:]]
        except OSError:
            continue
        for row in rows:
            if row[3] == LISTEN:
                packed, port = row[1].split(":")
                words = [bytes.fromhex(packed[place : place + 8])[::-1] for place in range(0, width, 8)]
                family = socket.AF_INET if width == 8 else socket.AF_INET6
                address = socket.inet_ntop(family, b"".join(words))
                found.add(f"{address}:{int(port, 16)}" if width == 8 else f"[{address}]:{int(port, 16)}")
    return tuple(sorted(found))


def serve(control: socket.socket) -> None:
    """Carry out what the harness asks for until its end of the socket closes."""
    lock = threading.Lock()

    def send(line: FromHost) -> None:
        data = encode(line) + b"\n"
        with lock:
            control.sendall(data)

    lines = read_lines(control.fileno())
    begin = decode_begin(next(lines))
    sys.path[:0] = begin.folders
    try:
        program = find_system(begin.system)
        assert isinstance(program, Program)
        host = Host(begin, program, send)
    except Exception as error:
        send(broken("client", "", "cannot be made:", error))
        return
    for line in lines:
        host.take(decode_to_host.decode(line))


def end_with(type: type[BaseException], error: BaseException | None, place: TracebackType | None) -> None:
    """End the process: a thread of this module has a bug, and its operations would wait for ever."""
    traceback.print_exception(type, error, place)
    os._exit(1)


if __name__ == "__main__":
    threading.excepthook = lambda hook: end_with(hook.exc_type, hook.exc_value, hook.exc_traceback)
    with socket.socket(fileno=CONTROL) as control:
        serve(control)
    # Threads that hang must not keep the process alive.
    os._exit(0)
