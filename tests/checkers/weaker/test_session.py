"""Session guarantees, against trying every order of the writes and every set for every read."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from functools import cache

from clew.checkers.encoding import encode
from clew.checkers.forms import form_of
from clew.checkers.models import find_model
from clew.checkers.weaker import session
from clew.checkers.weaker.observations import observe
from clew.checkers.weaker.promise import Promise
from tests.checkers.weaker import brute
from tests.checkers.weaker.brute import Op

MODEL = find_model("cas-register")
TELLING = ("monotonic writes", "writes follow reads")


def decided(operations: Sequence[Op]) -> list[Promise]:
    history = brute.history_of(operations)
    problems = encode(history, MODEL)
    seen = observe(history, problems, [form_of(problem, MODEL) for problem in problems])
    assert seen is not None
    return session.decide(seen, str)


def expected(operations: Sequence[Op]) -> list[str]:
    """The answers, by their definition."""

    @cache
    def keeps(*names: str) -> bool:
        return brute.keeps(operations, frozenset(names))

    answers = []
    for name in session.GUARANTEES:
        if not keeps(name):
            answers.append("no")
        elif name not in TELLING:
            answers.append("yes")
        elif not keeps("monotonic reads"):
            answers.append("unknown")
        else:
            answers.append("yes" if keeps(name, "monotonic reads") else "no")
    return [*answers, "yes" if keeps(*session.GUARANTEES) else "no"]


def test_all_histories_of_three_operations() -> None:
    found = Counter[tuple[str, ...]]()
    for count in (1, 2, 3):
        for operations in brute.every(count):
            answers = [promise.kept for promise in decided(operations)]
            assert answers == expected(operations), operations
            found[tuple(answers)] += 1
    assert len(found) >= 4


def test_random_histories() -> None:
    found = Counter[tuple[str, ...]]()
    rng = random.Random(11)
    for _ in range(1_500):
        operations = brute.scattered(rng.randrange(4, 8), rng)
        answers = [promise.kept for promise in decided(operations)]
        assert answers == expected(operations), operations
        found[tuple(answers)] += 1
    assert {answers[index] for answers in found for index in range(5)} == {"yes", "no", "unknown"}


def test_what_is_sequentially_consistent_keeps_all_four() -> None:
    rng = random.Random(5)
    count = 0
    for _ in range(2_000):
        operations = brute.scattered(rng.randrange(3, 7), rng)
        if brute.is_sequential(operations):
            assert all(promise.kept == "yes" for promise in decided(operations)), operations
            count += 1
    assert count > 50
