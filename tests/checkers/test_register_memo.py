"""The transitions of a register that are known at once are those that the model would answer."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from clew.checkers.forms import register_form
from clew.checkers.memo import IMPOSSIBLE, UNASKED, Memo, after
from clew.checkers.models import find_model
from clew.checkers.register_memo import register_memo
from clew.checkers.verdict import Budget
from clew.checkers.wgl import decide
from tests.checkers.alphabets import ALPHABETS
from tests.checkers.small import LATE, lived, one_of_all


@pytest.mark.parametrize("name", ["register", "cas-register"])
def test_all_transitions_are_those_of_the_model(name: str) -> None:
    model, rng, answers = find_model(name), random.Random(name), Counter[str]()
    for number in range(120):
        make = lived if number % 2 else one_of_all
        problem = make(model, ALPHABETS[name], 8, rng)
        form = register_form(problem, model)
        assert form is not None
        memo, asked = register_memo(form, model), Memo(model, problem.classes)
        assert (memo is None) == (not len(problem))
        if memo is None:
            continue
        # Walk through the states of both in step. The model may tell apart what no operation here does.
        used, pairs = sorted(set(problem.cls.tolist())), [(0, 0)]
        for known, state in pairs:
            asked.learn([(state, cls) for cls in used])
            for cls in used:
                one, two = after(memo.transitions, known, cls), after(asked.transitions, state, cls)
                assert one != UNASKED
                assert (one == IMPOSSIBLE) == (two == IMPOSSIBLE)
                if one != IMPOSSIBLE and (one, two) not in pairs:
                    pairs.append((one, two))
        # What is known also says which candidate to try first, so the orders may differ.
        found, slow = decide(problem, model, Budget(), LATE, memo=memo), decide(problem, model, Budget(), LATE)
        assert (found.answer, found.stuck) == (slow.answer, slow.stuck)
        answers[found.answer] += 1
    assert min(answers["valid"], answers["invalid"]) > 5
