"""Budgets are kept: however hard a history is, an engine looks at its deadline after a bounded number of steps.

What is counted are steps, not seconds: a busy machine makes a second long, and a step no larger.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from functools import cache
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from clew.checkers import check, competition, lazy, linear, pinned, wgl
from clew.checkers.deadline import Deadline
from clew.checkers.decision import Decision
from clew.checkers.encoding import Problem, encode
from clew.checkers.evidence import counterexample
from clew.checkers.evidence.counterexample import fewer
from clew.checkers.evidence.sentences import past
from clew.checkers.evidence.sentences.sentence import choose, first_said
from clew.checkers.forms import RegisterForm, form_of, register_form
from clew.checkers.lazy import sweep as lazy_sweep
from clew.checkers.linear import sweep as linear_sweep
from clew.checkers.linear import tables
from clew.checkers.memo import STEPS_PER_LOOK, Memo
from clew.checkers.models import ModelOperation, find_model
from clew.checkers.models.collection import Set
from clew.checkers.models.model import Access, Model
from clew.checkers.models.multi_register import MultiRegister
from clew.checkers.verdict import Budget
from clew.checkers.wgl import engine as wgl_engine
from clew.checkers.wgl import search as wgl_search
from tests.checkers import small
from tests.checkers.alphabets import ALPHABETS
from tests.checkers.engines import REGISTERS, assert_all_agree
from tests.checkers.generators import Mix, register_history
from tests.checkers.objects import object_history
from tests.often import OFTEN

MODEL = find_model("cas-register")
CELLS = [Mix(2_000, processes, mix, 20, 0.1) for processes in (5, 50) for mix in ((1, 0.1, 3), (3, 0.3, 3))]
"""Mostly compare-and-sets among twenty values, and one outcome of ten is unknown."""
_ROUGHLY = 2
"""A visit may be longer than it should be by what cannot be interrupted: one step, which looks at all that is open."""


class Looked(Deadline):
    """A deadline that passes when it is looked at for the `last` time."""

    def __init__(self, last: int) -> None:
        super().__init__(float("inf"))
        self.looks, self.last = 0, last

    def passed(self) -> bool:
        """See `Deadline.passed`."""
        self.looks += 1
        return self.looks >= self.last


@cache
def problem_of(cell: Mix) -> tuple[Problem, RegisterForm]:
    """One history of a cell as the engines see it."""
    (problem,) = encode(register_history(cell, random.Random(1)), MODEL)
    form = register_form(problem, MODEL)
    assert form is not None
    return problem, form


class Visits:
    """The steps of every visit to a kernel, and how many visits began after the deadline had passed."""

    def __init__(self, deadline: Looked) -> None:
        self.deadline = deadline
        self.steps: list[int] = []
        self.late = 0

    def watch(self, monkeypatch: pytest.MonkeyPatch, module: ModuleType, name: str, tables: int, unit: str) -> None:
        """Count the visits to `module.name`, whose argument number `tables` counts its steps in `at.unit`."""
        kernel = getattr(module, name)

        def visit(*arguments: Any) -> Any:
            self.late += self.deadline.looks >= self.deadline.last
            at = arguments[tables].at
            before = int(at[unit])
            status = kernel(*arguments)
            self.steps.append(int(at[unit]) - before)
            return status

        monkeypatch.setattr(module, name, visit)


@pytest.fixture
def visits(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], Visits]:
    """A function from a number of looks to a record of all visits under a deadline of so many."""

    def watched(last: int) -> Visits:
        found = Visits(Looked(last))
        found.watch(monkeypatch, lazy_sweep, "_advance", 0, "work")
        found.watch(monkeypatch, linear_sweep, "advance", 1, "work")
        found.watch(monkeypatch, wgl_engine, "search", 1, "work")
        return found

    return watched


LONGEST = {
    "lazy": lazy_sweep.WORK_PER_VISIT,
    "linear": tables.WORK_PER_VISIT,
    "wgl": wgl_search.WORK_PER_VISIT,
    "competition": max(lazy_sweep.WORK_PER_VISIT, tables.WORK_PER_VISIT, wgl_search.WORK_PER_VISIT),
}


def decide(engine: str, cell: Mix, deadline: Deadline) -> Decision:
    """The decision of one engine on one history of a cell."""
    problem, form = problem_of(cell)
    match engine:
        case "lazy":
            return lazy.decide(form, Budget(), deadline)
        case "linear":
            return linear.decide(problem, MODEL, Budget(bytes=1 << 28), deadline)
        case "wgl":
            return wgl.decide(problem, MODEL, Budget(), deadline)
    return competition.decide(problem, form, MODEL, Budget(), deadline)


@pytest.mark.parametrize("engine", LONGEST)
@pytest.mark.parametrize("cell", CELLS, ids=str)
def test_every_visit_to_a_kernel_is_short_and_none_begins_after_the_deadline(
    engine: str, cell: Mix, visits: Callable[[int], Visits]
) -> None:
    found = visits(30)
    decision = decide(engine, cell, found.deadline)
    assert max(found.steps) <= _ROUGHLY * LONGEST[engine]
    assert found.late == 0
    assert decision.answer != "unknown" or decision.why in ("time", "memory")


@OFTEN
@pytest.mark.parametrize("name", ["cas-register", "kv", "set"])
def test_an_interrupted_return_is_dealt_with_as_if_it_had_not_been(
    name: str, monkeypatch: pytest.MonkeyPatch, times: int
) -> None:
    for module in (lazy_sweep, linear_sweep, wgl_engine):
        monkeypatch.setattr(module, "WORK_PER_VISIT", 1)
    model, rng = find_model(name), random.Random(11)
    engines = REGISTERS[name].values() if name in REGISTERS else (wgl.decide, linear.decide)
    answers = Counter(
        assert_all_agree(engines, make(model, ALPHABETS[name], rng.randrange(3, 9), rng), model)
        for make in (small.lived, small.scattered)
        for _ in range(60 * times)
    )
    assert min(answers["valid"], answers["invalid"]) > 12 * times


def test_interruptions_leave_no_trace_in_longer_histories(monkeypatch: pytest.MonkeyPatch) -> None:
    mixes = [Mix(300, processes, (1, 1, 2), 5, 0.02) for processes in (5, 8)]

    def decisions() -> list[Decision]:
        return [
            decision
            for mix in mixes
            for problem, form in [problem_of(mix)]
            for decision in (
                wgl.decide(problem, MODEL, Budget(), Deadline(600)),
                linear.decide(problem, MODEL, Budget(), Deadline(600)),
                lazy.decide(form, Budget(), Deadline(600)),
            )
        ]

    whole = decisions()
    for module in (lazy_sweep, linear_sweep, wgl_engine):
        monkeypatch.setattr(module, "WORK_PER_VISIT", 50)
    assert [decision.answer for decision in whole] == ["valid"] * len(whole)
    assert decisions() == whole


class Slow(Model):
    """Every step of this model lets some time pass: after `last` steps the deadline has passed."""

    initial = 0

    def __init__(self, last: int) -> None:
        self.deadline, self.steps = Deadline(float("inf")), 0
        self.last = last

    def step(self, state: Any, op: ModelOperation) -> Any:
        """See `Model.step`."""
        self.steps += 1
        if self.steps == self.last:
            self.deadline.stop()
        return state + 1


def test_a_model_is_asked_for_few_transitions_after_the_deadline() -> None:
    classes = [ModelOperation("add", number, None, "ok") for number in range(50)]
    model = Slow(STEPS_PER_LOOK + 10)
    memo = Memo(model, classes)
    memo.learn([(0, 0)])
    memo.learn([(0, cls % 50) for cls in range(20 * STEPS_PER_LOOK)], model.deadline)
    assert model.steps <= model.last + STEPS_PER_LOOK


def test_a_growing_table_is_not_filled_after_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    deadline, moved = Looked(10), 0
    refill = wgl_engine.refill

    def watched(dead: Any, larger: Any, begin: int, end: int) -> None:
        nonlocal moved
        moved += end - begin if deadline.looks >= deadline.last else 0
        assert end - begin <= 256
        refill(dead, larger, begin, end)

    monkeypatch.setattr(wgl_engine, "refill", watched)
    monkeypatch.setattr(wgl_engine, "MOVED_AT_ONCE", 256)
    problem, _ = problem_of(CELLS[0])
    assert wgl.decide(problem, MODEL, Budget(), deadline).answer == "unknown"
    assert moved == 0


SENTENCES = (
    "kv",
    "append-list",
    "set",
    "versioned-register",
    "cas-by-version",
    "counter",
    "fifo-queue",
    "multi-register",
)


@pytest.mark.parametrize("name", SENTENCES)
def test_a_sentence_is_not_looked_for_after_the_deadline(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is wrong with the history, so no rule fits, and all look at all that they can."""
    history, model = object_history(name, 200, 10, False, 0.0, 0), find_model(name)
    (problem,) = encode(history, model)
    monkeypatch.setattr(past, "_FREE_LOOKS", 0)
    whole = Looked(10**9)
    all_of_it = list(range(len(problem)))
    assert first_said(past.Past(history, model, problem, all_of_it, whole)) is None
    assert whole.looks > 3 * past.MOST
    for last in (1, whole.looks // 2):
        stopped = Looked(last)
        late = past.Past(history, model, problem, all_of_it, stopped)
        assert choose(late).text.startswith("No order explains these 200 operations together")
        assert stopped.looks == last


def test_no_beginning_of_a_set_is_narrowed_after_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is found impossible at once is asked of log n beginnings. Each narrows all intervals anew."""
    model, deadline, begun = find_model("set"), Deadline(), 0
    (problem,) = encode(object_history("set", 200, 10, False, 0.0, 0), model)

    def impossible(*_: object) -> None:
        nonlocal begun
        begun += 1
        deadline.stop()

    monkeypatch.setattr(pinned, "narrow", impossible)
    decision = pinned.decide(problem, model, deadline, lambda *_: Decision("unknown"))
    assert (decision.answer, decision.stuck_is_first) == ("invalid", False)
    assert begun == 1


class Counted(Set):
    """It counts the contents that are looked at after the deadline."""

    def __init__(self, deadline: Looked) -> None:
        self.deadline, self.late = deadline, 0

    def set_access(self, op: ModelOperation) -> Access:
        """See `Model.set_access`."""
        self.late += op.f == "read" and self.deadline.looks >= self.deadline.last
        return super().set_access(op)


@pytest.mark.parametrize("last", [1, 2, 100, 200, 400, 600, 900])
def test_few_contents_of_a_set_are_looked_at_after_the_deadline(last: int) -> None:
    deadline = Looked(last)
    model = Counted(deadline)
    verdict = check(object_history("set", 200, 10, True, 0.0, 0), model, until=deadline)
    assert (verdict.verdict, verdict.why) == ("unknown", "time")
    assert model.late <= 1


class Accessed(MultiRegister):
    """It is asked what an operation accesses. When it was asked so many times, the deadline passes."""

    def __init__(self, deadline: Deadline, last: int) -> None:
        self.deadline, self.last, self.asked = deadline, last, 0

    def cell_accesses(self, op: ModelOperation) -> dict[Any, Access]:
        """See `Model.cell_accesses`."""
        self.asked += 1
        if self.asked == self.last:
            self.deadline.stop()
        return super().cell_accesses(op)


@pytest.mark.parametrize("last", [1, 100, 300, 500, 700])
def test_no_accesses_of_registers_are_looked_at_after_the_deadline(last: int) -> None:
    deadline = Deadline()
    model = Accessed(deadline, last)
    verdict = check(object_history("multi-register", 200, 10, True, 0.0, 0), model, until=deadline)
    assert (verdict.verdict, verdict.why) == ("unknown", "time")
    assert model.asked == last


def test_a_counterexample_is_not_made_smaller_after_the_deadline() -> None:
    deadline = Looked(3)
    counterexample = np.ones(100_000, np.bool_)
    found = fewer(counterexample, lambda _: False, deadline.passed)
    assert found.all()
    assert deadline.looks == deadline.last


def test_no_set_of_operations_is_tried_for_a_counterexample_after_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    """By sorting, too: each try takes as long as the history is."""
    model = find_model("stack")
    (problem,) = encode(object_history("stack", 200, 3, True, 0.0, 0), model)
    tried = 0

    def never(_: Any) -> bool:
        nonlocal tried
        tried += 1
        return False

    monkeypatch.setattr(counterexample, "_tries", lambda *_: never)
    stuck, form, looked = len(problem.event_op) - 1, form_of(problem, model), []
    for deadline in (Deadline(600), Deadline(0)):
        tried = 0
        counterexample.find_counterexample(problem, form, model, stuck, deadline)
        looked.append(tried)
    assert looked[0] > 100
    assert looked[1] == 0
