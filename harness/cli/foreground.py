"""Ctrl-C and the other stop signals end a command cleanly; what it has found so far is kept.

SIGTERM and SIGHUP mean the same as Ctrl-C (SIGINT): `stop_signals` turns them into it. What Ctrl-C does depends on
the command:

    hunt, shrink, bench   raise KeyboardInterrupt; they catch it and return what they have found
    run, replay           `run_in_foreground`: the first Ctrl-C stops the run, which is then checked; the second one
                          ends everything
    serve                 the server stops
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from types import FrameType
from typing import TypeVar

import trio

from clew.harness.exception_groups import unwrap_exception_groups
from clew.harness.exit_codes import INTERNAL_ERROR

T = TypeVar("T")

STUCK_SECONDS = 1.0
"""If no task of trio has run for this long, a step of an inline node does not return."""
GRACE_SECONDS = 5.0
"""How long a stuck process may go on after a first Ctrl-C."""
_BEAT_SECONDS = 0.1
"""How often trio shows that it is not stuck: often within `STUCK_SECONDS`, and rarely enough to cost nothing."""


@contextlib.contextmanager
def stop_signals() -> Iterator[None]:
    """Inside the block, SIGTERM and SIGHUP do what Ctrl-C (SIGINT) does.

    SIGINT gets Python's own handler first: a shell makes background jobs ignore it. An ignored SIGHUP stays ignored,
    because `nohup` asks for that.
    """

    def interrupt(number: int, frame: FrameType | None) -> None:
        signal.raise_signal(signal.SIGINT)

    handlers = {signal.SIGINT: signal.default_int_handler, signal.SIGTERM: interrupt, signal.SIGHUP: interrupt}
    if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
        del handlers[signal.SIGHUP]
    before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


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
