"""How fast a simulated cluster runs: events a second, inline and with a process for each node.

    python -m tests.benchmarks.simulation [--runs 5]

The two ways take turns, so that a machine that slows down slows both, and the median counts. Events are divided by
wall time and by the processor time of harness and nodes together. The two rates differ if the machine does other work.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from functools import partial
from pathlib import Path

import trio

from clew.harness.plan import load, resolve
from clew.harness.run import header, record
from clew.harness.runtime.open import NodesMode
from clew.harness.runtime.outcome import Outcome
from clew.harness.store.folder import create_run_folder, open_files
from clew.histories import Recorder

PLAN = "caspaxos-contention-storm"


def processor_time() -> float:
    """Seconds of this process and of its children that have ended."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def measure(nodes: NodesMode, seed: int, store: Path) -> tuple[float, float, float]:
    """Run the plan once, with history and journal on disk. The start of the nodes counts.

    Returns the events per second of wall time, the events per second of processor time, and the seconds.
    """
    plan = resolve(load(PLAN), seed, ["checks=[invariants, liveness]"])
    recorder, outcome = Recorder(header(plan)), Outcome()
    folder = create_run_folder(store, plan, nodes)
    began, used = time.perf_counter(), processor_time()
    with open_files(folder, recorder) as (journal, log):
        trio.run(
            partial(record, plan, recorder, outcome, nodes=nodes, journal=journal, log=log, folder=folder.path),
        )
    took, used = time.perf_counter() - began, processor_time() - used
    return outcome.progress.events / took, outcome.progress.events / used, took


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    runs = parser.parse_args().runs
    ways: tuple[NodesMode, ...] = ("inline", "process")
    figures: dict[NodesMode, list[tuple[float, float, float]]] = {way: [] for way in ways}
    # One processor, as in a campaign that runs one simulation on each.
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    with tempfile.TemporaryDirectory() as store:
        for seed in range(runs + 1):
            for way in ways:
                figure = measure(way, seed, Path(store))
                if seed:  # the first is a warm-up
                    figures[way].append(figure)
    print(f"{PLAN}, {runs} runs on one processor: median (least to most)")
    for way, measured in figures.items():
        rates, pure, seconds = zip(*measured, strict=True)
        print(
            f"  {way:<8} {statistics.median(rates):>8,.0f} events/s ({min(rates):,.0f} to {max(rates):,.0f})"
            f"   {statistics.median(pure):>8,.0f} per processor second   {statistics.median(seconds):.2f} s a run"
        )


if __name__ == "__main__":
    main()
