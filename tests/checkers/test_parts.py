"""A part of a history that is not linearizable proves that the history is not. One that is proves nothing."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Set

import numpy as np
import pytest

from clew.checkers import Budget, check, competition, exhaustive
from clew.checkers.deadline import Deadline
from clew.checkers.decision import Decision
from clew.checkers.encoding import Problem, encode
from clew.checkers.evidence.explanation import impossible_operations
from clew.checkers.forms import Form, RegisterForm, form_of
from clew.checkers.models import Model, ModelOperation, find_model, names
from clew.checkers.parts import InvalidPart, applies, find_invalid_part, part_of, stuck_in
from tests.benchmarks.cells import spoiled
from tests.checkers import small
from tests.checkers.alphabets import ALPHABETS, SYMMETRIC
from tests.checkers.evidence.letting_go import impossible
from tests.checkers.objects import object_history
from tests.checkers.test_budget import Looked

MADE_OF_THINGS = [name for name in names() if applies(find_model(name))]


def found_in(problem: Problem, model: Model) -> InvalidPart | None:
    """An invalid part, found by trying every order."""

    def decide(part: Problem, form: Form | None) -> Decision:
        return exhaustive.decide(part, model, Budget(), small.LATE)

    return find_invalid_part(problem, model, decide, small.LATE)


def agrees(problem: Problem, model: Model) -> bool | None:
    """Assert that an invalid part is right. Returns whether there is one; None if the whole is valid."""
    found = found_in(problem, model)
    stuck = None if exhaustive.linearize(problem, model) is not None else exhaustive.stuck(problem, model)
    if found is not None:
        assert stuck is not None, problem
        assert stuck <= stuck_in(problem, found), problem
    return None if stuck is None else found is not None


@pytest.mark.parametrize("name", MADE_OF_THINGS)
def test_an_invalid_part_of_a_small_history_is_never_one_of_a_valid_history(name: str) -> None:
    model, rng = find_model(name), random.Random(f"parts/{name}")
    problems = small.every(model, ALPHABETS[name], 3, symmetric=name in SYMMETRIC, step=499)
    answers = [agrees(problem, model) for problem in problems]
    for _ in range(100):
        make = rng.choice((small.lived, small.scattered))
        answers.append(agrees(make(model, ALPHABETS[name], rng.randrange(3, 9), rng), model))
    assert min(answers.count(True), answers.count(None)) > 10


@pytest.mark.parametrize("name", MADE_OF_THINGS)
def test_what_contradicts_itself_in_a_part_does_so_in_the_whole(name: str) -> None:
    model, rng, sizes = find_model(name), random.Random(f"evidence/{name}"), []
    while len(sizes) < 5:
        problem = small.lived(model, ALPHABETS[name], 7, rng)
        found = found_in(problem, model)
        if found is None:
            continue
        decision = Decision("invalid", stuck=stuck_in(problem, found), part=found.part)
        form = form_of(problem, model)
        counterexample, contradiction = impossible_operations(problem, form, model, decision, Deadline(60))
        assert set(contradiction) <= set(counterexample)
        if model.discipline is None:
            assert impossible(problem, model, contradiction)
        else:
            numbers = found.part.number.tolist()
            in_part = [numbers.index(problem.number[op]) for op in contradiction]
            assert impossible(found.part, model, in_part)
        sizes.append(len(contradiction))
    assert min(sizes) < 4


@pytest.mark.parametrize(
    ("name", "op", "things", "expected"),
    [
        ("set", ModelOperation("read", None, [1, 2, 3], "ok"), {1, 3}, ("read", None, [1, 3])),
        ("set", ModelOperation("read", None, [1, 2, 3], "ok"), {2}, ("contains", 2, True)),
        ("set", ModelOperation("read", None, [1, 1], "ok"), {1}, ("read", None, [1, 1])),
        ("set", ModelOperation("add", 1, 1, "ok"), {2}, None),
        ("append-list", ModelOperation("read", None, [1, 2, 1], "ok"), {1}, ("read", None, [1, 1])),
        ("stack", ModelOperation("pop", None, None, "info"), {1}, ("pop", None, None)),
        ("stack", ModelOperation("pop", None, 2, "ok"), {1}, None),
        ("priority-queue", ModelOperation("delete-min", None, 3, "ok"), {1, 2}, ("delete-min", None, None)),
        ("priority-queue", ModelOperation("delete-min", None, 2, "ok"), {1, 2}, ("delete-min", None, 2)),
        ("priority-queue", ModelOperation("delete-min", None, 2, "ok"), {1, 3}, None),
        ("priority-queue", ModelOperation("delete-min", None, 1, "ok"), {2}, None),
        ("kv", ModelOperation("append", "2.", "2.", "ok"), {"."}, ("append", ".", None)),
        ("kv", ModelOperation("cas", ["1", "2"], None, "mismatch"), {"1"}, None),
        ("multi-register", ModelOperation("write", {"x": 1, "y": 2}, None, "ok"), {"y"}, ("write", {"y": 2}, None)),
    ],
)
def test_a_part_of_an_operation_is_what_it_did_to_these_things(
    name: str, op: ModelOperation, things: set[object], expected: tuple[object, ...] | None
) -> None:
    part = find_model(name).part(op, things)
    assert (None if part is None else part[:3]) == expected


@pytest.mark.parametrize("name", MADE_OF_THINGS)
def test_things_have_an_order_that_is_the_same_in_every_process(name: str) -> None:
    model = find_model(name)
    assert not any(isinstance(model.things(op), Set) for op in ALPHABETS[name])


def test_what_a_string_operation_returned_is_looked_at_only_if_it_is_a_get() -> None:
    """Programs write there what they like: true, a number, or the old value."""
    model = find_model("kv")
    for f, argument in (("put", "1"), ("append", "1"), ("delete", 5), ("get", "1")):
        op = ModelOperation(f, argument, "1" if f == "get" else True, "ok")
        part = model.part(op, {"1"})
        assert list(model.things(op)) == ([] if f == "delete" else ["1"])
        assert part is not None
        assert model.step("", part) == {"put": "1", "append": "1", "delete": "", "get": None}[f]


def test_one_register_of_several_is_a_register() -> None:
    model, forms = find_model("multi-register"), list[Form | None]()
    problem = small.scattered(model, ALPHABETS["multi-register"], 9, random.Random(1))

    def decide(part: Problem, form: Form | None) -> Decision:
        forms.append(form)
        return Decision("valid")

    assert find_invalid_part(problem, model, decide, small.LATE) is None
    assert [type(form) for form in forms] == [RegisterForm, RegisterForm]


THREE = [
    ModelOperation("txn", [["r", "x", None], ["w", "y", 2]], None, "info"),
    *(ModelOperation("write", {name: v}, None, "ok") for name in "xyz" for v in (1, 2)),
    *(ModelOperation("read", None, {name: v}, "ok") for name in "xyz" for v in (None, 1, 2)),
    ModelOperation("read", None, {"x": 1, "y": None}, "ok"),
    ModelOperation("read", None, {"x": None, "y": 2, "z": 1}, "ok"),
    ModelOperation("txn", [["r", "x", None], ["w", "y", 1]], [["r", "x", 1], ["w", "y", 1]], "ok"),
]


def test_a_part_with_a_form_gets_the_answer_that_its_operations_get() -> None:
    """A part of two registers, and one in which an operation of unknown outcome only reads, have no form."""
    model, rng, answers = find_model("multi-register"), random.Random(8), Counter[tuple[bool, str]]()

    def decide(part: Problem, form: Form | None) -> Decision:
        right = exhaustive.decide(part, model, Budget(), small.LATE)
        if form is not None:
            assert competition.decide(part, form, model, Budget(), small.LATE).answer == right.answer
        answers[form is not None, right.answer] += 1
        return Decision("valid")  # So that all parts are looked at.

    for _ in range(60):
        find_invalid_part(small.lived(model, THREE, rng.randrange(4, 8), rng), model, decide, small.LATE)
    assert len(answers) == 4
    assert min(answers.values()) > 5


def two_misses() -> tuple[Problem, Model]:
    """An add of 3, and then 1 and 2 were found, one after the other, though nobody had added them."""
    alphabet = [ModelOperation("contains", v, True, "ok") for v in (1, 2)] + [ModelOperation("add", 3, None, "ok")]
    begin = np.arange(3) * 2
    return small.problem([2, 0, 1], begin, begin + 1, alphabet, np.array([True, True, False])), find_model("set")


def test_evidence_has_no_part_that_is_invalid_at_another_return() -> None:
    """A violation that was found late keeps its own evidence, though a part is invalid before."""
    problem, model = two_misses()
    first, late = (Decision("invalid", stuck=stuck) for stuck in (3, 5))
    part = competition.with_part(problem, model, first, small.LATE).part
    assert part is not None
    assert part.number.tolist() == [1]
    assert competition.with_part(problem, model, late, small.LATE) is late


def test_a_part_is_no_evidence_of_a_violation_that_was_found_before_it(monkeypatch: pytest.MonkeyPatch) -> None:
    problem, model = two_misses()
    found = InvalidPart(part_of(problem, model, {2}), 1, frozenset({2}))
    assert stuck_in(problem, found) == 5
    monkeypatch.setattr(competition, "_invalid_part", lambda *_: found)
    for before, stuck, part in ((Decision("valid"), 5, [2]), (Decision("invalid", stuck=3), 3, None)):
        answers = [Decision("unknown", why="time"), before]
        monkeypatch.setattr(competition, "_search_whole", lambda *_, answers=answers: answers.pop(0))
        decision = competition._by_parts(problem, model, Budget(), small.LATE, lambda: Decision("unknown"))
        assert (decision.answer, decision.stuck) == ("invalid", stuck)
        assert (None if decision.part is None else decision.part.number.tolist()) == part


def test_what_was_open_when_a_part_became_invalid_is_in_the_part(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 1 all is looked at, and of 2 only what came before the violation of 1. A contains that is open then changes
    nothing, so it is none of that. But it can be evidence, with what it found later."""
    model = find_model("set")
    alphabet = [*(ModelOperation("contains", v, True, "ok") for v in (1, 2)), ModelOperation("add", 3, None, "ok")]
    start, end = np.array([0, 2, 4, 5, 7, 9]), np.array([1, 3, 11, 6, 8, 10])
    problem = small.problem([2, 1, 1, 0, 0, 0], start, end, alphabet, np.array([True, True, False]))
    found = found_in(problem, model)
    assert found is not None
    assert found.part.number.tolist() == [1]
    answers = [Decision("unknown", why="time"), Decision("valid")]
    monkeypatch.setattr(competition, "_search_whole", lambda *_: answers.pop(0))
    searched = competition._by_parts(problem, model, Budget(), small.LATE, lambda: Decision("unknown"))
    for decision in (searched, competition.with_part(problem, model, Decision("invalid", stuck=3), small.LATE)):
        assert decision.stuck == 3
        assert decision.part is not None
        assert decision.part.number.tolist() == [1, 2]


def test_what_was_explained_before_the_parts_were_looked_at_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    (problem,) = encode(object_history("set", 20, 3, False, 0.0, 1), find_model("set"))
    best, shorter = Decision("unknown", order=[0, 1], why="time"), Decision("unknown", order=[0], why="time")
    monkeypatch.setattr(competition, "_search_whole", lambda *_: best)
    monkeypatch.setattr(competition, "_invalid_part", lambda *_: None)
    assert competition._by_parts(problem, find_model("set"), Budget(), small.LATE, lambda: shorter) is best


@pytest.mark.parametrize(("passes_at", "looked_at"), [(1, 0), (3, 2), (100, 4)])
def test_few_parts_are_looked_at_if_they_are_too_hard_and_none_after_the_deadline(
    passes_at: int, looked_at: int
) -> None:
    model, looked = find_model("set"), list[Problem]()
    (problem,) = encode(object_history("set", 50, 3, True, 0.0, 1), model)

    def decide(part: Problem, form: Form | None) -> Decision:
        looked.append(part)
        return Decision("unknown", why="time")

    assert find_invalid_part(problem, model, decide, Looked(passes_at)) is None
    assert len(looked) == looked_at


def test_a_part_to_which_nothing_was_done_yet_is_not_looked_at() -> None:
    model, sizes = find_model("stack"), list[int]()
    alphabet = [ModelOperation("pop", None, 1, "ok"), ModelOperation("push", 2, 2, "ok")]
    problem = small.problem([0, 1], np.array([0, 2]), np.array([1, 3]), alphabet, np.zeros(2, np.bool_))

    def decide(part: Problem, form: Form | None) -> Decision:
        sizes.append(len(part))
        return exhaustive.decide(part, model, Budget(), small.LATE)

    assert find_invalid_part(problem, model, decide, small.LATE) is not None
    assert sizes == [1]


def test_of_the_other_parts_only_what_came_before_an_invalid_one_is_looked_at() -> None:
    """2 is popped twice before 3 is. So of the part of 3 only its push is left, and the part of 1 is empty."""
    model, lasts = find_model("stack"), list[int]()
    alphabet = [
        *(ModelOperation("push", element, element, "ok") for element in (2, 3)),
        *(ModelOperation("pop", None, element, "ok") for element in (1, 2, 3)),
    ]
    done = [0, 1, 3, 3, 4, 4, 2]
    begin = np.arange(len(done)) * 2
    problem = small.problem(done, begin, begin + 1, alphabet, np.zeros(len(alphabet), np.bool_))

    def decide(part: Problem, form: Form | None) -> Decision:
        lasts.append(int(part.number.max()))
        return exhaustive.decide(part, model, Budget(), small.LATE)

    found = find_invalid_part(problem, model, decide, small.LATE)
    assert found is not None
    assert stuck_in(problem, found) == problem.ret[3]
    assert lasts == [3, 1]


def test_the_name_of_a_register_is_a_text_also_where_a_number_can_stand() -> None:
    """An object of JSON has only texts as names, and a transaction may call the same register by a number."""
    model = find_model("multi-register")
    state = model.step(
        model.initial, ModelOperation("txn", [["w", 1, 5], ["w", None, 6]], [["w", 1, 5], ["w", None, 6]], "ok")
    )
    assert state is not None
    assert model.step(state, ModelOperation("read", [1], {"1": 5, "null": 6}, "ok")) == state
    assert model.step(state, ModelOperation("read", [1], {"1": None}, "ok")) is None
    op = ModelOperation("txn", [["r", 1, None], ["w", "y", 1]], [["r", 1, 5], ["w", "y", 1]], "ok")
    assert model.things(op) == ("1", "y")
    assert model.part(op, {"1"}) == op._replace(argument=[["r", "1", 5]], result=[["r", "1", 5]])
    assert list(model.cell_accesses(op) or ()) == ["1", "y"]


def test_operations_that_are_alike_in_a_part_share_a_class() -> None:
    model = find_model("multi-register")
    both = [ModelOperation("write", {"x": 1, "y": value}, None, "ok") for value in (1, 2)]
    problem = small.problem([0, 1], np.array([0, 1]), np.array([2, 3]), both, np.zeros(2, np.bool_))
    assert len(part_of(problem, model, {"x"}).classes) == 1
    assert len(part_of(problem, model, {"y"}).classes) == 2


def test_an_invalid_history_that_is_hard_is_decided_by_a_part() -> None:
    verdict = check(spoiled(object_history("set", 500, 30, False, 0.0, 1), 1), "set")
    assert (verdict.verdict, verdict.keys[0].engine) == ("invalid", "parts")
    assert len(verdict.keys[0].contradiction or ()) == 2


@pytest.mark.parametrize(("name", "seed"), [("set", 1), ("multi-register", 3)])
def test_what_contradicts_itself_in_a_long_history_is_found_in_a_part(name: str, seed: int) -> None:
    history = spoiled(object_history(name, 300, 10, False, 0.0, seed), seed)
    verdict = check(history, name)
    assert (verdict.verdict, verdict.keys[0].engine) == ("invalid", "wgl")
    assert len(verdict.keys[0].contradiction or ()) < 10
