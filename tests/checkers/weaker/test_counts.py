"""Counts that no order explains are found without a search, and no others."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

import pytest

from clew.checkers import what_holds
from clew.checkers.encoding import encode
from clew.checkers.forms import form_of
from clew.checkers.models import find_model
from clew.checkers.weaker.counts import impossible_counts
from clew.histories import Event, History
from tests.checkers.test_tallies import written
from tests.checkers.weaker.test_sequential import decided

MODEL = find_model("word-count")
Step = tuple[int, str, Any]
"""A client, and what it appended, or what its count returned."""


def history(*steps: Step) -> History:
    """These, one after the other."""
    events: list[Event] = []
    for at, (process, f, value) in enumerate(steps):
        argument = value if f == "append" else None
        events.append(Event(2 * at, 2 * at, process, "invoke", f, None, argument))
        events.append(Event(2 * at + 1, 2 * at + 1, process, "ok", f, None, value))
    return History.of(events)


def impossible(past: History) -> tuple[int, ...]:
    problems = encode(past, MODEL)
    return impossible_counts(past, problems, [form_of(problem, MODEL) for problem in problems])


def test_what_is_named_has_no_order_and_neither_has_the_whole() -> None:
    rng, found = random.Random(5), Counter[int]()
    for _ in range(300):
        text, steps = Counter[int](), list[Step]()
        for _ in range(rng.randrange(4, 8)):
            if rng.random() < 0.5:
                text[rng.randrange(1, 3)] += 1
                steps.append((rng.randrange(3), "append", max(text)))
            else:
                told = {word: rng.choice((often, often, often + 1, often - 1)) for word, often in text.items()}
                steps.append((rng.randrange(3), "count", sorted([w, n] for w, n in told.items() if n > 0)))
        numbers = impossible(history(*steps))
        found[len(numbers)] += 1
        if numbers:
            assert decided(history(*steps), MODEL).kept == "no"
            assert decided(history(*(steps[number] for number in numbers)), MODEL).kept == "no"
    assert min(found[0], found[1], found[2]) > 10


@pytest.mark.parametrize(
    ("steps", "numbers"),
    [
        (((0, "append", 1), (1, "count", [[1, 2]])), (1,)),
        (((0, "append", 1), (0, "append", 2), (1, "count", [[1, 1]]), (2, "count", [[2, 1]])), (2, 3)),
        (((0, "append", 1), (1, "count", [[1, 1]]), (1, "append", 2), (1, "count", [[2, 1], [1, 1]])), ()),
        (((0, "append", 1), (1, "count", [[1, 1]]), (1, "append", 1), (1, "count", [[1, 1]])), (1, 2, 3)),
        (((0, "append", 1), (1, "count", [[1, 1]]), (2, "count", [])), ()),
    ],
)
def test_the_operations_that_show_it_are_named(steps: tuple[Step, ...], numbers: tuple[int, ...]) -> None:
    assert impossible(history(*steps)) == numbers


def test_counts_of_thirty_clients_that_disagree_take_no_search() -> None:
    past = written(600, random.Random(3), {3: -2}, words=12, clients=30)
    promise = what_holds(past, "word-count", ("sequential",))["sequential consistency"]
    assert promise.kept == "no"
    assert len(promise.operations) == 2
    assert promise.why.startswith("no order that keeps the order of each process explains these:\n  operation ")
