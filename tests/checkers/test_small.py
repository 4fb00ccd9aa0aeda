"""The list of all small histories is complete."""

from __future__ import annotations

from itertools import permutations

from clew.checkers.encoding import Problem
from clew.checkers.models import ModelOperation, find_model
from tests.checkers import small


def order_of(problem: Problem) -> frozenset[tuple[int, int]]:
    """Which operation came before which, up to the numbering of the operations."""
    count = len(problem)
    before = [(a, b) for a in range(count) for b in range(count) if problem.ret[a] < problem.call[b]]
    return min(
        (frozenset((name[a], name[b]) for a, b in before) for name in permutations(range(count))),
        key=lambda pairs: sorted(pairs),
    )


def test_every_interval_order_occurs() -> None:
    # The number of interval orders of n unlabelled elements: the Fishburn numbers, OEIS A022493.
    alphabet = [ModelOperation("write", 1, 1, "ok")]
    model = find_model("register")
    for count, fishburn in ((1, 1), (2, 2), (3, 5), (4, 15)):
        assert len({order_of(problem) for problem in small.every(model, alphabet, count)}) == fishburn
