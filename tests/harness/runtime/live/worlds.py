"""Worlds for tests: which kinds this machine allows, and what processes are left of one."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager
from functools import cache
from pathlib import Path

import pytest
import trio

from clew.harness.errors import MachineError
from clew.harness.runtime.live.world.process import Process
from clew.harness.runtime.live.world.world import World, open_loopback, open_world

Open = Callable[[list[str]], AbstractAsyncContextManager[World]]
"""Opens a world with these endpoints."""
NODES = ["n1", "n2", "n3", "n4", "n5"]


@cache
def refusal() -> str | None:
    """Why this machine allows no world of namespaces, or None if it does."""

    async def attempt() -> None:
        async with open_world(["n1"]):
            pass

    try:
        trio.run(attempt)
    except MachineError as error:
        return str(error)
    return None


def need_namespaces() -> None:
    """Skip the test where there are none."""
    if why := refusal():
        pytest.skip(why)


def opener(kind: str) -> Open:
    """`open_world` or `open_loopback`. Skips the test if this machine does not allow it."""
    if kind == "namespaces":
        need_namespaces()
        return open_world
    return open_loopback


AS_NOBODY = """
mount -t tmpfs none /dev/net && mknod -m 666 /dev/net/tun c 10 200 && chmod 666 /dev/net/tun || exit 77
exec setpriv --reuid=65534 --regid=65534 --clear-groups "$@"
"""
"""Run a program as a user without rights, on a machine where everybody may open /dev/net/tun."""


def as_nobody(*arguments: str) -> list[str]:
    """The command that runs Python with these arguments as a user without rights. Skips the test if there is no way."""
    if os.geteuid() != 0:
        return [sys.executable, "-P", *arguments]
    if not shutil.which("setpriv") or not shutil.which("unshare"):
        pytest.skip("needs setpriv and unshare (apt-get install util-linux)")
    paths = [path for path in sys.path if path]
    prefix = ["unshare", "--mount", "--propagation", "private", "sh", "-c", AS_NOBODY, "sh"]
    for python in (sys.executable, f"/usr/bin/python3.{sys.version_info.minor}"):
        command = [*prefix, "env", f"PYTHONPATH={os.pathsep.join(paths)}", python, "-P"]
        if subprocess.run([*command, "-c", PROBE], capture_output=True, check=False, cwd="/").returncode == 0:
            return [*command, *arguments]
    return pytest.skip("no Python that a user without rights may execute, or no right to make a device")


PROBE = """
import subprocess, sys, trio, clew.harness.runtime.live.world.world
sys.exit(subprocess.run([sys.executable, "-I", "-S", "-c", "pass"]).returncode)
"""


async def start(
    world: World,
    endpoint: str,
    *argv: str,
    folder: Path = Path("/"),
    stdin: int | None = None,
    stdout: int | None = None,
    keep: Mapping[int, int] | None = None,
    enters: Mapping[int, str] | None = None,
    **variables: str,
) -> Process:
    """Start a process. What it prints goes to `stdout`, or nowhere."""
    with open(os.devnull, "r+b") as null:
        quiet = null.fileno()
        shown = quiet if stdout is None else stdout
        return await world.spawn(
            endpoint,
            argv,
            environment={"PATH": os.environ.get("PATH", os.defpath), **variables},
            folder=folder,
            stdin=quiet if stdin is None else stdin,
            stdout=shown,
            stderr=shown,
            keep=keep,
            enters=enters,
        )


async def read_line(descriptor: int) -> str:
    """The next line of a pipe, byte by byte: what comes after it stays there."""
    line = b""
    while not line.endswith(b"\n") and (byte := await _read(descriptor, 1)):
        line += byte
    return line.decode().strip()


async def read_to_end(descriptor: int) -> str:
    """All that comes out of a pipe, until nobody can write to it. Closes it."""
    text = b""
    while data := await _read(descriptor, 1 << 16):
        text += data
    os.close(descriptor)
    return text.decode()


async def _read(descriptor: int, size: int) -> bytes:
    await trio.lowlevel.wait_readable(descriptor)
    return os.read(descriptor, size)


async def output_of(world: World, *argv: str, **more: object) -> list[str]:
    """The lines that a process at n1 prints before it ends with status 0."""
    reading, writing = os.pipe()
    process = await start(world, "n1", *argv, stdout=writing, **more)
    os.close(writing)
    text = await read_to_end(reading)
    assert await process.wait() == 0, text
    return text.splitlines()


def marked(mark: str) -> set[int]:
    """The processes that have this in their environment as CLEW_TEST_MARK, whoever their parent is. Not dead ones."""
    return {pid for pid, state in _marked(mark) if state != "Z"}


def programs(mark: str) -> set[str]:
    """The names of the programs that have this mark."""
    names = set()
    for pid in marked(mark):
        with contextlib.suppress(OSError):
            names.add(Path(f"/proc/{pid}/comm").read_text().strip())
    return names


def states(mark: str) -> set[str]:
    """The states of the processes that have this mark: T is stopped, S sleeps."""
    return {state for _, state in _marked(mark)}


def _marked(mark: str) -> Iterator[tuple[int, str]]:
    wanted = f"CLEW_TEST_MARK={mark}".encode()
    for process in Path("/proc").iterdir():
        if process.name.isdigit() and int(process.name) != os.getpid():
            with contextlib.suppress(OSError):
                if wanted in (process / "environ").read_bytes().split(b"\0"):
                    state = (process / "stat").read_text().rpartition(")")[2].split()[0]
                    yield int(process.name), state


async def until(condition: Callable[[], bool]) -> None:
    """Wait for what no event tells. Fails after ten seconds."""
    with trio.fail_after(10):
        while not condition():
            await trio.sleep(0.001)
