"""Which hard histories of a CAS register the checker decides in ten seconds.

    python -m tests.benchmarks.registers [--seed 1] [--seconds 10]

Linearizable histories of few values in which mostly compare-and-sets are tried, half of which expect the value that is
there (see `tests.checkers.generators`). Each is of a kind drawn from `MIXES`, `PROCESSES`, `VALUES`, `UNKNOWN` and
`SHAPES`. The table says how many were decided, and the processor seconds of one. Those that were not decided are listed
below it. The budget is processor time too, so a busy machine decides as much as a quiet one; run it twice after an
install, since what a search compiles counts here.
"""

from __future__ import annotations

import argparse
import random
import statistics
import time

from clew.checkers import Budget, check, verify_witness
from clew.checkers.models import find_model
from clew.histories import History
from tests.benchmarks.cells import ProcessorTime
from tests.checkers.generators import Mix, register_history

ROWS = ((2_000, 482), (10_000, 40))
"""How many operations, and how many histories of so many."""
MIXES = ((1, 0.1, 3), (3, 0.3, 3), (1, 1, 1), (1, 0, 3), (2, 0.5, 6))
"""How often an operation is a read, a write, a compare-and-set."""
PROCESSES = (5, 10, 30, 50)
VALUES = (2, 3, 5, 10, 20)
UNKNOWN = (0.01, 0.02, 0.05, 0.1)
"""The share of operations of unknown outcome."""
SHAPES = ("steady", "steady", "bursts", "across", "clusters", "ties")
"""See `tests.checkers.calls.SHAPES`. Every third history is steady."""


def hard(operations: int, seed: str) -> tuple[Mix, History]:
    """A history, and its kind."""
    rng = random.Random(seed)
    mix = Mix(
        operations,
        rng.choice(PROCESSES),
        rng.choice(MIXES),
        rng.choice(VALUES),
        rng.choice(UNKNOWN),
        rng.choice(SHAPES),
    )
    return mix, register_history(mix, rng)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="for other histories")
    parser.add_argument("--seconds", type=float, default=10.0, help="the budget, processor time")
    options = parser.parse_args()
    model = find_model("cas-register")
    undecided = list[str]()
    print("| operations | decided | on average | median | 95 % below | at most |\n|---|---|---|---|---|---|")
    for operations, histories in ROWS:
        seconds = list[float]()
        left = len(undecided)
        for number in range(histories):
            seed = f"{options.seed}/{operations}/{number}"
            mix, history = hard(operations, seed)
            began = time.process_time()
            verdict = check(history, model, budget=Budget(float("inf")), until=ProcessorTime(options.seconds))
            seconds.append(time.process_time() - began)
            assert verdict.verdict != "invalid", seed
            verify_witness(history, model, verdict)
            if verdict.verdict == "unknown":
                undecided.append(f"not decided: {seed}, {mix}")
        figures = (
            statistics.mean(seconds),
            statistics.median(seconds),
            statistics.quantiles(seconds, n=20)[-1],
            max(seconds),
        )
        decided = f"{histories - len(undecided) + left} of {histories}"
        print(f"| {operations:,} | {decided} | {' | '.join(f'{figure:.2f} s' for figure in figures)} |", flush=True)
    print(*undecided, sep="\n")


if __name__ == "__main__":
    main()
