"""The lines between the harness and a node process: JSON, in the form of Maelstrom's messages.

    in   {"src":"clew","dest":"n1","time":0,"body":{"type":"init","system":"caspaxos",...,"disk":{}}}
    in   {"src":"n2","dest":"n1","time":5034211,"body":{"type":"prepare",...}}
    out  {"src":"n1","dest":"clew","body":{"type":"write","key":"r/0","value":{...}}}
    out  {"src":"n1","dest":"n2","body":{"type":"promise",...}}
    out  {"src":"n1","dest":"clew","body":{"type":"done"}}

Every line in is one step of the node. The effects of the step come out in order, and `done` ends them.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from clew.systems.node import CancelTimer, Count, Effect, Log, Send, SetTimer, Sync, Write

HARNESS = "clew"
"""The name of the harness in `src` and `dest`."""


class Init(msgspec.Struct, frozen=True, tag_field="type", tag="init"):
    """The body of the first line to a node: begin a life."""

    system: str
    """The name of the system, or the path of its file."""
    variant: str | None
    """The name of the variant. None: the correct protocol."""
    parameters: msgspec.Raw
    """The system's parameters, as JSON."""
    nodes: tuple[str, ...]
    """The names of all nodes."""
    seed: int
    """The seed of this life's random numbers."""
    disk: dict[str, msgspec.Raw]
    """What the disk holds, as JSON values by key."""


class Wake(msgspec.Struct, frozen=True, tag_field="type", tag="wake"):
    """The body of a line that wakes a node."""

    timer: str
    """The name of the timer that is due."""


class LineIn(msgspec.Struct, frozen=True):
    """A line to a node."""

    src: str
    """The node or client that sent the message, or the harness."""
    dest: str
    """The node that takes the step."""
    time: int
    """Nanoseconds since the start of the run."""
    body: msgspec.Raw
    """A message of the system. From the harness: an `Init` in the first line, and a `Wake` in any other."""


class LineOut(msgspec.Struct, frozen=True):
    """A line from a node."""

    src: str
    """The node."""
    dest: str
    """Where a message goes, or the harness."""
    body: Any
    """A message of the system. To the harness: an `Asked`."""


class _LineOutRead(msgspec.Struct, frozen=True):
    """A `LineOut` as it is read. Its `dest` decides what its body is decoded as."""

    src: str
    dest: str
    body: msgspec.Raw


class Asked(msgspec.Struct, frozen=True, omit_defaults=True):
    """The body of a line to the harness: an effect other than `Send`, or the end of the step (`done`).

    The fields are those of the effects. Each effect uses its own and leaves the others out.
    """

    type: Literal["done", "set_timer", "cancel_timer", "write", "sync", "log", "count"]
    name: str = ""
    delay: int = 0
    amount: int = 0
    key: str = ""
    value: msgspec.Raw = msgspec.Raw(b"null")
    text: str = ""


DONE = b'"dest":"clew","body":{"type":"done"}}\n'
"""The end of the last line of every step."""

_DONE = Asked("done")
_SYNC = Asked("sync")
_encode_lines = msgspec.json.Encoder().encode_lines
_decode_line = msgspec.json.Decoder(_LineOutRead).decode
_decode_asked = msgspec.json.Decoder(Asked).decode


def line_in(source: str, name: str, now: int, body: bytes) -> bytes:
    """Build the line, with its line break, that makes node `name` take a step. `body` is JSON."""
    return b'{"src":"%b","dest":"%b","time":%d,"body":%b}\n' % (source.encode(), name.encode(), now, body)


def lines_out(name: str, effects: list[Effect]) -> bytes:
    """The lines for all effects of one step of node `name`, with their line breaks, `done` at their end."""
    out: list[LineOut] = []
    for effect in effects:
        if isinstance(effect, Send):
            out.append(LineOut(name, effect.destination, effect.message))
        elif isinstance(effect, SetTimer):
            out.append(LineOut(name, HARNESS, Asked("set_timer", name=effect.name, delay=effect.delay)))
        elif isinstance(effect, CancelTimer):
            out.append(LineOut(name, HARNESS, Asked("cancel_timer", name=effect.name)))
        elif isinstance(effect, Write):
            out.append(LineOut(name, HARNESS, Asked("write", key=effect.key, value=effect.value)))
        elif isinstance(effect, Sync):
            out.append(LineOut(name, HARNESS, _SYNC))
        elif isinstance(effect, Log):
            out.append(LineOut(name, HARNESS, Asked("log", text=effect.text)))
        elif isinstance(effect, Count):
            out.append(LineOut(name, HARNESS, Asked("count", name=effect.name, amount=effect.amount)))
    out.append(LineOut(name, HARNESS, _DONE))
    return _encode_lines(out)


def effect_of(line: bytes, message: msgspec.json.Decoder[Any]) -> Effect | None:
    """The effect that a line stands for, or None for `done`. `message` decodes the system's messages.

    Raises one of `MALFORMED` for any other line.
    """
    out = _decode_line(line)
    if out.dest != HARNESS:
        return Send(out.dest, message.decode(out.body))
    asked = _decode_asked(out.body)
    match asked.type:
        case "set_timer":
            return SetTimer(asked.name, asked.delay)
        case "cancel_timer":
            return CancelTimer(asked.name)
        case "write":
            return Write(asked.key, asked.value)
        case "sync":
            return Sync()
        case "log":
            return Log(asked.text)
        case "count":
            return Count(asked.name, asked.amount)
        case "done":
            return None
