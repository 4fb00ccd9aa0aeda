"""What goes between the harness and a node that is a process: a JSON line a message, shaped like Maelstrom's.

    in   {"src":"clew","dest":"n1","time":0,"body":{"type":"init","system":"caspaxos",...,"disk":{}}}
    in   {"src":"n2","dest":"n1","time":5034211,"body":{"type":"prepare",...}}
    out  {"src":"n1","dest":"clew","body":{"type":"write","key":"r/0","value":{...}}}
    out  {"src":"n1","dest":"n2","body":{"type":"promise",...}}
    out  {"src":"n1","dest":"clew","body":{"type":"done"}}

Every line in is one step of the node; the step's effects come out in order, closed by `done`.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from clew.systems.node import CancelTimer, Count, Effect, Log, Send, SetTimer, Sync, Write

HARNESS = "clew"
"""The name under which the harness speaks to a node."""


class Init(msgspec.Struct, frozen=True, tag_field="type", tag="init"):
    """The first step of a life: who the node is, and what its disk holds."""

    system: str
    variant: str | None
    parameters: msgspec.Raw
    nodes: tuple[str, ...]
    seed: int
    disk: dict[str, msgspec.Raw]


class Wake(msgspec.Struct, frozen=True, tag_field="type", tag="wake"):
    """A timer that the node has set."""

    timer: str


class LineIn(msgspec.Struct, frozen=True):
    """A line to the node."""

    src: str
    dest: str
    time: int
    body: msgspec.Raw


class LineOut(msgspec.Struct, frozen=True):
    """A line from the node: a message, or with `dest` the harness an effect."""

    src: str
    dest: str
    body: Any


class _LineOutRead(msgspec.Struct, frozen=True):
    """The same as it is read: what its body is depends on its destination."""

    src: str
    dest: str
    body: msgspec.Raw


class Asked(msgspec.Struct, frozen=True, omit_defaults=True):
    """The body of a line to the harness: an effect other than a message."""

    type: Literal["done", "set_timer", "cancel_timer", "write", "sync", "log", "count"]
    name: str = ""
    delay: int = 0
    amount: int = 0
    key: str = ""
    value: msgspec.Raw = msgspec.Raw(b"null")
    text: str = ""


DONE = b'"dest":"clew","body":{"type":"done"}}\n'
"""How the last line of a step ends."""

_DONE = Asked("done")
_SYNC = Asked("sync")
_encode_lines = msgspec.json.Encoder().encode_lines
_decode_line = msgspec.json.Decoder(_LineOutRead).decode
_decode_asked = msgspec.json.Decoder(Asked).decode


def line_in(source: str, name: str, now: int, body: bytes) -> bytes:
    """The line that has a node take a step."""
    return b'{"src":"%b","dest":"%b","time":%d,"body":%b}\n' % (source.encode(), name.encode(), now, body)


def lines_out(name: str, effects: list[Effect]) -> bytes:
    """The lines that tell the harness of a step's effects."""
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
    """The effect that a line tells of, None for `done`; `message` decodes the system's messages.

    Raises `msgspec.DecodeError` for a line that is none of these.
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
