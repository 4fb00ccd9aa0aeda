"""The line that a terminal shows while a run goes on."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import trio

from clew.harness.cli.output.ascii import spinner
from clew.histories.text import plural, printable

if TYPE_CHECKING:
    from clew.harness.plan import Plan
    from clew.harness.runtime.outcome import Progress

REFRESH_SECONDS = 0.1


class RunProgress:
    """Time, operations and faults of a run, and of a simulation its speed, as one line that is kept up to date.

    Pass `watch` to the run, and let `show` run beside it. Nothing is shown if `quiet`, or if stderr is no terminal.
    `before` stands before all else in the line.
    """

    def __init__(self, plan: Plan, *, quiet: bool, before: str = "") -> None:
        self._plan = plan
        self._before = before
        self._visible = not quiet and sys.stderr is not None and sys.stderr.isatty()
        self._progress: Progress | None = None

    def watch(self, progress: Progress) -> None:
        """Show these counters from now on. The run keeps them up to date."""
        self._progress = progress

    async def show(self) -> None:
        """Show the line until cancelled."""
        if not self._visible:
            return
        from rich.console import Console

        console = Console(stderr=True)
        began = trio.current_time()
        with console.status(printable(self._plan.name), spinner=spinner()) as status:
            while True:
                await trio.sleep(REFRESH_SECONDS)
                if self._progress is not None:
                    line = self._line(self._progress, trio.current_time() - began)
                    status.update(line[: console.width - 4])

    def _line(self, progress: Progress, seconds: float) -> str:
        ended = sum(progress.outcomes.values())
        planned = self._plan.workload.operations
        operations = f"{ended}"
        if isinstance(planned, int):
            # What comes after the workload are the final reads.
            reads = f", {plural(ended - planned, 'final read')}" if ended > planned else ""
            operations = f"{min(ended, planned)}/{planned}{reads}"
        # A simulation is as fast as its events. A live run takes as long as its plan says.
        simulated = self._plan.runtime == "simulation"
        speed = f"  {progress.events / max(seconds, 1e-9):,.0f} events/s" if simulated else ""
        return (
            f"{self._before}{printable(self._plan.name)}  {progress.now / 1e9:.1f} s  {operations} operations  "
            f"{plural(sum(progress.faults.values()), 'fault')}{speed}"
        )
