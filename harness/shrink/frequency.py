"""How often a live run must fail to count: k of n times, by how often the original failed.

A live run that fails proves that its plan can fail, so nothing wrong is ever accepted. What can go wrong is this:

    missed   a candidate that fails as often as the original is turned down by bad luck. `n` is the smallest number with
             which that happens less than once in twenty (`MISSED`).
    drift    candidates that fail less and less often are accepted by good luck, and at the end nothing is left that
             anybody can reproduce. So two failures are asked for where that costs little. The smallest plan is run
             again at the end, and if it does not fail often enough then, the one before it is taken.
"""

from __future__ import annotations

from math import comb

import msgspec

FAILURES = 3
"""The original is run until it has failed so often ..."""
RUNS = 20
"""... or so often at all."""
MISSED = 0.05
"""The chance with which a candidate that fails as often as the original may be turned down."""
TWICE_MOST = 6
"""Two failures are asked for if that takes at most so many runs; one failure otherwise."""


class Rule(msgspec.Struct, frozen=True):
    """A candidate counts if it fails `needed` of `runs` times."""

    needed: int
    runs: int

    def __str__(self) -> str:
        return f"{self.needed} of {self.runs} times"


def rule(failed: int, runs: int) -> Rule:
    """The rule for an original that failed `failed` times in `runs` runs; at least once.

    Its frequency is taken to be (failed + 1) / (runs + 2), the mean of all frequencies that may have given this count:
    three failures in three runs are no proof that it always fails.

        failed 3 of 3    2 of 4       failed 3 of 6     1 of 5
        failed 3 of 4    2 of 5       failed 3 of 20    1 of 15
        failed 3 of 5    1 of 4       failed 1 of 20    1 of 32
    """
    chance = (failed + 1) / (runs + 2)
    twice = _runs_for(2, chance)
    return Rule(2, twice) if twice <= TWICE_MOST else Rule(1, _runs_for(1, chance))


def _runs_for(needed: int, chance: float) -> int:
    """The fewest runs with which `needed` failures are missed with a chance below `MISSED`."""
    runs = needed
    while missed(needed, runs, chance) >= MISSED:
        runs += 1
    return runs


def missed(needed: int, runs: int, chance: float) -> float:
    """The chance that fewer than `needed` of `runs` runs fail, if each fails with this chance."""
    return sum(comb(runs, k) * chance**k * (1 - chance) ** (runs - k) for k in range(needed))
