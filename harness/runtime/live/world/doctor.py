"""What this machine can do for live runs, found by trying, and the command that mends what it cannot."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import trio

from clew.harness.errors import MachineError
from clew.harness.runtime.live.world.machine import NoWorld
from clew.harness.runtime.live.world.world import open_loopback, open_world

NODES = ("n1", "n2", "n3", "n4", "n5")
"""The world that is tried."""


@dataclass(frozen=True)
class Finding:
    """One row of the table."""

    what: str
    """What was looked for."""

    works: bool
    """Whether it is there and works."""

    needed: bool
    """Whether live runs of all systems need it."""

    found: str
    """What was found: a version, a path, or why it does not work."""

    mend: str = ""
    """The command that mends it. Empty if it works."""


@dataclass(frozen=True)
class Server:
    """A server that many machines have, and that clew can test as it is."""

    name: str
    """The package of Debian and Ubuntu that has it, too."""
    program: str
    files: tuple[str, ...] = ()
    """Files whose names hold the version, for a server that does not tell it quickly."""


SERVERS = (
    Server("etcd-server", "etcd"),
    Server("redis-server", "redis-server"),
    Server("nats-server", "nats-server"),
    Server("zookeeper", "zkServer.sh", ("/usr/share/java/zookeeper-*.jar",)),
    Server("rabbitmq-server", "rabbitmq-server", ("/usr/lib/rabbitmq/lib/rabbitmq_server-*",)),
)
MORE_FOLDERS = ("/usr/sbin", "/usr/local/sbin", "/sbin", "/usr/share/zookeeper/bin")
"""Where servers are that a user's PATH may lack."""


def examine() -> list[Finding]:
    """Look at this machine. Takes about a second: it makes two worlds, and asks each server for its version."""
    return [*_worlds(), _fuse(), _faketime(), *(_server(server) for server in SERVERS)]


def live_runs_work(findings: Sequence[Finding]) -> bool:
    """Whether everything is there that live runs need."""
    return all(finding.works for finding in findings if finding.needed)


def _worlds() -> list[Finding]:
    refused: MachineError | None = None
    try:
        seconds = trio.run(_make_a_world)
    except MachineError as error:
        refused = error
    stage = refused.stage if isinstance(refused, NoWorld) else "world" if refused else None
    namespaces = Finding("namespaces", True, True, "as root" if os.geteuid() == 0 else "without root")
    network = Finding("network", True, True, "a TUN interface for each node")
    if refused is None:
        whole = Finding("five nodes", True, True, f"ready after {seconds:.2f} s")
    else:
        found, mend = (refused.found, refused.mend) if isinstance(refused, NoWorld) else (str(refused), "")
        not_tried = "not tried: it needs what is missing above"
        whole = Finding("five nodes", False, True, not_tried)
        if stage == "tun":
            network = Finding("network", False, True, found, mend)
        elif stage == "world":
            whole = Finding("five nodes", False, True, found, mend)
        else:
            namespaces = Finding("namespaces", False, True, found, mend)
            network = Finding("network", False, True, not_tried)
    return [namespaces, network, whole, _loopback()]


async def _make_a_world() -> float:
    begin = time.perf_counter()
    async with open_world(NODES):
        return time.perf_counter() - begin


def _loopback() -> Finding:
    async def attempt() -> None:
        async with open_loopback(NODES):
            pass

    try:
        trio.run(attempt)
    except MachineError as error:
        return Finding("loopback", False, False, str(error))
    return Finding("loopback", True, False, "clew's own protocols run on it where there are no namespaces")


def _fuse() -> Finding:
    """File systems in user space, for disks that lose what was not synced."""
    device = Path("/dev/fuse")
    if not device.exists():
        return Finding("fuse", False, False, "there is no /dev/fuse", "sudo modprobe fuse")
    if not os.access(device, os.R_OK | os.W_OK):
        return Finding("fuse", False, False, "/dev/fuse is not open to this user", "sudo chmod 666 /dev/fuse")
    if find_spec("pyfuse3") is None:
        mend = "sudo apt-get install libfuse3-dev pkg-config gcc && pip install pyfuse3"
        return Finding("fuse", False, False, "/dev/fuse, but no pyfuse3", mend)
    return Finding("fuse", True, False, "/dev/fuse and pyfuse3")


def _faketime() -> Finding:
    """A library that shifts the clock of a program, if the program is linked dynamically."""
    for library in sorted(Path("/usr").glob("lib*/**/libfaketime.so.1")):
        return Finding("libfaketime", True, False, str(library))
    return Finding("libfaketime", False, False, "not installed", "sudo apt-get install libfaketime")


def _server(server: Server) -> Finding:
    path = shutil.which(server.program, path=os.pathsep.join((os.environ.get("PATH", os.defpath), *MORE_FOLDERS)))
    if path is None:
        return Finding(server.name, False, False, "not installed", f"sudo apt-get install {server.name}")
    return Finding(server.name, True, False, f"{_version(path, server)} {path}".strip())


def _version(path: str, server: Server) -> str:
    """The version that a server tells, or that the names of its files do. Empty if unknown."""
    if server.files:
        told = " ".join(file.name for pattern in server.files for file in Path("/").glob(pattern.lstrip("/")))
    else:
        try:
            asked = subprocess.run(
                [path, "--version"], capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=10, check=False
            )
        except (OSError, subprocess.TimeoutExpired, UnicodeDecodeError):
            return ""
        told = asked.stdout + asked.stderr
    number = re.search(r"\d+\.\d+(\.\d+)?", told)
    return number[0] if number else ""
