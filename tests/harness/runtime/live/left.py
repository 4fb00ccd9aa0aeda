"""What a killed harness has left on the machine: processes, namespaces, mounts, interfaces and folders."""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from collections.abc import Iterator
from pathlib import Path

from clew.harness.runtime.live.data_folder import MEMORY, PREFIX
from tests.harness.runtime.live.worlds import marked

KINDS = ("cgroup", "ipc", "mnt", "net", "pid", "pid_for_children", "time", "user", "uts")
PATIENCE = 10
"""Seconds until what is left counts as left for ever. On a machine with nothing else to do it takes milliseconds."""


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
    """What there was before a harness began. `assert_nothing_is_left` compares.

    All processes of the harness have the mark, and put their temporary folders into `temporary`, if it is given.
    """

    def __init__(self, mark: str, temporary: Path | None = None) -> None:
        self.mark = mark
        self.temporary = temporary
        self.mounts, self.interfaces, self.memory = self._mounts(), self._interfaces(), self._memory()
        self.processes = {int(name) for name in os.listdir("/proc") if name.isdigit()}

    def assert_nothing_is_left(self, namespaces: set[str]) -> float:
        """Fails if anything is left of the harness; `namespaces` are those that it had. Returns the seconds it took.

        A namespace lives as long as a process is in it or holds it open, or a mount does. The kernel gives the numbers
        of old namespaces to new ones, so processes that are younger than the harness and have no mark do not count.
        """
        begin = time.monotonic()
        while True:
            left = {
                "processes": marked(self.mark),
                "namespaces": namespaces & namespaces_of(self.processes),
                "mounts": self._mounts() - self.mounts,
                "interfaces": self._interfaces() - self.interfaces,
                "memory": self._memory() - self.memory,
                "temporary": set(os.listdir(self.temporary)) if self.temporary else set(),
            }
            seconds = time.monotonic() - begin
            if not any(left.values()):
                return seconds
            assert seconds < PATIENCE, left
            time.sleep(0.005)

    @staticmethod
    def _mounts() -> set[str]:
        return set(Path("/proc/self/mountinfo").read_text().splitlines())

    @staticmethod
    def _interfaces() -> set[str]:
        return set(os.listdir("/sys/class/net"))

    @staticmethod
    def _memory() -> set[str]:
        """The data folders of killed runs: those of runs that go on are locked, and may be anybody's."""
        return {path.name for path in MEMORY.glob(f"{PREFIX}*") if not _is_locked(path)}


def _is_locked(folder: Path) -> bool:
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except FileNotFoundError:
        return True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False
