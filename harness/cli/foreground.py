"""A job under trio that a person watches: a progress line while it goes on, and signals that end it cleanly."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from types import FrameType
from typing import TYPE_CHECKING, Any, TypeVar

import trio

from clew.harness.exception_groups import unwrap_exception_groups
from clew.harness.exit_codes import INTERNAL_ERROR
from clew.histories.text import printable

if TYPE_CHECKING:
    from clew.harness.plan import Plan
    from clew.harness.runtime.outcome import Progress

T = TypeVar("T")

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
PATIENCE = 1.0
"""Seconds after which trio counts as stuck."""
GRACE = 5.0
"""Seconds that a signal is given to be attended to."""
REFRESH = 0.1
"""Seconds between two looks at the progress."""


def foreground(
    plan: Plan, quiet: bool, job: Callable[[Callable[[Progress], None], trio.CancelScope], Awaitable[T]]
) -> T:
    """Run an asynchronous job under trio, with a progress line if there is a terminal to show it on.

    `job` gets a function to hand its progress to, and a scope. A first SIGINT, SIGTERM or SIGHUP cancels the scope,
    which ends the cluster and leaves the verdict to be found; a second one cancels everything and raises
    `KeyboardInterrupt`. If trio is stuck, because an inline node does not return from a step, the process ends at the
    second one, or `GRACE` after the first.
    """

    async def main() -> T:
        stop = trio.CancelScope()
        results: list[T] = []
        # Open for as long as anything runs: a third signal must not tear down what the second one is tidying up.
        with trio.open_signal_receiver(*SIGNALS) as signals:
            async with trio.open_nursery() as nursery:
                seen: list[Progress] = []
                nursery.start_soon(_listen, signals, stop, nursery.cancel_scope)
                # Before the job: its first step may be the one that does not return.
                await nursery.start(_beat)
                if not quiet and sys.stderr is not None and sys.stderr.isatty():
                    nursery.start_soon(_display, plan, seen)
                results.append(await job(seen.append, stop))
                nursery.cancel_scope.cancel()
        if not results:
            raise KeyboardInterrupt
        return results[0]

    with unwrap_exception_groups():
        return trio.run(main)


async def _listen(signals: AsyncIterator[int], stop: trio.CancelScope, everything: trio.CancelScope) -> None:
    async for _ in signals:
        (everything if stop.cancel_called else stop).cancel()


async def _beat(task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
    """Die at the second signal that nobody has attended to for a second, or a while after the first: a step hangs.

    Whoever sends one SIGTERM and waits, as most supervisors do, shall not wait for ever.
    """
    ignored = 0
    clock = time.monotonic
    seen = clock()

    def stuck() -> bool:
        return clock() - seen > PATIENCE

    def die() -> None:
        os.write(2, b"\nclew: a step of a node does not return; ended by force\n")
        os._exit(INTERNAL_ERROR)

    def look_again(number: int, frame: FrameType | None) -> None:
        if stuck():
            die()

    def wrap(inner: Callable[[int, FrameType | None], Any]) -> Callable[[int, FrameType | None], None]:
        def handle(number: int, frame: FrameType | None) -> None:
            nonlocal ignored
            inner(number, frame)
            ignored = ignored + 1 if stuck() else 0
            if ignored >= 2:
                die()
            signal.setitimer(signal.ITIMER_REAL, GRACE)

        return handle

    for number in SIGNALS:
        inner = signal.getsignal(number)
        assert callable(inner)
        signal.signal(number, wrap(inner))
    before = signal.signal(signal.SIGALRM, look_again)
    task_status.started()
    try:
        while True:
            seen = clock()
            await trio.sleep(PATIENCE / 10)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


async def _display(plan: Plan, seen: list[Progress]) -> None:
    from rich.console import Console

    console = Console(stderr=True)
    began = trio.current_time()
    with console.status(printable(plan.name)) as status:
        while True:
            await trio.sleep(REFRESH)
            if seen:
                progress = seen[-1]
                operations = sum(progress.outcomes.values())
                rate = progress.events / max(trio.current_time() - began, 1e-9)
                goal = f"/{plan.workload.operations}" if isinstance(plan.workload.operations, int) else ""
                line = (
                    f"{printable(plan.name)}  {progress.now / 1e9:.1f} s  {operations}{goal} operations  "
                    f"{sum(progress.faults.values())} faults  {rate:,.0f} events/s"
                )
                status.update(line[: console.width - 4])
