"""Whole histories of queues, stacks and sets are decided by the monitors, with evidence that can be checked."""

from __future__ import annotations

import random
from typing import Any

import pytest

from clew.checkers import check, verify_witness
from clew.checkers.encoding import Problem, encode
from clew.checkers.forms import ContainerForm, form_of
from clew.checkers.models import Model, ModelOperation, find_model
from clew.checkers.monitors import containers
from clew.histories import Event, EventType, History
from tests.checkers.engines import assert_agrees, competing

CONTAINERS = ("fifo-queue", "priority-queue", "set", "stack", "unordered-queue")


def lived(name: str, count: int, rng: random.Random, *, spoilt: bool) -> History:
    """Ten clients of a container, every operation taking effect inside its interval; some puts of unknown outcome.

    If spoilt, a take near the end returns an element that was taken long before.
    """
    model = find_model(name)
    put, take = ("add", "remove") if name == "set" else (model.functions[0], model.functions[1])
    state: Any = model.initial
    taken: list[int] = []
    events: list[tuple[int, Event]] = []
    for number, element in enumerate(rng.sample(range(count), count)):
        point, process = 100 * number, number % 10
        f, argument = (put, element) if rng.random() < 0.5 else (take, None)
        unknown = f == put and rng.random() < 0.02
        result: Any = argument
        if f == take:
            whole = [element for group in state for element in group] if name == "unordered-queue" else list(state)
            left = sorted(whole) if name == "set" else whole
            result = left[-1 if name == "stack" else 0] if left else None
            if name == "set":
                argument, result = (result, True) if left else (element, False)
            if left:
                taken.append(argument if name == "set" else result)
        if not unknown or rng.random() < 0.5:
            state = model.step(
                state, ModelOperation(f, argument, None if unknown else result, "info" if unknown else "ok")
            )
        if spoilt and f == take and number > 0.9 * count:
            argument, result = (taken[10], True) if name == "set" else (None, taken[10])
            spoilt = False
        begin, end = point - rng.randrange(450), point + rng.randrange(450)
        events.append((begin, Event(0, begin, process, "invoke", f, None, argument)))
        events.append(
            (end, Event(0, end, process, "info" if unknown else "ok", f, None, argument if unknown else result))
        )
    order = sorted(events, key=lambda event: event[0])
    fresh = {process: process for process in range(10)}
    whole = []
    for index, (time, event) in enumerate(order):
        whole.append(
            Event(index, time + 1_000, fresh[event.process], event.type, event.f, event.key, event.value, event.error)
        )
        if event.type == "info":
            fresh[event.process] += 10
    return History.of(whole)


@pytest.mark.parametrize("name", CONTAINERS)
def test_a_long_history_is_decided_with_a_witness_that_replays(name: str) -> None:
    history = lived(name, 2_000, random.Random(1), spoilt=False)
    verdict = check(history, name)
    assert (verdict.verdict, verdict.keys[0].engine) == ("valid", "monitors")
    verify_witness(history, name, verdict)


@pytest.mark.parametrize("name", CONTAINERS)
def test_an_element_that_is_given_twice_is_found_and_needs_few_operations_to_show(name: str) -> None:
    history = lived(name, 2_000, random.Random(1), spoilt=True)
    verdict = check(history, name)
    assert (verdict.verdict, verdict.keys[0].engine) == ("invalid", "monitors")
    assert verdict.counterexample is not None
    assert len(verdict.counterexample) <= 3
    assert verdict.explanation is not None
    assert "impossible together" in verdict.explanation


def test_a_queue_that_gives_a_later_element_first_is_shown_by_these_two_elements() -> None:
    events = []
    for element in range(100):
        events += [("invoke", "enqueue", element), ("ok", "enqueue", element)]
    for element in (*range(50), 51, 50):
        events += [("invoke", "dequeue", None), ("ok", "dequeue", element)]
    history = History.of(Event(i, i, 0, kind, f, None, value) for i, (kind, f, value) in enumerate(events))
    verdict = check(history, "fifo-queue")
    assert verdict.verdict == "invalid"
    # The puts of 50 and 51, and the take of 51. That of 50 began after the violation.
    assert verdict.counterexample == (50, 51, 150)
    assert verdict.keys[0].stuck == 200 + 2 * 50 + 1


Step = tuple[int, EventType, str, int | None]
"""Process, type, function and element."""


def problem_of(model: Model, steps: list[Step]) -> tuple[Problem, ContainerForm]:
    """The problem of these events, and its form."""
    events = [Event(at, at, process, kind, f, None, element) for at, (process, kind, f, element) in enumerate(steps)]
    (problem,) = encode(History.of(events), model)
    form = form_of(problem, model)
    assert isinstance(form, ContainerForm)
    return problem, form


def test_what_monitors_cannot_decide_is_left_to_the_search() -> None:
    """4 was taken before 3, which a take of unknown outcome may have taken, or which was put later."""
    model, put, take = find_model("priority-queue"), "insert", "delete-min"
    problem, form = problem_of(
        model,
        [
            (0, "invoke", take, None), (1, "invoke", put, 2), (2, "invoke", put, 3), (3, "invoke", put, 4),
            (1, "ok", put, 2), (4, "invoke", put, 1), (3, "ok", put, 4), (5, "invoke", take, None), (2, "ok", put, 3),
            (6, "invoke", take, None), (5, "ok", take, 4), (6, "ok", take, 2), (4, "ok", put, 1),
        ],
    )  # fmt: skip
    assert containers.decide(form).answer == "unknown"
    assert assert_agrees(competing, problem, model) == "valid"


def test_a_queue_is_invalid_if_the_takes_of_unknown_outcome_came_too_late() -> None:
    """1 and 2 were put before 3. Of the two takes that can have taken them, one began after 3 was taken."""
    model = find_model("fifo-queue")
    steps: list[Step] = [(0, kind, "enqueue", element) for element in (1, 2, 3) for kind in ("invoke", "ok")]
    steps += [(1, "invoke", "dequeue", None), (0, "invoke", "dequeue", None), (0, "ok", "dequeue", 3)]
    problem, form = problem_of(model, [*steps, (2, "invoke", "dequeue", None)])
    decision = containers.decide(form)
    assert (decision.answer, decision.stuck, decision.stuck_is_first) == ("invalid", len(steps) - 1, True)
    assert assert_agrees(competing, problem, model) == "invalid"


def test_what_was_taken_for_certain_is_judged_without_the_rest() -> None:
    """A take of unknown outcome may have taken 3, and is no excuse for 1 and 2, which came in the wrong order."""
    model = find_model("stack")
    steps: list[Step] = [(1, "invoke", "pop", None)]
    steps += [(0, kind, "push", element) for element in (1, 2, 3) for kind in ("invoke", "ok")]
    for element in (1, 2):
        steps += [(0, "invoke", "pop", None), (0, "ok", "pop", element)]
    problem, form = problem_of(model, steps)
    assert containers.decide(form).answer == "invalid"
    assert assert_agrees(competing, problem, model) == "invalid"


def test_of_two_open_takes_of_an_element_the_earlier_one_may_have_taken_it() -> None:
    """Both return 1 in the end, and that is impossible. What returned before can be explained by the first one."""
    model = find_model("fifo-queue")
    steps: list[Step] = [(0, kind, "enqueue", element) for element in (1, 2) for kind in ("invoke", "ok")]
    steps += [(1, "invoke", "dequeue", None), (0, "invoke", "dequeue", None), (0, "ok", "dequeue", 2)]
    steps += [(2, "invoke", "dequeue", None), (0, "invoke", "enqueue", 3), (0, "ok", "enqueue", 3)]
    steps += [(1, "ok", "dequeue", 1), (2, "ok", "dequeue", 1)]
    late = len(steps) - 1
    # One return more, so that the monitor asks whether all up to the put of 3 can be explained.
    steps += [(0, "invoke", "enqueue", 4), (0, "ok", "enqueue", 4)]
    problem, form = problem_of(model, steps)
    assert assert_agrees(lambda *_: containers.decide(form), problem, model) == "invalid"
    assert containers.decide(form).stuck == late
