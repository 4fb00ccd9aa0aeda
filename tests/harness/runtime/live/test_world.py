"""A world gives each endpoint an address and processes; leaving it leaves nothing."""

from __future__ import annotations

import contextlib
import os
import resource
import shutil
import signal
import socket
import subprocess
import sys
import uuid
from pathlib import Path

import pytest
import trio

from clew.harness.errors import MachineError
from clew.harness.runtime.live.world.world import open_loopback, open_world
from tests.harness.runtime.live.worlds import (
    NODES,
    Open,
    as_nobody,
    marked,
    need_namespaces,
    output_of,
    read_line,
    start,
)

DAEMON = "setsid sh -c 'exec sleep 1000' & exec sleep 1000"
"""Starts a process in a session of its own."""


@pytest.mark.parametrize("moments", range(0, 60, 7))
def test_a_world_that_is_cancelled_at_any_moment_leaves_nothing(
    opened: Open, monkeypatch: pytest.MonkeyPatch, moments: int
) -> None:
    """Cancelled after so many waits: while it is made, while processes start, while they run."""
    mark = uuid.uuid4().hex
    monkeypatch.setenv("CLEW_TEST_MARK", mark)

    async def work() -> None:
        async with opened(NODES) as world:
            for name in NODES:
                process = await start(world, name, "sh", "-c", DAEMON, CLEW_TEST_MARK=mark)
                await process.pause()
                await process.resume()
            while True:
                await trio.lowlevel.checkpoint()

    class CancelLater(trio.abc.Instrument):
        def __init__(self, scope: trio.CancelScope) -> None:
            self.left, self.scope = moments, scope

        def after_task_step(self, task: trio.lowlevel.Task) -> None:
            self.left -= 1
            if self.left < 0:
                self.scope.cancel()

    async def main() -> None:
        with trio.CancelScope() as scope:
            instrument = CancelLater(scope)
            trio.lowlevel.add_instrument(instrument)
            await work()
        assert scope.cancelled_caught
        trio.lowlevel.remove_instrument(instrument)
        assert not marked(mark)

    trio.run(main)


def test_a_world_that_somebody_stopped_ends(opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    mark = uuid.uuid4().hex
    monkeypatch.setenv("CLEW_TEST_MARK", mark)

    async def main() -> None:
        async with opened(NODES) as world:
            await start(world, "n1", "sleep", "1000", CLEW_TEST_MARK=mark)
            for pid in marked(mark) - {os.getpid()}:
                os.kill(pid, signal.SIGSTOP)
        assert not marked(mark)

    trio.run(main)


def test_a_world_that_somebody_killed_says_so(opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    mark = uuid.uuid4().hex
    monkeypatch.setenv("CLEW_TEST_MARK", mark)

    async def main() -> None:
        async with opened(NODES) as world:
            process = await start(world, "n1", "sleep", "1000")
            for pid in marked(mark):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            assert await process.wait() == -signal.SIGKILL
            with pytest.raises(MachineError, match="killed from outside"):
                await start(world, "n1", "true")
            if world.tuns:
                with pytest.raises(MachineError, match="killed from outside"):
                    await world.udp_socket("n1")

    trio.run(main)


def test_a_socket_of_an_endpoint_sends_from_its_address() -> None:
    need_namespaces()

    async def main() -> None:
        async with open_world(["n1", "c0"]) as world:
            with await world.udp_socket("c0") as made:
                made.bind((world.addresses.of("c0"), 0))
                made.sendto(b"hallo", (world.addresses.of("n1"), 4000))
                await trio.lowlevel.wait_readable(world.tuns["c0"])
                packet = os.read(world.tuns["c0"], 65536)
            assert packet[12:16] == world.addresses.packed("c0")
            assert packet[16:20] == world.addresses.packed("n1")
            assert packet.endswith(b"hallo")
            with await world.tcp_socket("n1") as made:
                assert made.type == socket.SOCK_STREAM
                made.bind((world.addresses.of("n1"), 80))

    trio.run(main)


ECHO = """
import socket, sys
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as made:
    made.bind(("", 4000))
    print("ready", flush=True)
    data, sender = made.recvfrom(100)
    made.sendto(data + b" to you", sender)
"""


def test_many_packets_wait_for_the_switch() -> None:
    """More than the 500 for which a TUN usually has room: the kernel drops the others, and nobody counts them."""
    need_namespaces()

    async def main() -> None:
        async with open_world(["n1", "c0"]) as world:
            with await world.udp_socket("c0") as made:
                for _ in range(1000):
                    await trio.lowlevel.wait_writable(made)
                    made.sendto(b"", (world.addresses.of("n1"), 4000))
            for _ in range(1000):
                os.read(world.tuns["c0"], 65536)

    trio.run(main)


def test_packets_between_endpoints_pass_through_the_harness_and_nowhere_else() -> None:
    need_namespaces()

    async def main() -> None:
        reading, writing = os.pipe()
        async with open_world(["n1", "n2", "c0"]) as world:
            await start(world, "n1", sys.executable, "-c", ECHO, stdout=writing)
            assert await read_line(reading) == "ready"
            tuns = world.tuns
            with await world.udp_socket("c0") as made:
                made.sendto(b"hallo", (world.addresses.of("n1"), 4000))
                for source, destination in (("c0", "n1"), ("n1", "c0")):
                    await trio.lowlevel.wait_readable(tuns[source])
                    os.write(tuns[destination], os.read(tuns[source], 65536))
                await trio.lowlevel.wait_readable(made)
                assert made.recvfrom(100) == (b"hallo to you", (world.addresses.of("n1"), 4000))
            with pytest.raises(BlockingIOError):
                os.read(tuns["n2"], 1)
        os.close(reading)
        os.close(writing)

    trio.run(main)


ENTER = """
import ctypes, socket
libc = ctypes.CDLL(None, use_errno=True)
for number in (7, 8):
    if libc.setns(number, 0x40000000):
        raise SystemExit(ctypes.get_errno())
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as made:
        made.connect(("10.77.9.9", 9))
        print(made.getsockname()[0])
"""


def test_a_process_enters_the_networks_that_it_may_enter() -> None:
    need_namespaces()

    async def main() -> None:
        async with open_world(["n1", "c0", "c1"]) as world:
            lines = await output_of(world, sys.executable, "-c", ENTER, enters={7: "c0", 8: "c1"})
        assert lines == ["10.77.1.1", "10.77.1.2"]

    trio.run(main)


def test_too_few_open_files_are_the_machine_s_fault() -> None:
    need_namespaces()

    async def main() -> None:
        usual = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (100, usual[1]))
        try:
            async with open_world([f"c{number}" for number in range(200)]):
                pass
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, usual)

    with pytest.raises(MachineError, match="ulimit -n"):
        trio.run(main)


def test_two_worlds_on_loopback_have_different_addresses() -> None:
    async def main() -> None:
        async with open_loopback(["n1"]) as one, open_loopback(["n1"]) as other:
            with await one.udp_socket("n1") as first, await other.udp_socket("n1") as second:
                first.bind((one.addresses.of("n1"), 0))
                second.bind((other.addresses.of("n1"), first.getsockname()[1]))

    trio.run(main)


def test_an_endpoint_without_an_address_is_refused(opened: Open) -> None:
    async def main() -> None:
        async with opened(["n1"]) as world:
            with pytest.raises(KeyError):
                await world.udp_socket("n2")

    trio.run(main)


FILES = (__file__, str(Path(__file__).with_name("test_process.py")))
SUBTLE = "(namespaces or packets or networks or socket_of) and not any_moment"
"""The tests of these files that a world of namespaces may answer differently to another user."""


def test_the_same_holds_for_a_user_without_rights() -> None:
    if os.geteuid() != 0:
        pytest.skip("all tests of this file are run by a user without rights")
    need_namespaces()
    run_again(as_nobody(), SUBTLE)


@pytest.mark.long
def test_the_same_holds_for_a_root_without_rights() -> None:
    """As in a container: then the world has a user namespace."""
    if os.geteuid() != 0 or not shutil.which("setpriv"):
        pytest.skip("needs root and setpriv (apt-get install util-linux)")
    need_namespaces()
    run_again(["setpriv", "--bounding-set=-sys_admin", sys.executable, "-P"], "daemons or networks")


def run_again(python: list[str], which: str) -> None:
    """Run some tests of this file, and of that of processes, in another process."""
    command = [*python, "-m", "pytest", "-x", "-rs", "-n", "0", "-p", "no:cacheprovider", *FILES, "-k", which]
    root = Path(__file__).parents[4]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    assert done.returncode == 0, done.stdout + done.stderr
    assert " passed" in done.stdout, done.stdout
    assert " skipped" not in done.stdout, done.stdout
