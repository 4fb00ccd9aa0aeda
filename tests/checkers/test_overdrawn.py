"""An element that was taken more often than it was put is found at once."""

from __future__ import annotations

import random
from collections import Counter

import numpy as np
import pytest
from msgspec.structs import replace

from clew.checkers import Budget, competition, exhaustive
from clew.checkers.encoding import encode
from clew.checkers.models import find_model
from clew.checkers.overdrawn import overdrawn
from clew.histories import Event, History
from tests.checkers import small
from tests.checkers.alphabets import ALPHABETS
from tests.checkers.objects import object_history


@pytest.mark.parametrize("name", ["stack", "priority-queue"])
def test_what_is_overdrawn_has_no_order(name: str) -> None:
    model, rng, found = find_model(name), random.Random(5), Counter[str]()
    for _ in range(400):
        problem = small.scattered(model, ALPHABETS[name], rng.randrange(1, 8), rng)
        stuck = overdrawn(problem, model)
        if stuck is not None:
            assert exhaustive.linearize(problem.before(stuck + 1), model) is None
            op = problem.classes[problem.cls[problem.event_op[stuck]]]
            assert (op.f, op.outcome) == (model.functions[1], "ok")
        for cut in np.flatnonzero(problem.event_return).tolist():
            # A take that is open at the cut has an element, and need not have happened.
            beginning = overdrawn(problem.before(cut + 1), model)
            assert (beginning is not None) == (stuck is not None and stuck <= cut)
        found["overdrawn" if stuck is not None else "not"] += 1
    assert min(found.values()) > 40


@pytest.mark.parametrize(
    ("calls", "stuck"),
    [
        ([("push", 1, 0, 1), ("pop", 1, 2, 3), ("pop", 1, 4, 5)], 5),
        ([("push", 1, 0, 1), ("push", 2, 2, 3), ("pop", 2, 4, 5), ("pop", 1, 6, 7)], None),
        ([("pop", 1, 0, 2), ("push", 1, 1, 3)], None),  # They overlap.
        ([("pop", 1, 0, 1), ("push", 1, 2, 3)], 1),
        ([("push", 1, 0, 1), ("pop", 2, 2, 3), ("pop", 1, 4, 5), ("pop", 3, 6, 7)], 3),  # The first of two.
    ],
)
def test_the_first_return_by_which_too_much_was_taken(
    calls: list[tuple[str, int, int, int]], stuck: int | None
) -> None:
    events = []
    for process, (f, value, call, ret) in enumerate(calls):
        put = f == "push"
        events.append(Event(0, call, process, "invoke", f, None, value if put else None))
        events.append(Event(0, ret, process, "ok", f, None, value))
    events.sort(key=lambda event: event.time)
    history = History.of(replace(event, index=index) for index, event in enumerate(events))
    model = find_model("stack")
    (problem,) = encode(history, model)
    assert overdrawn(problem, model) == stuck


@pytest.mark.parametrize("name", ["stack", "priority-queue"])
def test_an_element_that_nobody_put_is_seen_though_the_history_is_hard(name: str) -> None:
    """Three hundred operations of 30 clients; the last take that found something found an element of nobody."""
    events, model = list(object_history(name, 300, 30, False, 0.03, 0).events()), find_model(name)
    last = max(e.index for e in events if (e.type, e.f) == ("ok", model.functions[1]) and e.value is not None)
    (problem,) = encode(History.of(replace(e, value=99) if e.index == last else e for e in events), model)
    found = competition.decide(problem, None, model, Budget(), small.LATE, most_rounds=1)
    assert (found.answer, found.engine) == ("invalid", "overdrawn")
    assert found.stuck is not None
    assert problem.classes[problem.cls[problem.event_op[found.stuck]]].result == 99
