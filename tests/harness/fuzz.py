"""The shipped plans on as many seeds as there is time for: `python -m tests.harness.fuzz --seconds 600 --first 200`.

Goes through the seeds from `--first` on, each with every plan, on all cores. A correct system must be valid, and what
the plan is made for must happen. Stops at the first seed on which that is not so, and says how to see it again.
"""

from __future__ import annotations

import argparse
import itertools
import os
import sys
import time
from collections import Counter
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait

from tests.harness.plans import PROMISES, assert_promise


def trial(name: str, seed: int) -> str | None:
    """What is wrong with this plan on this seed, if anything."""
    try:
        assert_promise(name, seed)
    except AssertionError as broken:
        return str(broken)
    return None


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--plan", choices=PROMISES, action="append")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args()
    work = ((name, seed) for seed in itertools.count(options.first) for name in options.plan or PROMISES)
    end, done = time.monotonic() + options.seconds, Counter[str]()
    with ProcessPoolExecutor(options.jobs) as workers:
        running: dict[Future[str | None], tuple[str, int]] = {}
        while running or time.monotonic() < end:
            while len(running) < 4 * options.jobs and time.monotonic() < end:
                name, seed = next(work)
                running[workers.submit(trial, name, seed)] = name, seed
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                name, seed = running.pop(future)
                if (wrong := future.result()) is not None:
                    settings = " ".join(f"--set {setting}" for setting in PROMISES[name])
                    sys.exit(f"{wrong}\nto see it again: clew run {name} --seed {seed} {settings}")
                done[name] += 1
    for name in options.plan or PROMISES:
        print(f"{name:30} {done[name]:6} seeds from {options.first}, all as the plan promises")


if __name__ == "__main__":
    main()
