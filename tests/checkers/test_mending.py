"""Mending finds orders of registers, one or many: every order that it answers is one, and it never says "invalid"."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping
from typing import Any

import msgspec
import numpy as np
import pytest

from clew.checkers import Budget, exhaustive, mending, rounds
from clew.checkers.cells import NOTHING, cells_of
from clew.checkers.deadline import Deadline
from clew.checkers.decision import Decision
from clew.checkers.encoding import NEVER, Problem, encode
from clew.checkers.forms import register_form
from clew.checkers.mending import engine, moves
from clew.checkers.mending.exchange import Order, is_wrong
from clew.checkers.models import Model, ModelOperation, find_model
from clew.checkers.models.model import Access
from clew.checkers.wrong_list import NOBODY
from clew.histories import History
from tests.checkers import small
from tests.checkers.alphabets import ALPHABETS
from tests.checkers.engines import assert_explains
from tests.checkers.generators import Mix, register_history
from tests.checkers.objects import object_history
from tests.often import OFTEN

ENOUGH = 300_000
"""Places looked at, for a history of ten operations."""
MANY = find_model("multi-register")
ONE = find_model("cas-register")
LONG = 1_000_000_000


def mended(problem: Problem, model: Model, deadline: Deadline = small.LATE, steps: int = LONG) -> Decision:
    """What mending decides. An order that it answers is a linearization."""
    form = register_form(problem, model) if model is ONE else None
    found = (
        mending.decide(problem, model, deadline, steps)
        if form is None
        else mending.decide_register(form, deadline, steps)
    )
    assert found is not None
    if found.answer == "valid":
        assert_explains(problem, model, found.order, len(problem.event_op))
    return found


def of_thirty_clients(unknown: float, operations: int = 200) -> Problem:
    (problem,) = encode(object_history("multi-register", operations, 30, False, unknown, 0), MANY)
    return problem


def of_a_register(operations: int, unknown: float) -> Problem:
    (problem,) = encode(register_history(Mix(operations, 30, (1, 1, 1), 5, unknown), random.Random(1)), ONE)
    return problem


@OFTEN
@pytest.mark.parametrize("model", [MANY, ONE], ids=lambda model: str(model.name))
def test_small_histories_get_an_order_if_there_is_one(model: Model, times: int) -> None:
    rng, answers = random.Random(3), Counter[str]()
    for _ in range(30 * times):
        make = rng.choice((small.lived, small.lived, small.scattered))
        problem = make(model, ALPHABETS[model.name], rng.randrange(4, 10), rng)
        explained = exhaustive.linearize(problem, model) is not None
        found = mended(problem, model, steps=10 * ENOUGH if explained else ENOUGH)
        assert found.answer == ("valid" if explained else "unknown")
        assert explained or found.why == "time"
        answers[found.answer] += 1
    assert min(answers["valid"], answers["unknown"]) > 3 * times


@pytest.mark.parametrize("unknown", [0.0, 0.05])
@pytest.mark.parametrize("name", ["one", "many"])
def test_thirty_clients_get_an_order_and_the_same_one_each_time(name: str, unknown: float) -> None:
    problem, model = (of_a_register(1_000, unknown), ONE) if name == "one" else (of_thirty_clients(unknown), MANY)
    first = mended(problem, model)
    assert (first.answer, first.engine) == ("valid", "mending")
    assert mended(problem, model) == first


def test_a_write_of_unknown_outcome_comes_in_where_it_is_needed_and_stays_out_where_it_is_not() -> None:
    classes = (
        ModelOperation("write", {"x": 1}, {"x": 1}, "ok"),
        ModelOperation("write", {"x": 2}, None, "info"),
        ModelOperation("read", ["x"], {"x": 2}, "ok"),
        ModelOperation("read", ["x"], {"x": 1}, "ok"),
    )
    observes = np.array([False, False, True, True])
    for second, order in ((2, [0, 1, 3]), (3, [0, 3])):
        problem = small.problem(
            [0, 1, 1, second], np.arange(0, 8, 2), np.array([1, NEVER, NEVER, 7]), classes, observes
        )
        found = mended(problem, MANY)
        assert found.answer == "valid"
        assert [problem.cls[op] for op in found.order] == [problem.cls[op] for op in order]


def one_after_the_other(*ops: tuple[str, int, int | None, int | None]) -> Problem:
    """Reads and writes of x: the function, the value, and the call and the return, if they are not the next ones."""
    classes = [ModelOperation(f, ["x"] if f == "read" else {"x": value}, {"x": value}, "ok") for f, value, _, _ in ops]
    calls = [10 * number if call is None else call for number, (_, _, call, _) in enumerate(ops)]
    returns = [10 * number + 1 if end is None else end for number, (_, _, _, end) in enumerate(ops)]
    order = sorted(range(len(ops)), key=lambda number: calls[number])
    made = [
        op._replace(result=None, outcome="info") if end == NEVER else op
        for op, end in zip(classes, returns, strict=True)
    ]
    return small.problem(
        order,
        np.array([calls[number] for number in order]),
        np.array([returns[number] for number in order]),
        made,
        np.array([f == "read" for f, *_ in ops]),
    )


def test_a_write_that_is_open_for_long_moves_past_many_reads_that_it_would_disturb() -> None:
    """It is needed at the beginning. By the middle of its interval, it is a hundred places away."""
    reads = [("read", 0, None, None)] * 200
    problem = one_after_the_other(("read", 1, 1, None), ("write", 0, None, None), *reads, ("write", 1, 0, 3_000))
    found = mended(problem, MANY, steps=10_000_000)
    assert found.answer == "valid"
    assert problem.cls[found.order[0]] == 202


def test_a_write_of_unknown_outcome_comes_in_for_another_one_that_is_needed_elsewhere() -> None:
    """The known write of 3 must hide behind that of 0, and ten reads need it until the unknown one is there."""
    reads = [("read", 3, None, None)] * 10
    problem = one_after_the_other(
        ("write", 3, 0, 10), ("write", 0, 2, 6), ("read", 0, None, None), ("write", 3, 22, NEVER), *reads
    )
    found = mended(problem, MANY, steps=3_000_000)
    assert found.answer == "valid"
    assert len(found.order) == len(problem)


@pytest.mark.parametrize("needed", [False, True])
def test_what_is_of_unknown_outcome_is_left_out_again_if_it_is_not_needed(needed: bool) -> None:
    classes = (
        ModelOperation("write", {"x": 2}, None, "info"),
        ModelOperation("write", {"x": 1}, {"x": 1}, "ok"),
        ModelOperation("read", ["x"], {"x": 2 if needed else 1}, "ok"),
    )
    problem = small.problem(
        [1, 0, 2], np.array([0, 2, 4]), np.array([1, NEVER, 5]), classes, np.array([False, False, True])
    )
    cells = cells_of(problem, MANY, small.LATE)
    assert cells is not None
    t = engine._start(problem, cells, 1, engine._middles(problem))
    (lost,) = np.flatnonzero(problem.ret == NEVER)
    t.left_out[lost], t.now["holds"] = False, cells.first
    if not needed:
        moved = [lost, *(op for op in t.order.tolist() if op != lost)]  # in front of the write that hides it
        t.order[:] = moved
        t.place[moved] = np.arange(len(moved))
    engine.look(t)
    t.at.end = len(problem)
    engine.begin(t)
    engine.spare(t)
    assert t.left_out[lost] != needed


def test_what_is_of_unknown_outcome_comes_in_only_if_other_moves_do_not_suffice(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Here an operation that comes in as soon as it helps is missed later, and nothing mends that."""
    (problem,) = encode(object_history("multi-register", 1_000, 5, False, 0.02, 22), MANY)
    kernel, spared = engine.mend, Counter[bool]()

    def watched(t: Order) -> int:
        before = t.left_out.copy()
        status = int(kernel(t))
        changed = bool((t.left_out != before).any())
        assert not (t.at.sparing and changed)
        spared[changed] += 1
        return status

    monkeypatch.setattr(engine, "mend", watched)
    assert mended(problem, MANY, steps=30_000_000).answer == "valid"
    assert spared[True] > 0


def as_the_order_says(t: Order, first: int) -> list[int]:
    """What each access sees, for one not left out, from one end of the order to the other."""
    holds: dict[int, int] = {}
    seen = t.seen.tolist()
    for op in t.order.tolist():
        for access in range(t.begins[op], t.begins[op + 1]):
            if not t.left_out[op]:
                seen[access] = holds.get(t.cell[access], first)
                if t.sets[access] != NOTHING:
                    holds[t.cell[access]] = t.sets[access]
    return seen


@pytest.mark.parametrize("unknown", [0.0, 0.2])
def test_what_is_seen_and_what_is_wrong_is_what_the_order_says(unknown: float) -> None:
    """Exchanges change it piece by piece."""
    problem = of_thirty_clients(unknown)
    cells = cells_of(problem, MANY, small.LATE)
    assert cells is not None
    t = engine._start(problem, cells, 1, engine._middles(problem))
    lost = problem.ret == NEVER
    for begin, end in ((0, 120), (60, len(problem))):
        t.at.begin, t.at.end, t.at.moves_end, t.at.pause = begin, end, 2_000, LONG
        engine.gather(t, 1_000)
        engine.begin(t)
        engine.mend(t)
        engine.spare(t)
        assert t.seen.tolist() == as_the_order_says(t, cells.first)
        assert sorted(t.order.tolist()) == list(range(len(problem)))
        assert np.array_equal(t.place[t.order], np.arange(len(problem)))
        assert np.all(lost[t.left_out])
        latest = np.maximum.accumulate(problem.call[t.order])
        assert np.all(problem.ret[t.order] >= latest)
        wrong = {
            access
            for op in t.order[t.at.begin : t.at.end].tolist()
            for access in range(t.begins[op], t.begins[op + 1])
            if not t.left_out[op] and is_wrong(t.needs[access], t.seen[access])
        }
        listed = t.wrong[: t.at.wrongs].tolist()
        assert len(set(listed)) == len(listed)
        assert wrong <= set(listed)
        assert np.array_equal(np.flatnonzero(t.place_of_wrong != NOBODY), np.sort(listed))


def test_it_ends_after_the_steps_it_has_if_it_comes_no_further(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing explains a value that nobody wrote. What comes before it may take as long as it needs."""
    began = list[Order]()
    start = engine._start

    def watched(*arguments: Any) -> Order:
        began.append(start(*arguments))
        return began[-1]

    monkeypatch.setattr(engine, "_start", watched)
    history = object_history("multi-register", 200, 30, False, 0.0, 0)
    events = list(history.events())
    late = next(event for event in events[300:] if event.type == "ok" and event.f == "read")
    events[late.index] = msgspec.structs.replace(late, value=dict.fromkeys(late.value, 99))
    (problem,) = encode(History.of(events), MANY)
    for steps in (50_000, 1_000_000):
        found = mended(problem, MANY, steps=steps)
        assert (found.answer, found.why) == ("unknown", "time")
        assert steps <= began[-1].at.work < 20 * steps
    assert mended(of_a_register(3_000, 0.0), ONE, steps=2_000_000).answer == "valid"
    assert began[-1].at.work > 2_000_000


def test_visits_are_short_and_none_begins_after_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    class Looked(Deadline):
        looks = late = 0

        def passed(self) -> bool:
            self.looks += 1
            return self.looks >= 5

    monkeypatch.setattr(engine, "WORK_PER_VISIT", 1_000)
    deadline, kernel = Looked(), engine.mend

    def watched(t: Order) -> int:
        deadline.late += deadline.looks >= 5
        before = int(t.at.work)
        status = int(kernel(t))
        assert t.at.work - before <= 2_000
        return status

    monkeypatch.setattr(engine, "mend", watched)
    # The deadline is looked at for each class there.
    monkeypatch.setattr(engine, "cells_of", lambda problem, model, _: cells_of(problem, model, small.LATE))
    found = mended(of_thirty_clients(0.0), MANY, deadline)
    assert (found.answer, found.why) == ("unknown", "time")
    assert deadline.late == 0


class Counted(Model):
    """A register that can be written twice only, though the accesses of its operations do not tell that."""

    name = "counted"
    initial = (None, 0)

    def step(self, state: Any, op: ModelOperation) -> Any:
        """See `Model.step`."""
        if op.f == "read":
            return state if op.result == state[0] else None
        return (op.argument, state[1] + 1) if state[1] < 2 else None

    def cell_accesses(self, op: ModelOperation) -> Mapping[Any, Access]:
        """See `Model.cell_accesses`."""
        return {None: ("read", op.result, None) if op.f == "read" else ("write", op.argument, None)}


def test_an_order_that_the_model_refuses_is_no_answer() -> None:
    write = ModelOperation("write", 1, 1, "ok")
    for writes, answer in ((2, "valid"), (3, "unknown")):
        times = np.arange(0, 2 * writes, 2)
        problem = small.problem([0] * writes, times, times + 1, (write,), np.array([False]))
        found = mending.decide(problem, Counted(), small.LATE, ENOUGH)
        assert found is not None
        assert found.answer == answer


@pytest.mark.parametrize("name", ["counter", "cas-by-version", "versioned-register", "set"])
def test_models_that_do_not_tell_all_cells_are_not_mended(name: str) -> None:
    (problem,) = encode(object_history(name, 20, 3, False, 0.0, 0), find_model(name))
    assert mending.decide(problem, find_model(name), small.LATE, ENOUGH) is None


def test_what_wgl_does_not_decide_soon_is_mended(monkeypatch: pytest.MonkeyPatch) -> None:
    unknown = Decision("unknown", why="time")
    monkeypatch.setattr(rounds.wgl, "decide", lambda *_, **__: unknown)
    monkeypatch.setattr("clew.checkers.wgl.engine.decide", lambda *_, **__: unknown)
    for problem, model in ((of_thirty_clients(0.0), MANY), (of_a_register(300, 0.02), ONE)):
        form = register_form(problem, model) if model is ONE else None
        found = (
            rounds.search_any(problem, model, Budget(), small.LATE, 1)
            if form is None
            else rounds.search_register(form, model, Budget(), small.LATE, 1)
        )
        assert (found.answer, found.engine) == ("valid", "mending")
    assert rounds.search_any(of_thirty_clients(0.0), MANY, Budget(), small.LATE, 1, mend=False).answer == "unknown"


def test_what_is_stuck_goes_back_and_on_with_another_seed(monkeypatch: pytest.MonkeyPatch) -> None:
    """With one seed it has too few steps for some histories. The orders that it finds after it went back are right."""
    monkeypatch.setattr(engine, "_FURTHER", 20)
    gone_back, go_back = 0, engine._go_back

    def watched(t: Order, mark: engine._Mark, seed: int) -> None:
        nonlocal gone_back
        gone_back += 1
        go_back(t, mark, seed)

    monkeypatch.setattr(engine, "_go_back", watched)
    decided = Counter[int]()
    for number in range(12):
        history = register_history(Mix(100, 15, (3, 1, 3), 4, 0.05), random.Random(number))
        (problem,) = encode(history, ONE)
        form = register_form(problem, ONE)
        assert form is not None
        for seeds in (1, 8):
            found = mending.decide_register(form, small.LATE, 20_000, seeds=range(seeds))
            if found.answer == "valid":
                assert_explains(problem, ONE, found.order, len(problem.event_op))
                decided[seeds] += 1
    assert gone_back > 5
    assert decided[1] < decided[8]


def test_it_goes_back_to_where_the_mark_was_made() -> None:
    problem = of_thirty_clients(0.2)
    cells = cells_of(problem, MANY, small.LATE)
    assert cells is not None
    t = engine._start(problem, cells, 1, engine._middles(problem))
    t.at.end = len(problem)
    moves.begin(t)
    marked, mark = t._replace(**tables_of(t)), engine._mark(t, 0)
    t.at.moves_end, t.at.pause = 3_000, LONG
    moves.mend(t)
    changed = {name for name, table in tables_of(t).items() if not np.array_equal(table, getattr(marked, name))}
    assert changed == {"left_out", "order", "place", "seen", "wrong", "place_of_wrong"}
    work, exchange = t.at.work, t.at.exchange
    engine._go_back(t, mark, 2)
    assert all(np.array_equal(table, getattr(marked, name)) for name, table in tables_of(t).items())
    assert (t.at.moves, t.at.wrongs, t.at.random) == (mark.at.moves, mark.at.wrongs, 2)
    assert (t.at.work, t.at.exchange) == (work, exchange)


def tables_of(t: Order) -> dict[str, Any]:
    """Copies of the tables, but of the registers and of those that are room only."""
    room = ("at", "lost", "now", "touched", "moved")
    return {name: np.copy(table) for name, table in t._asdict().items() if name not in room}
