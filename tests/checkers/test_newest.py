"""Stacks: the sweep of sets of stacks against the exhaustive checker, and the diagrams against sets of Python."""

import random
from collections import Counter
from collections.abc import Callable, Iterable

import numpy as np
import pytest

from clew.checkers import Budget, check, newest, rounds, verify_witness
from clew.checkers.deadline import Deadline
from clew.checkers.decision import Decision
from clew.checkers.encoding import NEVER, Problem, encode
from clew.checkers.models import Model, ModelOperation, find_model
from clew.checkers.newest import diagram, order, sweep
from clew.checkers.newest.tables import BARE, NOTHING, STATE, Tables
from tests.checkers import small
from tests.checkers.alphabets import ALPHABETS
from tests.checkers.engines import assert_agrees, assert_explains
from tests.checkers.objects import object_history
from tests.checkers.test_budget import Looked, Visits
from tests.often import OFTEN

MODEL = find_model("stack")
MORE = [
    ModelOperation("pop", None, None, "ok"),
    *(ModelOperation("push", value, value, "ok") for value in (1, 1, 2, 3)),
    *(ModelOperation("pop", None, value, "ok") for value in (1, 1, 2, 3)),
    *(ModelOperation("push", value, None, "info") for value in (1, 2)),
    ModelOperation("pop", None, None, "info"),
]
"""Known outcomes are more frequent than unknown ones."""
Stack = tuple[tuple[int, int], ...]
"""Elements with their labels, from the bottom to the top."""


def narrowly(width: int) -> Callable[[Problem, Model, Budget, Deadline], Decision]:
    """The sweep that keeps so few configurations at first."""
    return lambda problem, model, budget, deadline: newest.decide(problem, model, budget, deadline, width=width)


def random_problem(rng: random.Random) -> Problem:
    """A small history, half of the time one of a stack."""
    make, alphabet = rng.choice((small.lived, small.scattered)), rng.choice((ALPHABETS["stack"], MORE))
    return make(MODEL, alphabet, rng.randrange(3, 11), rng)


@OFTEN
@pytest.mark.parametrize("width", [1, 3, sweep.ALL])
def test_it_agrees_with_the_exhaustive_checker(width: int, times: int) -> None:
    """Also if the first sweep keeps one configuration only: then the one that keeps all mostly decides."""
    rng = random.Random(width)
    given = Counter(assert_agrees(narrowly(width), random_problem(rng), MODEL) for _ in range(100 * times))
    assert min(given["valid"], given["invalid"]) > 20 * times


@OFTEN
def test_what_is_too_dear_does_not_make_a_history_invalid(times: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweep, "_SLACK", 0)
    monkeypatch.setattr(sweep, "_MORE", 0)
    rng = random.Random(9)
    given = Counter(assert_agrees(narrowly(2), random_problem(rng), MODEL) for _ in range(200 * times))
    assert min(given["valid"], given["invalid"]) > 40 * times


@pytest.mark.parametrize(("seed", "slack", "width"), [(2, 0, 64), (14, 0, 64)])
def test_what_is_dropped_within_a_return_proves_nothing(
    seed: int, slack: int, width: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Found by search: these are called invalid if what is too dear is dropped in silence."""
    monkeypatch.setattr(sweep, "_SLACK", slack)
    monkeypatch.setattr(sweep, "_MORE", slack)
    rng = random.Random(seed)
    problem = small.lived(MODEL, MORE[1:] if seed % 2 else MORE, rng.randrange(7, 15), rng)
    assert assert_agrees(narrowly(width), problem, MODEL) == "valid"


def test_tables_grow_and_forget_and_nothing_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    """With room for next to nothing at first, each table is full at all times. No set is computed at one go either."""
    grown = Counter[str]()
    make_room, forget = sweep.Sweep.make_room, sweep.Sweep._forget

    def watched(self: sweep.Sweep) -> None:
        before = {name: len(getattr(self.tables, name)) for name in ("nodes", "frames", "now", "edge", "entry_edge")}
        patience = self._patience
        make_room(self)
        grown.update(name for name, length in before.items() if len(getattr(self.tables, name)) > length)
        grown["patience"] += self._patience > patience

    def forgot(self: sweep.Sweep) -> None:
        before = int(self.tables.at.nodes)
        forget(self)
        grown["forgotten"] += int(self.tables.at.nodes) < before

    monkeypatch.setattr(sweep.Sweep, "make_room", watched)
    monkeypatch.setattr(sweep.Sweep, "_forget", forgot)
    monkeypatch.setattr(sweep, "_FIRST_ROWS", 1)
    monkeypatch.setattr(sweep, "_FIRST_NODES", 8)
    monkeypatch.setattr(sweep, "_FIRST_FRAMES", 2)
    monkeypatch.setattr(sweep, "_WORK_PER_VISIT", 3)
    monkeypatch.setattr(sweep, "_PATIENCE", 1)
    rng = random.Random(7)
    given = Counter(assert_agrees(narrowly(2), random_problem(rng), MODEL) for _ in range(100))
    assert min(given["valid"], given["invalid"]) > 20
    assert min(grown[name] for name in ("nodes", "frames", "now", "edge", "entry_edge", "patience", "forgotten")) > 5


def test_many_operations_may_be_open_at_a_time() -> None:
    """A hundred pushes of unknown outcome, each of which is popped, take more slots than a row has at first."""
    count = 100
    alphabet = [ModelOperation("push", 1, None, "info"), ModelOperation("pop", None, 1, "ok")]
    begin = np.arange(2 * count) * 2
    end = np.where(np.arange(2 * count) < count, NEVER, begin + 1)
    observer = np.zeros(2, np.bool_)
    problem = small.problem([0] * count + [1] * count, begin, end, alphabet, observer)
    found = newest.decide(problem, MODEL, Budget(), Deadline())
    assert (found.answer, len(found.order)) == ("valid", 2 * count)
    unknown = np.arange(2 * count) < count - 1
    end = np.where(unknown, NEVER, begin + 1)
    problem = small.problem([0 if push else 1 for push in unknown], begin, end, alphabet, observer)
    found = newest.decide(problem, MODEL, Budget(), Deadline())
    # The last pop but one is the first that has no push.
    assert (found.answer, found.stuck) == ("invalid", len(problem.event_op) - 3)


@pytest.mark.parametrize(("processes", "unknown"), [(5, 0.0), (5, 0.02), (10, 0.0)])
def test_long_histories_are_explained(processes: int, unknown: float) -> None:
    history = object_history("stack", 2_000, processes, False, unknown, 3)
    (problem,) = encode(history, MODEL)
    found = newest.decide(problem, MODEL, Budget(), Deadline(600), 20_000_000)
    assert found.answer == "valid"
    assert_explains(problem, MODEL, found.order, len(problem.event_op))


def test_the_default_engine_has_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rounds, "FEWEST_EVENTS", 1_000)
    history = object_history("stack", 1_000, 5, False, 0.02, 3)
    verdict = check(history, "stack", budget=Budget(600))
    assert [key.engine for key in verdict.keys] == ["newest"]
    verify_witness(history, MODEL, verdict)


def test_it_ends_soon_after_its_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    (problem,) = encode(object_history("stack", 1_000, 30, False, 0.02, 1), MODEL)
    found = Visits(Looked(6))
    found.watch(monkeypatch, sweep, "advance", 0, "work")
    decision = newest.decide(problem, MODEL, Budget(), found.deadline)
    assert (decision.answer, decision.why) == ("unknown", "time")
    assert found.late <= 1
    assert max(found.steps) <= 2 * sweep._WORK_PER_VISIT


def test_it_keeps_its_memory() -> None:
    (problem,) = encode(object_history("stack", 1_000, 30, False, 0.0, 1), MODEL)
    decision = newest.decide(problem, MODEL, Budget(bytes=1 << 20), Deadline(600), width=64)
    assert (decision.answer, decision.why) == ("unknown", "memory")


def test_a_mark_takes_no_more_the_longer_the_history_is() -> None:
    """Each push is popped at once, so little is to be known anywhere."""
    alphabet = [ModelOperation("push", 1, 1, "ok"), ModelOperation("pop", None, 1, "ok")]
    taken = set[int]()
    for count in (4, 400):
        begin = np.arange(count) * 2
        problem = small.problem([0, 1] * (count // 2), begin, begin + 1, alphabet, np.zeros(2, np.bool_))
        swept = sweep.Sweep(problem, MODEL, Budget(), Deadline())
        swept.widen(1)
        assert swept.to(len(problem.event_op)) == "there"
        taken.add(swept.mark().bytes)
    assert len(taken) == 1


def test_the_order_is_given_up_when_the_deadline_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    (problem,) = encode(object_history("stack", 300, 5, False, 0.02, 3), MODEL)
    monkeypatch.setattr(order, "_WORK_PER_LOOK", 1)
    for last in (1, 3):
        swept = sweep.Sweep(problem, MODEL, Budget(), Deadline(600))
        swept.widen(sweep.NARROW)
        swept.mark()
        assert swept.to(len(problem.event_op)) == "there"
        assert order.order_of(swept, problem, Looked(last)) is None


def test_it_ends_when_its_steps_are_used_up() -> None:
    (problem,) = encode(object_history("stack", 1_000, 10, False, 0.0, 1), MODEL)
    decision = newest.decide(problem, MODEL, Budget(), Deadline(600), 10_000)
    assert (decision.answer, decision.why) == ("unknown", "time")


# Diagrams. A stack is a tuple of (element, label), and a set of stacks one of Python's.


def fresh() -> Tables:
    """Tables with an empty diagram."""
    problem = small.problem([0], np.array([0]), np.array([1]), [MORE[0]], np.ones(1, np.bool_))
    t = sweep.tables_of(problem, MODEL)
    t.at.stop = 1 << 40
    return t


def made(t: Tables, stacks: Iterable[Stack]) -> int:
    """The node of a set."""
    total = NOTHING
    for stack in sorted(stacks):
        one = BARE
        for element, label in stack:
            one = diagram.node(t, diagram.symbol_of(element, label), one, NOTHING)
        total = diagram.union(t, total, one)
    return int(total)


def told(t: Tables, stacks: int) -> set[Stack]:
    """The set of a node."""
    if stacks == NOTHING:
        return set()
    if stacks == BARE:
        return {()}
    one = t.nodes[stacks]
    top = int(one["symbol"]) >> diagram.LABEL_BITS, int(one["symbol"]) & ((1 << diagram.LABEL_BITS) - 1)
    return {(*stack, top) for stack in told(t, int(one["below"]))} | told(t, int(one["other"]))


def drawn(rng: random.Random) -> set[Stack]:
    """Some stacks whose labels never grow downwards."""
    return {
        tuple(
            zip(
                (rng.randrange(3) for _ in range(height)),
                sorted(rng.choice((0, 3, 6)) for _ in range(height)),
                strict=True,
            )
        )
        for height in (rng.randrange(4) for _ in range(rng.randrange(6)))
    }


def inserted(stack: Stack, element: int, call: int) -> set[Stack]:
    """The stack with an element below another one whose label, and those above, allow it."""
    places = [place for place in range(len(stack)) if all(label >= call for _, label in stack[place:])]
    return {(*stack[:place], (element, stack[place][1]), *stack[place:]) for place in places}


def relabelled(stack: Stack, old: int, new: int) -> Stack:
    """The stack with one label replaced."""
    return tuple((element, new if label == old else label) for element, label in stack)


def test_diagrams_are_sets() -> None:
    rng, t, freed = random.Random(3), fresh(), 0
    at = t.at
    for _ in range(400):
        at.stamp += 1
        at.value, at.call, at.old, at.new = rng.randrange(3), rng.choice((3, 6)), 0, 0
        one, two = drawn(rng), drawn(rng)
        first, second = made(t, one), made(t, two)
        assert told(t, first) == one
        assert (first == second) == (one == two)
        assert diagram.bare_among(t, first) == (() in one)
        assert told(t, diagram.union(t, first, second)) == one | two
        assert told(t, diagram.compute(t, diagram.AMONG, first, second)) == one & two
        element = rng.randrange(3)
        others = {stack for stack in one if not stack or stack[-1][0] != element}
        assert told(t, diagram.compute(t, diagram.WITHOUT, first, element)) == others
        ways = {stack: inserted(stack, at.value, at.call) | {(*stack, (int(at.value), 6))} for stack in one}
        pushed = diagram.pushed(t, first, 6)
        assert told(t, pushed) == set().union(*ways.values())
        goal = {stack for way in ways.values() for stack in way if rng.random() < 0.3} | two
        found = told(t, diagram.freed(t, made(t, goal), first, 6))
        leading = {stack for stack, way in ways.items() if way & goal}
        assert found <= leading
        assert bool(found) == bool(leading)
        freed += bool(found)
        at.stamp += 1
        at.old, at.new = at.call, at.call - 3
        after = {stack: relabelled(stack, at.old, at.new) for stack in one}
        assert told(t, diagram.compute(t, diagram.RELABELLED, first, NOTHING)) == set(after.values())
        kept = {stack for stack in one if after[stack] in two}
        assert told(t, diagram.compute(t, diagram.AMONG, first, second)) == kept
    assert freed > 100


def test_what_is_kept_of_a_diagram_is_the_same_and_as_small() -> None:
    rng = random.Random(4)
    for _ in range(50):
        t = fresh()
        sets = [drawn(rng) for _ in range(4)]
        roots = np.array([made(t, one) for one in sets], np.int64)
        diagram.keep_only(t, roots[:2])
        assert [told(t, int(root)) for root in roots[:2]] == sets[:2]
        before = int(t.at.nodes)
        assert [made(t, one) for one in sets[:2]] == roots[:2].tolist()
        diagram.keep_only(t, roots[:2])
        assert int(t.at.nodes) == before
    assert t.now[0, STATE] == BARE
