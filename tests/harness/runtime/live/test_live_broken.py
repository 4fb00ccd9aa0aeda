"""A node that dies by itself, hangs or prints garbage in a live run: the run says so in a line and ends with it."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from clew.harness.runtime.live.protocols import protocol_cluster
from tests.harness import echo
from tests.harness.conftest import Clew

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def run(clew_call: Clew) -> Run:
    """`clew run` on a plan with these settings."""

    def run(plan: Path, *settings: str) -> subprocess.CompletedProcess[str]:
        all_settings = ("runtime=live", "live.network=loopback", "recovery.after=10ms", *settings)
        return clew_call("run", plan, *(word for setting in all_settings for word in ("--set", setting)))

    return run


@pytest.mark.parametrize(
    ("breaks", "said", "detail"),
    [
        (
            "raise RuntimeError('why not')",
            "node n1 ended by itself: exit status 1",
            "RuntimeError: why not",
        ),
        pytest.param(
            "print('bye', flush=True); os._exit(3)",
            "node n1 ended by itself: exit status 3",
            "bye",
            marks=pytest.mark.long,
        ),
        pytest.param("os.kill(os.getpid(), 11)", "node n1 was killed by SIGSEGV", "", marks=pytest.mark.long),
        ("exec('while True: pass')", "node n1 hangs: there is no sign of life for 1 s", ""),
        ("ctx.send(source, 'no message')", "node n1 sends something that is not a message of its system", ""),
        ("ctx.send('n1', message); return", "node n1 takes more than 100,000 steps at once", ""),
        ("ctx.send('c0', Answer(message.id, 0.5))", "client c0 raised ValueError", ""),
    ],
)
def test_a_node_that_breaks_ends_the_run(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, breaks: str, said: str, detail: str
) -> None:
    if "hangs" in said:
        # The other nodes get the usual ten seconds: on a busy machine, 100,000 steps take more than one.
        monkeypatch.setattr(protocol_cluster, "STEP_SECONDS_MAX", 1.0)
    plan = echo.put(tmp_path, breaks=breaks)
    if said.startswith("client"):
        system = plan.parent / "echo.py"
        text = system.read_text().replace("value: int | None\n\nclass Node", "value: float | None\n\nclass Node")
        system.write_text(text.replace('ctx.complete("ok", message.value)', "raise ValueError(message.value)"))
    done = run(plan)
    assert done.returncode == 255, done.stdout + done.stderr
    assert f"clew: {said}" in done.stderr
    assert detail in done.stderr
    assert "harness/runtime" not in done.stderr, "clew's own lines are nothing to the user"
    assert not subprocess.run(["pgrep", "-f", str(tmp_path)], capture_output=True, check=False).stdout


def test_a_system_that_breaks_when_it_is_made_ends_the_run(run: Run, tmp_path: Path) -> None:
    plan = echo.put(tmp_path)
    system = plan.parent / "echo.py"
    system.write_text(system.read_text().replace("lambda parameters: Node()", "lambda parameters: 1 / 0"))
    done = run(plan)
    assert done.returncode == 255
    assert "clew: node n1 ended by itself: exit status 1" in done.stderr
    assert "ZeroDivisionError" in done.stderr


def test_what_a_node_prints_goes_to_its_log(run: Run, tmp_path: Path) -> None:
    done = run(echo.put(tmp_path, breaks="print('hello', flush=True); ctx.log('and more')"))
    assert done.returncode == 0, done.stdout + done.stderr
    log = (tmp_path / "store" / "latest" / "nodes" / "n1.log").read_text()
    assert "hello\n" in log
    assert " and more\n" in log


def test_more_nodes_than_there_are_addresses_are_refused(run: Run, tmp_path: Path) -> None:
    done = run(echo.put(tmp_path), "system.nodes=255")
    assert done.returncode == 254
    assert done.stderr == "clew: echo: system.nodes: a live run has at most 254 nodes, not 255\n"
