"""Which variants are found, by whom, and after how many seeds: the table.

    python -m tests.benchmarks.variants rsl [--starts 10] [--seeds 20] [variant ...]

Each variant has a plan that was made to find such mistakes (`System.hunted`). From each of several starting points,
seeds are tried one after the other until clients can tell (`history`), and until a lemma of the proof breaks
(`invariant`). What is counted is how many it took: the median over the starting points that found it within `--seeds`,
and how many those were unless it was all of them. Seconds are of processor time, for the search for what clients can
tell; of all the search if they cannot tell.
"""

from __future__ import annotations

import argparse
import statistics
import time

from harness.judge import judge
from harness.plan import load, resolve
from harness.run import simulate
from systems import Hunted, find, names

APART = 1000
"""How far the starting points lie from each other."""


class Search:
    """How one start went: seeds until clients can tell, until a lemma breaks, and whether liveness was lost."""

    def __init__(self, variant: str, hunted: Hunted, first: int, seeds: int) -> None:
        self.history: int | None = None
        self.invariant: int | None = None
        self.liveness = False
        settings = [*hunted.settings, f"system.variant={variant}"]
        began = time.process_time()
        for tried in range(1, seeds + 1):
            resolved = resolve(load(hunted.plan), first + tried - 1, settings)
            checks = judge(resolved, *simulate(resolved)).checks
            self.liveness |= checks["liveness"].verdict == "invalid"
            if self.invariant is None and checks["invariants"].verdict == "invalid":
                self.invariant = tried
            if checks["linearizable"].verdict == "invalid":
                self.history = tried
                break
        self.seconds = time.process_time() - began


def told(counts: list[int | None]) -> str:
    """The median number of seeds, and how many starts found it if not all did."""
    found = [count for count in counts if count is not None]
    if not found:
        return "-"
    share = "" if len(found) == len(counts) else f" ({len(found)}/{len(counts)})"
    return f"{statistics.median(found):g}{share}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("system", choices=names())
    parser.add_argument("variants", nargs="*")
    parser.add_argument("--starts", type=int, default=10)
    parser.add_argument("--seeds", type=int, default=20)
    options = parser.parse_intermixed_args()
    system = find(options.system)
    print(f"{'variant':<25} {'history':>12} {'invariant':>12} {'seconds':>8}  plan")
    for variant in options.variants or system.variants:
        hunted = system.hunted[variant]
        searches = [Search(variant, hunted, start * APART, options.seeds) for start in range(options.starts)]
        note = "  loses liveness" if any(search.liveness for search in searches) else ""
        print(
            f"{variant:<25} {told([search.history for search in searches]):>12} "
            f"{told([search.invariant for search in searches]):>12} "
            f"{statistics.median(search.seconds for search in searches):>8.1f}  {hunted.plan}{note}",
            flush=True,
        )


if __name__ == "__main__":
    main()
