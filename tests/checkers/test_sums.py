"""A sum that nothing can have added up to is found at once."""

from __future__ import annotations

import random
from collections import Counter

import numpy as np
import pytest

from clew.checkers import Budget, competition, exhaustive
from clew.checkers.encoding import Problem, encode
from clew.checkers.models import ModelOperation, find_model
from clew.checkers.sums import out_of_reach, sums_of
from clew.histories import Event, History
from tests.checkers import small
from tests.checkers.alphabets import ALPHABETS
from tests.checkers.linear.test_gaps import MIXED
from tests.checkers.objects import object_history

MODEL = find_model("counter")


@pytest.mark.parametrize("alphabet", [ALPHABETS["counter"], MIXED], ids=["few", "mixed"])
def test_a_sum_out_of_reach_has_no_order(alphabet: list[object]) -> None:
    rng, found = random.Random(5), Counter[str]()
    for _ in range(400):
        make = rng.choice((small.lived, small.scattered, small.scattered))
        problem = make(MODEL, alphabet, rng.randrange(1, 8), rng)  # type: ignore[arg-type]
        stuck = out_of_reach(problem, MODEL)
        if stuck is not None:
            assert exhaustive.linearize(problem.before(stuck + 1), MODEL) is None
        found["out of reach" if stuck is not None else "not"] += 1
    assert min(found.values()) > 40


LESS = [ModelOperation("add-and-get", -2, after, "ok") for after in (-4, -3, -2, -1, 0)]
"""Subtractions that tell the difference."""


def first_out_of_reach(problem: Problem) -> int | None:
    """The same, asked of each answer by itself: the others are before it for certain, possibly, or not."""
    told = [MODEL.addition(problem.classes[cls]) for cls in problem.cls.tolist()]
    call, ret, wrong = problem.call, problem.ret, []
    for two, (delta, after) in enumerate(told):
        if after is None or ret[two] == small.NEVER:
            continue
        others = [(one, told[one][0]) for one in range(len(told)) if one != two and call[one] < ret[two]]
        sure = sum(added for one, added in others if ret[one] < call[two])
        possible = [added for one, added in others if ret[one] > call[two]]
        least, most = (sure + sum(added for added in possible if sign * added > 0) for sign in (-1, 1))
        if not least <= after - delta <= most:
            wrong.append(int(ret[two]))
    return min(wrong, default=None)


def test_each_answer_is_compared_with_the_least_and_the_greatest_sum() -> None:
    """Also in beginnings, in which operations are open whose results came later."""
    rng, found = random.Random(6), Counter[bool]()
    for _ in range(200):
        problem = rng.choice((small.lived, small.scattered))(MODEL, [*MIXED, *LESS], rng.randrange(1, 8), rng)
        for part in (problem, problem.before(rng.randrange(len(problem.event_op)) + 1)):
            stuck = first_out_of_reach(part)
            assert out_of_reach(part, MODEL) == stuck
            found[stuck is None] += 1
    assert min(found.values()) > 40


def test_a_beginning_has_no_form_either_if_a_later_sum_does_not_fit() -> None:
    done = [ModelOperation("add", 1, 1, "ok"), ModelOperation("add", 10**20, 10**20, "ok")]
    problem = small.problem([0, 1], np.array([0, 2]), np.array([1, 3]), done, np.array([False, False]))
    assert len(problem.before(2)) == 1
    assert sums_of(problem.before(2), MODEL) is None


def absurd(by: int) -> History:
    """Three hundred operations of 30 clients; the last read found so much more."""
    events = list(object_history("counter", 300, 30, False, 0.03, 0).events())
    last = max(e.index for e in events if (e.type, e.f) == ("ok", "read"))
    return History.of(
        Event(e.index, e.time, e.process, e.type, e.f, e.key, e.value + by * (e.index == last), e.error)
        if e.type == "ok" and e.f != "add"
        else e
        for e in events
    )


@pytest.mark.parametrize("by", [1_000, -1_000])
def test_an_absurd_sum_is_decided_though_the_history_is_hard(by: int) -> None:
    (problem,) = encode(absurd(by), MODEL)
    found = competition.decide(problem, None, MODEL, Budget(), small.LATE, most_rounds=1)
    assert found.answer == "invalid"
    read = problem.event_op[found.stuck]
    assert problem.classes[problem.cls[read]].f == "read"
