"""Generated histories of every shape are well formed and linearizable, and engines agree on the spoiled ones."""

from __future__ import annotations

import random

import pytest

from clew.checkers import check, verify_witness
from clew.checkers.models import find_model
from tests.checkers.alphabets import ALPHABETS
from tests.checkers.calls import SHAPES, calls
from tests.checkers.fuzz import long
from tests.checkers.generators import FAVOURITES, SPOILS, Mix, deeds, register_history, spoil, told

MODELS = ("cas-register", "set", "append-list", "counter")


@pytest.mark.parametrize("shape", SHAPES)
def test_histories_of_every_shape_are_linearizable_until_they_are_spoiled(shape: str) -> None:
    rng, answers = random.Random(f"shape/{shape}"), set[str]()
    for name in MODELS:
        model, alphabet = find_model(name), ALPHABETS[name]
        for favourite in FAVOURITES:
            done = deeds(model, alphabet, calls(rng, 30, 4, 0.05, int, shape=shape), favourite, rng)
            verdict = check(told(done), model)
            assert verdict.verdict == "valid", verdict
            verify_witness(told(done), model, verdict)
            for kind in SPOILS:
                answers.add(check(told(spoil(done, alphabet, kind, rng)), model).verdict)
    assert answers == {"valid", "invalid"}


@pytest.mark.parametrize("shape", SHAPES)
def test_mixes_of_every_shape_are_linearizable(shape: str) -> None:
    history = register_history(Mix(300, 5, (1, 1, 1), 5, 0.02, shape), random.Random(shape))
    assert check(history, "cas-register").verdict == "valid"


def test_one_operation_is_open_all_the_time_in_a_history_across() -> None:
    made = calls(random.Random(1), 50, 3, 0.0, int, shape="across")
    (longest,) = (call for call in made if call.number == 0)
    assert longest.end > max(call.end for call in made if call.number)


def test_engines_agree_on_longer_histories() -> None:
    answers = long("cas-register", "1") + long("set", "1")
    assert answers.total() == 20
    assert answers["valid"] > 5
