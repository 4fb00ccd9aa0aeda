"""Tests every engine against the exhaustive checker: `python -m tests.checkers.fuzz --seconds 600`.

First come all histories of one, two and three operations of each model. Then each model in turn gets a block of random
problems of up to ten operations, some of them drawn from the list of all histories of four and five operations, and ten
longer histories of many shapes (see `generators`), on which the engines are compared with each other. This goes on
until the time is over, or until each model has had as many as `--histories` says. It stops at the first difference and
says how to see it again.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections import Counter

from clew.checkers import Budget, check, verify_witness
from clew.checkers.models import find_model, names
from tests.checkers import small
from tests.checkers.alphabets import ALPHABETS, SYMMETRIC
from tests.checkers.calls import SHAPES, calls
from tests.checkers.engines import assert_all_agree, engines_of
from tests.checkers.generators import FAVOURITES, SPOILS, deeds, spoil, told

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


def long(name: str, seed: str) -> Counter[str]:
    """Check ten longer histories of many shapes, half of them spoiled; returns the answers.

    No engine contradicts another, none finds a history invalid that was not spoiled, and every witness holds.
    """
    model, rng, answers = find_model(name), random.Random(seed), Counter[str]()
    for _ in range(10):
        alphabet, shape, favourite = ALPHABETS[name], rng.choice(SHAPES), rng.choice(FAVOURITES)
        made = calls(rng, rng.randrange(12, 120), rng.randrange(2, 9), rng.choice((0.0, 0.02, 0.1)), int, shape=shape)
        done = deeds(model, alphabet, made, favourite, rng)
        kinds = rng.choices(SPOILS, k=rng.choice((0, 0, 1, 2, 4)))
        for kind in kinds:
            done = spoil(done, alphabet, kind, rng)
        history = told(done)
        given = set[str]()
        for engine in ("competition", "wgl", "linear"):
            verdict = check(history, model, engine=engine, budget=Budget(0.5, 1 << 26))
            verify_witness(history, model, verdict)
            given.add(verdict.verdict)
        given -= {"unknown"}
        assert len(given) < 2, f"{shape}, {favourite}, {kinds}: engines say {given}"
        assert kinds or "invalid" not in given, f"{shape}, {favourite}: it is linearizable"
        answers[given.pop() if given else "unknown"] += 1
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
    longer: dict[str, Counter[str]] = {name: Counter() for name in names()}
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
                # Who owns a mutex is a process, and the alphabet says which.
                longer[name] += Counter[str]() if find_model(name).by_process else long(name, seed)
            except AssertionError as difference:
                sys.exit(
                    f"the engines differ: {difference}\nto see it again: tests.checkers.fuzz.block({name!r}, {seed!r}) "
                    f"or long({name!r}, {seed!r})"
                )
        number += 1
    for name, answers in totals.items():
        print(f"{name:20} {answers.total():9} histories, {', '.join(engines_of(name))}: answers {dict(answers)}")
        print(f"{'':20} {longer[name].total():9} longer ones: answers {dict(longer[name])}")


if __name__ == "__main__":
    main()
