"""What this machine can do for live runs, found by trying, and the command that mends what it cannot."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import trio

from clew.harness.errors import MachineError
from clew.harness.runtime.live.world.machine import NoWorld
from clew.harness.runtime.live.world.world import open_loopback, open_world
from clew.systems import Program, Server, find_system, names

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


def examine() -> list[Finding]:
    """Look at this machine. Takes about a second: it makes two worlds, and asks each server for its version."""
    return [*_worlds(), _fuse(), _faketime(), *_servers()]


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


def _servers() -> Iterator[Finding]:
    """The server of each database that clew can test."""
    for name in names():
        system = find_system(name)
        for server in system.servers_of(system.parameters()) if isinstance(system, Program) else ():
            yield _server(server)


def _server(server: Server) -> Finding:
    path = server.path()
    if path is None:
        return Finding(server.package, False, False, "not installed", f"sudo apt-get install {server.package}")
    return Finding(server.package, True, False, f"{server.version()} {path}".strip())
