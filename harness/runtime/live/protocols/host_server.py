"""The host server: the process inside the world that node hosts are forked from.

It has imported the system, so a node starts in milliseconds and not in a tenth of a second. Every host lives in the
network namespace of its node. When the server ends, the kernel ends all hosts: they are in its PID namespace, and the
parent-death signal does the same where there are no namespaces.

    python -m clew.harness.runtime.live.protocols.host_server SYSTEM
                  descriptor 3: requests, descriptor 4: the `Setup`

    Spawn with two descriptors ──> process id     a host with this control socket and this log
    Signal                     ──> 0              when a stopped process stands still
    Reap                       ──> exit status    of a process that has ended or is about to

Requests and answers are packets in msgpack (`node_wire.py`).
"""

from __future__ import annotations

import ctypes
import gc
import os
import signal
import socket
import sys
from typing import NoReturn

import msgspec

from clew.harness.runtime.failure import report
from clew.harness.runtime.live.garbage import MIDDLE, OLD, YOUNG
from clew.harness.runtime.live.protocols.node_host import NodeHost
from clew.harness.runtime.live.protocols.node_wire import Life, Reap, Request, Setup, Signal, Spawn, encode
from clew.harness.runtime.live.world.kernel import die_with
from clew.systems.registry import find_protocol

_CLONE_NEWNET = 0x40000000


def serve(setup: Setup, requests: socket.socket) -> None:
    """Answer requests until the harness is gone."""
    ended: dict[int, int] = {}
    decode = msgspec.msgpack.Decoder(Request).decode
    while True:
        request, descriptors, _, _ = socket.recv_fds(requests, 1 << 16, 2)
        if not request:
            return
        answer = 0
        match decode(request):
            case Spawn(life):
                me = os.getpid()
                answer = os.fork()
                if answer == 0:
                    requests.close()
                    _become_host(setup, life, me, *descriptors)
                for descriptor in descriptors:
                    os.close(descriptor)
            case Signal(pid, number):
                if pid not in ended:
                    os.kill(pid, number)
                if number == signal.SIGSTOP and pid not in ended:
                    _, status = os.waitpid(pid, os.WUNTRACED)
                    if not os.WIFSTOPPED(status):
                        ended[pid] = os.waitstatus_to_exitcode(status)
            case Reap(pid):
                answer = ended.pop(pid) if pid in ended else os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        requests.send(encode(answer))


def _become_host(setup: Setup, life: Life, parent: int, control: int, log: int) -> NoReturn:
    """Live one life of a node in this process, which was just forked."""
    status = 1
    try:
        die_with(parent)
        if life.name in setup.enters:
            _enter(setup.enters[life.name])
        for descriptor in setup.enters.values():
            os.close(descriptor)
        os.dup2(log, 1)
        os.dup2(log, 2)
        gc.set_threshold(YOUNG, MIDDLE, OLD)
        NodeHost(setup, find_protocol(setup.system), life, socket.socket(fileno=control)).run()
    except EOFError:
        status = 0
    except BaseException as error:
        os.write(2, report(error).encode())
    finally:
        os._exit(status)


def _enter(namespace: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.setns(namespace, _CLONE_NEWNET):
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error), "setns")


if __name__ == "__main__":
    # Ctrl-C is for the harness, which decides what becomes of the hosts.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    find_protocol(sys.argv[1])
    with open(4, "rb") as stream:
        setup = msgspec.json.decode(stream.read(), type=Setup)
    with socket.socket(fileno=3) as requests:
        gc.collect()
        gc.freeze()
        requests.send(encode(0))
        serve(setup, requests)
