"""A system of a test's own, in a file beside its plan: one register on one node, wrong wherever the test wants it."""

from __future__ import annotations

from pathlib import Path

SYSTEM = """
import os, random
import msgspec
from clew.systems import Protocol, Reply

class Ask(msgspec.Struct, frozen=True, tag="ask"):
    id: int
    f: str
    value: int | None

class Answer(Reply, frozen=True, tag="answer"):
    value: int | None

class Node:
    value = None
    def start(self, ctx): pass
    def wake(self, ctx, timer): pass
    def receive(self, ctx, source, message):
        if message.f == "write":
            self.value = message.value
        {breaks}
        ctx.send(source, Answer(message.id, {answer}))

class Client:
    def invoke(self, ctx, operation):
        ctx.send("n1", Ask(operation.id, operation.f, operation.value))
    def receive(self, ctx, source, message):
        ctx.complete("ok", message.value)
    def wake(self, ctx, timer): pass

system = Protocol(
    name="echo", summary="a register", messages=Ask | Answer, node=lambda parameters: Node(),
    client=lambda parameters: Client(), model="register", functions=("read", "write"),
)
"""

PLAN = """\
name: echo
system: {name: echo.py, nodes: 1}
workload: {kind: cas-register, clients: 1, operations: 20, timeout: 1s}
"""


def put(folder: Path, *, answer: str = "self.value", breaks: str = "pass", plan: str = PLAN) -> Path:
    """The system and a plan for it in this folder; where the plan is.

    `answer` is the value that the node answers with, `breaks` a statement before it does. Both see `message` (with
    `id`, `f` and `value`), `source` and `ctx`.
    """
    (folder / "echo.py").write_text(SYSTEM.replace("{answer}", answer).replace("{breaks}", breaks))
    (folder / "echo.yaml").write_text(plan)
    return folder / "echo.yaml"
