"""Nodes as processes of their own, in lockstep with whoever runs them, over stdin and stdout.

Every line in is one step of the node, its effects are the lines out (`clew.systems.wire`). What the node prints goes to
its log.

`python -m clew.systems.stdio PARENT SYSTEM` is not a node yet but the *fork_server* that nodes are forked from: it has
imported the system, so a restarted node is there in milliseconds instead of a tenth of a second. The fork_server ends
with its parent and every node with the fork_server, however they end: the kernel sends them SIGKILL.
"""

from __future__ import annotations

import ctypes
import os
import random
import signal
import socket
import sys
import traceback
from collections.abc import Iterator
from typing import NoReturn

import msgspec

from clew.systems.node import Context, Node
from clew.systems.registry import find_protocol
from clew.systems.wire import HARNESS, Init, LineIn, Wake, lines_out


def die_with(parent: int) -> None:
    """Have the kernel kill this process when `parent` ends; end at once if it has ended already.

    PR_SET_PDEATHSIG fires when the *thread* that made the process ends, so it must be made by a main thread.
    """
    set_pdeathsig = 1
    ctypes.CDLL(None).prctl(set_pdeathsig, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def fork_server(control: socket.socket) -> None:
    """Fork nodes on request, until the socket closes.

    `spawn`, with three descriptors (stdin, stdout, stderr), is answered by the process id; `reap <pid>` by the status
    with which that process ended (negative: the signal), as soon as it has.
    """
    while True:
        request, descriptors, _, _ = socket.recv_fds(control, 64, 3)
        if not request:
            return
        if request == b"spawn":
            me = os.getpid()
            pid = os.fork()
            if pid == 0:
                control.close()
                be_a_node(me, descriptors)
            for descriptor in descriptors:
                os.close(descriptor)
            control.send(b"%d" % pid)
        else:
            _, status = os.waitpid(int(request.split()[1]), 0)
            control.send(b"%d" % os.waitstatus_to_exitcode(status))


def be_a_node(parent: int, descriptors: list[int]) -> NoReturn:
    """What a forked process does: live one life over these descriptors, and leave only its own traces."""
    # Ctrl-C goes to the whole foreground group; what becomes of the nodes then is the harness's business.
    os.setsid()
    die_with(parent)
    source, sink, log = descriptors
    os.dup2(source, 0)
    os.dup2(log, 2)
    # A node that prints must not break the protocol: what it writes to stdout goes to its log instead.
    os.dup2(log, 1)
    try:
        serve(0, sink)
    except BaseException:
        traceback.print_exc()
        sys.stderr.flush()
        os._exit(1)
    os._exit(0)


def lines(descriptor: int) -> Iterator[bytes]:
    """The lines of a pipe as they come. (Iterating over sys.stdin.buffer takes 90 us a line, this takes 10.)"""
    rest = b""
    while data := os.read(descriptor, 1 << 16):
        *whole, rest = (rest + data).split(b"\n")
        yield from whole


def write_all(descriptor: int, data: bytes) -> None:
    """Write all of `data` to a blocking pipe."""
    while data:
        data = data[os.write(descriptor, data) :]


MALFORMED = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What a decoder raises for bytes that are no message: wrong syntax or types, no UTF-8, nested without end."""


def serve(source: int, sink: int) -> None:
    """Be one life of a node until the lines end."""
    steps = lines(source)
    envelope = msgspec.json.Decoder(LineIn)
    first = envelope.decode(next(steps))
    init = msgspec.json.decode(first.body, type=Init)
    system = find_protocol(init.system)
    parameters = msgspec.json.decode(init.parameters, type=system.parameters)
    disk = {key: bytes(value) for key, value in init.disk.items()}
    name = first.dest
    ctx = Context(name, init.nodes, random.Random(init.seed), disk)
    ctx.now = first.time
    node: Node = system.variant(init.variant).node(parameters)
    node.start(ctx)
    write_all(sink, lines_out(name, ctx.take()))
    message = msgspec.json.Decoder(system.messages)
    wake = msgspec.json.Decoder(Wake)
    for line in steps:
        try:
            step = envelope.decode(line)
        except MALFORMED as error:
            ctx.log(f"ignored what is no message: {error}")
            write_all(sink, lines_out(name, ctx.take()))
            continue
        ctx.now = step.time
        if step.src == HARNESS:
            node.wake(ctx, wake.decode(step.body).timer)
        else:
            try:
                body = message.decode(step.body)
            except MALFORMED as error:
                ctx.log(f"ignored what is no message, from {step.src}: {error}")
            else:
                node.receive(ctx, step.src, body)
        write_all(sink, lines_out(name, ctx.take()))


if __name__ == "__main__":
    die_with(int(sys.argv[1]))
    find_protocol(sys.argv[2])
    with socket.socket(fileno=0) as control:
        control.send(b"ready")
        fork_server(control)
