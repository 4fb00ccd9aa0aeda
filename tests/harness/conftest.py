"""The command line, as a process or called in this one; and runs for tests that only look at them."""

from __future__ import annotations

import contextlib
import io
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from clew.harness.view.browser import browser, open_page
from tests.harness.shown import failing_run

Clew = Callable[..., subprocess.CompletedProcess[str]]

PLAN = """\
name: small
system: {name: caspaxos, nodes: 3}
workload: {kind: cas-register, clients: 2, operations: 20, values: 3, timeout: 1s}
network: {latency: {exponential: 5ms}, drop: 0.1}
nemesis:
  - crash: {target: one, at: 50ms, for: 100ms}
  - partition: {kind: one, at: 200ms, for: 100ms}
seed: 5
"""


def clew_in(folder: Path) -> Clew:
    """A function that runs `clew` as a process in this folder."""

    def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-c", "from clew.harness.cli.app import main; main()", *map(str, arguments)]
        return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=120)

    return run


def clew_called_in(folder: Path) -> Clew:
    """A function that calls `clew` in this process: same arguments, same output, same exit code, but no new process.

    A process takes a second to start, and more if it needs numba. Most claims about commands do not need one.
    """

    def call(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
        from clew.harness.cli.app import main

        out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True) for _ in range(2))
        words = [str(argument) for argument in arguments]
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(sys, "argv", ["clew", *words])
            patch.chdir(folder)
            with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), pytest.raises(SystemExit) as end:
                main()
        texts = (stream.buffer.getvalue().decode() for stream in (out, err))  # type: ignore[attr-defined]
        code = end.value.code
        return subprocess.CompletedProcess(words, code if isinstance(code, int) else 0, *texts)

    return call


@pytest.fixture
def clew(tmp_path: Path) -> Clew:
    """Run `clew` with these arguments, as a process in an empty folder."""
    return clew_in(tmp_path)


@pytest.fixture
def clew_call(tmp_path: Path) -> Clew:
    """Call `clew` with these arguments, in this process and an empty folder."""
    return clew_called_in(tmp_path)


@pytest.fixture(scope="session")
def recorded_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The store of a recorded run, for `recorded` to copy."""
    folder = tmp_path_factory.mktemp("recorded")
    (folder / "small.yaml").write_text(PLAN)
    done = clew_called_in(folder)("run", "small.yaml", "--nodes", "inline")
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def recorded(recorded_once: Path, tmp_path: Path) -> Path:
    """The folder of a recorded run, in a store of the test's own."""
    shutil.copytree(recorded_once, tmp_path, symlinks=True, dirs_exist_ok=True)
    return (tmp_path / "store" / "latest").resolve()


@pytest.fixture(scope="session")
def failing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run in which acceptors forgot, and a client saw it; only to be looked at."""
    return failing_run(tmp_path_factory.mktemp("failing"))


@pytest.fixture(scope="session")
def browser_once() -> Iterator[Any]:
    """One browser for all tests of pages: starting it takes longer than most of them."""
    with browser() as driver:
        yield driver


@pytest.fixture
def chromium(browser_once: Any) -> Any:
    """A browser that has said nothing yet."""
    browser_once.get("about:blank")
    browser_once.get_log("browser")
    return browser_once


@pytest.fixture
def failing_page(browser_once: Any, failing: Path) -> Any:
    """A browser with the page of `failing` at its violation, for tests that do not ask how it opens.

    It is opened once for several tests: that takes longer than most of them.
    """
    page = failing / "report.html"
    if browser_once.current_url.partition("#")[0] != page.resolve().as_uri():
        open_page(browser_once, page)
    browser_once.execute_script("document.getElementById('faults').open = false; scrollTo(0, 0)")
    browser_once.execute_script("document.querySelector('#moments button').click()")
    browser_once.get_log("browser")
    return browser_once
