"""No process of a browser stays, however clew ends; and what `clew report` refuses."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest

from clew.harness.view.browser import browser, missing
from tests.harness.conftest import Clew
from tests.harness.shown import STALE, history_file

needs_a_browser = pytest.mark.skipif(missing() is not None, reason=str(missing()))


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder with a short path: Chromium does not start if the path of its socket is longer than 107 bytes."""
    with tempfile.TemporaryDirectory(prefix="clew-") as path:
        yield Path(path)


def below(parent: int) -> dict[tuple[int, str], str]:
    """The processes that a process has started, and those that these have: the command line of each.

    By number and start: a number alone may come to name another process.
    """
    family: dict[int, list[tuple[int, str, str]]] = {}
    for path in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            fields = (path / "stat").read_text().rpartition(")")[2].split()
            line = (path / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            # A process without a command line has ended already.
            if line:
                family.setdefault(int(fields[1]), []).append((int(path.name), fields[19], line))
    found: dict[tuple[int, str], str] = {}
    waiting = [parent]
    while waiting:
        for number, start, line in family.get(waiting.pop(), ()):
            found[number, start] = line
            waiting.append(number)
    return found


def still_there(processes: Iterable[tuple[int, str]]) -> list[str]:
    """The command lines of those that have not ended."""
    found = []
    for number, start in processes:
        with contextlib.suppress(OSError):
            path = Path(f"/proc/{number}")
            if (path / "stat").read_text().rpartition(")")[2].split()[19] == start:
                found.append((path / "cmdline").read_text().replace("\0", " "))
    return [line for line in found if line]


def wait(condition: Callable[[], bool], told: Callable[[], object]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, told()
        time.sleep(0.02)


@needs_a_browser
@pytest.mark.parametrize(
    "number",
    [
        signal.SIGKILL,
        *(pytest.param(n, marks=pytest.mark.long) for n in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM)),
    ],
)
def test_no_process_of_a_browser_outlives_clew(tmp_path: Path, folder: Path, number: signal.Signals) -> None:
    """The signals go to the whole process group, as `timeout` and terminals send them."""
    history_file(tmp_path / "h.jsonl", STALE, model="cas-register")
    command = [sys.executable, "-c", "from clew.harness.cli.app import main; main()", "report", "h.jsonl", "--png"]
    environment = {**os.environ, "TMPDIR": str(folder)}
    begun: dict[tuple[int, str], str] = {}

    def rendering() -> bool:
        begun.update(below(process.pid))
        return any("--type=renderer" in line for line in begun.values())

    with subprocess.Popen(
        command, cwd=tmp_path, env=environment, stderr=subprocess.DEVNULL, start_new_session=True
    ) as process:
        try:
            wait(rendering, lambda: list(begun.values()))
            os.killpg(process.pid, number)
            process.wait(timeout=60)
        finally:
            process.kill()
    assert len(begun) > 5
    wait(lambda: not still_there(begun), lambda: still_there(begun))
    wait(lambda: not list(folder.glob("clew-browser-*")), lambda: list(folder.iterdir()))


@needs_a_browser
def test_a_browser_that_is_closed_leaves_no_process_and_no_profile(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    before = below(os.getpid())  # of other tests
    with browser() as driver:
        driver.get("about:blank")
        begun = {process: line for process, line in below(os.getpid()).items() if process not in before}
        assert any("--type=renderer" in line for line in begun.values())
    assert still_there(begun) == []
    assert not list(folder.glob("clew-browser-*"))


def test_dark_without_pictures_is_refused(clew_call: Clew, tmp_path: Path) -> None:
    history_file(tmp_path / "h.jsonl", STALE, model="cas-register")
    done = clew_call("report", "h.jsonl", "--dark")
    assert done.returncode == 254
    assert "--dark goes with --png" in done.stderr
    assert not (tmp_path / "h.html").exists()
