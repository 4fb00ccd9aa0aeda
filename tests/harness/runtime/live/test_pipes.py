"""Pipes to processes: nothing waits for a process that does not read, and lines come out whole."""

from __future__ import annotations

import os

import pytest
import trio
import trio.testing

from clew.harness.runtime.live.programs import pipes
from clew.harness.runtime.live.programs.pipes import LineTooLong, Outbox, lines

LARGE = b"x" * (1 << 20)


async def read_all(descriptor: int) -> list[bytes]:
    """All lines until the other end closes."""
    async with lines(descriptor) as found:
        return [line async for line in found]


def test_what_does_not_fit_is_written_when_there_is_room() -> None:
    async def main() -> None:
        source, sink = os.pipe()
        outbox = Outbox(sink)
        for _ in range(3):
            assert outbox.write(LARGE + b"\n")
        async with trio.open_nursery() as nursery:
            nursery.start_soon(outbox.run)
            async with lines(source) as found:
                assert [len(await anext(found)) for _ in range(3)] == [len(LARGE)] * 3
            nursery.cancel_scope.cancel()

    trio.run(main)


def test_what_is_too_much_for_a_process_that_does_not_read_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipes, "MOST_WAITING", 2 * len(LARGE))

    async def main() -> None:
        source, sink = os.pipe()
        outbox = Outbox(sink)
        assert [outbox.write(LARGE) for _ in range(3)] == [True, True, False]
        os.close(source)
        os.close(sink)

    trio.run(main)


def test_a_process_that_has_ended_gets_nothing_and_raises_nothing() -> None:
    async def main() -> None:
        source, sink = os.pipe()
        outbox = Outbox(sink)
        os.close(source)
        assert not outbox.write(b"hello\n")
        with trio.fail_after(5):
            await outbox.run()

    trio.run(main)


def test_a_closed_outbox_ends_its_task() -> None:
    async def main() -> None:
        source, sink = os.pipe()
        outbox = Outbox(sink)
        with trio.fail_after(5):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(outbox.run)
                await trio.testing.wait_all_tasks_blocked()
                outbox.close()
        assert os.read(source, 1) == b""
        os.close(source)

    trio.run(main)


def test_lines_come_whole_however_they_are_written() -> None:
    async def main() -> None:
        source, sink = os.pipe()
        async with trio.open_nursery() as nursery:
            got: list[bytes] = []

            async def read() -> None:
                got.extend(await read_all(source))

            nursery.start_soon(read)
            for piece in (b"a", b"b\nc\n\nd", b"e\n", b"cut off"):
                os.write(sink, piece)
                await trio.testing.wait_all_tasks_blocked()
            os.close(sink)
        assert got == [b"ab", b"c", b"", b"de"]

    trio.run(main)


def test_a_line_without_an_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipes, "LONGEST_LINE", 100)

    async def main() -> None:
        source, sink = os.pipe()
        os.write(sink, b"x" * 200)
        with pytest.raises(LineTooLong):
            await read_all(source)
        os.close(sink)

    trio.run(main)
