"""The searches take turns until one has an answer or the budget is used up, and say what ran out."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from clew.checkers import competition, lazy, linear, mending, wgl
from clew.checkers.deadline import Deadline
from clew.checkers.decision import Decision
from clew.checkers.encoding import encode
from clew.checkers.forms import form_of
from clew.checkers.models import find_model
from clew.checkers.verdict import Budget
from clew.histories import Event, EventType, History

MODEL = find_model("cas-register")
UNDECIDED = [
    *(("invoke", process, "write", process % 2) for process in range(4)),
    ("invoke", 4, "read", None),
    *(("ok", process, "write", process % 2) for process in range(4)),
    ("ok", 4, "read", 1),
]
"""Values are set twice and nothing is stale, so only a search can decide it."""


def decide(deadline: Deadline) -> Decision:
    """The decision of the competition on `UNDECIDED`."""
    past = History.of(
        Event(index, index, process, kind, f, None, value)  # type: ignore[arg-type]
        for index, (kind, process, f, value) in enumerate(UNDECIDED)
    )
    problem = encode(past, MODEL)[0]
    return competition.decide(problem, form_of(problem, MODEL), MODEL, Budget(), deadline)


def answering(*answers: Decision) -> Any:
    """A search that gives these answers, and the last one from then on."""
    left = list(answers)

    def search(*_: Any, **__: Any) -> Decision:
        return left.pop(0) if len(left) > 1 else left[0]

    return search


TIME, MEMORY = Decision("unknown", why="time"), Decision("unknown", why="memory")


@pytest.fixture(autouse=True)
def nothing_is_mended(monkeypatch: pytest.MonkeyPatch) -> None:
    """The other searches are looked at."""
    monkeypatch.setattr(mending, "decide_register", answering(MEMORY))


def test_what_four_rounds_leave_open_the_fifth_may_decide(monkeypatch: pytest.MonkeyPatch) -> None:
    decided = Decision("valid", order=[1])
    monkeypatch.setattr(wgl, "decide", answering(MEMORY))
    monkeypatch.setattr(linear, "decide_going_back", answering(MEMORY))
    monkeypatch.setattr(lazy, "decide", answering(TIME, TIME, TIME, TIME, decided))
    assert decide(Deadline(60.0)) is decided


def test_every_round_looks_further_than_the_last(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[int, int]] = []

    def breadth(_: Any, __: Any, ___: Any, widths: list[int], steps: int) -> Decision:
        asked.append((max(widths), steps))
        return TIME if len(asked) < 4 else Decision("valid")

    monkeypatch.setattr(wgl, "decide", answering(MEMORY))
    monkeypatch.setattr(linear, "decide_going_back", answering(MEMORY))
    monkeypatch.setattr(lazy, "decide", breadth)
    assert decide(Deadline(60.0)).answer == "valid"
    for (width, steps), (wider, more) in itertools.pairwise(asked):
        assert wider > width
        assert more > steps


def test_it_is_out_of_memory_only_if_all_searches_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wgl, "decide", answering(MEMORY))
    monkeypatch.setattr(linear, "decide_going_back", answering(MEMORY))
    monkeypatch.setattr(lazy, "decide", answering(TIME, MEMORY))
    decision = decide(Deadline(60.0))
    assert (decision.answer, decision.why) == ("unknown", "memory")


def test_what_the_monitors_explained_of_a_container_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither they nor the search has an answer, and the search explains less."""
    model = find_model("stack")
    explained, less = Decision("unknown", order=[0], why="time"), Decision("unknown", why="time")
    steps: list[tuple[EventType, int]] = [("invoke", 1), ("ok", 1), ("invoke", 2), ("ok", 2)]
    events = [Event(at, at, 0, kind, "push", None, element) for at, (kind, element) in enumerate(steps)]
    (problem,) = encode(History.of(events), model)
    monkeypatch.setattr(competition.containers, "decide", lambda _: explained)
    monkeypatch.setattr(competition, "_search", lambda *_: less)
    assert competition.decide(problem, form_of(problem, model), model, Budget(), Deadline(60.0)) is explained


def test_it_is_out_of_time_when_the_deadline_has_passed(monkeypatch: pytest.MonkeyPatch) -> None:
    deadline = Deadline(60.0)

    def stops(*_: Any, **__: Any) -> Decision:
        deadline.stop()
        return MEMORY

    monkeypatch.setattr(wgl, "decide", answering(MEMORY))
    monkeypatch.setattr(linear, "decide_going_back", answering(MEMORY))
    monkeypatch.setattr(lazy, "decide", stops)
    decision = decide(deadline)
    assert (decision.answer, decision.why) == ("unknown", "time")
