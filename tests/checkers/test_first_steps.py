"""The first steps of a search are plain Python where numba is not imported. The decision is the same to the letter."""

from __future__ import annotations

import random

import numpy as np
import pytest
from msgspec.structs import replace

from clew.checkers import wgl
from clew.checkers.deadline import Deadline
from clew.checkers.decision import Decision
from clew.checkers.encoding import NEVER, Problem, encode
from clew.checkers.first_steps import Rows
from clew.checkers.kernel import Kernel
from clew.checkers.models import find_model
from clew.checkers.models.model import Model
from clew.checkers.verdict import Budget
from clew.checkers.wgl import engine
from clew.checkers.wgl.state import ROW
from tests.checkers.alphabets import ALPHABETS
from tests.checkers.objects import object_history
from tests.checkers.small import one_of_all

LIMITS = (7.0, 700.0, 1e9)
"""How much may be plain: nothing but the first step, a few steps, and all of them."""


def decided(monkeypatch: pytest.MonkeyPatch, problem: Problem, model: Model, enough: float, **how: bool) -> Decision:
    """What the search decides if so much may be plain, also though numba is imported."""
    monkeypatch.setattr("clew.checkers.kernel.numba_is_here", lambda: False)
    monkeypatch.setattr(Kernel, "_enough", enough)
    monkeypatch.setattr(Kernel, "_done", 0.0)
    decision = wgl.decide(problem, model, Budget(), Deadline(60), steps=3_000, **how)
    assert Kernel._done > 0 or enough == 0
    return decision


@pytest.mark.parametrize("name", ["cas-register", "kv", "set", "stack", "multi-register", "versioned-register"])
def test_a_search_that_begins_as_plain_python_decides_what_the_compiled_one_decides(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, answers = find_model(name), set()
    for seed in range(4):
        problem = one_of_all(model, ALPHABETS[name], 7, random.Random(seed))
        if seed % 2:
            (problem,) = encode(object_history(name, 60, 8, False, 0.05, seed), model)
        for hope in (False, True):
            compiled = decided(monkeypatch, problem, model, 0.0, hope=hope)
            answers.add(compiled.answer)
            for enough in LIMITS:
                assert decided(monkeypatch, problem, model, enough, hope=hope) == compiled
    assert "valid" in answers
    assert len(answers) > 1


def test_operations_that_may_not_take_effect_are_the_same_in_plain_python(monkeypatch: pytest.MonkeyPatch) -> None:
    model, rng, answers = find_model("cas-register"), np.random.default_rng(3), set()
    for seed in range(8):
        (problem,) = encode(object_history("cas-register", 40, 6, False, 0.05, seed), model)
        optional = rng.random(len(problem.classes)) < 0.3
        cls = np.where(rng.random(len(problem)) < 0.1, problem.cls[::-1], problem.cls)
        spoiled = replace(problem, cls=cls)
        which = optional[spoiled.cls] & (spoiled.ret != NEVER)
        found = []
        for enough in (0.0, *LIMITS):
            monkeypatch.setattr("clew.checkers.kernel.numba_is_here", lambda: False)
            monkeypatch.setattr(Kernel, "_enough", enough)
            monkeypatch.setattr(Kernel, "_done", 0.0)
            found.append(wgl.decide(spoiled, model, Budget(), Deadline(60), optional=which, steps=3_000))
        assert found[1:] == found[:1] * len(LIMITS)
        answers.add(found[0].answer)
    assert "valid" in answers
    assert len(answers) > 1


def test_tables_that_are_full_after_the_first_steps_grow(monkeypatch: pytest.MonkeyPatch) -> None:
    model = find_model("stack")
    (problem,) = encode(object_history("stack", 80, 8, False, 0.0, 1), model)
    usual = decided(monkeypatch, problem, model, 0.0)
    monkeypatch.setattr(engine, "_FIRST_ROOM", 1 << 5)
    assert decided(monkeypatch, problem, model, 1e9) == usual


def test_a_row_that_is_put_elsewhere_is_a_copy() -> None:
    table = np.zeros(3, ROW)
    rows = Rows(table)
    rows[0].op = 7
    rows[1] = rows[0]
    rows[0].op = 8
    rows.put_back()
    assert table["op"].tolist() == [8, 7, 0]
    assert len(rows) == 3
