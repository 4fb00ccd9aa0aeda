"""Maelstrom's protocol: nodes are programs that read and write JSON lines. `system: {maelstrom: [ruby, raft.rb]}`.

    {"src": "c0", "dest": "n1", "body": {"type": "cas", "msg_id": 7, "key": 0, "from": 3, "to": 4}}      to stdin of n1
    {"src": "n1", "dest": "c0", "body": {"type": "cas_ok", "in_reply_to": 7}}                         from stdout of n1

Source: https://github.com/jepsen-io/maelstrom, doc/protocol.md and doc/workloads.md, workloads `lin-kv` and `echo`.
This module knows what the messages mean. It starts no process.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import msgspec

from clew.systems.node import Complete, Operation
from clew.systems.service import Service

HARNESS = "clew"
"""Who sends `init`, and gets the answer."""


Workload = Literal["lin-kv", "echo"]


class MaelstromParameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a plan says of a Maelstrom program."""

    maelstrom: tuple[str, ...]
    """The words that start a node. Each node is started with the same."""

    workload: Workload
    """What clients ask for. `lin-kv`: `read`, `write` and `cas`. `echo`: each `read` is sent as an `echo`."""

    environment: dict[str, str]
    """What is added to the environment of each node."""

    folder: str
    """The working directory of the nodes."""


class Envelope(msgspec.Struct, frozen=True):
    """One line: one message."""

    src: str
    """Who sends it, or who has sent it to a node that passes it on."""
    dest: str
    """Whom it is for."""
    body: msgspec.Raw
    """What it says, as JSON."""


class Body(msgspec.Struct, frozen=True):
    """What every body has. Everything else in it is between those who talk."""

    type: str
    """What kind of message it is."""


class Fault(msgspec.Struct, frozen=True):
    """One of Maelstrom's error codes."""

    name: str
    """Its name."""
    definite: bool
    """Whether the operation certainly did not happen, and never will."""


ERRORS = {
    0: Fault("timeout", False),
    1: Fault("node-not-found", True),
    10: Fault("not-supported", True),
    11: Fault("temporarily-unavailable", True),
    12: Fault("malformed-request", True),
    13: Fault("crash", False),
    14: Fault("abort", True),
    20: Fault("key-does-not-exist", True),
    21: Fault("key-already-exists", True),
    22: Fault("precondition-failed", True),
    30: Fault("txn-conflict", True),
}
"""The codes of doc/protocol.md. All others are indefinite."""
MISSING, PRECONDITION = 20, 22


class BadAnswer(ValueError):
    """A node answered with what is no answer to the request. The message says what was found and what was expected."""


def init_body(name: str, nodes: tuple[str, ...]) -> dict[str, Any]:
    """The first message of each life of a node."""
    return {"type": "init", "msg_id": 1, "node_id": name, "node_ids": list(nodes)}


def request(operation: Operation, workload: Workload = "lin-kv") -> dict[str, Any]:
    """The body of the request for an operation. Its `msg_id` is the operation's id, from 1."""
    head = {"type": operation.f, "msg_id": operation.id + 1}
    if workload == "echo":
        return {**head, "type": "echo", "echo": _payload(operation)}
    head["key"] = operation.key
    if operation.f == "write":
        return {**head, "value": operation.value}
    if operation.f == "cas":
        old, new = operation.value
        return {**head, "from": old, "to": new}
    return head


def answer(operation: Operation, body: dict[str, Any], workload: Workload = "lin-kv") -> Complete | None:
    """What a body says of an operation. None: it is the answer to another one.

    An echo that returns what was sent reads null, as a register does that nobody writes. An echo that returns something
    else reads that: no order of the operations explains it.

    Raises `BadAnswer` for a body that is no answer to such an operation.
    """
    if body.get("in_reply_to") != operation.id + 1:
        return None
    if body.get("type") == "error":
        return _error(operation, body)
    asked, field = ("echo", "echo") if workload == "echo" else (operation.f, "value")
    if body.get("type") != f"{asked}_ok":
        raise BadAnswer(f"answered {asked} with {body.get('type')!r}; expected {asked}_ok or error")
    if operation.f != "read":
        return Complete("ok", operation.value, None)
    if field not in body:
        raise BadAnswer(f"sent a {asked}_ok without {field!r}")
    value = body[field]
    return Complete("ok", None if workload == "echo" and value == _payload(operation) else value, None)


def _payload(operation: Operation) -> str:
    return f"please echo {operation.id}"


def _error(operation: Operation, body: dict[str, Any]) -> Complete:
    code = body.get("code")
    if type(code) is not int:
        raise BadAnswer(f"sent an error with the code {code!r}; expected a whole number")
    known = ERRORS.get(code, Fault("unknown", False))
    text = f"{code} {known.name}"
    if said := body.get("text"):
        text = f"{text}: {said}"
    if code == MISSING and operation.f == "read":
        # A key that was never written holds null.
        return Complete("ok", None, None)
    if operation.f == "cas" and (code == PRECONDITION or (code == MISSING and operation.value[0] is not None)):
        # The node has looked, and found something other than `from`: that is an observation.
        return Complete("fail", None, "mismatch")
    # What has no effect has not happened.
    certain = known.definite or operation.f == "read"
    return Complete("fail" if certain else "info", None, text)


@dataclass(frozen=True, kw_only=True)
class Maelstrom(Service):
    """Programs that speak Maelstrom's protocol. Their network is their stdin and stdout."""


system = Maelstrom(
    name="maelstrom",
    summary="any program that speaks Maelstrom's protocol, with the workload lin-kv or echo",
    model="cas-register",
    functions=lambda parameters: ("read",) if parameters.workload == "echo" else ("read", "write", "cas"),
    parameters=MaelstromParameters,
)
