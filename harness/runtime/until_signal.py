"""Run something under trio that a signal ends cleanly, for callers that are not trio's."""

from __future__ import annotations

import signal
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from math import inf

import trio

from clew.harness.exception_groups import unwrap_exception_groups

SIGNALS = (signal.SIGINT, signal.SIGTERM)


def until_signal(job: Callable[[], Awaitable[None]], seconds: float = inf) -> None:
    """Run `job` to its end, until SIGINT or SIGTERM, or for so many seconds of real time.

    A signal cancels the job. When the job has cleaned up, the signal is raised again, for the handler that was there
    before: so Ctrl-C becomes `KeyboardInterrupt`, and a worker process that gets SIGTERM ends. SIGINT stays ignored
    where it was ignored. Outside the main thread there are no signals, and the job just runs. When the time is
    over, the job is cancelled, and when it has cleaned up, `trio.TooSlowError` is raised.
    """
    received: list[int] = []

    async def main() -> None:
        wanted = [number for number in SIGNALS if signal.getsignal(number) is not signal.SIG_IGN]
        with trio.open_signal_receiver(*wanted) as signals:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(_cancel_at, signals, nursery.cancel_scope, received)
                with trio.fail_after(max(0, seconds)):
                    await job()
                nursery.cancel_scope.cancel()

    async def without_signals() -> None:
        with trio.fail_after(max(0, seconds)):
            await job()

    with unwrap_exception_groups():
        trio.run(main if threading.current_thread() is threading.main_thread() else without_signals)
    if received:
        signal.raise_signal(received[0])


async def _cancel_at(signals: AsyncIterator[int], job: trio.CancelScope, received: list[int]) -> None:
    async for number in signals:
        received.append(number)
        job.cancel()
