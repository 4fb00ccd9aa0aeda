"""A node in a process of its own, in lockstep with the harness: a line in is one step, its effects are the lines out.

`wire.py` has the form of the lines.
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterator

import msgspec

from clew.histories.event import MALFORMED
from clew.systems.node import Context, Node
from clew.systems.registry import find_protocol
from clew.systems.wire import HARNESS, Init, LineIn, Wake, lines_out


def run_node(source: int, sink: int) -> None:
    """Live one life of a node: read lines from `source` until it closes, and write lines to `sink`.

    A line that is not a message of the system is logged and ignored, as a packet of garbage would be. Raises whatever
    the node raises.
    """
    steps = read_lines(source)
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
            ctx.log(f"ignored a line that is not a message: {error}")
            write_all(sink, lines_out(name, ctx.take()))
            continue
        ctx.now = step.time
        if step.src == HARNESS:
            node.wake(ctx, wake.decode(step.body).timer)
        else:
            try:
                body = message.decode(step.body)
            except MALFORMED as error:
                ctx.log(f"ignored a line that is not a message, from {step.src}: {error}")
            else:
                node.receive(ctx, step.src, body)
        write_all(sink, lines_out(name, ctx.take()))


def read_lines(descriptor: int) -> Iterator[bytes]:
    """The lines of a pipe, as they come, without their line breaks.

    Iterating over `sys.stdin.buffer` takes 90 us a line; this takes 10 us.
    """
    rest = b""
    while data := os.read(descriptor, 1 << 16):
        *whole, rest = (rest + data).split(b"\n")
        yield from whole


def write_all(descriptor: int, data: bytes) -> None:
    """Write all of `data` to a blocking pipe."""
    while data:
        data = data[os.write(descriptor, data) :]
