"""Sentences about counters that only grow: they count adds, and name the numbers that nobody got."""

from __future__ import annotations

import random

import pytest

from clew.checkers import exhaustive
from clew.checkers.deadline import Deadline
from clew.checkers.evidence.counterexample import find_counterexample
from clew.checkers.evidence.sentences.sentence import choose
from clew.checkers.forms import form_of
from clew.checkers.models import ModelOperation, find_model
from tests.checkers import small
from tests.checkers.evidence.test_sentences import FALLBACK, assert_true, done, past_of, told


@pytest.mark.parametrize("amounts", [(1,), (2,), (1, 2)])
def test_sentences_about_counters_that_only_grow_are_true(amounts: tuple[int, ...]) -> None:
    model, rng, kinds, fallback = find_model("counter"), random.Random(f"grow/{amounts}"), 0, 0
    alphabet = [
        *(ModelOperation("add", n, n, "ok") for n in amounts),
        *(ModelOperation("read", None, n, "ok") for n in range(9)),
        *(ModelOperation("add-and-get", n, result, "ok") for n in amounts for result in range(1, 9)),
        *(ModelOperation("add-and-get", n, None, "info") for n in amounts),
    ]
    for round_ in range(200):
        lived = round_ % 4
        problem = small.lived(model, alphabet, 7, rng) if lived else small.one_of_all(model, alphabet, 5, rng)
        stuck = exhaustive.stuck(problem, model)
        if stuck is None:
            continue
        core = find_counterexample(problem, form_of(problem, model), model, stuck, Deadline(60))
        past = past_of(problem, model, core)
        said = choose(past)
        assert_true(past, said)
        kinds += 1
        fallback += said.text.startswith(FALLBACK)
    assert kinds > 50
    assert fallback < kinds / 10, f"{fallback} of {kinds} sentences say no more than that no order explains them"


def test_more_than_had_been_added_is_told_by_the_number_of_adds() -> None:
    assert told("counter", *(step for both in (
        done(0, "ok", "add", 1), done(1, "ok", "add-and-get", 1, 3)) for step in both
    )) == "An add-and-get of 1 returned 3, but only 2 adds of 1 had begun by then."  # fmt: skip


def test_a_number_that_nobody_got_is_named() -> None:
    """A request that ran twice: 2 was told to nobody. An add that overlaps both hides it from a look at the times."""
    steps = [
        (0, "invoke", "add-and-get", 1, None), (1, "invoke", "add-and-get", 1, None), (1, "ok", "add-and-get", 1, None),
        (2, "invoke", "add-and-get", 1, None), (2, "ok", "add-and-get", 3, None), (2, "invoke", "add-and-get", 1, None),
        (0, "ok", "add-and-get", 4, None), (2, "ok", "add-and-get", 5, None),
    ]  # fmt: skip
    assert told("counter", *steps) == (  # type: ignore[arg-type]
        "An add-and-get of 1 returned 3, but nobody got 2, and every add of 1 was answered: "
        "more was counted than was added."
    )


def test_a_number_that_two_got_is_named() -> None:
    steps = [
        (0, "invoke", "add-and-get", 1, None), (1, "invoke", "add-and-get", 1, None),
        (0, "ok", "add-and-get", 1, None), (1, "ok", "add-and-get", 1, None),
    ]  # fmt: skip
    assert told("counter", *steps) == "Two adds of 1 both returned 1, and nothing was subtracted."  # type: ignore[arg-type]


def test_what_was_subtracted_in_between_is_not_denied() -> None:
    """5 was added and 1 subtracted since the first read: the sum of both is told, not that nothing was subtracted."""
    operations = (done(0, "ok", "read", None, 0), done(0, "ok", "add", 5), done(0, "ok", "add", -1),
                  done(1, "fail", "add", 7), done(1, "ok", "read", None, -1))  # fmt: skip
    assert "nothing was subtracted" not in told("counter", *(step for both in operations for step in both))


def test_sums_are_sought_with_what_is_subtracted() -> None:
    """3 - 2 and 3 are possible, 2 is not. The last add makes no difference: it began too late."""
    steps = [
        (0, "invoke", "add", 3, None), (1, "invoke", "add", -2, None), *done(2, "ok", "read", None, 2),
        *done(3, "ok", "add", -1),
    ]  # fmt: skip
    assert told("counter", *steps) == "A read returned 2, and no adds that had begun by then come to 2."  # type: ignore[arg-type]


def test_sums_are_sought_among_adds_that_are_not_too_large_for_the_answer() -> None:
    """An add of 10 to the power of 30 that is open changes nothing about what comes to 4."""
    steps = [
        (0, "invoke", "add", 10**30, None), (1, "invoke", "add", 3, None), (2, "invoke", "add", 2, None),
        *done(3, "ok", "add-and-get", 1, 5),
    ]  # fmt: skip
    assert told("counter", *steps) == (  # type: ignore[arg-type]
        "An add-and-get of 1 returned 5, and no adds that had begun by then come to 4 before its own 1."
    )
