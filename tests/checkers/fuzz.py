"""Engines against the exhaustive checker, for as long as you like: `python -m tests.checkers.fuzz --seconds 600`.

Goes round the models; for each, a block of random problems of up to ten operations, and of the list of all histories of
three, four and five operations a random sample. Stops at the first difference, and says how to see it again.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections import Counter

from checkers.models import find, names
from tests.checkers import small
from tests.checkers.alphabets import ALPHABETS
from tests.checkers.test_engines import ENGINES, REGISTERS, assert_all_agree

BLOCK = 500


def block(name: str, seed: str) -> Counter[str]:
    """Check one block of problems of one model; returns how many were valid and invalid."""
    model, rng, answers = find(name), random.Random(seed), Counter[str]()
    unique = small.UNIQUE.get(name)
    engines = REGISTERS.get(name, ENGINES).values()
    for _ in range(BLOCK):
        make = rng.choice((small.lived, small.lived, small.scattered))
        problem = make(model, ALPHABETS[name], rng.randrange(1, 11), rng)
        if unique is not None and rng.random() < 0.5:
            problem = unique(model, rng.randrange(1, 11), rng)
        answers[assert_all_agree(engines, problem, model)] += 1
    return answers


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--model", choices=names(), action="append")
    options = parser.parse_args()
    end = time.monotonic() + options.seconds
    totals: dict[str, Counter[str]] = {name: Counter() for name in options.model or names()}
    number = 0
    while time.monotonic() < end:
        for name in totals:
            seed = f"{options.seed}/{name}/{number}"
            try:
                totals[name] += block(name, seed)
            except AssertionError as difference:
                sys.exit(
                    f"the engines differ: {difference}\nto see it again: tests.checkers.fuzz.block({name!r}, {seed!r})"
                )
        number += 1
    for name, answers in totals.items():
        engines = ", ".join(REGISTERS.get(name, ENGINES))
        print(f"{name:20} {number * BLOCK:9} histories, {engines}: answers {dict(answers)}")


if __name__ == "__main__":
    main()
