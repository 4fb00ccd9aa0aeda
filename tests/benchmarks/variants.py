"""Which variants are found, by whom, and after how many seeds: the table.

    python -m tests.benchmarks.variants rsl [--starts 10] [--seeds 20] [variant ...]

Each variant has a plan that was made to find such mistakes. From each of several starting points, seeds are tried one
after the other until clients can tell (`history`), and until a lemma of the proof breaks (`invariant`). What is counted
is how many it took: the median over the starting points that found it within `--seeds`, and how many those were unless
it was all of them. Seconds are of processor time, for the search for what clients can tell; of all the search if they
cannot tell.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Sequence

from harness.judge import judge
from harness.plan import load, resolve
from harness.run import simulate
from systems import find

APART = 1000
"""How far the starting points lie from each other."""

RESTARTS = ("rsl-amnesia", "system.durability=synced")
DELAYS = (
    "rsl-heavy-weather",
    "system.baseline_view_timeout_period=20ms",
    "nemesis.3.network.for=2s",
    "nemesis.3.network.delay.uniform=[0ms, 2s]",
)
SHIM = ("handles-packets-twice", "torn-writes", "read-error-as-empty", "fsync-lies")
PLANS: dict[str, dict[str, tuple[str, ...]]] = {
    "rsl": {
        **dict.fromkeys(SHIM[1:], RESTARTS),
        "handles-packets-twice": ("rsl-heavy-weather",),
        "amnesia": RESTARTS,
        "as-published": ("rsl-as-published",),
        "runs-retransmissions": ("rsl-as-published",),
        "counts-duplicates": ("rsl-storm", "network.duplicate=0.3"),
        "prefers-its-own": ("rsl-storm",),
        "skips-holes": ("rsl-storm",),
        "ignores-promises": DELAYS,
        "answers-before-quorum": ("rsl-storm",),
        "forgets-promises": ("rsl-forgets-promises",),
        "votes-without-promising": ("rsl-votes-without-promising",),
        "takes-any-1b": ("rsl-takes-any-1b",),
        "reuses-ballots": ("rsl-reuses-ballots",),
    },
    "caspaxos": {
        **dict.fromkeys(SHIM, ("caspaxos-forgets-promises",)),
        "forgets-promises": ("caspaxos-forgets-promises",),
        "highest-version": ("caspaxos-highest-version",),
        "dirty-reads": ("caspaxos-dirty-reads",),
    },
}
"""The plan that hunts a variant, and what is set in it; `rsl-heavy-weather` hunts what is not named here."""


class Search:
    """How one start went: seeds until clients can tell, until a lemma breaks, and whether liveness was lost."""

    def __init__(self, variant: str, plan: Sequence[str], first: int, seeds: int) -> None:
        self.history: int | None = None
        self.invariant: int | None = None
        self.liveness = False
        name, *settings = plan
        began = time.process_time()
        for tried in range(1, seeds + 1):
            resolved = resolve(load(name), first + tried - 1, [*settings, f"system.variant={variant}"])
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
    parser.add_argument("system", choices=list(PLANS))
    parser.add_argument("variants", nargs="*")
    parser.add_argument("--starts", type=int, default=10)
    parser.add_argument("--seeds", type=int, default=20)
    options = parser.parse_intermixed_args()
    system = find(options.system)
    print(f"{'variant':<25} {'history':>12} {'invariant':>12} {'seconds':>8}  plan")
    for variant in options.variants or system.variants:
        plan = PLANS[options.system].get(variant, ("rsl-heavy-weather",))
        searches = [Search(variant, plan, start * APART, options.seeds) for start in range(options.starts)]
        note = "  loses liveness" if any(search.liveness for search in searches) else ""
        print(
            f"{variant:<25} {told([search.history for search in searches]):>12} "
            f"{told([search.invariant for search in searches]):>12} "
            f"{statistics.median(search.seconds for search in searches):>8.1f}  {plan[0]}{note}",
            flush=True,
        )


if __name__ == "__main__":
    main()
