"""Values that are unique, of which clients saw what cannot be: two swaps of one value, two orders, one element twice.

Random histories are seldom wrong in these ways. So operations are drawn from some that clash.
"""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

import pytest

from clew.checkers.forms import form_of
from clew.checkers.models import ModelOperation, find_model
from tests.checkers import small
from tests.checkers.engines import assert_agrees, competing
from tests.often import OFTEN


def done(f: str, *arguments: Any) -> list[ModelOperation]:
    """An operation with each of these arguments."""
    return [ModelOperation(f, argument, argument, "ok") for argument in arguments]


def lost(f: str, *arguments: Any) -> list[ModelOperation]:
    """The same, of unknown outcome."""
    return [ModelOperation(f, argument, None, "info") for argument in arguments]


def told(f: str, *results: Any) -> list[ModelOperation]:
    """An operation without an argument with each of these results."""
    return [ModelOperation(f, None, result, "ok") for result in results]


def answered(f: str, *both: tuple[Any, Any]) -> list[ModelOperation]:
    """An operation with each of these arguments and results."""
    return [ModelOperation(f, argument, result, "ok") for argument, result in both]


def container(put: str, take: str) -> list[ModelOperation]:
    """Puts of four elements, and takes of five; one of them twice."""
    return [*done(put, 1, 2, 3), *lost(put, 4), *lost(take, None), *told(take, 1, 1, 2, 3, 4, 5, None, None)]


CLASHES = {
    "cas-register": [
        *done("write", 1, 5, None), *done("cas", [1, 2], [1, 3], [2, 4], [6, 7], [7, 6]), *lost("cas", [3, 8]),
        *told("read", 1, 2, 3, 4, 7, None), *(ModelOperation("cas", [v, 9], None, "mismatch") for v in (None, 1, 2)),
    ],
    "append-list": [
        *done("append", 1, 2, 3), *lost("append", 4),
        *told("read", [], [1], [2], [1, 2], [2, 1], [1, 3], [3, 2], [1, 2, 3], [4], [1, 4]),
    ],
    "kv": [
        *done("append", "c.", "d."), *done("put", "a."), *lost("put", "b."),
        *told("get", "", "a.", "b.", "a.c.", "b.c.", "c.", "a.c.d.", "a.d.c.", "a.d.", "c.a."),
    ],
    "kv of pieces that begin alike": [
        *done("append", "a", "ab", "b"), *lost("append", "ba"), *told("get", "", "a", "ab", "b", "ba", "aba", "abab"),
    ],
    "set of elements": [
        *done("add", 1, 2), *lost("add", 4), *lost("remove", 1), *answered("add", (3, False)),
        *answered("remove", (1, True), (1, True), (1, False), (1, 1), (2, True)),
        *answered("contains", *((v, answer) for v in (1, 1, 2, 4) for answer in (True, False))),
    ],
    "set that is read": [
        *done("add", 1, 2), *lost("add", 4), *answered("contains", (1, True), (2, False), (4, False)),
        *told("read", [], [1], [2], [1, 2], [1, 4]),
    ],
    "fifo-queue": container("enqueue", "dequeue"),
    "unordered-queue": container("enqueue", "dequeue"),
    "stack": container("push", "pop"),
    "priority-queue": container("insert", "delete-min"),
}  # fmt: skip
"""By the name of a model: operations of which each is done once, or not at all. A register holds null at first."""


@OFTEN
@pytest.mark.parametrize("name", CLASHES)
def test_unique_values_that_clash_are_decided_as_by_the_exhaustive_checker(name: str, times: int) -> None:
    model, rng, answers = find_model(name.split()[0]), random.Random(f"clashes/{name}"), Counter[str]()
    for _ in range(100 * times):
        problem = small.in_turn(model, rng.sample(CLASHES[name], rng.randrange(2, 7)), rng)
        assert form_of(problem, model) is not None or "alike" in name
        answers[assert_agrees(competing, problem, model)] += 1
    assert min(answers["valid"], answers["invalid"]) > 3 * times
