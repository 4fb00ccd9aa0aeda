"""Session guarantees, against trying every order of the writes and every set for every read."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from functools import cache
from itertools import islice

import pytest

from clew.checkers.deadline import Deadline
from clew.checkers.encoding import encode
from clew.checkers.forms import form_of
from clew.checkers.models import find_model
from clew.checkers.weaker import session
from clew.checkers.weaker.observations import observe
from clew.checkers.weaker.promise import Promise
from tests.checkers.weaker import brute
from tests.checkers.weaker.brute import Op
from tests.often import OFTEN

MODEL = find_model("cas-register")
TELLING = ("monotonic writes", "writes follow reads")


def decided(operations: Sequence[Op], deadline: Deadline | None = None) -> list[Promise]:
    history = brute.history_of(operations)
    problems = encode(history, MODEL)
    seen = observe(history, problems, [form_of(problem, MODEL) for problem in problems])
    assert seen is not None
    return session.decide(seen, deadline or Deadline(float("inf")), str)


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


@pytest.mark.parametrize("step", [11, pytest.param(1, marks=pytest.mark.long)], ids=["one of eleven", "all"])
def test_all_histories_of_three_operations(step: int) -> None:
    found = Counter[tuple[str, ...]]()
    for count in (1, 2, 3):
        for operations in islice(brute.every(count), 0, None, step if count == 3 else 1):
            answers = [promise.kept for promise in decided(operations)]
            assert answers == expected(operations), operations
            found[tuple(answers)] += 1
    assert len(found) >= 4


@OFTEN
def test_random_histories(times: int) -> None:
    found = Counter[tuple[str, ...]]()
    rng = random.Random(11)
    for _ in range(150 * times):
        operations = brute.scattered(rng.randrange(4, 8), rng)
        answers = [promise.kept for promise in decided(operations)]
        assert answers == expected(operations), operations
        found[tuple(answers)] += 1
    assert {answers[index] for answers in found for index in range(5)} == {"yes", "no", "unknown"}


@OFTEN
def test_what_is_sequentially_consistent_keeps_all_four(times: int) -> None:
    rng = random.Random(5)
    count = 0
    for _ in range(300 * times):
        operations = brute.scattered(rng.randrange(3, 7), rng)
        if brute.is_sequential(operations):
            assert all(promise.kept == "yes" for promise in decided(operations)), operations
            count += 1
    assert count > 15 * times


class Looked(Deadline):
    """A deadline that passes when it is looked at for the `last` time."""

    def __init__(self, last: float = float("inf")) -> None:
        super().__init__(float("inf"))
        self.looks, self.last = 0, last

    def passed(self) -> bool:
        """See `Deadline.passed`."""
        self.looks += 1
        return self.looks >= self.last


def test_the_deadline_is_looked_at_for_every_operation_and_ends_the_check_wherever_it_passes() -> None:
    # A replica that lags by seven operations: every session reads old values, and none goes back.
    operations = [
        Op(number % 5, 0, "read", number - 8) if number % 2 and number > 8 else Op(number % 5, 0, "write", None)
        for number in range(200)
    ]
    operations = [op._replace(saw=op.saw - op.saw % 2) if op.saw is not None else op for op in operations]
    whole = Looked()
    assert {promise.kept for promise in decided(operations, whole)} != {"unknown"}
    assert whole.looks > 4 * len(operations), "each of the four guarantees is looked at in turn"
    for last in range(1, whole.looks, whole.looks // 20):
        stopped = Looked(last)
        answers = decided(operations, stopped)
        assert {(promise.kept, promise.why) for promise in answers} == {("unknown", "out of time")}
        assert len(answers) == 5
        assert stopped.looks == last, "it ended at once"
