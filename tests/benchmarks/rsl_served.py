"""How many requests an RSL cluster serves in a second of its own time, and how long each takes.

    python -m tests.benchmarks.rsl_served [--seconds 30] [--write docs/rsl.md]

The time is that of the simulation: messages take one millisecond on average (exponential), and steps take none. So the
figures say what the protocol waits for, not how fast the simulator is (`tests.benchmarks.rsl`). The workload is the
plan `rsl-counter-steady`: 32 clients that never pause increment a counter on three replicas. `--write` puts the table
into a page, between the two lines that name this module.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from clew.harness.plan import load, resolve
from clew.harness.run import simulate
from clew.histories.history import OK

SETTINGS: dict[str, tuple[str, ...]] = {
    "7 places, 100 ms: IronFleet since 2016": (),
    "7 places, 10 ms: IronFleet of SOSP 2015": ("system.heartbeat_period=10ms",),
    "100 places, 100 ms": ("system.max_log_length=100",),
}
"""What is measured: the length of the log and the time between heartbeats, and whose setting it is."""
MARK = "<!-- python -m tests.benchmarks.rsl_served -->"


def row(name: str, settings: Sequence[str], heartbeats: str, seconds: int) -> str:
    """Run the plan for so many seconds of the cluster's time. Returns the row of the table."""
    own = ("workload.operations=null", f"workload.duration={seconds}s", "checks=[liveness]")
    plan = resolve(load("rsl-counter-steady"), 0, [*own, f"system.heartbeats={heartbeats}", *settings])
    history, _ = simulate(plan)
    operations = history.operations
    done = (operations.outcome == OK) & (operations.end <= seconds * 10**9)
    took = (operations.end - operations.start)[done] / 1e6
    cells = (f"{figure:.1f} ms" for figure in (took.mean(), *np.percentile(took, (50, 95, 99))))
    return f"| {name} | {heartbeats} | {done.sum() / seconds:,.0f} | {' | '.join(cells)} |"


def table(seconds: int) -> str:
    """All rows, as Markdown."""
    lines = [
        "| log, heartbeats | they beat | requests/s | mean | 50 % | 95 % | 99 % |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, settings in SETTINGS.items():
        for heartbeats in ("together", "staggered"):
            lines.append(row(name, settings, heartbeats, seconds))
            print(lines[-1], flush=True)
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=30)
    parser.add_argument("--write", type=Path)
    options = parser.parse_args()
    measured = table(options.seconds)
    if options.write is not None:
        before, _, after = options.write.read_text().split(MARK)
        options.write.write_text(f"{before}{MARK}\n\n{measured}\n\n{MARK}{after}")


if __name__ == "__main__":
    main()
