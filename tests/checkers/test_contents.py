"""Contents that grow, and records: the sweep against the exhaustive checker, and on what is hard for other searches."""

import itertools
import random

import numpy as np
import pytest

from clew.checkers import Budget, check, contents, verify_witness
from clew.checkers.contents import start
from clew.checkers.deadline import Deadline
from clew.checkers.decision import Decision
from clew.checkers.encoding import encode
from clew.checkers.linear import going_back
from clew.checkers.models import find_model
from clew.checkers.models.model import ModelOperation
from clew.histories import Event, EventType, History
from tests.checkers import small
from tests.checkers.engines import assert_agrees, assert_explains, growing
from tests.checkers.objects import object_history
from tests.often import OFTEN

OK, INFO, MISMATCH = "ok", "info", "mismatch"
KV = [
    *(ModelOperation("get", None, content, OK) for content in ("", "1", "2", "12", "21", "112", "211", "12112")),
    *(ModelOperation("append", piece, piece, OK) for piece in ("1", "2")),
    *(ModelOperation("put", content, content, OK) for content in ("1", "21")),
]
LOST = [ModelOperation(f, piece, None, INFO) for f, piece in (("append", "1"), ("append", "2"), ("put", "2"))]
SWAPS = [
    ModelOperation("cas", ["1", "2"], ["1", "2"], OK),
    ModelOperation("cas", ["12", "1"], None, INFO),
    ModelOperation("delete", None, None, OK),
]
MISSED = [ModelOperation("cas", ["1", "2"], None, MISMATCH), ModelOperation("cas", ["", "2"], None, MISMATCH)]
LIST = [
    *(ModelOperation("append", v, v if kind == OK else None, kind) for v in (1, 2) for kind in (OK, INFO)),
    *(ModelOperation("read", None, list(found), OK) for found in ((), (1,), (1, 2), (2, 1), (1, 1, 2), (2, 1, 1))),
]
VERSIONS = [
    *(ModelOperation("read", None, found, OK) for found in (None, [0, 1], [0, 2], [1, 1], [1, 2], [2, 1])),
    *(
        ModelOperation("init", 1, result, kind)
        for result, kind in (([0, 1], OK), ([0, 2], OK), ([1, 1], OK), (None, INFO))
    ),
    *(ModelOperation("init", 2, result, kind) for result, kind in (([0, 2], OK), (None, INFO))),
    *(ModelOperation("cas", [v, new], [v + 1, new], OK) for v in (0, 1) for new in (1, 2)),
    *(ModelOperation("cas", [v, new], None, INFO) for v in (0, 1) for new in (1, 2)),
    *(ModelOperation("cas", [v, 1], None, MISMATCH) for v in (0, 1)),
    ModelOperation("cas", [0, 1], [2, 1], OK),
    *(ModelOperation("delete", None, None, kind) for kind in (OK, INFO)),
]
ALPHABETS = {
    "writes and appends": ("kv", KV),
    "unknown outcomes": ("kv", KV + LOST),
    "swaps": ("kv", KV + LOST + SWAPS),
    "swaps that missed": ("kv", KV + SWAPS + MISSED),
    "a list": ("append-list", LIST),
    "versions": ("cas-by-version", VERSIONS),
    "versions that are all known": ("cas-by-version", [op for op in VERSIONS if op.outcome != INFO]),
}

Step = tuple[EventType, str, str, str | None]
"""An event of a `kv`: its type, the client, the function and the value."""


@OFTEN
@pytest.mark.parametrize("kind", ALPHABETS)
def test_it_agrees_with_the_exhaustive_checker(kind: str, times: int) -> None:
    name, alphabet = ALPHABETS[kind]
    model, rng = find_model(name), random.Random(kind)
    given = [
        assert_agrees(growing, small.lived(model, alphabet, rng.randrange(3, 10), rng), model)
        for _ in range(100 * times)
    ]
    assert min(map(given.count, ("valid", "invalid"))) > 10 * times


@pytest.mark.parametrize("kind", ["unknown outcomes", "swaps", "versions"])
def test_what_a_narrow_sweep_drops_does_not_make_a_history_invalid(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contents.engine, "_SWEEPS", ((1, 1), (contents.engine._ALL, 1)))
    monkeypatch.setattr(contents.engine, "_SLACK", 0)
    name, alphabet = ALPHABETS[kind]
    model, rng = find_model(name), random.Random(kind)
    for _ in range(300):
        assert_agrees(growing, small.lived(model, alphabet, rng.randrange(6, 11), rng), model)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("unknown", [0.0, 0.05])
def test_a_narrow_sweep_goes_back(seed: int, unknown: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """With two configurations at first it is lost again and again, and comes to the end all the same."""
    monkeypatch.setattr(contents.engine, "_SWEEPS", ((2, 1),))
    backs = list[int]()
    go_back = contents.engine.Sweep.go_back
    monkeypatch.setattr(
        contents.engine.Sweep, "go_back", lambda sweep, mark: (backs.append(mark.position), go_back(sweep, mark))[1]
    )
    decision = decided(600, 8, unknown, seed, Budget(), Deadline(60))
    assert decision.answer == "valid"
    (problem,) = encode(object_history("kv", 600, 8, False, unknown, seed), find_model("kv"))
    assert_explains(problem, find_model("kv"), decision.order, len(problem.event_op))
    assert backs


@pytest.mark.parametrize("name", ["kv", "append-list", "cas-by-version"])
def test_long_histories_of_thirty_clients(name: str) -> None:
    """What no depth-first search decides in a minute takes a fraction of a second."""
    history = object_history(name, 1_500, 30, False, 0.02, 1)
    verdict = check(history, name, budget=Budget(60.0))
    assert verdict.valid
    assert verdict.keys[0].engine == ("pinned" if name == "append-list" else "contents")
    verify_witness(history, find_model(name), verdict)


def test_what_was_too_dear_at_first_is_found_when_it_goes_back() -> None:
    """The first read of "1" has seen the put or the append of unknown outcome. Both fit, but only the append later."""
    gets_of_nothing: list[Step] = [("invoke", "client", "get", None), ("ok", "client", "get", "")]
    steps: list[Step] = [("invoke", "lost", "append", "1"), *8 * gets_of_nothing, ("invoke", "putting", "put", "1")]
    for f, value in (("get", "1"), ("append", "2"), ("get", "12"), ("get", "1")):
        steps += [("invoke", "client", f, None if f == "get" else value), ("ok", "client", f, value)]
    assert decided_and_explained([*steps, ("ok", "putting", "put", "1")]) == "valid"


def test_a_configuration_has_its_turn_although_a_worse_one_had_it_before() -> None:
    """Within a return the cheapest ones come first, and a better one may come later. A random history showed it."""
    steps: list[Step] = [("invoke", "appends 2", "append", "2"), ("invoke", "puts 21", "put", "21")]
    steps += [("invoke", "gets 2", "get", None), ("invoke", "lost", "put", "2"), ("ok", "appends 2", "append", "2")]
    steps += [("ok", "puts 21", "put", "21"), ("ok", "gets 2", "get", "2"), ("invoke", "puts 1", "put", "1")]
    steps += [("invoke", "appends", "append", "2"), ("ok", "appends", "append", "2"), ("ok", "puts 1", "put", "1")]
    assert decided_and_explained([*steps, ("invoke", "gets", "get", None), ("ok", "gets", "get", "12")]) == "valid"


@pytest.mark.parametrize(("levels", "answer"), [(0, "unknown"), (6, "valid")])
def test_a_sweep_that_passed_something_over_goes_back_for_it_or_proves_nothing(
    levels: int, answer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nine puts can come first. The read that returns first needs the last of them."""
    monkeypatch.setattr(contents.engine, "_SWEEPS", ((1, 1),))
    monkeypatch.setattr(going_back, "_MOST_LEVELS", levels)
    digits = "123456789"
    steps: list[Step] = [("invoke", f"puts {digit}", "put", digit) for digit in digits]
    steps += [("invoke", f"gets {digit}", "get", None) for digit in digits]
    steps += [("invoke", "appends", "append", "+"), ("ok", "gets 9", "get", "9+")]
    steps += [("ok", f"gets {digit}", "get", digit) for digit in digits[:-1]]
    assert decided_and_explained(steps) == answer


def test_it_ends_soon_after_its_deadline() -> None:
    class Late(Deadline):
        looks = 0

        def passed(self) -> bool:
            self.looks += 1
            return self.looks > 5

    late = Late()
    decision = decided(2_000, 60, 0.1, 0, Budget(), late)
    assert (decision.answer, decision.why) == ("unknown", "time")
    assert late.looks <= 8


def test_it_keeps_to_its_memory() -> None:
    decision = decided(2_000, 60, 0.1, 0, Budget(bytes=100_000), Deadline(60))
    assert (decision.answer, decision.why) == ("unknown", "memory")


def test_values_of_versions_that_nobody_seeks_are_one() -> None:
    """Of a thousand compare-and-sets of unknown outcome those of one version are equal, so few are tried."""
    events = [
        Event(0, 0, 0, "invoke", "init", None, 0),
        Event(1, 1, 0, "ok", "init", None, [0, 0]),
        *(Event(2 + n, 2 + n, 1 + n, "invoke", "cas", None, [n % 4, n]) for n in range(1_000)),
        Event(1_002, 1_002, 0, "invoke", "cas", None, [4, 0]),
        Event(1_003, 1_003, 0, "ok", "cas", None, [5, 0]),
    ]
    model = find_model("cas-by-version")
    (problem,) = encode(History.of(events), model)
    accesses = contents.accesses_of(problem, model)
    assert accesses is not None
    tables = start.tables_of(problem, accesses, Deadline(60))
    assert tables is not None
    assert len(np.unique(tables.ops["effect"][1:1_001])) == 4
    decision = contents.decide(problem, accesses, Budget(), Deadline(60))
    assert decision.answer == "valid"
    assert_explains(problem, model, decision.order, len(problem.event_op))
    assert len(decision.order) == 6


def test_a_register_is_no_content() -> None:
    for name, fits in (("register", False), ("kv", True), ("append-list", True), ("set", False)):
        (problem,) = encode(object_history(name, 20, 3, False, 0.0, 0), find_model(name))
        assert (contents.accesses_of(problem, find_model(name)) is not None) == fits


def test_elements_may_be_of_several_types() -> None:
    mixed = [1, "1", None, True, 2.5, [1]]
    alphabet = [ModelOperation("append", v, v, OK) for v in mixed]
    alphabet += [ModelOperation("read", None, list(found), OK) for found in itertools.permutations(mixed, 2)]
    model, rng = find_model("append-list"), random.Random(1)
    for _ in range(100):
        assert_agrees(growing, small.lived(model, alphabet, rng.randrange(3, 8), rng), model)


def test_many_writes_of_unknown_outcome_are_not_listed_for_each_read() -> None:
    lost = [Event(p, p, p, "invoke", "put", None, "1") for p in range(2_000)]
    added = [Event(2_000, 2_000, 3_000, "invoke", "append", None, "2")]
    read = []
    for n in range(2_001, 4_001, 2):
        read += [Event(n, n, 2_000, "invoke", "get", None, None), Event(n + 1, n + 1, 2_000, "ok", "get", None, "1")]
    model = find_model("kv")
    (problem,) = encode(History.of([*lost, *added, *read]), model)
    accesses = contents.accesses_of(problem, model)
    assert accesses is not None
    tables = start.tables_of(problem, accesses, Deadline(60))
    assert tables is not None
    assert len(tables.helpers) == 1_000
    decision = contents.decide(problem, accesses, Budget(), Deadline(60))
    assert decision.answer == "valid"


def decided_and_explained(steps: list[Step]) -> str:
    """The answer for a `kv` of these events. If it is "valid", its order explains them."""
    model, clients = find_model("kv"), {client: number for number, (_, client, _, _) in enumerate(steps)}
    (problem,) = encode(
        History.of(
            Event(n, n, clients[client], kind, f, None, value) for n, (kind, client, f, value) in enumerate(steps)
        ),
        model,
    )
    accesses = contents.accesses_of(problem, model)
    assert accesses is not None
    decision = contents.decide(problem, accesses, Budget(), Deadline(60))
    if decision.answer == "valid":
        assert_explains(problem, model, decision.order, len(problem.event_op))
    return decision.answer


def decided(operations: int, processes: int, unknown: float, seed: int, budget: Budget, deadline: Deadline) -> Decision:
    """The decision of a `kv` of 5 values."""
    model = find_model("kv")
    (problem,) = encode(object_history("kv", operations, processes, False, unknown, seed), model)
    accesses = contents.accesses_of(problem, model)
    assert accesses is not None
    return contents.decide(problem, accesses, budget, deadline)
