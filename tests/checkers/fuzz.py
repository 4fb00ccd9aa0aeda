"""Tests every engine against the exhaustive checker: `python -m tests.checkers.fuzz --seconds 600`.

First come all histories of one, two and three operations of each model. Then each model in turn gets a block of random
problems of up to ten operations, some of them drawn from the list of all histories of four and five operations. This
goes on until the time is over, or until each model has had as many as `--histories` says. It stops at the first
difference and says how to see it again.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections import Counter

from clew.checkers.models import find_model, names
from tests.checkers import small
from tests.checkers.alphabets import ALPHABETS, SYMMETRIC
from tests.checkers.test_engines import assert_all_agree, engines_of

BLOCK = 500


def small_ones(name: str) -> Counter[str]:
    """Check all histories of up to three operations of one model; returns how many were valid and invalid."""
    model, answers = find_model(name), Counter[str]()
    for count in (1, 2, 3):
        for problem in small.every(model, ALPHABETS[name], count, symmetric=name in SYMMETRIC):
            answers[assert_all_agree(engines_of(name).values(), problem, model)] += 1
    return answers


def block(name: str, seed: str) -> Counter[str]:
    """Check one block of problems of one model; returns how many were valid and invalid."""
    model, rng, answers = find_model(name), random.Random(seed), Counter[str]()
    unique = small.UNIQUE.get(name)
    for _ in range(BLOCK):
        kind = rng.random()
        if kind < 0.2:
            problem = small.one_of_all(model, ALPHABETS[name], rng.choice((4, 4, 5)), rng)
        elif kind < 0.6 and unique is not None:
            problem = unique(model, rng.randrange(1, 11), rng)
        else:
            make = rng.choice((small.lived, small.lived, small.scattered))
            problem = make(model, ALPHABETS[name], rng.randrange(1, 11), rng)
        answers[assert_all_agree(engines_of(name).values(), problem, model)] += 1
    return answers


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, help="60 unless --histories are given")
    parser.add_argument("--histories", type=int, default=sys.maxsize, help="of each model")
    parser.add_argument("--model", choices=names(), action="append")
    options = parser.parse_args()
    limited = options.seconds is not None or options.histories == sys.maxsize
    end = time.monotonic() + (options.seconds or 60.0) if limited else float("inf")
    totals: dict[str, Counter[str]] = {}
    for name in options.model or names():
        try:
            totals[name] = small_ones(name)
        except AssertionError as difference:
            sys.exit(f"the engines differ: {difference}\nto see it again: tests.checkers.fuzz.small_ones({name!r})")
    number = 0
    while time.monotonic() < end and any(answers.total() < options.histories for answers in totals.values()):
        for name in (name for name, answers in totals.items() if answers.total() < options.histories):
            seed = f"{options.seed}/{name}/{number}"
            try:
                totals[name] += block(name, seed)
            except AssertionError as difference:
                sys.exit(
                    f"the engines differ: {difference}\nto see it again: tests.checkers.fuzz.block({name!r}, {seed!r})"
                )
        number += 1
    for name, answers in totals.items():
        print(f"{name:20} {answers.total():9} histories, {', '.join(engines_of(name))}: answers {dict(answers)}")


if __name__ == "__main__":
    main()
