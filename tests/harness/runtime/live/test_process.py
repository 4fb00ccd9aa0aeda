"""Processes of a world: how they start, end, pause and go on, and what they get."""

from __future__ import annotations

import os
import signal
import sys
import uuid
from pathlib import Path

import pytest
import trio

from clew.harness.runtime.live.world.cannot_start import CannotStart
from tests.harness.runtime.live.worlds import (
    NODES,
    Open,
    marked,
    output_of,
    programs,
    read_line,
    start,
    states,
    until,
)

DAEMON = "setsid sh -c 'echo daemon; exec sleep 1000' & echo main; exec cat >/dev/null"
"""Starts a process in a session of its own; each of the two prints a line. Ends with its standard input."""


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
