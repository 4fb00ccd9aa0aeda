"""How many requests a simulated RSL cluster serves in a second of wall time: 3 replicas, 32 clients, batches of 32.

    python -m tests.benchmarks.rsl [--runs 5] [--requests 30000] [--profile]

Inline in memory as a campaign has it, without and with the invariants; inline and with processes as `clew run` has it,
with history and journal on disk. The workload is that of `rsl-counter-steady`, the ways take turns, and what counts is
the median. `--profile` tells where the time goes instead.

Where the time goes: a request is seven events and more than four messages, of which only the request itself is said
once. The top three lines of the profile, by what they cost without what they call, are these. What is done about each:

- `Simulation.run`, a tenth, goes from event to event. A delivery to a client is no coroutine, and a step without
  effects ends at once: most of them find a second or third reply and do nothing.
- `Simulation._send`, a tenth, and a quarter with what it calls. Equal messages that nobody can change are parsed once
  (`clew.harness.runtime.simulation.packet`); what no invariant and no landmark watches is not shown around; effects
  are told apart by `type() is`, for `isinstance` takes four times as long to say no to a msgspec struct.
- `Network.fate`, a twentieth, draws for each message. A network without a cut is not asked for one on arrival.

In long runs the garbage collector counts too, and is told to leave messages and effects alone. The rest is spread thin:
the heap, clients' steps, and the nine actions of each replica's step, of which a leader whose batch still fills leaves
out the look for room in the log.
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
