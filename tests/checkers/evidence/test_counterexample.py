"""The counterexample of a violation is impossible whatever the operations outside it did."""

from __future__ import annotations

import random

import numpy as np
import pytest

from clew.checkers import exhaustive
from clew.checkers.deadline import Deadline
from clew.checkers.evidence import counterexample
from clew.checkers.forms import ContainerForm, form_of, register_form
from clew.checkers.models import find_model, names
from clew.checkers.monitors import containers
from tests.checkers import small
from tests.checkers.alphabets import ALPHABETS
from tests.checkers.evidence.letting_go import impossible, with_takes
from tests.often import OFTEN


@OFTEN
@pytest.mark.parametrize("name", names())
def test_a_counterexample_is_impossible_whatever_the_others_did(name: str, times: int) -> None:
    model, rng, sizes = find_model(name), random.Random(6), []
    while len(sizes) < 15 * times:
        problem = small.lived(model, ALPHABETS[name], 7, rng)
        make = small.UNIQUE.get(name)
        if make is not None and rng.random() < 0.5:
            problem = make(model, 7, rng)
        stuck = exhaustive.stuck(problem, model)
        if stuck is None:
            continue
        form = form_of(problem, model)
        kept = counterexample.find_counterexample(problem, form, model, stuck, Deadline(60))
        if isinstance(form, ContainerForm) and containers.explain(form, stuck + 1)[0] == "invalid":
            assert exhaustive.linearize(with_takes(problem, model, kept), model) is None
        else:
            assert impossible(problem, model, kept)
        sizes.append(len(kept) / len(problem))
    assert np.mean(sizes) < 0.7


@pytest.mark.parametrize("name", ["register", "cas-register"])
def test_operations_of_a_register_that_are_alike_share_a_class_and_no_others(name: str) -> None:
    model, rng = find_model(name), random.Random(8)
    for _ in range(200):
        form = register_form(small.scattered(model, ALPHABETS[name], 9, rng), model)
        assert form is not None
        let_go, _, _ = counterexample._let_go_register(form)
        obliged, _ = let_go(np.ones(len(form.problem), np.bool_))
        for op, number in enumerate(obliged.cls.tolist()):
            assert obliged.classes[number] == counterexample._operation(form, op, True)
