"""Compile the kernels of the checker once, on all cores: `python -m tests.checkers.compile`.

A kernel is compiled when it is first called, and kept for later processes. Without this, the workers of pytest on a
fresh clone would all compile the same kernels at the same time.
"""

from __future__ import annotations

import random
from concurrent.futures import ProcessPoolExecutor

from clew.checkers import Budget, check, counters, least, mending, pairing
from clew.checkers.deadline import Deadline
from clew.checkers.encoding import encode
from clew.checkers.models import find_model
from tests.checkers import small
from tests.checkers.alphabets import ALPHABETS
from tests.checkers.engines import assert_all_agree, engines_of
from tests.checkers.objects import object_history

PARTS = (
    ("cas-register", "lazy"),
    ("cas-register", "linear"),
    ("cas-register", "wgl"),
    ("kv", "growing"),
    ("stack", "newest"),
    ("stack", "competition"),
    ("priority-queue", "competition"),
    ("fifo-queue", "competition"),
)
"""Models and engines that together call every kernel, those that take longest first."""


def compile_part(model_name: str, engine: str) -> None:
    """Let the engine decide a few small histories of the model."""
    model, rng, unique = find_model(model_name), random.Random(1), small.UNIQUE.get(model_name)
    decide = engines_of(model_name)[engine]
    for _ in range(3):
        assert_all_agree([decide], small.lived(model, ALPHABETS[model_name], 6, rng), model)
        if unique is not None:
            assert_all_agree([decide], unique(model, 6, rng), model)


def compile_pairing() -> None:
    """Search for a pairing, which small histories never need."""
    model = find_model("stack")
    (problem,) = encode(object_history("stack", 30, 5, False, 0.1, 1), model)
    pairing.search(problem, model, Deadline(), 10_000)


def compile_counters() -> None:
    """Sweep by gaps, which short histories hardly need."""
    model = find_model("counter")
    (problem,) = encode(object_history("counter", 30, 5, False, 0.1, 1), model)
    counters.decide(problem, model, Budget(), Deadline(), 10_000, 1)


def compile_mending() -> None:
    """Mend an order of several registers, which small histories never need."""
    model = find_model("multi-register")
    (problem,) = encode(object_history("multi-register", 30, 5, False, 0.1, 1), model)
    mending.decide(problem, model, Deadline(), 10_000)


def compile_least() -> None:
    """Mend an order of a priority queue, which small histories never need."""
    model = find_model("priority-queue")
    (problem,) = encode(object_history("priority-queue", 100, 5, False, 0.1, 1), model)
    least.decide(problem, model, Deadline(), 100_000)


def compile_long() -> None:
    """Check histories that are long enough for tables that grow, and for the search for a stale read."""
    for name, operations in (("counter", 400), ("cas-register", 5000)):
        check(object_history(name, operations, 10, False, 0.02, 3), model=name)


if __name__ == "__main__":
    with ProcessPoolExecutor() as workers:
        longest = [workers.submit(make) for make in (compile_counters, compile_pairing, compile_mending, compile_least)]
        parts = [workers.submit(compile_part, *part) for part in PARTS]
        # The last, because most of what it needs is compiled by then.
        for done in [*longest, *parts, workers.submit(compile_long)]:
            done.result()
