"""A history that is explained a stretch at a time gets a linearization, or none; it is never found invalid."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from clew.checkers import Budget, exhaustive, rounds, stretches, wgl
from clew.checkers.deadline import Deadline
from clew.checkers.decision import Decision
from clew.checkers.encoding import NEVER, Problem, encode
from clew.checkers.models import Model, ModelOperation, find_model
from clew.checkers.verdict import Why
from tests.checkers import small
from tests.checkers.alphabets import ALPHABETS
from tests.checkers.engines import assert_explains
from tests.checkers.objects import object_history
from tests.checkers.test_budget import Looked

KV = find_model("kv")


def searching(model: Model, deadline: Deadline = small.LATE) -> Callable[[Problem], Decision]:
    """The search for a stretch, with as many steps as it takes."""
    return lambda stretch: wgl.decide(stretch, model, Budget(), deadline)


def explained(problem: Problem, model: Model, deadline: Deadline = small.LATE) -> Decision:
    """What is found. Its order is a linearization, or one of a beginning."""
    found = stretches.explain(problem, model, searching(model, deadline), deadline)
    assert found.answer != "invalid"
    assert found.engine == "stretches"
    assert found.why == (None if found.answer == "valid" else "time")
    missing = np.delete(problem.ret, found.order)
    end = min(len(problem.event_op), int(missing.min(initial=NEVER)))
    assert (end == len(problem.event_op)) == (found.answer == "valid")
    assert_explains(problem, model, found.order, end)
    return found


def of_ten_clients(operations: int, unknown: float) -> Problem:
    (problem,) = encode(object_history("kv", operations, 10, False, unknown, 0), KV)
    return problem


@pytest.mark.parametrize("name", ["kv", "cas-register", "set"])
def test_small_histories_get_an_order_only_if_there_is_one_and_mostly_then(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, rng, answers = find_model(name), random.Random(5), Counter[tuple[bool, str]]()
    monkeypatch.setattr(stretches, "_FIRST_SUFFIX", 1)
    for number in range(60):
        monkeypatch.setattr(stretches, "_LENGTH", 2 + number % 3)
        monkeypatch.setattr(stretches, "_AHEAD", 1 + number % 2)
        make = rng.choice((small.lived, small.lived, small.scattered))
        problem = make(model, ALPHABETS[name], rng.randrange(5, 10), rng)
        valid = exhaustive.linearize(problem, model) is not None
        answers[valid, explained(problem, model).answer] += 1
    assert answers[False, "valid"] == 0
    assert answers[False, "unknown"] > 5
    assert answers[True, "valid"] > 5 * answers[True, "unknown"]


@pytest.mark.parametrize("unknown", [0.0, 0.05])
def test_ten_clients_are_explained_in_stretches(unknown: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stretches, "_LENGTH", 40)
    monkeypatch.setattr(stretches, "_AHEAD", 20)
    problem, lengths = of_ten_clients(300, unknown), list[int]()

    def search(stretch: Problem) -> Decision:
        lengths.append(len(stretch))
        return wgl.decide(stretch, KV, Budget(), small.LATE)

    found = stretches.explain(problem, KV, search, small.LATE)
    assert found.answer == "valid"
    assert_explains(problem, KV, found.order, len(problem.event_op))
    assert len(lengths) > 8
    assert max(lengths) < 250


def test_the_next_stretch_behind_a_lost_one_is_longer_and_begins_earlier(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stretches, "_LENGTH", 40)
    monkeypatch.setattr(stretches, "_AHEAD", 20)
    problem, search, asked = of_ten_clients(300, 0.0), searching(KV), list[Problem]()

    def once_lost(stretch: Problem) -> Decision:
        asked.append(stretch)
        return Decision("unknown", why="time") if len(asked) == 4 else search(stretch)

    found = stretches.explain(problem, KV, once_lost, small.LATE)
    assert found.answer == "valid"
    lost, following = set(asked[3].number), set(asked[4].number)
    assert max(following) > max(lost)
    assert len(following) > len(lost)


@pytest.mark.parametrize("why", ["time", "memory"])
def test_when_too_many_stretches_are_lost_it_tells_the_longest_order(why: Why, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stretches, "_LENGTH", 40)
    monkeypatch.setattr(stretches, "_AHEAD", 20)
    problem, search, answers = of_ten_clients(300, 0.0), searching(KV), list[Decision]()

    def lost_later(stretch: Problem) -> Decision:
        answers.append(search(stretch) if len(answers) < 4 else Decision("unknown", why=why))
        return answers[-1]

    found = stretches.explain(problem, KV, lost_later, small.LATE)
    assert (found.answer, found.why) == ("unknown", why)
    assert len(answers) < 12
    assert len(found.order) > 50
    assert_explains(problem, KV, found.order, int(np.delete(problem.ret, found.order).min()))


def test_an_order_that_the_model_or_the_real_time_order_refuses_is_no_answer() -> None:
    problem, search = of_ten_clients(60, 0.0), searching(KV)
    right = search(problem).order
    swapped = [*right[1:], right[0]]
    as_called = list(range(len(problem)))
    assert (problem.ret[swapped] < np.maximum.accumulate(problem.call[swapped])).any()
    assert not (problem.ret[as_called] < np.maximum.accumulate(problem.call[as_called])).any()
    lists = {"right": right, "real time": swapped, "model": as_called, "twice": [*right, right[-1]]}
    answers = {
        name: stretches.explain(problem, KV, lambda _, order=order: Decision("valid", order=order), small.LATE).answer
        for name, order in lists.items()
    }
    assert answers == {"right": "valid", "real time": "unknown", "model": "unknown", "twice": "unknown"}


def test_the_real_time_order_is_held_even_where_the_model_has_nothing_against_another() -> None:
    """Two puts of the same value, one behind the other."""
    put = ModelOperation("put", "a", "a", "ok")
    problem = small.problem([0, 0], np.array([0, 2]), np.array([1, 3]), (put,), np.array([False]))
    for order, answer in (([0, 1], "valid"), ([1, 0], "unknown")):
        found = stretches.explain(problem, KV, lambda _, order=order: Decision("valid", order=order), small.LATE)
        assert found.answer == answer


def test_it_ends_when_many_outcomes_are_unknown_and_nothing_of_a_stretch_is_certain(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(stretches, "_LENGTH", 3)
    monkeypatch.setattr(stretches, "_AHEAD", 200)
    found = explained(of_ten_clients(200, 0.3), KV)
    assert (found.answer, found.why, found.order) == ("unknown", "time", [])


def test_nothing_is_searched_after_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stretches, "_LENGTH", 40)
    monkeypatch.setattr(stretches, "_AHEAD", 20)
    problem, search = of_ten_clients(300, 0.0), searching(KV)
    for last in (1, 5, 20):
        deadline, late = Looked(last), list[bool]()

        def watched(stretch: Problem, deadline: Looked = deadline, late: list[bool] = late) -> Decision:
            late.append(deadline.looks >= deadline.last)
            return search(stretch)

        found = stretches.explain(problem, KV, watched, deadline)
        assert (found.answer, found.why) == ("unknown", "time")
        assert sum(late) <= 1


def test_long_histories_that_a_short_search_does_not_decide_have_a_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stretches, "LONG", 100)
    problem, decide = of_ten_clients(300, 0.0), wgl.engine.decide

    def short_of_steps(part: Problem, *arguments: Any, **options: Any) -> Decision:
        if len(part) == len(problem):
            return Decision("unknown", why="time", engine="wgl")
        return decide(part, *arguments, **options)

    monkeypatch.setattr(stretches, "_LENGTH", 40)
    monkeypatch.setattr(stretches, "_AHEAD", 20)
    monkeypatch.setattr(wgl.engine, "decide", short_of_steps)
    monkeypatch.setattr(wgl, "decide", short_of_steps)
    found = rounds.search_any(problem, KV, Budget(), small.LATE, 1)
    assert (found.answer, found.engine) == ("valid", "stretches")
    assert rounds.search_any(problem, KV, Budget(), small.LATE, 1, mend=False).answer == "unknown"
    monkeypatch.setattr(stretches, "LONG", 301)
    assert rounds.search_any(problem, KV, Budget(), small.LATE, 1).answer == "unknown"
