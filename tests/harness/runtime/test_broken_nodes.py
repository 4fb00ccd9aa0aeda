"""A node that dies by itself, hangs or prints garbage: the run says so, shows its stderr, exits with 255."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from clew.harness.plan import load, resolve
from clew.harness.run import simulate
from tests.harness.conftest import clew_called_in

SYSTEM = """
import os, sys, time
import msgspec
from clew.systems import Protocol

class Ask(msgspec.Struct, frozen=True, tag="ask", tag_field="type"):
    id: int

class Answer(msgspec.Struct, frozen=True, tag="answer", tag_field="type"):
    id: int

class Node:
    def start(self, ctx): pass
    def receive(self, ctx, source, message):
        print("about to break")
        sys.stdout.flush()
        {breaks}
        ctx.send(source, Answer(message.id))

class Client:
    def invoke(self, ctx, operation):
        ctx.send("n1", Ask(operation.id))
    def receive(self, ctx, source, message):
        if message.id < 0:
            raise RuntimeError("a client has ideas too")
        ctx.complete("ok")
    def wake(self, ctx, timer): pass

system = Protocol(
    name="broken", summary="breaks", messages=Ask | Answer, node=lambda p: Node(), client=lambda p: Client(),
    model="cas-register", functions=("read", "write", "cas"),
)
"""

PLAN = """
name: broken
system: {name: ./broken.py, nodes: 2}
workload: {kind: cas-register, clients: 1, operations: 3, timeout: 1s}
"""


@pytest.fixture(autouse=True)
def impatience(monkeypatch: pytest.MonkeyPatch) -> None:
    """A part that hangs is noticed soon."""
    monkeypatch.setattr("clew.harness.runtime.watchdog.STEP_SECONDS_MAX", 0.3)
    monkeypatch.setattr("clew.harness.runtime.simulation.simulation.EVENTS_AT_ONCE_MAX", 2000)


def run(folder: Path, breaks: str, nodes: str) -> subprocess.CompletedProcess[str]:
    (folder / "broken.py").write_text(SYSTEM.replace("{breaks}", breaks))
    (folder / "plan.yaml").write_text(PLAN)
    return clew_called_in(folder)("run", str(folder / "plan.yaml"), "--nodes", nodes)


@pytest.mark.parametrize(
    ("nodes", "breaks", "said"),
    [
        ("process", "raise RuntimeError('out of ideas')", "node n1 died by itself"),
        ("inline", "raise RuntimeError('out of ideas')", "node n1 raised RuntimeError: out of ideas"),
        ("inline", "import asyncio; raise asyncio.CancelledError", "node n1 raised CancelledError"),
        ("process", "os._exit(3)", "exit status 3"),
        ("process", "os.kill(os.getpid(), 9)", "node n1 was killed from outside"),
        ("process", "time.sleep(1000)", "node n1 hangs"),
        ("process", "while True: pass", "node n1 hangs"),
        ("inline", "time.sleep(1000)", "node n1 hangs"),
        ("inline", "while True: pass", "node n1 hangs"),
        ("inline", "exec('while True:\\n try: time.sleep(9)\\n except Exception: pass')", "node n1 hangs"),
        ("inline", "ctx.send('n1', message)", "node n1 takes more than 2,000 steps within a millisecond"),
        ("inline", "self.wake = lambda ctx, timer: ctx.set_timer('t', 0); self.wake(ctx, 't')", "node n1 takes more"),
        ("process", "ctx.send('n1', message)", "node n1 takes more than 2,000 steps within a millisecond"),
        ("process", "sys.exit(0)", "node n1 died by itself"),
        ("inline", "sys.exit(0)", "node n1 raised SystemExit: 0"),
        ("process", "ctx.send(source, 'no message')", "node n1 sends something that is not a message of its system"),
        ("inline", "ctx.send(source, 'no message')", "node n1 sends something that is not a message of its system"),
        ("process", "ctx.set_timer('t', 0.5)", "node n1 died by itself"),
        ("inline", "ctx.set_timer('t', 0.5)", "node n1 raised TypeError: set_timer('t', 0.5): expected a name"),
        ("inline", "ctx.set_timer('t', 5)", "node n1 raised AttributeError: 'Node' object has no attribute 'wake'"),
        ("process", "ctx.set_timer('t', 5)", "node n1 died by itself"),
        (
            "inline",
            "raise_in_client = ctx.send(source, Answer(-1))",
            "client c0 raised RuntimeError: a client has ideas",
        ),
    ],
)
def test_a_broken_node_ends_the_run(tmp_path: Path, nodes: str, breaks: str, said: str) -> None:
    done = run(tmp_path, breaks, nodes)
    assert done.returncode == 255, done.stdout + done.stderr
    assert said in done.stderr
    assert "Unknown as a whole, because a part of the system broke" in " ".join(done.stdout.split())
    if "ideas" in breaks:
        assert "RuntimeError: out of ideas" in done.stderr
    assert "lockstep.py" not in done.stderr, "clew's own traceback is nothing to the user"
    if nodes == "inline" and ("hangs" in said or "raised" in said):
        assert "broken.py" in done.stderr or "has no attribute" in said, "it says where"
        assert "simulation.py" not in done.stderr
    verdict = json.loads((tmp_path / "store" / "latest" / "verdict.json").read_text())
    assert verdict["verdict"] == "unknown"
    assert said in verdict["error"]
    left = subprocess.run(["pgrep", "-f", str(tmp_path)], capture_output=True, text=True, check=False)
    assert not left.stdout


def test_nodes_that_answer_each_answer_twice_end_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They take a while for it, so no millisecond has many steps at first."""
    monkeypatch.setattr("clew.harness.runtime.simulation.simulation.MESSAGES_UNDER_WAY", 500)
    done = run(tmp_path, "ctx.broadcast(message); ctx.broadcast(message); return", "inline")
    assert done.returncode == 255, done.stdout + done.stderr
    assert "sends more and more: " in done.stderr
    assert "of its messages are under way" in done.stderr


def test_much_traffic_that_does_not_grow_is_no_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("clew.harness.runtime.simulation.simulation.MESSAGES_UNDER_WAY", 20)
    _, outcome = simulate(resolve(load("rsl-counter-steady"), None, ["workload.clients=32"]))
    assert outcome.failure is None, "36 messages were under way at once"


def test_timeouts_that_wait_are_no_messages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("clew.harness.runtime.simulation.simulation.MESSAGES_UNDER_WAY", 30)
    plan = resolve(load("caspaxos-happy-path"), None, ["workload.operations=2000", "workload.think=0s"])
    _, outcome = simulate(plan)
    assert outcome.failure is None, outcome.failure


def test_what_a_node_prints_goes_to_its_log(tmp_path: Path) -> None:
    run(tmp_path, "os._exit(3)", "process")
    assert "about to break" in (tmp_path / "store" / "latest" / "nodes" / "n1.log").read_text()


def test_a_system_of_your_own_runs_inline_and_in_processes(tmp_path: Path) -> None:
    for nodes in ("inline", "process"):
        done = run(tmp_path, "pass", nodes)
        # It answers every read with nothing and loses every write: the check must notice.
        assert done.returncode in (0, 1), done.stderr
        assert "operations" in done.stdout


PARTS = """
from clew.systems.caspaxos import system as caspaxos
from dataclasses import replace

def loop(*arguments):
    while True: pass

def fail(*arguments):
    raise KeyError("what")

class Watcher:
    name = "watcher"
    watches = frozenset(caspaxos.messages.__args__)
    observe = staticmethod({does})

system = replace(caspaxos, name="parts", {part})
"""


@pytest.mark.parametrize(
    ("part", "does", "said"),
    [
        ("node=loop", "loop", "node n1 hangs"),
        ("client=loop", "loop", "client c0 hangs"),
        ("invariants=lambda parameters, nodes: [Watcher]", "loop", "invariant watcher hangs"),
        ("invariants=lambda parameters, nodes: [Watcher]", "fail", "invariant watcher raised KeyError: 'what'"),
        ("landmarks=lambda: [Watcher]", "loop", "landmark watcher hangs"),
        ("landmarks=lambda: [Watcher]", "fail", "landmark watcher raised KeyError: 'what'"),
    ],
)
def test_any_part_of_a_system_that_hangs_or_raises_ends_the_run_with_its_name(
    tmp_path: Path, part: str, does: str, said: str
) -> None:
    (tmp_path / "parts.py").write_text(PARTS.replace("{part}", part).replace("{does}", does))
    plan = PLAN.replace("broken.py", "parts.py").replace("timeout: 1s", "timeout: 1s, think: 1ms")
    (tmp_path / "plan.yaml").write_text(plan)
    _, outcome = simulate(resolve(load(str(tmp_path / "plan.yaml"))))
    assert said in str(outcome.failure)
    assert outcome.failure is not None
    assert "parts.py" in outcome.failure.detail


def test_a_crowd_of_messages_after_a_long_pause_is_no_mistake_of_the_node(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("clew.harness.runtime.simulation.simulation.EVENTS_AT_ONCE_MAX", 300)
    settings = ["workload.clients=40", "workload.operations=2000", "workload.timeout=5ms", "workload.think=0s"]
    settings += ["nemesis=[pause: {target: all, at: 20ms, for: 400ms}]", "recovery.within=1s"]
    plan = resolve(load("caspaxos-happy-path"), None, settings)
    history, outcome = simulate(plan)
    assert outcome.failure is None, outcome.failure
    assert len(history) > 2000
