"""What a person is told of a run, and how a run ends that nobody can end well."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from clew.harness.cli.console import tell
from clew.harness.verdict.result import Result

STUCK = """
import msgspec
from clew.systems import Protocol

class Ask(msgspec.Struct, frozen=True, tag="ask"):
    id: int

class Node:
    def start(self, ctx): pass
    def wake(self, ctx, timer): pass
    def receive(self, ctx, source, message):
        print("stuck", flush=True)
        while True: pass

class Client:
    def invoke(self, ctx, operation): ctx.send("n1", Ask(operation.id))
    def receive(self, ctx, source, message): pass
    def wake(self, ctx, timer): pass

system = Protocol(
    name="stuck", summary="hangs", messages=Ask, node=lambda p: Node(), client=lambda p: Client(),
    model="counter", functions=("read", "add-and-get"),
)
"""
PLAN = """
name: stuck
system: {name: ./stuck.py, nodes: 1}
workload: {kind: counter, clients: 1, operations: 3, timeout: 1s}
"""


@pytest.mark.parametrize("signals", [[signal.SIGTERM], [signal.SIGINT, signal.SIGINT]])
def test_a_step_that_never_returns_is_ended_by_force(tmp_path: Path, signals: list[signal.Signals]) -> None:
    (tmp_path / "stuck.py").write_text(STUCK)
    (tmp_path / "plan.yaml").write_text(PLAN)
    grace = 0.5 if len(signals) == 1 else 100
    code = f"import clew.harness.cli.foreground as t; t.PATIENCE, t.GRACE = 0.2, {grace}; "
    code += "from clew.harness.cli.app import main; main()"
    command = [sys.executable, "-c", code, "run", "plan.yaml", "--nodes", "inline"]
    with subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True) as clew:
        assert clew.stderr is not None
        # What a node prints goes there, for stdout is ours.
        assert clew.stderr.readline() == "stuck\n"
        for kind in signals:
            time.sleep(0.4)
            clew.send_signal(kind)
        assert clew.wait(timeout=20) == 255
        assert "a step of a node does not return; ended by force" in clew.stderr.read()


def test_what_nodes_count_is_told_by_name(capsys: pytest.CaptureFixture[str]) -> None:
    counts = {"protocol": {"views led": 1, "batches": 2}, "operations": {"ok": 3}}
    result = Result(verdict="valid", plan="p", seed=0, checks={}, operations=3, explanation="", run=None, counts=counts)
    tell(result, json=False)
    out = capsys.readouterr().out
    assert "protocol     batches 2, views led 1\n" in out
    assert "operations   3 ok\n" in out
