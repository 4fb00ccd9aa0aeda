"""A client gets replies to its open operation only, however late or often they arrive."""

from __future__ import annotations

from pathlib import Path

import pytest

from clew.harness.plan import load, resolve
from clew.harness.run import simulate

SYSTEM = """
import msgspec
from clew.systems import Protocol, Reply

class Ask(msgspec.Struct, frozen=True, tag="ask"):
    id: int

class Answer({base}, frozen=True, tag="answer"):
    {fields}

class Node:
    def start(self, ctx): ...
    def receive(self, ctx, source, message):
        ctx.send(source, Answer(message.id))

class Client:
    def invoke(self, ctx, operation):
        self.id = operation.id
        ctx.send("n1", Ask(operation.id))
    def receive(self, ctx, source, answer):
        ctx.complete("ok", 0 if answer.id == self.id else 1)

system = Protocol(
    name="echo", summary="", messages=Ask | Answer, node=lambda parameters: Node(),
    client=lambda parameters: Client(), model="register", functions=("read",),
)
"""

PLAN = """\
name: echo
system: {name: echo.py, nodes: 1}
workload: {kind: cas-register, clients: 2, operations: 300, timeout: 10ms}
network: {clients: {latency: {uniform: [1ms, 15ms]}, duplicate: 0.5, reorder: 1}}
recovery: {after: 100ms, within: 10s}
checks: [linearizable]
"""


@pytest.mark.parametrize(
    ("base", "fields", "wrong"), [("Reply", "pass", False), ("msgspec.Struct", "id: int", True)], ids=["reply", "plain"]
)
def test_late_and_doubled_replies_are_dropped_and_plain_messages_are_not(
    tmp_path: Path, base: str, fields: str, wrong: bool
) -> None:
    (tmp_path / "echo.py").write_text(SYSTEM.replace("{base}", base).replace("{fields}", fields))
    (tmp_path / "echo.yaml").write_text(PLAN)
    history, _ = simulate(resolve(load(str(tmp_path / "echo.yaml")), 1))
    ends = [event for event in history.events() if event.type in ("ok", "info")]
    assert {event.type for event in ends} == {"ok", "info"}
    assert any(event.value == 1 for event in ends if event.type == "ok") == wrong
