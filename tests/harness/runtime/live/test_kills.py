"""Whatever moment the harness is killed at: no process, namespace, mount or interface of a live run is left."""

from __future__ import annotations

import os
import signal
import time
import traceback
import uuid
from pathlib import Path
from random import Random

import pytest
import trio

from tests.harness.runtime.live import kills
from tests.harness.runtime.live.left import Before, namespaces_of
from tests.harness.runtime.live.worlds import Open, marked, start

DAEMON = "setsid sh -c 'setsid sleep 1000 & exec sleep 1000' & sleep 1000"


@pytest.fixture
def mark(monkeypatch: pytest.MonkeyPatch) -> str:
    """All processes that this test starts have it in their environment."""
    made = uuid.uuid4().hex
    monkeypatch.setenv("CLEW_TEST_MARK", made)
    return made


def harness(opened: Open, mark: str) -> int:
    """Fork a harness that makes a world, starts programs with daemons, pauses some, and goes on so. Its process id.

    Not a process of its own program: that would take most of its life to import things.
    """

    async def main() -> None:
        async with opened(["n1", "n2", "n3", "c0"]) as world:
            while True:
                for name in ("n1", "n2", "n3"):
                    process = await start(world, name, "sh", "-c", DAEMON, CLEW_TEST_MARK=mark)
                    await process.pause()
                    if name != "n1":
                        await process.kill()

    pid = os.fork()
    if pid == 0:
        try:
            trio.run(main)
        except BaseException:
            traceback.print_exc()
        os._exit(1)
    return pid


@pytest.mark.parametrize("many", [8, pytest.param(100, marks=pytest.mark.long)])
def test_many_kills_of_a_harness_leave_nothing(opened: Open, mark: str, many: int) -> None:
    """At a random moment of each of many equal parts of the first 0.3 s. A world is ready after 0.05 s or more."""
    random = Random(1)
    before = Before(mark)
    for part in range(many):
        pid = harness(opened, mark)
        time.sleep(0.3 * (part + random.random()) / many)
        namespaces = namespaces_of(marked(mark))
        os.kill(pid, signal.SIGKILL)
        _, status = os.waitpid(pid, 0)
        assert os.WIFSIGNALED(status), "the harness ended by itself"
        before.assert_nothing_is_left(namespaces)


@pytest.mark.parametrize("how", ["stopped", "forked"])
def test_nothing_is_left_even_if(opened: Open, mark: str, how: str) -> None:
    """Even if all processes are stopped; even if a fork of the harness holds the sockets of the world open."""

    async def main() -> None:
        async with opened(["n1", "n2"]) as world:
            await start(world, "n1", "sh", "-c", DAEMON, CLEW_TEST_MARK=mark)
            if how == "forked" and os.fork() == 0:
                os.write(writing, b"%d" % os.getpid())
                signal.pause()
            elif how == "stopped":
                os.write(writing, b"0")
            await trio.sleep_forever()

    before = Before(mark)
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            trio.run(main)
        finally:
            os._exit(1)
    other = int(os.read(reading, 100))
    namespaces = namespaces_of(marked(mark))
    if how == "stopped":
        for process in [pid, *marked(mark)]:
            os.kill(process, signal.SIGSTOP)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    try:
        if other:
            # It holds the interfaces: they go when it goes, as those of the harness do.
            namespaces = {name for name in namespaces if not name.startswith("net:")}
        before.assert_nothing_is_left(namespaces)
    finally:
        if other:
            os.kill(other, signal.SIGKILL)
        os.close(reading)
        os.close(writing)


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory, namespaces: None, node_js: None) -> Path:
    folder = tmp_path_factory.mktemp("kills")
    kills.prepare(folder)
    return folder


KINDS = ("protocol", "program", "hunt of programs", "shrink")
"""The kinds that the suite kills: both ways in which nodes are started, and both commands that make many runs."""


@pytest.mark.parametrize(
    "kind", [pytest.param(kind, marks=[] if kind in KINDS else [pytest.mark.long]) for kind in kills.KINDS]
)
def test_a_kill_of_clew_leaves_nothing(prepared: Path, kind: str) -> None:
    """At a random moment of a live run. `python -m tests.harness.runtime.live.kills` does more."""
    kills.kill_one(kind, prepared, Random().uniform(0.5, 3))
