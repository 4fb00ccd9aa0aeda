"""A search that gives up what has no hope gets the answer of the exhaustive checker, and decides more."""

from __future__ import annotations

import random
from collections import Counter
from itertools import pairwise

import numpy as np
import pytest

from clew.checkers import Budget, check, verify_witness, wgl
from clew.checkers.deadline import Deadline
from clew.checkers.decision import Decision
from clew.checkers.encoding import Problem
from clew.checkers.models import Model, ModelOperation, find_model
from clew.checkers.models.kv import KeyValue
from clew.checkers.monitors.first_unexplained import decide_beginnings
from clew.checkers.wgl import needs
from tests.checkers import small
from tests.checkers.alphabets import ALPHABETS
from tests.checkers.engines import assert_agrees, hoping
from tests.checkers.objects import object_history
from tests.checkers.test_pinned import MIXES, READ_WHOLE
from tests.often import OFTEN

PUTS_AND_PIECES = [
    *(ModelOperation("put", v, v, "ok") for v in ("a", "ab", "abc")),
    *(ModelOperation("append", v, v, "ok") for v in ("c", "bc", "b")),
    *(ModelOperation(f, v, None, "info") for f, v in (("put", "a"), ("append", "bc"), ("append", "c"))),
    *(ModelOperation("get", None, v, "ok") for v in ("", "a", "ab", "abc", "abc", "abcc", "abcbc")),
    ModelOperation("cas", ["ab", "a"], ["ab", "a"], "ok"),
    ModelOperation("cas", ["abc", "ab"], None, "info"),
    *(ModelOperation("cas", [old, "a"], None, "mismatch") for old in ("ab", "abcbc")),
    ModelOperation("delete", None, None, "ok"),
]
"""Contents that can be put together in several ways."""
ALPHABET = {
    "kv": PUTS_AND_PIECES,
    "kv with pieces that are known": [op for op in PUTS_AND_PIECES if (op.f, op.argument) != ("append", "b")],
    "cas-register": ALPHABETS["cas-register"],
    "priority-queue": ALPHABETS["priority-queue"],
    "election": ALPHABETS["election"],
    "versioned-register": MIXES["versioned-register"],
    "set": READ_WHOLE,
    "multi-register": [
        *ALPHABETS["multi-register"],
        ModelOperation("txn", [["w", "x", 1], ["r", "x", None]], [["w", "x", 1], ["r", "x", 1]], "ok"),
        ModelOperation("txn", [["r", "y", None], ["w", "y", 1]], [["r", "y", None], ["w", "y", 1]], "ok"),
        ModelOperation("txn", [["r", "x", None], ["w", "x", 2]], None, "info"),
        ModelOperation("write", {"x": None}, None, "ok"),
    ],
}


@OFTEN
@pytest.mark.parametrize("ahead", [1, needs.AHEAD])
@pytest.mark.parametrize("name", ALPHABET)
def test_random_histories_get_the_answer_of_the_exhaustive_checker(
    name: str, ahead: int, monkeypatch: pytest.MonkeyPatch, times: int
) -> None:
    monkeypatch.setattr(needs, "AHEAD", ahead)
    model, rng, answers, said = find_model(name.split()[0]), random.Random(ahead), Counter[str](), 0
    for _ in range(80 * times):
        make = rng.choice((small.lived, small.lived, small.scattered))
        problem = make(model, ALPHABET[name], rng.randrange(3, 10), rng)
        answers[assert_agrees(hoping, problem, model)] += 1
        said += needs.needs_of(problem, model, small.LATE) is not None
    assert min(answers["valid"], answers["invalid"]) > 5 * times
    assert said > 40 * times


def test_pieces_are_counted_only_if_every_way_to_a_content_appends_them() -> None:
    def pieces(content: str, *puts: str) -> list[str]:
        ops = [*(ModelOperation("put", put, put, "ok") for put in puts), ModelOperation("get", None, content, "ok")]
        ops += [ModelOperation("append", piece, piece, "ok") for piece in ("bc", "c", "d")]
        return [need.what[2] for need in KeyValue().needs(ops)[len(puts)][1:]]  # type: ignore[index]

    assert pieces("bcdd") == ["d", "d", "bc"]
    assert pieces("adcc", "a", "ad") == ["c", "c"]
    # After the put of "a", "bc" makes it; after that of "ab", "c" does.
    assert pieces("abc", "a", "ab") == []


def test_a_piece_that_is_twice_in_what_is_left_needs_two_appends() -> None:
    model = find_model("kv")
    alphabet = [ModelOperation("append", "c", "c", "ok"), ModelOperation("get", None, "cc", "ok")]
    problem = small.problem([0, 0, 1], np.arange(3), np.arange(3) + 3, alphabet, np.array([False, True]))
    found = needs.needs_of(problem, model, small.LATE)
    assert found is not None
    wanted = [found[1][cls].argument for cls in found[0].cls.tolist()]
    assert wanted == [("cc", 0, ""), ("cc", 1, "c"), ("cc", 0, "c")]
    assert found[0].times.tolist() == [1, 1, 2]


def test_states_that_lead_nowhere_are_merged_into_one_that_leads_nowhere() -> None:
    """Also if a string is sought that begins with the characters of which that one is made."""
    merge = KeyValue().merge([ModelOperation("get", None, sought, "ok") for sought in ("ab", "\0\0c")])
    assert [merge(state) for state in ("a", "ab", "\0", "\0\0")] == ["a", "ab", "\0", "\0\0"]
    assert merge("b") == merge("abc") == "\0\0\0"


def test_an_operation_does_not_help_itself() -> None:
    """A swap of "ab" to "a" needs "ab". It gives "a", from which an append of "b" leads there, but only afterwards."""
    model = find_model("kv")
    alphabet = [ModelOperation("cas", ["ab", "a"], ["ab", "a"], "ok"), ModelOperation("put", "a", "a", "ok")]
    problem = small.problem([1, 0, 1], np.arange(3), np.arange(3) + 3, alphabet, np.zeros(2, np.bool_))
    found = needs.needs_of(problem, model, small.LATE)
    assert found is not None
    ((begin, end),) = pairwise(found[0].helper_starts.tolist())
    assert found[0].helpers[begin:end].tolist() == [0, 2]


@pytest.mark.parametrize(
    ("name", "unique", "unknown"),
    [("kv", False, 0.02), ("multi-register", True, 0.02), ("versioned-register", False, 0.02), ("set", True, 0.02)],
)
def test_thirty_clients_are_decided(name: str, unique: bool, unknown: float) -> None:
    history = object_history(name, 400, 30, unique, unknown, 1)
    verdict = check(history, name, budget=Budget(60))
    assert verdict.verdict == "valid"
    verify_witness(history, name, verdict)


def in_turns(problem: Problem, model: Model, budget: Budget, deadline: Deadline) -> Decision:
    """The decision of a short search and one with needs."""
    return decide_beginnings(lambda part: wgl.answer_in_turns(part, model, budget, deadline), problem)


def test_a_history_that_a_short_search_does_not_decide_is_searched_with_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wgl.engine, "_SHORT", 0)
    model, rng, answers = find_model("kv"), random.Random(3), Counter[str]()
    for _ in range(100):
        problem = small.lived(model, ALPHABETS["kv"], rng.randrange(3, 9), rng)
        answers[assert_agrees(in_turns, problem, model)] += 1
    assert min(answers["valid"], answers["invalid"]) > 10
