"""The one sentence about a violation is true, and what it says is impossible."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from clew.checkers import exhaustive
from clew.checkers.deadline import Deadline
from clew.checkers.encoding import Problem
from clew.checkers.evidence.counterexample import find_counterexample
from clew.checkers.evidence.sentences.past import Past, Said
from clew.checkers.evidence.sentences.sentence import choose
from clew.checkers.forms import form_of
from clew.checkers.models import Model, find_model, names
from clew.histories import Event, EventType, History
from tests.checkers import small
from tests.checkers.alphabets import ALPHABETS, SYMMETRIC
from tests.checkers.evidence.known_sentences import CLAIMS, Facts
from tests.checkers.evidence.test_counterexample import assert_impossible

FALLBACK = "No order explains"


def history_of(problem: Problem) -> History:
    """The events of a problem whose operations have the numbers 0, 1, ..., each by a process of its own."""
    events = []
    for at, (op, over) in enumerate(zip(problem.event_op.tolist(), problem.event_return.tolist(), strict=True)):
        did = problem.classes[problem.cls[op]]
        kind: EventType = "invoke" if not over else "ok" if did.outcome == "ok" else "fail"
        value = did.result if kind == "ok" else did.argument
        events.append(Event(at, at, op, kind, did.f, None, value, "mismatch" if kind == "fail" else None))
    return History.of(events)


def past_of(problem: Problem, model: Model, core: list[int] | None = None) -> Past:
    """What the rules see of a problem. The core is everything, unless it is given."""
    problem = replace(problem, number=np.arange(len(problem)))
    return Past(history_of(problem), model, problem, list(range(len(problem))) if core is None else core)


def invalid_histories(name: str) -> Iterator[Problem]:
    """All invalid histories of up to three operations of a model."""
    model = find_model(name)
    for count in (1, 2, 3):
        for problem in small.every(model, ALPHABETS[name], count, symmetric=name in SYMMETRIC):
            if exhaustive.linearize(problem, model) is None:
                yield problem


def assert_true(past: Past, said: Said) -> None:
    """What a sentence is about is impossible, by the exhaustive checker; and what it says is true, by the history."""
    if said.needs_all:
        # The sentence counts operations that it does not name: adds, or puts and takes. Observers count for nothing.
        named = set(said.operations)
        kept = [op for op in range(len(past.call)) if op in named or not past.model.observes(past.operation(op))]
        mask = np.zeros(len(past.call), np.bool_)
        mask[kept] = True
        assert exhaustive.linearize(past.problem.only(mask), past.model) is None, said
    else:
        assert_impossible(past.problem, past.model, list(said.operations))
    if said.text.startswith(FALLBACK):
        return
    claims = [(found, holds) for pattern, holds in CLAIMS.items() if (found := re.fullmatch(pattern, said.text))]
    assert len(claims) == 1, f"{said.text!r} is none of the known sentences, or of two kinds"
    (found, holds), facts = claims[0], Facts(past, said)
    assert holds(facts, *found.groups()), (said.text, [past.operation(op) for op in range(len(past.call))])


@pytest.mark.parametrize("name", names())
def test_every_invalid_history_of_three_operations_gets_a_true_sentence(name: str) -> None:
    model, fallback, seen = find_model(name), 0, 0
    for problem in invalid_histories(name):
        past = past_of(problem, model)
        said = choose(past)
        seen += 1
        fallback += said.text.startswith(FALLBACK)
        assert_true(past, said)
    assert fallback < seen / 10, f"{fallback} of {seen} sentences say no more than that no order explains them"


@pytest.mark.parametrize("name", names())
def test_sentences_from_counterexamples_of_longer_histories_are_true(name: str) -> None:
    model, rng, looked = find_model(name), random.Random(f"sentences/{name}"), 0
    for round_ in range(300):
        make = small.UNIQUE.get(name)
        if make is not None and round_ % 2:
            problem = make(model, 6, rng)
        else:
            problem = small.lived(model, ALPHABETS[name], 6, rng)
        stuck = exhaustive.stuck(problem, model)
        if stuck is None:
            continue
        core = find_counterexample(problem, form_of(problem, model), model, stuck, Deadline(60))
        past = past_of(problem, model, core)
        said = choose(past)
        if not said.text.startswith(FALLBACK):
            assert_true(past, said)
        looked += 1
    assert looked > 10
