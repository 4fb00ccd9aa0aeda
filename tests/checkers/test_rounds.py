"""Searches that take turns give the answer of the exhaustive checker, each with more steps than the last time."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

import pytest

from clew.checkers import Budget, competition, lazy, linear, mending, rounds, wgl
from clew.checkers.deadline import Deadline
from clew.checkers.decision import Decision
from clew.checkers.encoding import Problem, encode
from clew.checkers.forms import register_form
from clew.checkers.models import Model, find_model
from clew.checkers.monitors.first_unexplained import decide_beginnings, look_earlier
from tests.checkers import small
from tests.checkers.alphabets import ALPHABETS
from tests.checkers.engines import assert_agrees
from tests.checkers.objects import object_history
from tests.checkers.test_pinned import MIXES
from tests.often import OFTEN

TIME, MEMORY = Decision("unknown", order=[0], why="time"), Decision("unknown", why="memory")
PROBLEM = encode(object_history("unordered-queue", 20, 3, False, 0.0, 0), find_model("unordered-queue"))[0]


def turns(monkeypatch: pytest.MonkeyPatch, back: Decision, depth: Decision) -> list[tuple[str, int]]:
    """Who gets a turn from now on, with how many steps. Each search always finds the same."""
    taken: list[tuple[str, int]] = []

    def going_back(*arguments: Any) -> Decision:
        taken.append(("back", arguments[-1]))
        return back

    def deep(*_: Any, steps: int, **__: Any) -> Decision:
        taken.append(("wgl", steps))
        return depth

    monkeypatch.setattr(linear, "decide_going_back", going_back)
    monkeypatch.setattr(wgl, "decide", deep)
    monkeypatch.setattr(wgl, "answer_in_turns", deep)
    return taken


def test_the_sweep_has_its_turns_between_those_of_wgl_and_each_is_longer_than_the_last(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    taken = turns(monkeypatch, TIME, TIME)
    found = rounds.search_any(PROBLEM, find_model("unordered-queue"), Budget(), Deadline(60), 4)
    assert (found.answer, found.why, found.order) == ("unknown", "time", [0])
    assert [who for who, _ in taken] == ["wgl", "back", "wgl", "back", "wgl", "back", "wgl"]
    for who in ("back", "wgl"):
        efforts = [steps for name, steps in taken if name == who]
        assert efforts == sorted(set(efforts))


def test_the_sweep_still_has_its_turn_when_wgl_is_out_of_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    decided = Decision("valid", order=[1])
    turns(monkeypatch, decided, MEMORY)
    assert rounds.search_any(PROBLEM, find_model("unordered-queue"), Budget(), Deadline(60), None) is decided
    taken = turns(monkeypatch, MEMORY, MEMORY)
    assert rounds.search_any(PROBLEM, find_model("unordered-queue"), Budget(), Deadline(60), None).why == "memory"
    assert [who for who, _ in taken] == ["wgl", "back", "wgl"]


def test_a_search_that_never_has_a_turn_does_not_keep_the_others_going() -> None:
    found = rounds.take_turns((lambda _: None, lambda _: MEMORY), Deadline(60), 50)
    assert (found.answer, found.why) == ("unknown", "memory")


def test_nobody_has_a_turn_after_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    taken = turns(monkeypatch, TIME, TIME)
    deadline = Deadline(60)
    deadline.stop()
    assert rounds.search_any(PROBLEM, find_model("unordered-queue"), Budget(), deadline, None).why == "time"
    assert len(taken) == 1


def by_turns(problem: Problem, model: Model, budget: Budget, deadline: Deadline) -> Decision:
    """The decision of as many rounds as it takes."""
    return decide_beginnings(lambda part: rounds.search_any(part, model, budget, deadline, None), problem)


@OFTEN
@pytest.mark.parametrize("name", ["priority-queue", "unordered-queue", "multi-register", "append-list"])
def test_rounds_of_few_steps_come_to_the_answer_of_the_exhaustive_checker(
    name: str, monkeypatch: pytest.MonkeyPatch, times: int
) -> None:
    """Everything has turns, and most are too short."""
    monkeypatch.setattr(rounds, "FEWEST_EVENTS", 1)
    monkeypatch.setattr(rounds, "_FIRST_EFFORT", 1)
    monkeypatch.setattr(rounds, "_MORE_EFFORT", 2)
    monkeypatch.setattr(rounds, "_BACK", 1)
    monkeypatch.setattr(wgl.engine, "STEPS_PER_VISIT", 3)
    monkeypatch.setattr(wgl.engine, "_SHORT", 0)
    decided: Counter[str] = Counter()
    take = rounds.take_turns

    def watched(*arguments: Any) -> Decision:
        found = take(*arguments)
        decided[found.engine] += 1
        return found

    monkeypatch.setattr(rounds, "take_turns", watched)
    model, rng, answers = find_model(name), random.Random(4), Counter[str]()
    for _ in range(25 * times):
        make = rng.choice((small.lived, small.scattered))
        problem = make(model, MIXES.get(name, ALPHABETS[name]), rng.randrange(6, 11), rng)
        answers[assert_agrees(by_turns, problem, model)] += 1
    assert min(answers["valid"], answers["invalid"]) > 2 * times
    assert min(decided["wgl"], decided["linear"]) > 2 * times


@pytest.mark.parametrize("is_first", [True, False])
def test_an_earlier_violation_is_the_first_one_only_if_the_search_for_it_says_so(is_first: bool) -> None:
    returns = PROBLEM.event_return.nonzero()[0]
    earlier, stuck = int(returns[3]), int(returns[-1])
    found = Decision("invalid", stuck=earlier, engine="wgl", stuck_is_first=is_first)
    decision = look_earlier(PROBLEM, stuck, "parts", lambda _: found)
    assert (decision.stuck, decision.engine, decision.stuck_is_first) == (earlier, "wgl", is_first)


@pytest.mark.parametrize(("before", "is_first"), [(Decision("valid"), True), (TIME, False)])
def test_a_violation_is_the_first_one_only_if_what_came_before_is_known_to_be_valid(
    before: Decision, is_first: bool
) -> None:
    stuck = int(PROBLEM.event_return.nonzero()[0][-1])
    decision = look_earlier(PROBLEM, stuck, "sums", lambda _: before)
    assert (decision.stuck, decision.engine, decision.stuck_is_first) == (stuck, "sums", is_first)


def test_the_longest_beginning_that_any_turn_explains_is_kept() -> None:
    best, shorter = Decision("unknown", order=[0, 1], why="time"), Decision("unknown", order=[1], why="time")
    assert rounds.take_turns((lambda _: best, lambda _: shorter), Deadline(60), 2).order == [0, 1]


def test_an_answer_is_more_than_any_beginning() -> None:
    assert rounds.progress(Decision("invalid")) > rounds.progress(TIME)


def test_wgl_says_where_a_register_is_invalid_in_every_round(monkeypatch: pytest.MonkeyPatch) -> None:
    """In the first one it looks at no needs, in the others it does, and then it does not say where by itself."""
    monkeypatch.setattr(rounds, "FEWEST_EVENTS", 1)
    monkeypatch.setattr(rounds, "_FIRST_EFFORT", 1)
    monkeypatch.setattr(wgl.engine, "STEPS_PER_VISIT", 3)
    for module, name in ((mending, "decide_register"), (linear, "decide_going_back"), (lazy, "decide")):
        monkeypatch.setattr(module, name, lambda *_, **__: MEMORY)

    def by_depth(problem: Problem, model: Model, budget: Budget, deadline: Deadline) -> Decision:
        form = register_form(problem, model)
        assert form is not None
        return rounds.search_register(form, model, budget, deadline, None)

    model, rng, answers = find_model("cas-register"), random.Random(6), Counter[str]()
    for _ in range(100):
        make = rng.choice((small.lived, small.scattered))
        problem = make(model, ALPHABETS["cas-register"], rng.randrange(4, 9), rng)
        answers[assert_agrees(by_depth, problem, model)] += 1
    assert min(answers["valid"], answers["invalid"]) > 20


@pytest.mark.parametrize("undecided", [(), (6,)])
def test_a_return_is_the_first_only_if_the_beginning_before_it_is_explained(undecided: tuple[int, ...]) -> None:
    """Beginnings of up to six returns are explained, except for those that are not decided."""

    def search(part: Problem) -> Decision:
        returns = int(part.event_return.sum())
        return Decision("invalid") if returns > 6 else TIME if returns in undecided else Decision("valid", order=[0, 1])

    found = decide_beginnings(search, PROBLEM)
    assert (found.answer, found.stuck_is_first) == ("invalid", not undecided)
    assert found.stuck == PROBLEM.event_return.nonzero()[0][6]
    assert len(found.order) == 2


def test_bounded_rounds_find_the_same_on_every_machine() -> None:
    (problem,) = encode(object_history("counter", 150, 30, False, 0.02, 0), find_model("counter"))
    one, two = (
        competition.decide(problem, None, find_model("counter"), Budget(), Deadline(600), most_rounds=1)
        for _ in range(2)
    )
    assert one == two
