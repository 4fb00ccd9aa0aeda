"""The contradiction in a counterexample is impossible, and no operation of it can be left out."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest

from clew.checkers import check, exhaustive
from clew.checkers.deadline import Deadline
from clew.checkers.encoding import Problem
from clew.checkers.evidence.contradiction import find_contradiction
from clew.checkers.evidence.counterexample import find_counterexample
from clew.checkers.forms import DIFFERS, ContainerForm, SetForm, form_of, register_form
from clew.checkers.models import Model, ModelOperation, find_model, names
from clew.checkers.monitors import containers
from clew.checkers.monitors.stale_read import find_stale_read
from clew.histories import Event, History
from tests.checkers import small
from tests.checkers.alphabets import ALPHABETS
from tests.checkers.evidence.letting_go import impossible, with_takes
from tests.often import OFTEN

OFTEN_SMALLER = ("cas-register", "priority-queue")
"""Models whose counterexamples often hold operations that only explain."""


def contradiction_of(problem: Problem, model: Model, stuck: int) -> tuple[Problem, list[int], list[int]]:
    """A problem with all that counts, and in it the contradiction and the counterexample."""
    form = form_of(problem, model)
    kept = find_counterexample(problem, form, model, stuck, Deadline(60))
    found = find_contradiction(problem, form, model, kept, stuck, Deadline(60))
    if isinstance(form, ContainerForm) and containers.explain(form, stuck + 1)[0] == "invalid":
        part = with_takes(problem, model, kept)
        found, kept = (np.searchsorted(part.number, problem.number[ops]).tolist() for ops in (found, kept))
        return part, found, kept
    return problem, found, kept


@OFTEN
@pytest.mark.parametrize("name", names())
def test_a_contradiction_is_impossible_and_no_operation_of_it_can_be_left_out(name: str, times: int) -> None:
    model, rng, smaller = find_model(name), random.Random(f"contradiction/{name}"), 0
    make = small.UNIQUE.get(name)
    for number in range(10 * times):
        stuck = None
        while stuck is None:
            problem = small.lived(model, ALPHABETS[name], 7, rng)
            if make is not None and number % 2:
                problem = make(model, 7, rng)
            stuck = exhaustive.stuck(problem, model)
        part, found, kept = contradiction_of(problem, model, stuck)
        assert set(found) <= set(kept)
        assert (part.call[kept] < part.ret[found].max()).all()
        assert impossible(part, model, found)
        for op in found:
            assert not impossible(part, model, [other for other in found if other != op])
        smaller += len(found) < len(kept)
    assert smaller or name not in OFTEN_SMALLER


def test_a_stale_read_among_some_operations_is_impossible_whatever_the_others_did() -> None:
    model, rng, found = find_model("cas-register"), random.Random("stale"), 0
    let_go = 0
    while found < 30:
        problem = small.lived(model, ALPHABETS["cas-register"], 7, rng)
        form = register_form(problem, model)
        assert form is not None
        those = np.array([rng.random() < 0.6 for _ in range(len(problem))], np.bool_)
        if find_stale_read(form, those) is not None:
            assert impossible(problem, model, np.flatnonzero(those).tolist())
            found += 1
            let_go += int((form.kind[~those] == DIFFERS).sum())
    assert let_go > 5


def test_a_write_that_was_replaced_only_explains_the_read_of_its_value() -> None:
    steps = (("write", 5, 5), ("write", 6, 6), ("read", None, 5))
    events = [
        Event(2 * at + end, 2 * at + end, 0, ("invoke", "ok")[end], f, None, (argument, result)[end])
        for at, (f, argument, result) in enumerate(steps)
        for end in (0, 1)
    ]
    verdict = check(History.of(events), "register")
    assert verdict.keys[0].counterexample == (0, 1, 2)
    assert verdict.keys[0].contradiction == (1, 2)
    told = (verdict.explanation or "").splitlines()
    at = told.index("This only says where a value came from:")
    assert "write 5" in told[at + 1]
    assert [line.split()[2] for line in told[at - 2 : at]] == ["write", "read"]


def test_a_counterexample_holds_nothing_that_began_after_the_violation() -> None:
    """4 can only come from 2, which is set when the compare-and-set from 4 is over. A read of 2 is open then."""
    steps = (
        (0, "invoke", "cas", [None, 1]), (1, "invoke", "cas", [99, 77]), (0, "ok", "cas", [None, 1]),
        (1, "fail", "cas", [99, 77]), (1, "invoke", "cas", [4, 5]), (2, "invoke", "read", None),
        (3, "invoke", "cas", [2, 4]), (1, "ok", "cas", [4, 5]), (0, "invoke", "cas", [1, 2]), (2, "ok", "read", 2),
        (0, "ok", "cas", [1, 2]),
    )  # fmt: skip
    events = [
        Event(at, at, process, kind, f, None, value, "mismatch" if kind == "fail" else None)
        for at, (process, kind, f, value) in enumerate(steps)
    ]
    (key,) = check(History.of(events), "cas-register").keys
    assert key.stuck == 7
    assert key.contradiction == (2,)
    assert 5 not in (key.counterexample or ())


def test_a_read_that_proves_nothing_but_a_write_is_not_named() -> None:
    """1 was replaced by 4 before it was read again. That the write of 1 had returned before that is enough."""
    steps = (
        (0, "invoke", "write", 1), (1, "invoke", "read", None), (2, "invoke", "write", 4), (0, "ok", "write", 1),
        (2, "ok", "write", 4), (1, "ok", "read", 1), (0, "invoke", "read", None), (2, "invoke", "cas", [4, 5]),
        (0, "ok", "read", 1), (2, "ok", "cas", [4, 5]),
    )  # fmt: skip
    events = [Event(at, at, process, kind, f, None, value) for at, (process, kind, f, value) in enumerate(steps)]
    (key,) = check(History.of(events), "cas-register").keys
    assert key.stuck == 9
    assert key.counterexample == (0, 2, 3, 4)
    assert key.contradiction == (3, 4)


@pytest.mark.parametrize("name", ["fifo-queue", "stack", "unordered-queue", "priority-queue"])
def test_what_began_after_the_violation_is_not_named(name: str) -> None:
    """6 is put once and taken three times, one after the other: the second take is the violation."""
    put, take = find_model(name).functions
    steps = (
        (0, "invoke", take, None), (1, "invoke", put, 6), (0, "ok", take, 6), (1, "ok", put, 6),
        (0, "invoke", take, None), (0, "ok", take, 6), (0, "invoke", take, None), (0, "ok", take, 6),
    )  # fmt: skip
    events = [Event(at, at, process, kind, f, None, value) for at, (process, kind, f, value) in enumerate(steps)]
    (key,) = check(History.of(events), name).keys
    assert key.stuck == 5
    assert key.counterexample == (0, 1, 2)
    assert key.contradiction == (0, 2)


def test_an_open_take_is_not_named_if_those_that_had_returned_are_impossible() -> None:
    """The second of the three takes returns last."""
    steps = (
        (1, "invoke", "enqueue", 6), (1, "ok", "enqueue", 6), (0, "invoke", "dequeue", None), (0, "ok", "dequeue", 6),
        (2, "invoke", "dequeue", None), (0, "invoke", "dequeue", None), (0, "ok", "dequeue", 6),
        (2, "ok", "dequeue", 6),
    )  # fmt: skip
    events = [Event(at, at, process, kind, f, None, value) for at, (process, kind, f, value) in enumerate(steps)]
    (key,) = check(History.of(events), "fifo-queue").keys
    assert key.stuck == 6
    assert key.contradiction == (1, 3)


Call = tuple[str, int | None, Any, int, int]


@pytest.mark.parametrize(
    ("name", "calls", "needed"),
    [
        # The remove says that it removed nothing. Else it may have removed 2 between the reads.
        (
            "set",
            [("remove", 2, False, 0, 7), ("add", 2, 2, 2, 9), ("read", None, [2], 3, 5), ("read", None, [], 8, 10)],
            [0, 2, 3],
        ),
        # The take from 4 to 10 says that it found nothing. Else it may have taken 3. That 3 is put again later makes it
        # a queue in which elements are alike.
        (
            "fifo-queue",
            [
                *[("enqueue", 1, 1, 0, 3), ("dequeue", None, 1, 1, 7), ("enqueue", 3, 3, 2, 5)],
                *[("dequeue", None, None, 4, 10), ("dequeue", None, None, 6, 8), ("dequeue", None, 3, 9, 12)],
                ("enqueue", 3, 3, 11, 13),
            ],
            [1, 2, 3, 4],
        ),
        # The proposal of 2 says that 1 was chosen. Else it may have set 2.
        ("consensus", [("propose", 1, 1, 0, 9), ("propose", 2, 1, 1, 2), ("read", None, 2, 3, 4)], [1, 2]),
    ],
)
def test_what_says_that_it_changed_nothing_is_named_if_it_could_explain_the_rest(
    name: str, calls: list[Call], needed: list[int]
) -> None:
    times = [
        (time, process, kind, f, value)
        for process, (f, argument, result, begin, end) in enumerate(calls)
        for time, kind, value in ((begin, "invoke", argument), (end, "ok", result))
    ]
    events = [
        Event(n, n, process, kind, f, None, value)  # type: ignore[arg-type]
        for n, (_, process, kind, f, value) in enumerate(sorted(times, key=lambda one: one[0]))
    ]
    (key,) = check(History.of(events), name).keys
    assert key.contradiction == tuple(needed)


def test_a_remove_that_is_let_go_may_have_removed_the_element_though_it_said_no() -> None:
    """So an add and a later contains that did not find the element are no contradiction."""
    model = find_model("set")
    alphabet = [
        ModelOperation(f, 1, result, "ok") for f, result in (("add", None), ("remove", False), ("contains", False))
    ]
    begin, observer = np.arange(3) * 2, np.array([model.observes(op) for op in alphabet])
    problem = small.problem(range(3), begin, begin + 1, alphabet, observer)
    form = form_of(problem, model)
    assert isinstance(form, SetForm)
    assert find_contradiction(problem, form, model, [0, 1, 2], 5, Deadline(60)) == [0, 1]
    assert not impossible(problem, model, [0, 2])
