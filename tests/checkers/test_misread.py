"""An element that a read of a whole set misses, or has and nobody added, is found at once."""

from __future__ import annotations

import random
from collections import Counter

import numpy as np
import pytest
from msgspec.structs import replace

from clew.checkers import Budget, check, competition, exhaustive
from clew.checkers.deadline import Deadline
from clew.checkers.encoding import Problem, encode
from clew.checkers.evidence.sentences import sets
from clew.checkers.forms import form_of
from clew.checkers.misread import misread
from clew.checkers.models import find_model
from clew.checkers.monitors import elements
from clew.histories import Event, History
from tests.checkers import small
from tests.checkers.alphabets import ALPHABETS
from tests.checkers.objects import object_history
from tests.checkers.test_pinned import READ_WHOLE

MODEL = find_model("set")


Done = tuple[str, int | None, object, int, int]
"""An operation on a set: function, argument, result, and the times of its call and of its return."""


def problem_of(calls: list[Done]) -> tuple[Problem, list[Event]]:
    """The problem of these operations, each of a process of its own, and its events."""
    events = []
    for process, (f, value, result, call, ret) in enumerate(calls):
        events.append(Event(0, call, process, "invoke", f, None, value))
        events.append(Event(0, ret, process, "ok", f, None, result))
    events.sort(key=lambda event: event.time)
    (problem,) = encode(History.of(replace(event, index=index) for index, event in enumerate(events)), MODEL)
    return problem, events


def test_what_is_misread_has_no_order() -> None:
    rng, found = random.Random(5), Counter[str]()
    for make in (small.scattered, small.lived):
        for _ in range(400):
            problem = make(MODEL, ALPHABETS["set"], rng.randrange(1, 8), rng)
            wrong = misread(problem, MODEL, small.LATE)
            if wrong is not None:
                assert exhaustive.linearize(problem.before(wrong.stuck + 1), MODEL) is None
            found["misread" if wrong is not None else "not"] += 1
    assert min(found.values()) > 40


def test_the_part_of_a_misread_element_is_impossible_at_the_return_of_the_whole() -> None:
    """Of that element only changes and what is wrong, or all of it if other reads show that the element was there."""
    rng, parts = random.Random(7), Counter[str]()
    for _ in range(800):
        make = rng.choice((small.lived, small.scattered))
        problem = make(MODEL, READ_WHOLE, rng.randrange(4, 9), rng)
        wrong = misread(problem, MODEL, small.LATE)
        if wrong is None or form_of(problem, MODEL) is not None or elements.forms_by_element(problem, MODEL):
            continue
        decision = competition.decide(problem, None, MODEL, Budget(), small.LATE)
        if decision.part is None:
            assert decision.stuck != wrong.stuck
            continue
        part, number = decision.part, problem.number[problem.event_op[wrong.stuck]]
        parts["all" if (part.observer[part.cls] & (part.number != number)).any() else "changes"] += 1
        assert part.event_op[exhaustive.stuck(part, MODEL)] == np.flatnonzero(part.number == number)
    assert min(parts["changes"], parts["all"]) > 1, parts


def test_a_misread_element_is_no_evidence_of_what_was_impossible_before_it() -> None:
    """Of two reads, each saw what the other one missed, while nobody had removed anything."""
    reads = [([1], 4, 7), ([2], 5, 6), ([9], 10, 11)]
    calls = [("add", 1, None, 0, 20), ("add", 2, None, 1, 21), ("remove", 3, None, 2, 3)]
    problem, _ = problem_of([*calls, *(("read", None, *read) for read in reads)])
    assert misread(problem, MODEL, small.LATE) == (9, 9)
    decision = competition.decide(problem, form_of(problem, MODEL), MODEL, Budget(), small.LATE)
    assert (decision.answer, decision.stuck, decision.part) == ("invalid", 7, None)


@pytest.mark.parametrize(
    ("calls", "wrong"),
    [
        ([("add", 1, None, 0, 1), ("read", None, [], 2, 3)], (3, 1)),
        ([("add", 1, None, 0, 2), ("read", None, [], 1, 3)], None),  # They overlap.
        ([("add", 1, None, 0, 1), ("remove", 1, None, 2, 5), ("read", None, [], 3, 4)], None),
        ([("add", 1, None, 0, 1), ("remove", 1, False, 2, 3)], (3, 1)),
        ([("add", 1, None, 0, 1), ("add", 1, True, 2, 3)], (3, 1)),
        ([("read", None, [1], 0, 1), ("add", 1, None, 2, 3)], (1, 1)),
        ([("add", 1, False, 0, 1)], (1, 1)),
        ([("add", 1, None, 0, 1), ("contains", 1, False, 6, 7), ("read", None, [9], 2, 3)], (3, 9)),
        ([("add", 1, None, 0, 7), ("read", None, [1], 1, 2), ("contains", 1, False, 3, 4)], (4, 1)),
        # The add of 2 returned, the add of 1 did not: both are missed, and 2 is easier to see.
        (
            [
                ("add", 1, None, 0, 9),
                ("add", 2, None, 0, 1),
                ("read", None, [1, 2], 2, 3),
                ("read", None, [], 4, 5),
                ("read", None, [2], 6, 7),
            ],
            (5, 2),
        ),
    ],
)
def test_the_first_return_that_is_wrong(calls: list[Done], wrong: tuple[int, int] | None) -> None:
    problem, events = problem_of(calls)
    found = misread(problem, MODEL, small.LATE)
    if wrong is None or found is None:
        assert (found, wrong) == (None, None)
        return
    op = int(problem.event_op[found.stuck])
    assert (int(events[found.stuck].time), found.element) == wrong
    assert problem.ret[op] == found.stuck


def spoiled() -> History:
    """Eight hundred operations of 30 clients; the last read that returns lacks an element whose add had returned."""
    events = list(object_history("set", 800, 30, True, 0.03, 0).events())
    last = max(e.index for e in events if (e.type, e.f) == ("ok", "read"))
    began = max(e.index for e in events if (e.process, e.type) == (events[last].process, "invoke") and e.index < last)
    removed = {e.value for e in events if e.f == "remove"}
    done = [e.value for e in events if (e.type, e.f) == ("ok", "add") and e.index < began and e.value not in removed]
    lost = max(set(done) & set(events[last].value))
    return History.of(
        replace(e, value=[one for one in e.value if one != lost]) if e.index == last else e for e in events
    )


def test_a_lost_element_is_seen_though_the_history_is_hard_and_an_add_and_the_read_show_it() -> None:
    history = spoiled()
    (problem,) = encode(history, MODEL)
    found = competition.decide(problem, None, MODEL, Budget(), small.LATE, most_rounds=1)
    assert (found.answer, found.engine) == ("invalid", "misread")
    (key,) = check(history, MODEL).keys
    assert key.counterexample is not None
    assert [history.fs[history.operations.f[number]] for number in key.counterexample] == ["add", "read"]
    assert "after its add was acknowledged, and nobody removed it" in str(key.happened) or "is gone" in str(
        key.happened
    )


class _Over(Deadline):
    """A deadline that has passed."""

    def passed(self) -> bool:
        """See `Deadline.passed`."""
        return True


def test_nothing_is_found_after_the_deadline() -> None:
    (problem,) = encode(spoiled(), MODEL)
    assert misread(problem, MODEL, small.LATE) is not None
    assert misread(problem, MODEL, _Over()) is None


def test_few_elements_of_a_large_read_are_looked_at_after_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    from clew.checkers.evidence.sentences import past
    from clew.checkers.evidence.sentences.sentence import first_said

    history = object_history("set", 800, 30, True, 0.03, 0)
    (problem,) = encode(history, MODEL)
    looked, cell_of = 0, sets.cell_of

    def counted(*arguments: object) -> object:
        nonlocal looked
        looked += 1
        return cell_of(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(sets, "cell_of", counted)
    longest = max(range(len(problem)), key=lambda op: len(problem.classes[problem.cls[op]].result or ())
                  if problem.classes[problem.cls[op]].f == "read" else 0)  # fmt: skip
    assert first_said(past.Past(history, MODEL, problem, [longest])) is None
    assert looked > 50
    looked = 0
    assert first_said(past.Past(history, MODEL, problem, [longest], _Over())) is None
    assert looked <= past._FREE_LOOKS // len(problem.classes) + 1
