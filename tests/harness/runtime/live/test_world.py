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
from clew.harness.runtime.live.world.world import CannotStart, World, open_loopback, open_world
from tests.harness.runtime.live.worlds import (
    Open,
    as_nobody,
    marked,
    need_namespaces,
    opener,
    programs,
    read_line,
    read_to_end,
    start,
    states,
    until,
)

NODES = ["n1", "n2", "n3", "n4", "n5"]
DAEMON = "setsid sh -c 'echo daemon; exec sleep 1000' & echo main; exec cat >/dev/null"
"""Starts a process in a session of its own; each of the two prints a line. Ends with its standard input."""


@pytest.fixture(params=["namespaces", "loopback"])
def opened(request: pytest.FixtureRequest) -> Open:
    return opener(request.param)


async def output_of(world: World, *argv: str, **more: object) -> list[str]:
    """The lines that a process at n1 prints before it ends with status 0."""
    reading, writing = os.pipe()
    process = await start(world, "n1", *argv, stdout=writing, **more)
    os.close(writing)
    text = await read_to_end(reading)
    assert await process.wait() == 0, text
    return text.splitlines()


def test_a_process_ends_with_its_status(opened: Open) -> None:
    async def main() -> None:
        async with opened(NODES) as world:
            assert await (await start(world, "n1", "sh", "-c", "exit 3")).wait() == 3
            assert await (await start(world, "n2", "sh", "-c", "kill -TERM $$")).wait() == -signal.SIGTERM

    trio.run(main)


def test_many_processes_run_at_one_endpoint_and_at_many(opened: Open) -> None:
    async def main() -> None:
        async with opened(NODES) as world, trio.open_nursery() as nursery:
            for name in NODES * 4:

                async def one(name: str = name) -> None:
                    assert await (await start(world, name, "true")).wait() == 0

                nursery.start_soon(one)

    trio.run(main)


@pytest.mark.parametrize("how", ["kill", "end", "leave"])
def test_daemons_end_with_their_node(opened: Open, how: str) -> None:
    async def main() -> None:
        reading, writing = os.pipe()
        waiting, ending = os.pipe()
        async with opened(NODES) as world:
            process = await start(world, "n1", "sh", "-c", DAEMON, stdin=waiting, stdout=writing)
            os.close(waiting)
            os.close(writing)
            assert {await read_line(reading), await read_line(reading)} == {"main", "daemon"}
            if how == "kill":
                await process.kill()
                assert await process.wait() == -signal.SIGKILL
            elif how == "end":
                os.close(ending)
                assert await process.wait() == 0
            if how != "leave":
                os.set_blocking(reading, False)
                assert os.read(reading, 1) == b"", "the daemon still holds the pipe"
        os.set_blocking(reading, False)
        assert os.read(reading, 1) == b"", "the daemon still holds the pipe"
        os.close(reading)
        if how != "end":
            os.close(ending)

    trio.run(main)


def test_a_node_is_paused_whole_and_goes_on(opened: Open) -> None:
    async def main() -> None:
        reading, writing = os.pipe()
        waiting, ending = os.pipe()
        mark = uuid.uuid4().hex
        async with opened(NODES) as world:
            process = await start(world, "n1", "sh", "-c", DAEMON, stdin=waiting, stdout=writing, CLEW_TEST_MARK=mark)
            await read_line(reading)
            await read_line(reading)
            # A shell inside `vfork` would stop only when its child has.
            await until(lambda: programs(mark) == {"cat", "sleep"})
            for _ in range(3):
                await process.pause()
                # The program has stopped; what it started stops within microseconds.
                await until(lambda: states(mark) == {"T"})
                await process.resume()
                await until(lambda: states(mark) == {"S"})
            await process.pause()
            await process.kill()
            assert not marked(mark)
        for descriptor in (reading, writing, waiting, ending):
            os.close(descriptor)

    trio.run(main)


VFORK = """
import ctypes, os
print("main", flush=True)
if ctypes.CDLL(None).vfork() == 0:
    os.kill(os.getpid(), 19)
"""


def test_a_program_that_no_signal_reaches_counts_as_paused(opened: Open) -> None:
    """The child of a `vfork` is stopped, and the parent waits for it without looking at signals."""

    async def main() -> None:
        reading, writing = os.pipe()
        async with opened(NODES) as world:
            process = await start(world, "n1", sys.executable, "-c", VFORK, stdout=writing)
            assert await read_line(reading) == "main"
            await process.pause()
            await process.resume()
            await process.pause()
            await process.kill()
        os.close(reading)
        os.close(writing)

    trio.run(main)


def test_nothing_is_to_be_done_about_a_process_that_has_ended(opened: Open) -> None:
    async def main() -> None:
        async with opened(NODES) as world:
            process = await start(world, "n1", "true")
            await process.wait()
            await process.pause()
            await process.resume()
            await process.kill()
            assert await process.wait() == 0

    trio.run(main)


def test_a_process_may_be_waited_for_by_many(opened: Open) -> None:
    async def main() -> None:
        async with opened(NODES) as world, trio.open_nursery() as nursery:
            process = await start(world, "n1", "sleep", "1000")
            for _ in range(3):
                nursery.start_soon(process.wait)
            nursery.start_soon(process.kill)
            nursery.start_soon(process.pause)

    trio.run(main)


@pytest.mark.parametrize(
    ("program", "why"),
    [
        ("no-such-command", "cannot start no-such-command: there is no such command in PATH"),
        ("./missing", "cannot start ./missing: there is no such file"),
        ("./plain", "cannot start ./plain: it is not executable (chmod +x)"),
        (".", "cannot start .: it is a folder"),
        ("./headless", "cannot start ./headless: it is neither a program for this machine nor a script that begins"),
        ("./homeless", "cannot start ./homeless: the interpreter or loader that it names does not exist"),
    ],
)
def test_a_program_that_cannot_start_is_named(opened: Open, tmp_path: Path, program: str, why: str) -> None:
    for name, text, mode in (("plain", "", 0o644), ("headless", "hallo", 0o755), ("homeless", "#!/no/such\n", 0o755)):
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(mode)

    async def main() -> None:
        async with opened(NODES) as world:
            with pytest.raises(CannotStart) as caught:
                await start(world, "n1", program, folder=tmp_path)
            assert str(caught.value).startswith(why)
            assert await (await start(world, "n1", "true")).wait() == 0

    trio.run(main)


def test_a_folder_that_does_not_exist_is_named(opened: Open, tmp_path: Path) -> None:
    async def main() -> None:
        async with opened(NODES) as world:
            with pytest.raises(CannotStart, match=r"cannot start true in the folder .*missing: No such file"):
                await start(world, "n1", "true", folder=tmp_path / "missing")

    trio.run(main)


def test_arguments_that_are_too_long_are_a_mistake(opened: Open) -> None:
    async def main() -> None:
        async with opened(NODES) as world:
            with pytest.raises(CannotStart, match=r"cannot start echo: "):
                await start(world, "n1", "echo", "x" * 10_000_000)
            with pytest.raises(CannotStart, match=r"cannot start echo: "):
                await start(world, "n1", "echo", "x" * 150_000)

    trio.run(main)


def test_a_program_gets_its_descriptors_and_no_other(opened: Open, tmp_path: Path) -> None:
    async def main() -> None:
        # As careless libraries leave them: inheritable.
        stray = os.open(os.devnull, os.O_RDONLY)
        os.set_inheritable(stray, True)
        (tmp_path / "kept").write_text("")
        with open(tmp_path / "kept") as kept:
            async with opened(NODES) as world:
                others = [await start(world, name, "sleep", "1000") for name in NODES]
                lines = await output_of(world, sys.executable, "-c", LIST, keep={3: kept.fileno(), 200: kept.fileno()})
                assert lines == [f"3 {tmp_path / 'kept'}", f"200 {tmp_path / 'kept'}"]
                assert len(others) == 5
        os.close(stray)

    trio.run(main)


LIST = """
import os
for number in sorted(map(int, os.listdir("/proc/self/fd"))):
    if number > 2 and os.path.exists(f"/proc/self/fd/{number}"):
        print(number, os.readlink(f"/proc/self/fd/{number}"))
"""
"""Prints the descriptors above 2, but not the one that lists the folder."""


def test_a_world_leaves_no_descriptor_open(opened: Open) -> None:
    async def main() -> None:
        before = sorted(os.listdir("/proc/self/fd"))
        async with opened(NODES) as world:
            await (await start(world, "n1", "true")).wait()
            await start(world, "n1", "sleep", "1000")
            (await world.udp_socket("n1")).close()
            with pytest.raises(CannotStart):
                await start(world, "n1", "no-such-command")
        assert sorted(os.listdir("/proc/self/fd")) == before

    trio.run(main)


def test_a_program_begins_with_no_signal_ignored_or_blocked(opened: Open) -> None:
    async def main() -> None:
        previous = signal.signal(signal.SIGHUP, signal.SIG_IGN)
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1, signal.SIGTERM})
        try:
            async with opened(NODES) as world:
                lines = await output_of(world, "grep", "-E", "Sig(Blk|Ign)", "/proc/self/status")
        finally:
            signal.signal(signal.SIGHUP, previous)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGUSR1, signal.SIGTERM})
        # Signals 32 and 33 are the C library's own: nobody can set them, and a parent may leave them ignored.
        assert {int(line.split()[1], 16) & ~(0b11 << 31) for line in lines} == {0}

    trio.run(main)


def test_a_program_sees_its_environment_its_folder_and_the_user(opened: Open, tmp_path: Path) -> None:
    async def main() -> None:
        async with opened(NODES) as world:
            lines = await output_of(world, "sh", "-c", "pwd; id -u; id -g; env", folder=tmp_path, GIVEN="this")
        assert lines[:3] == [str(tmp_path), str(os.getuid()), str(os.getgid())]
        assert {line.split("=")[0] for line in lines[3:]} <= {"PATH", "PWD", "GIVEN", "_", "OLDPWD", "SHLVL"}
        assert "GIVEN=this" in lines

    trio.run(main)


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
                process = await start(world, name, "sh", "-c", DAEMON.replace("cat", "sleep 1000"), CLEW_TEST_MARK=mark)
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


SUBTLE = "namespaces or packets or networks or socket_of"
"""The tests of this file that a world of namespaces may answer differently to another user."""


def test_the_same_holds_for_a_user_without_rights() -> None:
    if os.geteuid() != 0:
        pytest.skip("all tests of this file are run by a user without rights")
    need_namespaces()
    run_again(as_nobody(), SUBTLE)


def test_the_same_holds_for_a_root_without_rights() -> None:
    """As in a container: then the world has a user namespace."""
    if os.geteuid() != 0 or not shutil.which("setpriv"):
        pytest.skip("needs root and setpriv (apt-get install util-linux)")
    need_namespaces()
    run_again(["setpriv", "--bounding-set=-sys_admin", sys.executable, "-P"], "daemons or networks")


def run_again(python: list[str], which: str) -> None:
    """Run some tests of this file in another process."""
    command = [*python, "-m", "pytest", "-x", "-rs", "-n", "0", "-p", "no:cacheprovider", __file__, "-k", which]
    root = Path(__file__).parents[4]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    assert done.returncode == 0, done.stdout + done.stderr
    assert " passed" in done.stdout, done.stdout
    assert " skipped" not in done.stdout, done.stdout
