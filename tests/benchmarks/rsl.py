"""How many requests a simulated RSL cluster serves in a second: 3 replicas, 32 clients, batches of 32.

    python -m tests.benchmarks.rsl [--runs 5] [--requests 30000] [--profile]

The workload is that of the plan `rsl-counter-steady`. It runs in four ways: in memory, as a hunt runs it, without and
with the invariants; and on disk, as `clew run` runs it, inline and with processes. The ways take turns, and the median
counts. `--profile` prints where the time goes instead.

A request is seven events and more than four messages. No single place takes most of the time. The places that take most
by themselves, and what keeps each short:

- `Simulation.run` goes from event to event. A step without effects ends at once.
- `Simulation._send` looks at each message once. Equal messages that nobody can change are parsed once (`packet.py`).
  A message that no invariant and no landmark watches is shown to none.
- `Simulation._carry_out` takes the effects of a step. They are told apart by `type() is`: `isinstance` takes four times
  as long to say no to a msgspec struct.
"""

from __future__ import annotations

import argparse
import cProfile
import os
import pstats
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import trio

from clew.harness.plan import Plan, load, resolve
from clew.harness.run import run, simulate
from tests.benchmarks.simulation import processor_time

FLOOR = 10_000
"""Requests per second, inline on one core."""


def plan(requests: int, seed: int, checks: str = "liveness") -> Plan:
    """The steady cluster, with nothing to be checked that is not part of the measurement."""
    return resolve(load("rsl-counter-steady"), seed, [f"workload.operations={requests}", f"checks=[{checks}]"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--requests", type=int, default=30_000)
    parser.add_argument("--profile", action="store_true")
    options = parser.parse_args()
    requests = options.requests
    # One processor, as in a campaign that runs one simulation on each.
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    if options.profile:
        with cProfile.Profile() as profile:
            simulate(plan(requests, 0))
        pstats.Stats(profile).sort_stats("tottime").print_stats(20)
        return
    print(
        f"{requests} requests of 32 clients to 3 replicas, {options.runs} runs on one processor: median (least to most)"
    )
    with tempfile.TemporaryDirectory() as folder:
        store = Path(folder)
        ways: dict[str, Callable[[int], object]] = {
            "inline": lambda seed: simulate(plan(requests, seed)),
            "inline, invariants": lambda seed: simulate(plan(requests, seed, "liveness, invariants")),
            "inline, on disk": lambda seed: trio.run(lambda: run(plan(requests, seed), nodes="inline", into=store)),
            "processes, on disk": lambda seed: trio.run(lambda: run(plan(requests, seed), nodes="process", into=store)),
        }
        rates: dict[str, list[float]] = {way: [] for way in ways}
        pure: dict[str, list[float]] = {way: [] for way in ways}
        for seed in range(options.runs + 1):
            for way, serve in ways.items():
                began, used = time.perf_counter(), processor_time()
                serve(seed)
                if seed:  # the first is a warm-up
                    rates[way].append(requests / (time.perf_counter() - began))
                    pure[way].append(requests / (processor_time() - used))
    for way, measured in rates.items():
        middle = statistics.median(measured)
        print(
            f"  {way:<20} {middle:>8,.0f} requests/s ({min(measured):,.0f} to {max(measured):,.0f})"
            f"   {statistics.median(pure[way]):>8,.0f} per processor second"
        )
    # On a machine that does nothing else the two are the same.
    met = "above" if statistics.median(pure["inline"]) >= FLOOR else "BELOW"
    print(f"  inline, on a processor of its own: {met} the floor of {FLOOR:,}")


if __name__ == "__main__":
    main()
