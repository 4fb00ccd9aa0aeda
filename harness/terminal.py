"""What a person sees: a progress line while a run goes on, and the verdict in words. Plain text when piped."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from types import FrameType
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec
import trio

from harness.exits import INTERNAL_ERROR
from harness.result import Result
from harness.unwrap import unwrapped
from histories.text import printable

if TYPE_CHECKING:
    from harness.check import Checked
    from harness.plan import Plan
    from harness.simulation import Progress

T = TypeVar("T")

COLOUR = {"valid": "green", "invalid": "red", "unknown": "yellow"}
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
PATIENCE = 1.0
"""Seconds after which trio counts as stuck."""
GRACE = 5.0
"""Seconds that a signal is given to be attended to."""
REFRESH = 0.1
"""Seconds between two looks at the progress."""


def supervise(
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

    with unwrapped():
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


def tell(result: Result, json: bool, *, engine: str = "", seconds: float | None = None) -> None:
    """Print a result: as JSON on one line, or in words, in colour on a terminal.

    `engine` and `seconds` say which engine decided, and how long it took, where that is of interest.
    """
    if json:
        print(msgspec.json.encode(result).decode())
        return
    from rich.console import Console
    from rich.text import Text

    console = Console(soft_wrap=True, highlight=False)
    title = Text(result.verdict.upper(), style=f"bold {COLOUR[result.verdict]}")
    if result.plan is None:
        title.append(f"  {printable(result.run or '')}", style="default")
    else:
        title.append(f"  {printable(result.plan)}, seed {result.seed}", style="default")
    console.print(title)
    for name, check in result.checks.items():
        console.print(
            Text(f"  {name:<13}").append(f"{check.verdict:<8}", style=COLOUR[check.verdict]).append(_lines(check.why))
        )
    for note in result.notes:
        console.print(Text(f"  {'note':<13}{printable(note)}", style="yellow"))
    for what, counts in result.counts.items():
        if what in ("operations", "faults", "messages", "protocol") and counts:
            # What the nodes count has names that their authors gave, most of them in the plural.
            told = (
                (f"{printable(name)} {count}" for name, count in sorted(counts.items()))
                if what == "protocol"
                else (f"{count} {printable(name)}" for name, count in counts.items())
            )
            console.print(Text(f"  {what:<13}" + ", ".join(told)))
    if result.seconds:
        console.print(Text(f"  {'time':<13}{result.seconds:.1f} s of cluster time"))
    if engine and seconds is not None:
        console.print(
            Text(f"  {'checked':<13}{result.operations:,} operations by {printable(engine)} in {seconds:.2f} s")
        )
    if result.run is not None and result.plan is not None:
        console.print(Text(f"  {'run':<13}{result.run}"))
    if result.error:
        Console(stderr=True, soft_wrap=True, highlight=False).print(Text(f"clew: {_lines(result.error, 6)}"))


def table(checked: Iterator[Checked], json: bool) -> list[Checked]:
    """Print what was found of each of many files, as it is found: JSON objects, or the lines of a table."""
    from rich.console import Console
    from rich.text import Text

    console, errors = Console(soft_wrap=True, highlight=False), Console(stderr=True, soft_wrap=True, highlight=False)
    found: list[Checked] = []
    if not json:
        console.print(f"{'operations':>10}  {'verdict':<8} {'engine':<14} {'time':>9}  file")
    for one in checked:
        found.append(one)
        if one.result is None:
            errors.print(Text(f"clew: {printable(one.error or '')}"))
        elif json:
            print(msgspec.json.encode(one.result).decode(), flush=True)
        else:
            console.print(
                Text(f"{one.result.operations:>10,}  ")
                .append(f"{one.result.verdict:<8}", style=COLOUR[one.result.verdict])
                .append(f" {printable(one.engine):<14} {one.seconds:>7.2f} s  {printable(str(one.path))}")
            )
    if not json:
        verdicts = Counter(one.result.verdict if one.result is not None else "not checked" for one in found)
        console.print(f"{len(found)} files: " + ", ".join(f"{count} {verdict}" for verdict, count in verdicts.items()))
    return found


def _lines(text: str, indent: int = 15) -> str:
    return ("\n" + " " * indent).join(printable(line) for line in text.splitlines())
