"""Whatever moment the harness is killed at: no process, namespace, mount or interface of a live run is left."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
import traceback
import uuid
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest
import trio

from clew.harness.runtime.live.world.world import open_world
from tests.harness.runtime.live.worlds import Open, marked, need_namespaces, opener, start

KINDS = ("cgroup", "ipc", "mnt", "net", "pid", "pid_for_children", "time", "user", "uts")
CLEW = [sys.executable, "-c", "from clew.harness.cli.app import main; main()"]
DAEMON = "setsid sh -c 'setsid sleep 1000 & exec sleep 1000' & sleep 1000"
PATIENCE = 10
"""Seconds until what is left counts as left for ever. On a machine with nothing else to do it takes milliseconds."""


@pytest.fixture
def mark(monkeypatch: pytest.MonkeyPatch) -> str:
    """All processes that this test starts have it in their environment."""
    made = uuid.uuid4().hex
    monkeypatch.setenv("CLEW_TEST_MARK", made)
    return made


def namespaces_of(pids: set[int]) -> set[str]:
    """The namespaces that these processes are in or hold open, as `net:[4026532008]`. Not those of this process."""
    return set().union(*(set(_links(pid)) for pid in pids)) - set(_links(os.getpid()))


def _links(pid: int) -> Iterator[str]:
    for kind in KINDS:
        with contextlib.suppress(OSError):
            yield os.readlink(f"/proc/{pid}/ns/{kind}")
    with contextlib.suppress(OSError):
        for number in os.listdir(f"/proc/{pid}/fd"):
            with contextlib.suppress(OSError):
                link = os.readlink(f"/proc/{pid}/fd/{number}")
                if link.split(":[")[0] in KINDS:
                    yield link


class Before:
    """What there was before a harness began. `assert_nothing_is_left` compares."""

    def __init__(self, mark: str) -> None:
        self.mark = mark
        self.mounts, self.interfaces = self._mounts(), self._interfaces()
        self.processes = {int(name) for name in os.listdir("/proc") if name.isdigit()}

    def assert_nothing_is_left(self, namespaces: set[str]) -> None:
        """Fails if anything is left of the harness; `namespaces` are those that it had.

        A namespace lives as long as a process is in it or holds it open, or a mount does. All processes of the harness
        have the mark. The kernel gives the numbers of old namespaces to new ones, so processes that are younger than
        the harness and have no mark do not count.
        """
        deadline = time.monotonic() + PATIENCE
        while True:
            left = {
                "processes": marked(self.mark),
                "namespaces": namespaces & namespaces_of(self.processes),
                "mounts": self._mounts() - self.mounts,
                "interfaces": self._interfaces() - self.interfaces,
            }
            if not any(left.values()):
                return
            assert time.monotonic() < deadline, left
            time.sleep(0.005)

    @staticmethod
    def _mounts() -> set[str]:
        return set(Path("/proc/self/mountinfo").read_text().splitlines())

    @staticmethod
    def _interfaces() -> set[str]:
        return set(os.listdir("/sys/class/net"))


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


@pytest.fixture(params=["namespaces", "loopback"])
def opened(request: pytest.FixtureRequest) -> Open:
    return opener(request.param)


def test_many_kills_of_a_harness_leave_nothing(opened: Open, mark: str) -> None:
    """At a random moment of each of many equal parts of the first 0.3 s. A world is ready after 0.05 s or more."""
    random = Random(1)
    before = Before(mark)
    kills = 100 if opened is open_world else 30
    for part in range(kills):
        pid = harness(opened, mark)
        time.sleep(0.3 * (part + random.random()) / kills)
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


@pytest.mark.parametrize(
    ("arguments", "kills", "seconds"),
    [(("run",), 8, 4.0), (("hunt", "--seeds", "0:1000", "--jobs", "2"), 4, 8.0)],
    ids=["run", "hunt"],
)
def test_kills_of_clew_leave_nothing(
    tmp_path: Path, mark: str, arguments: tuple[str, ...], kills: int, seconds: float
) -> None:
    """At a random moment of each of some equal parts of a live run, and of a hunt among live runs."""
    need_namespaces()
    random = Random(2)
    before = Before(mark)
    command = [*CLEW, arguments[0], "caspaxos-minority-failure", *arguments[1:], "--set", "runtime=live"]
    for part in range(kills):
        clew = subprocess.Popen(
            [*command, "--store", str(tmp_path / str(part))], stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        time.sleep(seconds * (part + random.random()) / kills)
        namespaces = namespaces_of(marked(mark))
        clew.kill()
        output = clew.communicate()[0].decode()
        assert clew.returncode in (-signal.SIGKILL, 0), output
        before.assert_nothing_is_left(namespaces)
