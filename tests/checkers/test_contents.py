"""Contents that grow: the sweep against the exhaustive checker, and on histories that are hard for other searches."""

import itertools
import random

import pytest

from clew.checkers import Budget, check, contents, verify_witness
from clew.checkers.contents import start
from clew.checkers.deadline import Deadline
from clew.checkers.decision import Decision
from clew.checkers.encoding import encode
from clew.checkers.models import find_model
from clew.checkers.models.model import ModelOperation
from clew.histories import Event, History
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
ALPHABETS = {
    "writes and appends": ("kv", KV),
    "unknown outcomes": ("kv", KV + LOST),
    "swaps": ("kv", KV + LOST + SWAPS),
    "swaps that missed": ("kv", KV + SWAPS + MISSED),
    "a list": ("append-list", LIST),
}


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


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("unknown", [0.0, 0.05])
def test_a_narrow_sweep_goes_back(seed: int, unknown: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """With two configurations at first it is lost again and again, and comes to the end all the same."""
    monkeypatch.setattr(contents.engine, "_WIDTH", 2)
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


@pytest.mark.parametrize("name", ["kv", "append-list"])
def test_long_histories_of_thirty_clients(name: str) -> None:
    """What no depth-first search decides in a minute takes a fraction of a second."""
    history = object_history(name, 1_500, 30, False, 0.02, 1)
    verdict = check(history, name, budget=Budget(60.0))
    assert verdict.valid
    assert verdict.keys[0].engine == ("contents" if name == "kv" else "pinned")
    verify_witness(history, find_model(name), verdict)


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


def decided(operations: int, processes: int, unknown: float, seed: int, budget: Budget, deadline: Deadline) -> Decision:
    """The decision of a `kv` of 5 values."""
    model = find_model("kv")
    (problem,) = encode(object_history("kv", operations, processes, False, unknown, seed), model)
    accesses = contents.accesses_of(problem, model)
    assert accesses is not None
    return contents.decide(problem, accesses, budget, deadline)
