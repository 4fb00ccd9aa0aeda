"""Sets that are never read whole are decided element by element, as the exhaustive checker decides them."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from msgspec.structs import replace

from clew.checkers import Budget, check, competition, verify_witness
from clew.checkers.decision import Decision
from clew.checkers.forms import form_of
from clew.checkers.models import ModelOperation, find_model
from clew.checkers.monitors import elements
from tests.checkers import small
from tests.checkers.engines import assert_agrees, competing
from tests.checkers.generators import set_history
from tests.often import OFTEN

MODEL = find_model("set")
ALPHABET = [
    *(ModelOperation(f, v, result, "ok") for f in ("add", "remove") for v in (1, 2) for result in (v, True, False)),
    *(ModelOperation(f, v, None, "info") for f in ("add", "remove") for v in (1, 2)),
    *(ModelOperation("contains", v, result, "ok") for v in (1, 2) for result in (True, False)),
]
"""Everything that can be done to two elements, but no read of the set."""


def test_small_histories_of_two_elements_get_the_answer_of_the_exhaustive_checker() -> None:
    """All of one and two operations, and every hundredth of three."""
    answers = Counter[str]()
    for count in (1, 2, 3):
        for problem in small.every(MODEL, ALPHABET, count, step=100 if count == 3 else 1):
            answers[assert_agrees(competing, problem, MODEL)] += 1
    assert min(answers["valid"], answers["invalid"]) > 0.1 * answers.total()


@OFTEN
def test_random_histories_of_repeated_elements_get_the_answer_of_the_exhaustive_checker(times: int) -> None:
    rng, answers, apart = random.Random(1), Counter[str](), 0
    for _ in range(250 * times):
        make = rng.choice((small.lived, small.lived, small.scattered))
        problem = make(MODEL, ALPHABET, rng.randrange(3, 10), rng)
        answers[assert_agrees(competing, problem, MODEL)] += 1
        apart += form_of(problem, MODEL) is None and elements.forms_by_element(problem, MODEL) is not None
    assert min(answers["valid"], answers["invalid"]) > 25 * times
    assert apart > 75 * times


def test_one_undecided_element_hides_no_violation_of_another(monkeypatch: pytest.MonkeyPatch) -> None:
    """It only leaves open whether there is an earlier one."""
    rng = random.Random(2)
    while True:
        problem = small.scattered(MODEL, ALPHABET, 8, rng)
        parts = elements.forms_by_element(problem, MODEL)
        assert parts is not None
        if len(parts) == 2 and competing(problem, MODEL, Budget(), small.LATE).answer == "invalid":
            break
    alone = [competition.decide(form.problem, form, MODEL, Budget(), small.LATE) for _, form in parts]
    broken = next(number for number, decision in enumerate(alone) if decision.answer == "invalid")
    answers = iter([alone[n] if n == broken else Decision("unknown", why="time") for n in range(2)])
    decision = elements.decide(problem, parts, lambda _: next(answers))
    assert (decision.answer, decision.stuck_is_first) == ("invalid", False)
    late = replace(alone[broken], stuck_is_first=False)
    answers = iter([late if n == broken else Decision("valid") for n in range(2)])
    assert not elements.decide(problem, parts, lambda _: next(answers)).stuck_is_first
    nobody = elements.decide(problem, parts, lambda _: Decision("unknown", why="time"))
    assert (nobody.answer, nobody.why) == ("unknown", "time")


@pytest.mark.parametrize("unknown", [0.0, 0.02])
def test_thirty_clients_of_a_set_with_five_elements_are_decided(unknown: float) -> None:
    history = set_history(1_000, 30, 5, unknown, random.Random(3))
    verdict = check(history, "set")
    assert (verdict.verdict, verdict.keys[0].engine) == ("valid", "elements")
    verify_witness(history, "set", verdict)
