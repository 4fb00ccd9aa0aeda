"""A run that hangs ends by force. The other ends of a run are tested in `test_clean_ends`."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import trio

from clew.harness.cli.foreground import run_in_foreground
from clew.harness.cli.signals import stop_signals

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
    code = f"import clew.harness.cli.foreground as t; t.STUCK_SECONDS, t.GRACE_SECONDS = 0.2, {grace}; "
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


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_stop_signals_do_what_ctrl_c_does(number: signal.Signals) -> None:
    before = signal.getsignal(number)
    with pytest.raises(KeyboardInterrupt), stop_signals():
        signal.raise_signal(number)
    assert signal.getsignal(number) == before


def test_a_third_ctrl_c_during_the_clean_up_sets_no_alarm(monkeypatch: pytest.MonkeyPatch) -> None:
    """The second one has ended what handles the alarm. The alarm would kill the process while it writes its verdict."""
    monkeypatch.setattr("clew.harness.cli.foreground.GRACE_SECONDS", 0.05)
    alarms: list[int] = []

    async def job(stop: trio.CancelScope) -> None:
        try:
            for _ in range(2):
                signal.raise_signal(signal.SIGINT)
                await trio.sleep(0.1)
        finally:
            with trio.CancelScope(shield=True):
                await trio.sleep(0.1)
                signal.raise_signal(signal.SIGINT)
                await trio.sleep(0.2)

    async def nothing() -> None:
        pass

    before = signal.signal(signal.SIGALRM, lambda number, frame: alarms.append(number))
    try:
        with pytest.raises(KeyboardInterrupt):
            run_in_foreground(job, nothing)
    finally:
        signal.signal(signal.SIGALRM, before)
    assert not alarms


def test_a_process_that_was_stopped_over_its_alarm_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """SIGINT, SIGSTOP, SIGCONT: the alarm arrives before trio runs again, and only then."""
    monkeypatch.setattr("clew.harness.cli.foreground.GRACE_SECONDS", 0.2)
    monkeypatch.setattr("clew.harness.cli.foreground.STUCK_SECONDS", 0.3)
    ends: list[int] = []
    monkeypatch.setattr("clew.harness.cli.foreground.os._exit", ends.append)

    async def job(stop: trio.CancelScope) -> str:
        signal.raise_signal(signal.SIGINT)
        await trio.sleep(0)
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGALRM])
        time.sleep(0.5)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGALRM])
        with trio.CancelScope(shield=True):
            await trio.sleep(0.6)
        return "done"

    async def nothing() -> None:
        pass

    assert run_in_foreground(job, nothing) == "done"
    assert not ends


def test_an_ignored_hangup_stays_ignored() -> None:
    """This is what `nohup` asks for."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with stop_signals():
            signal.raise_signal(signal.SIGHUP)
    finally:
        signal.signal(signal.SIGHUP, before)
