"""The first Ctrl-C stops a run, which is then checked; the second one ends everything."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from types import FrameType
from typing import TypeVar

import trio

from clew.harness.cli.signals import stop_signals
from clew.harness.exception_groups import unwrap_exception_groups
from clew.harness.exit_codes import INTERNAL_ERROR

T = TypeVar("T")

STUCK_SECONDS = 1.0
"""If no task of trio has run for this long, a step of an inline node does not return."""
GRACE_SECONDS = 5.0
"""How long a stuck process may go on after a first Ctrl-C."""
_BEAT_SECONDS = 0.1
"""How often trio shows that it is not stuck: often within `STUCK_SECONDS`, and rarely enough to cost nothing."""


def run_in_foreground(job: Callable[[trio.CancelScope], Awaitable[T]], alongside: Callable[[], Awaitable[None]]) -> T:
    """Run `job` under trio and return its result; run `alongside` until the job is done.

    The job gets a cancel scope. The first Ctrl-C cancels this scope: the job stops the cluster and still returns a
    result. The second Ctrl-C cancels the job itself; then `KeyboardInterrupt` is raised. If a step of an inline node
    does not return, nothing can be cancelled: the second Ctrl-C, or `GRACE_SECONDS` after the first, ends the process.
    """

    async def main() -> T:
        stop = trio.CancelScope()
        results: list[T] = []
        # Receive signals until all tasks have ended: a third Ctrl-C must not interrupt the clean-up after the second.
        with trio.open_signal_receiver(signal.SIGINT) as interrupts:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(_cancel_at, interrupts, stop, nursery.cancel_scope)
                # Before the job, because its first step may be the one that does not return.
                await nursery.start(_end_if_stuck)
                nursery.start_soon(alongside)
                results.append(await job(stop))
                nursery.cancel_scope.cancel()
        if not results:
            raise KeyboardInterrupt
        return results[0]

    with stop_signals(), unwrap_exception_groups():
        return trio.run(main)


async def _cancel_at(interrupts: AsyncIterator[int], stop: trio.CancelScope, everything: trio.CancelScope) -> None:
    """Cancel `stop` at the first interrupt, and everything at the second."""
    async for _ in interrupts:
        (everything if stop.cancel_called else stop).cancel()


async def _end_if_stuck(task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
    """End the process by force if trio is stuck at the second Ctrl-C, or `GRACE_SECONDS` after the first.

    One signal must be enough: most supervisors send one SIGTERM and wait.
    """
    beat = time.monotonic()
    ignored = 0
    alarmed: float | None = None
    receive = signal.getsignal(signal.SIGINT)
    assert callable(receive)

    def stuck() -> bool:
        return time.monotonic() - beat > STUCK_SECONDS

    def end() -> None:
        os.write(2, b"\nclew: a step of a node does not return; ended by force\n")
        os._exit(INTERNAL_ERROR)

    def at_interrupt(number: int, frame: FrameType | None) -> None:
        nonlocal ignored, alarmed
        receive(number, frame)
        ignored = ignored + 1 if stuck() else 0
        if ignored >= 2:
            end()
        alarmed = None
        signal.setitimer(signal.ITIMER_REAL, GRACE_SECONDS)

    def at_alarm(number: int, frame: FrameType | None) -> None:
        nonlocal alarmed
        if not stuck():
            return
        if alarmed == beat:
            end()
        # A process that was stopped for a while (SIGSTOP, a laptop asleep) gets this alarm before trio runs again.
        alarmed = beat
        signal.setitimer(signal.ITIMER_REAL, STUCK_SECONDS)

    signal.signal(signal.SIGINT, at_interrupt)
    before = signal.signal(signal.SIGALRM, at_alarm)
    task_status.started()
    try:
        while True:
            beat = time.monotonic()
            await trio.sleep(_BEAT_SECONDS)
    finally:
        # This first: a later Ctrl-C must not set an alarm that has no handler.
        signal.signal(signal.SIGINT, receive)
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
