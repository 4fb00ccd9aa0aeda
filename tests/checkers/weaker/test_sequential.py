"""Sequential consistency, against trying every order."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from itertools import combinations, islice, permutations
from typing import Any

import pytest

from clew.checkers.deadline import Deadline
from clew.checkers.encoding import encode
from clew.checkers.forms import form_of
from clew.checkers.models import Model, find_model
from clew.checkers.weaker import sequential
from clew.checkers.weaker.before import OutOfTime
from clew.checkers.weaker.observations import observe, possible, registers_of
from clew.checkers.weaker.promise import Promise
from clew.checkers.weaker.saturated import Saturated, narrowed
from clew.checkers.weaker.write_orders import guessed_order
from clew.histories import Event, History
from tests.checkers.weaker import brute
from tests.checkers.weaker.brute import Op
from tests.checkers.weaker.test_session import Looked
from tests.often import OFTEN

MODEL = find_model("cas-register")


def decided(history: History, model: Model = MODEL, *, search: bool = False, most_steps: int = 200_000) -> Promise:
    problems = encode(history, model)
    forms = [form_of(problem, model) for problem in problems]
    seen = None if search else observe(history, problems, forms)
    registers = None if search or seen else registers_of(forms)
    unsure = None if registers is None else possible(history, problems, registers)
    return sequential.decide(history, model, problems, seen, Deadline(600), str, most_steps, possible=unsure)


def assert_explains(history: History, order: Sequence[int], model: Model) -> None:
    """The order keeps each process's order, holds all that returned, and a replay gives every answer."""
    problems = encode(history, model)
    of = {int(n): (p, op) for p in problems for op, n in enumerate(p.number)}
    assert len(set(order)) == len(order)
    assert {n for n, (p, op) in of.items() if p.ret[op] < 1 << 60} <= set(order)
    process = history.operations.process
    for number in set(process.tolist()):
        mine = [n for n in order if process[n] == number]
        assert mine == sorted(mine)
    states = {id(p): model.initial for p in problems}
    for n in order:
        p, op = of[n]
        states[id(p)] = model.step(states[id(p)], p.classes[p.cls[op]])
        assert states[id(p)] is not None


def assert_agrees(operations: Sequence[Op], *, search: bool = False) -> str:
    history = brute.history_of(operations)
    promise = decided(history, search=search)
    assert promise.kept == ("yes" if brute.is_sequential(operations) else "no"), operations
    if promise.kept == "yes":
        assert promise.order is not None
        assert_explains(history, promise.order, MODEL)
    return promise.kept


@pytest.mark.parametrize("step", [11, pytest.param(1, marks=pytest.mark.long)], ids=["one of eleven", "all"])
def test_all_histories_of_three_operations(step: int) -> None:
    found = Counter[str]()
    for count in (1, 2, 3):
        for operations in islice(brute.every(count), 0, None, step if count == 3 else 1):
            found[assert_agrees(operations)] += 1
    assert min(found["yes"], found["no"]) > 1_000 / step


@OFTEN
def test_random_histories(times: int) -> None:
    rng = random.Random(3)
    found = Counter[str]()
    for _ in range(250 * times):
        operations = brute.scattered(rng.randrange(4, 9), rng)
        found[assert_agrees(operations)] += 1
        assert_agrees(operations, search=True)
    assert min(found["yes"], found["no"]) > 25 * times


@OFTEN
def test_the_operations_that_are_named_have_no_order_by_themselves(times: int) -> None:
    rng = random.Random(8)
    count = 0
    for _ in range(250 * times):
        operations = brute.scattered(rng.randrange(4, 9), rng)
        promise = decided(brute.history_of(operations))
        if promise.kept == "no" and promise.operations:
            # Whatever the others did: any of them may have happened at any time, or not at all.
            named = set(promise.operations)
            others = [op._replace(session=100 + n, outcome="info") for n, op in enumerate(operations)]
            together = [op if n in named else others[n] for n, op in enumerate(operations)]
            assert not brute.is_sequential(together), operations
            count += 1
    assert count > 12 * times


def is_sequential(operations: list[tuple[int, str, int | None]]) -> bool:
    """Whether one order explains reads and writes of one register: (session, f, value)."""
    places = range(len(operations))
    for order in permutations(places):
        keeps = all(a < b or operations[a][0] != operations[b][0] for a, b in combinations(order, 2))
        state: int | None = None
        for place in order if keeps else ():
            _, f, value = operations[place]
            if f == "read" and value != state:
                keeps = False
            state = value
        if keeps:
            return True
    return False


@OFTEN
def test_values_that_are_written_more_than_once(times: int) -> None:
    rng = random.Random(6)
    found = Counter[str]()
    for _ in range(150 * times):
        operations: list[tuple[int, str, int | None]] = []
        for _ in range(rng.randrange(3, 7)):
            f = rng.choice(("read", "write"))
            operations.append((rng.randrange(3), f, rng.choice((1, 2, None) if f == "read" else (1, 2))))
        events = []
        for number, (session, f, value) in enumerate(operations):
            argument = None if f == "read" else value
            events.append(Event(2 * number, 2 * number, session, "invoke", f, None, argument))
            events.append(Event(2 * number + 1, 2 * number + 1, session, "ok", f, None, value))
        history = History.of(events)
        promise = decided(history)
        assert promise.kept == ("yes" if is_sequential(operations) else "no"), operations
        if promise.order is not None:
            assert_explains(history, promise.order, MODEL)
        found[promise.kept] += 1
    assert min(found["yes"], found["no"]) > 12 * times


def repeated(count: int, rng: random.Random) -> History:
    """Some operations on two keys in four sessions: few values, some unknown outcomes, some mismatches."""
    events: list[Event] = []
    session, last = [0, 1, 2, 3], [None, None]
    for number in range(count):
        place, f = rng.randrange(4), rng.choice(("read", "read", "write", "cas"))
        key = rng.randrange(2)
        seen = last[key] if rng.random() < 0.7 else rng.choice((1, 2, 3, None))
        value: Any = seen if f == "read" else rng.choice((1, 2, 3))
        if f != "read":
            last[key] = value
        if f == "cas":
            value = [seen, value]
        kind: Any = rng.choices(("ok", "info", "fail"), (8, 1, f == "cas"))[0]
        begin, end, process = 2 * number, 2 * number + 1, session[place]
        argument = None if f == "read" else value
        events.append(Event(begin, begin, process, "invoke", f, key, argument))
        error = "mismatch" if kind == "fail" else None
        events.append(Event(end, end, process, kind, f, key, argument if kind == "info" else value, error))
        if kind == "info":
            session[place] += 4
    return History.of(events)


@OFTEN
def test_what_follows_from_values_that_are_written_more_than_once_is_what_a_search_finds(times: int) -> None:
    rng = random.Random(4)
    found = Counter[str]()
    for _ in range(100 * times):
        history = repeated(rng.randrange(4, 13), rng)
        searched, followed = decided(history, search=True), decided(history)
        assert followed.kept == searched.kept, list(history.events())
        if followed.order is not None:
            assert_explains(history, followed.order, MODEL)
        found[followed.kept] += 1
        found["without a search"] += followed.kept == "no" and decided(history, most_steps=0).kept == "no"
    assert found["yes"] > 20 * times
    assert found["without a search"] > 20 * times


def test_a_stale_read_of_a_value_that_is_written_often_is_decided_without_a_search() -> None:
    """A client wrote, and then read what it had read before. Between the two many others wrote, but not this value."""
    lines: list[tuple[int, str, Any]] = [(0, "write", 9), (1, "read", 9), (1, "write", 1)]
    for number in range(60):
        lines += [(2 + number % 4, "write", number % 4), (2 + number % 4, "read", number % 4)]
    events = []
    for number, (process, f, value) in enumerate([*lines, (1, "read", 9)]):
        argument = value if f == "write" else None
        events.append(Event(2 * number, 2 * number, process, "invoke", f, None, argument))
        events.append(Event(2 * number + 1, 2 * number + 1, process, "ok", f, None, value))
    assert decided(History.of(events), most_steps=0).kept == "no"


def test_a_read_of_what_only_later_operations_of_its_client_wrote_is_decided_without_a_search() -> None:
    events = []
    for number, f in enumerate(("read", "write", "write")):
        events.append(Event(2 * number, 2 * number, 0, "invoke", f, None, None if f == "read" else 1))
        events.append(Event(2 * number + 1, 2 * number + 1, 0, "ok", f, None, 1))
    promise = decided(History.of(events), most_steps=0)
    assert (promise.kept, promise.operations) == ("no", (0,))


def test_the_deadline_is_looked_at_for_every_operation_before_the_search() -> None:
    problems = encode(history := repeated(200, random.Random(1)), MODEL)
    registers = registers_of([form_of(problem, MODEL) for problem in problems])
    assert registers is not None
    unsure, whole = possible(history, problems, registers), Looked()
    assert narrowed(unsure, whole) is not None
    assert whole.looks > 5 * len(unsure.seen.operations)
    for last in range(1, whole.looks, whole.looks // 20):
        stopped = Looked(last)
        assert narrowed(unsure, stopped) is None
        assert stopped.looks == last, "it ended at once"


def test_what_an_operation_of_unknown_outcome_saw_counts_once_somebody_has_seen_it() -> None:
    """The compare-and-set happened, since 5 was read. But 1 was written only after that."""
    lines: list[tuple[int, str, Any, Any]] = [(0, "cas", [1, 5], None), (1, "read", None, 5), (1, "write", 1, 1)]
    lines += [(2, "write", 9, 9), (2, "write", 9, 9)]
    events = []
    for number, (process, f, argument, result) in enumerate(lines):
        begin, end, kind = 2 * number, 2 * number + 1, "info" if result is None else "ok"
        events.append(Event(begin, begin, process, "invoke", f, None, argument))
        events.append(Event(end, end, process, kind, f, None, argument if result is None else result))
    promise = decided(History.of(events), most_steps=0)
    assert (promise.kept, promise.operations) == ("no", (0,))


def test_a_guess_at_the_order_of_the_writes_ends_wherever_the_deadline_passes() -> None:
    operations = [Op(number % 5, 0, "read", number - 1) if number % 2 else Op(number % 5, 0, "write", None)
                  for number in range(200)]  # fmt: skip
    problems = encode(history := brute.history_of(operations), MODEL)
    seen = observe(history, problems, [form_of(problem, MODEL) for problem in problems])
    assert seen is not None
    saturated = Saturated(seen)
    assert saturated.saturate(Deadline(600))
    times = list(range(len(operations)))
    before, readers = saturated.rounds[-1], saturated.readers
    whole = Looked()
    assert guessed_order(seen, before, readers, times, times, whole) is not None
    assert whole.looks > 4 * len(operations), "two orders, what comes before what, and the writes"
    for last in range(1, whole.looks, whole.looks // 20):
        stopped = Looked(last)
        with pytest.raises(OutOfTime):
            guessed_order(seen, before, readers, times, times, stopped)
        assert stopped.looks == last, "it ended at once"


def test_out_of_time_while_the_order_of_the_writes_is_guessed_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    deadline = Deadline(600)

    def late(*arguments: Any) -> None:
        deadline.stop()
        guessed_order(*arguments)

    monkeypatch.setattr(sequential, "guessed_order", late)
    problems = encode(history := brute.history_of([Op(0, 0, "write", None), Op(1, 0, "read", 0)]), MODEL)
    seen = observe(history, problems, [form_of(problem, MODEL) for problem in problems])
    promise = sequential.decide(history, MODEL, problems, seen, deadline, str)
    assert (promise.kept, promise.why) == ("unknown", "out of time")


def test_a_search_among_many_processes_asks_the_model_a_bounded_number_of_times(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    model, asked = find_model("word-count"), 0
    events = [Event(at, at, at, "invoke", "append", None, 1) for at in range(60)]
    events += [Event(at + 60, at + 60, at, "ok", "append", None, 1) for at in range(60)]
    # No order of the others explains the last count, and there are 60! of these.
    events += [Event(120, 120, 60, "invoke", "count"), Event(121, 121, 60, "ok", "count", None, [[1, 61]])]
    step = model.step

    def counted(state: Any, op: Any) -> Any:
        nonlocal asked
        asked += 1
        return step(state, op)

    monkeypatch.setattr(model, "step", counted)
    assert decided(History.of(events), model, most_steps=100).kept == "unknown"
    assert 500 < asked < 1_500


def test_a_search_that_is_too_long_is_unknown() -> None:
    operations = [Op(0, 0, "write", None), Op(1, 0, "write", None), Op(2, 0, "read", 0), Op(2, 0, "read", 1)]
    assert decided(brute.history_of(operations), search=True, most_steps=0).kept == "unknown"
