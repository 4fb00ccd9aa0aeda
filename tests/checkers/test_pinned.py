"""Versions and grown lists pin the order: the answers are those of the exhaustive checker, and they come soon."""

from __future__ import annotations

import itertools
import random
from collections import Counter

import numpy as np
import pytest

from clew.checkers import Budget, pinned
from clew.checkers.encoding import NEVER
from clew.checkers.forms import form_of
from clew.checkers.misread import misread
from clew.checkers.models import ModelOperation, find_model
from clew.checkers.models.collection import AppendList
from clew.checkers.monitors import elements
from tests.checkers import small
from tests.checkers.alphabets import ALPHABETS
from tests.checkers.engines import assert_agrees, competing
from tests.often import OFTEN

VERSIONED = [
    *(ModelOperation("read", None, result, "ok") for result in (None, [1, 1], [1, 2], [2, 1], [2, 2], [3, 1])),
    *(ModelOperation("write", v, [version, v], "ok") for v in (1, 2) for version in (1, 2, 3)),
    *(ModelOperation("write", v, None, "info") for v in (1, 2)),
    ModelOperation("write", 1, 1, "ok"),
    ModelOperation("cas", [1, 2], [2, 2], "ok"),
    ModelOperation("cas", [1, 2], None, "info"),
    ModelOperation("cas", [2, 1], None, "mismatch"),
]
"""Operations of a versioned register, most of which tell the version."""
READ_WHOLE = [
    *(ModelOperation("add", v, v, "ok") for v in (1, 2, 3)),
    *(ModelOperation("remove", v, v, "ok") for v in (1, 2, 3)),
    *(ModelOperation(f, v, None, "info") for v in (1, 2) for f in ("add", "remove")),
    *(ModelOperation("remove", v, answer, "ok") for v in (1, 2) for answer in (True, False)),
    *(ModelOperation("contains", v, answer, "ok") for v in (1, 2) for answer in (True, False)),
    *(ModelOperation("read", None, what, "ok") for what in ([], [1], [2], [1, 2], [1, 2, 3])),
    *(ModelOperation("read", None, what, "ok") for what in ([], [1], [2], [1, 2], [3])),
]
"""Operations on a set that is read whole often, and that is added to seldom."""
MIXES = {"versioned-register": VERSIONED, "append-list": ALPHABETS["append-list"], "set": READ_WHOLE}


@OFTEN
@pytest.mark.parametrize("name", MIXES)
def test_random_histories_get_the_answer_of_the_exhaustive_checker(name: str, times: int) -> None:
    model, rng, answers, applied = find_model(name), random.Random(1), Counter[str](), 0
    for _ in range(150 * times):
        make = rng.choice((small.lived, small.lived, small.scattered))
        problem = make(model, MIXES[name], rng.randrange(3, 10), rng)
        answers[assert_agrees(competing, problem, model)] += 1
        if form_of(problem, model) is None and pinned.applies(problem, model, small.LATE):
            alone = elements.forms_by_element(problem, model) is not None
            engine = competing(problem, model, Budget(), small.LATE).engine
            quick = {"misread", "wgl"} if misread(problem, model, small.LATE) is not None else set[str]()
            assert engine in ({"elements"} if alone else quick or {"pinned"})
            applied += not alone
    assert min(answers["valid"], answers["invalid"]) > 20 * times
    assert applied > 30 * times


def test_a_read_that_overlaps_an_add_may_have_missed_it_by_coming_first() -> None:
    """It saw 2, which was removed before anybody began to remove 1. So it came before the add of 1."""
    model = find_model("set")
    done = [("add", 2, 2, 0, 1), ("add", 1, 1, 2, 6), ("read", None, [2], 3, 20), ("remove", 2, 2, 8, 9)]
    done += [("remove", 1, 1, 12, 13)]
    alphabet = [ModelOperation(f, argument, result, "ok") for f, argument, result, _, _ in done]
    begin, end = (np.array([op[column] for op in done]) for column in (3, 4))
    observer = np.array([op.f == "read" for op in alphabet])
    problem = small.problem(range(len(done)), begin, end, alphabet, observer)
    assert pinned.applies(problem, model, small.LATE)
    assert assert_agrees(competing, problem, model) == "valid"


class Unobserved(AppendList):
    """A list whose model does not say that a read changes nothing, as one's own model may not."""

    name = "unobserved-list"

    def observes(self, op: ModelOperation) -> bool:
        """See `Model.observes`."""
        return False


def test_a_read_that_is_open_tells_nothing_though_its_result_came_later() -> None:
    model, rng, answers = Unobserved(), random.Random(3), Counter[str]()
    for _ in range(150):
        make = rng.choice((small.lived, small.scattered))
        problem = make(model, ALPHABETS["append-list"], rng.randrange(3, 8), rng)
        beginning = problem.before(rng.randrange(len(problem.event_op)) + 1)
        answers[assert_agrees(competing, beginning, model)] += 1
    assert min(answers["valid"], answers["invalid"]) > 30


def test_a_version_that_is_no_natural_number_of_64_bits_narrows_nothing() -> None:
    model = find_model("versioned-register")
    for version in (-1, 1 << 70):
        alphabet = [ModelOperation("read", None, [version, 1], "ok"), ModelOperation("write", 1, [1, 1], "ok")]
        rng = random.Random(4)
        for _ in range(20):
            assert_agrees(competing, small.one_of_all(model, alphabet, 3, rng), model)


@pytest.mark.parametrize("name", MIXES)
def test_narrowed_intervals_keep_what_came_before_what_and_add_to_it(name: str) -> None:
    model, rng, more = find_model(name), random.Random(5), 0
    for _ in range(300):
        problem = small.lived(model, MIXES[name], 8, rng)
        narrowed = pinned.narrow(problem, model, small.LATE)
        if narrowed is None:
            assert competing(problem, model, Budget(), small.LATE).answer == "invalid"
            continue
        call, ret = narrowed
        assert ((ret == NEVER) == (problem.ret == NEVER)).all()
        before, after = (
            {(a, b) for a, b in itertools.product(range(len(problem)), repeat=2) if ends[a] < begins[b]}
            for begins, ends in ((problem.call, problem.ret), (call, ret))
        )
        assert before <= after
        more += len(after) - len(before)
    assert more > 0
