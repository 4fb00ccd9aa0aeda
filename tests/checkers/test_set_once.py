"""Values that are set once make intervals shorter, and no linearization is lost."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

import numpy as np
import pytest

from clew.checkers import Budget, exhaustive, mending, pinned, set_once
from clew.checkers.cells import cell_of, cells_of
from clew.checkers.deadline import Deadline
from clew.checkers.encoding import NEVER, Problem, encode
from clew.checkers.forms import register_form
from clew.checkers.models import Model, ModelOperation, find_model
from tests.benchmarks.cells import spoiled
from tests.checkers import small
from tests.checkers.engines import assert_agrees, assert_explains, competing
from tests.checkers.objects import object_history
from tests.often import OFTEN

MANY, ONE = find_model("multi-register"), find_model("cas-register")


def shorter(problem: Problem, model: Model, deadline: Deadline = small.LATE) -> tuple[list[int], list[int]]:
    form = register_form(problem, model)
    cells = cells_of(problem, model, small.LATE) if form is None else cell_of(form)
    assert cells is not None
    call, ret = set_once.shorter_intervals(problem, cells, deadline)
    return call.tolist(), ret.tolist()


def unambiguous(count: int, rng: random.Random) -> Problem:
    """A random problem of three registers in which most values are set once, spoilt a little with probability 0.6."""
    state, alphabet = dict[str, Any](), list[ModelOperation]()
    for fresh in range(count):
        f, names = rng.choice(("read", "write", "txn", "txn", "swap")), rng.sample("xyz", rng.choice((1, 2, 2)))
        unknown, value = rng.random() < 0.2, fresh if rng.random() < 0.85 else rng.choice((0, 1, None))
        if f == "read":
            alphabet.append(ModelOperation(f, names, {name: state.get(name) for name in names}, "ok"))
            continue
        written = names[1:] if f == "txn" else names
        argument: Any = dict.fromkeys(names, value)
        if f != "write":
            argument = [["r", names[0], None], *(["w", name, value] for name in written)]
        result = argument if f == "write" else [["r", names[0], state.get(names[0])], *argument[1:]]
        op = ModelOperation("write" if f == "write" else "txn", argument, result, "ok")
        alphabet.append(op._replace(result=None, outcome="info") if unknown else op)
        if not unknown or rng.random() < 0.6:
            state |= dict.fromkeys(written, value)
    if rng.random() < 0.6:
        one, two = rng.randrange(count), rng.randrange(count)
        alphabet[one], alphabet[two] = alphabet[two], alphabet[one]
    return small._around_points(MANY, alphabet, list(range(count)), rng)


@OFTEN
@pytest.mark.parametrize("model", [MANY, ONE], ids=lambda model: str(model.name))
def test_what_has_an_order_keeps_it_and_what_has_none_gets_none(model: Model, times: int) -> None:
    rng, answers = random.Random(1), Counter[tuple[bool, bool]]()
    for _ in range(150 * times):
        count = rng.randrange(3, 9)
        problem = unambiguous(count, rng) if model is MANY else small.unambiguous(model, count, rng)
        if rng.random() < 0.3:
            problem = problem.before(rng.randrange(2, len(problem.event_op) + 1))
        call, ret = (np.array(times) for times in shorter(problem, model))
        assert (call >= problem.call).all()
        assert (ret <= problem.ret).all()
        explained = exhaustive.linearize(problem, model) is not None
        placed = bool((call <= ret).all())
        narrowed = placed and exhaustive.linearize(pinned.with_intervals(problem, (call, ret)), model) is not None
        assert explained == narrowed
        answers[explained, bool((call > problem.call).any() or (ret < problem.ret).any())] += 1
    assert answers[True, True] > 18 * times
    assert answers[False, True] > 9 * times


@OFTEN
def test_registers_of_unique_values_get_the_answer_of_the_exhaustive_checker(
    monkeypatch: pytest.MonkeyPatch, times: int
) -> None:
    monkeypatch.setattr(set_once, "SHORTEST", 1)
    rng, answers = random.Random(2), Counter[str]()
    for _ in range(80 * times):
        answers[assert_agrees(competing, unambiguous(rng.randrange(3, 9), rng), MANY)] += 1
    assert min(answers.values()) > 8 * times


def history(*done: tuple[str, Any, Any, int, int]) -> Problem:
    """A problem of reads, writes and swaps of one register, from f, argument, result, call and return."""
    alphabet = [
        ModelOperation(f, argument, None if end == NEVER else result, "info" if end == NEVER else "ok")
        for f, argument, result, _, end in done
    ]
    begin, end = (np.array([op[column] for op in done]) for column in (3, 4))
    return small.problem(range(len(done)), begin, end, alphabet, np.array([op[0] == "read" for op in done]))


def write(value: int, begin: int, end: int) -> tuple[str, Any, Any, int, int]:
    return "write", value, value, begin, end


def read(value: int | None, begin: int, end: int) -> tuple[str, Any, Any, int, int]:
    return "read", None, value, begin, end


def swap(old: int | None, new: int, begin: int, end: int) -> tuple[str, Any, Any, int, int]:
    return "cas", [old, new], [old, new], begin, end


@pytest.mark.parametrize(
    ("done", "intervals"),
    [
        pytest.param([read(1, 0, 3), write(1, 1, 7), read(1, 2, 8)], [(1, 3), (1, 3), (2, 5)], id="it comes first"),
        pytest.param(
            [write(1, 0, 2), swap(1, 2, 1, 6), read(1, 3, 5), read(1, 4, 7)],
            [(0, 2), (4, 6), (3, 5), (4, 6)],
            id="a swap comes last",
        ),
        pytest.param(
            [write(1, 0, 9), write(2, 1, 8), read(2, 2, 3), read(1, 4, 7)],
            [(2, 5), (1, 3), (2, 3), (4, 5)],
            id="one after the other",
        ),
        pytest.param(
            [write(1, 0, 9), read(None, 1, 8), read(None, 2, 7), read(1, 3, 4)],
            [(2, 4), (1, 4), (2, 4), (3, 4)],
            id="what it holds at first",
        ),
        pytest.param(
            [write(1, 0, NEVER), read(1, 1, 3), write(2, 2, NEVER)],
            [(0, 3), (1, 3), (2, NEVER)],
            id="of unknown outcome",
        ),
        pytest.param([write(1, 0, 4), read(2, 1, 3)], [(0, 3), (4, 2)], id="set by nobody"),
        pytest.param([write(1, 0, 4), write(1, 1, 6), read(1, 2, 3)], [(0, 4), (1, 5), (2, 3)], id="set twice"),
    ],
)
def test_intervals_are_as_short_as_the_only_setter_makes_them(done: Any, intervals: list[tuple[int, int]]) -> None:
    assert list(zip(*shorter(history(*done), ONE), strict=True)) == intervals


def test_after_the_deadline_intervals_stay_as_they_are() -> None:
    problem, late = history(read(1, 0, 3), write(1, 1, 7)), Deadline()
    late.stop()
    assert shorter(problem, ONE, late) == (problem.call.tolist(), problem.ret.tolist())


def test_few_values_are_not_worth_the_while() -> None:
    for unique in (False, True):
        (problem,) = encode(object_history("multi-register", 200, 5, unique, 0.02, 0), MANY)
        assert set_once.applies(problem, cells_of(problem, MANY, small.LATE)) is unique
    assert not set_once.applies(problem, None)


def test_thirty_clients_and_unique_values_take_few_steps() -> None:
    (problem,) = encode(object_history("multi-register", 1_000, 30, True, 0.02, 0), MANY)
    intervals = pinned.narrow(problem, MANY, small.LATE)
    assert intervals is not None
    narrowed = pinned.with_intervals(problem, intervals)
    answers = [mending.decide(one, MANY, small.LATE, 1_000_000) for one in (problem, narrowed)]
    assert [found.answer for found in answers if found is not None] == ["unknown", "valid"]
    found = competing(problem, MANY, Budget(), small.LATE)
    assert (found.answer, found.engine) == ("valid", "pinned")
    assert_explains(problem, MANY, found.order, len(problem.event_op))


def test_a_stale_read_of_one_of_three_registers_is_seen_without_a_search() -> None:
    (problem,) = encode(spoiled(object_history("multi-register", 300, 10, True, 0.02, 0), 0), MANY)
    stuck = pinned.impossible_at(problem, MANY, small.LATE)
    assert stuck is not None
    assert pinned.narrow(problem.before(stuck), MANY, small.LATE) is not None
    assert pinned.narrow(problem.before(stuck + 1), MANY, small.LATE) is None
    found = competing(problem, MANY, Budget(), small.LATE)
    assert found.answer == "invalid"
    assert found.stuck is not None
    assert found.stuck <= stuck
    assert pinned.impossible_at(problem.before(found.stuck), MANY, small.LATE) is None
    late = Deadline()
    late.stop()
    assert pinned.impossible_at(problem, MANY, late) is None
