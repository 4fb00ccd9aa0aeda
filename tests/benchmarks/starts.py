"""How long a cluster of each database takes from the first process until all its nodes serve clients.

    python -m tests.benchmarks.starts [--rounds 5] [--system etcd]

Three nodes, as a plan starts them: in network namespaces, their data on a file system in memory where there is one. The
processor time is that of all processes of clew and of the database, from the start of Python to the same moment. On a
busy machine only that says something, so the load of the last minute stands beside the figures.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from pathlib import Path

import trio

from clew.harness.plan import load, resolve
from clew.harness.runtime.live.live import open_live
from clew.harness.runtime.outcome import Outcome
from clew.systems import find_system

PLANS = {
    "etcd": "etcd-linearizable",
    "redis": "redis-replica-reads",
    "redis with Sentinels": "redis-sentinel-failover",
    "zookeeper": "zookeeper-sync",
    "nats": "nats-kv-leader-reads",
    "rabbitmq": "rabbitmq-quorum-queue",
}
TICKS = os.sysconf("SC_CLK_TCK")


def processor_seconds() -> float:
    """What this process and all below it have taken so far, and those that they have waited for."""
    children: dict[int, list[int]] = {}
    taken: dict[int, int] = {}
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            # The name stands in parentheses, and may itself have some.
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        children.setdefault(int(fields[1]), []).append(int(entry.name))
        taken[int(entry.name)] = sum(map(int, fields[11:15]))
    below = [os.getpid()]
    for process in below:
        below += children.get(process, ())
    return sum(taken[process] for process in below) / TICKS


async def start(name: str) -> tuple[float, float]:
    """Start the cluster of a plan and end it. Returns the seconds, and the seconds of processor time."""
    plan = resolve(load(name), 0)
    before = processor_seconds()
    began = time.monotonic()
    async with open_live(plan, find_system(plan.system.name), Outcome()) as live:
        async with trio.open_nursery() as nursery:
            for node in plan.nodes:
                nursery.start_soon(live.cluster.start, node)
        return time.monotonic() - began, processor_seconds() - before


def main() -> None:
    """Print a table in Markdown: medians, and the least and most."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--system", choices=PLANS, action="append")
    options = parser.parse_args()
    print("| three nodes of | seconds | least and most | processor seconds | load |\n| --- | --- | --- | --- | --- |")
    for system in options.system or PLANS:
        found = [trio.run(start, PLANS[system]) for _ in range(options.rounds)]
        walls = [wall for wall, _ in found]
        taken = statistics.median(processor for _, processor in found)
        print(
            f"| {system} | {statistics.median(walls):.1f} | {min(walls):.1f} to {max(walls):.1f} | {taken:.1f} | "
            f"{os.getloadavg()[0]:.1f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
