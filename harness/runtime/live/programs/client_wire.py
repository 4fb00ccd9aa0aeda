"""The lines between the harness and the client host: one JSON value each, in both directions, over one socket.

harness ──> host    Begin, then Invoke, Replace, AskReady, ForgetReady
host ──> harness    Done, Back, Ready, Unready, Leads, Broken
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import msgspec

from clew.systems import Program, ProgramCluster, ProgramNode

CONTROL = 3
"""The descriptor of the host's end of the socket."""


RESULT_MOST = 8 << 20
"""Bytes of the largest result of an operation, as JSON."""


class Begin(msgspec.Struct, frozen=True, tag_field="line", tag="begin"):
    """The first line: what the host needs to make clients."""

    system: str
    """What `find_system` takes."""
    parameters: msgspec.Raw
    """The system's parameters as JSON."""
    nodes: tuple[ProgramNode, ...]
    """All nodes."""
    timeout: float
    """`ProgramCluster.timeout`."""
    namespaces: dict[str, int]
    """The descriptor of each endpoint's network namespace. Empty on loopback."""
    folders: tuple[str, ...]
    """What the user's files may import from."""

    def cluster(self, program: Program) -> ProgramCluster:
        """The cluster as the program's functions take it."""
        return ProgramCluster(self.nodes, msgspec.json.decode(self.parameters, type=program.parameters), self.timeout)


class Invoke(msgspec.Struct, frozen=True, tag_field="line", tag="invoke"):
    """The client of this thread shall carry out an operation."""

    thread: int
    node: str
    """The node that the client talks to first."""
    id: int
    f: str
    key: Any
    value: Any
    final: bool


class Replace(msgspec.Struct, frozen=True, tag_field="line", tag="replace"):
    """The client of this thread is given up, in whatever it is doing. The next operation needs a new one."""

    thread: int


class AskReady(msgspec.Struct, frozen=True, tag_field="line", tag="ask-ready"):
    """Ask whether a node is ready until it is, and then say so."""

    node: str
    question: int
    """A number that no other question has."""


class ForgetReady(msgspec.Struct, frozen=True, tag_field="line", tag="forget-ready"):
    """Nobody waits for the answer to this question any more."""

    question: int


ToHost = Begin | Invoke | Replace | AskReady | ForgetReady


class Done(msgspec.Struct, frozen=True, tag_field="line", tag="done"):
    """An operation has ended."""

    thread: int
    id: int
    type: Literal["ok", "fail", "info"]
    value: Any
    error: str | None


class Back(msgspec.Struct, frozen=True, tag_field="line", tag="back"):
    """A client that was given up has come back from its operation. What it says of it is dropped."""

    id: int


class Ready(msgspec.Struct, frozen=True, tag_field="line", tag="ready"):
    """The node is ready."""

    question: int


class Unready(msgspec.Struct, frozen=True, tag_field="line", tag="unready"):
    """The node is not ready yet. Sent when `listens` changes."""

    node: str
    listens: tuple[str, ...]
    """Where anything in the node's network listens: `127.0.0.1:8000`. Empty on loopback."""


class Leads(msgspec.Struct, frozen=True, tag_field="line", tag="leads"):
    """This node leads now."""

    node: str


class Broken(msgspec.Struct, frozen=True, tag_field="line", tag="broken"):
    """The system's own code is wrong."""

    part: Literal["node", "client"]
    name: str
    """The node or client. Empty: all clients."""
    what: str
    detail: str
    """The traceback."""


FromHost = Done | Back | Ready | Unready | Leads | Broken


def _path(type: type, text: Any) -> Any:
    assert type is Path
    return Path(text)


encode = msgspec.json.Encoder(enc_hook=str).encode
"""The JSON of a line. It has no line break."""
decode_begin = msgspec.json.Decoder(Begin, dec_hook=_path).decode
decode_to_host: msgspec.json.Decoder[ToHost] = msgspec.json.Decoder(ToHost, dec_hook=_path)
decode_from_host: msgspec.json.Decoder[FromHost] = msgspec.json.Decoder(FromHost)
