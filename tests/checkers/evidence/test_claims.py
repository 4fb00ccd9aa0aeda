"""Every sentence of an explanation is true of its history, and what failed but took effect is said first."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

import numpy as np
import pytest
from msgspec.structs import replace

from clew.checkers import check, exhaustive
from clew.checkers.deadline import Deadline
from clew.checkers.decision import Decision
from clew.checkers.encoding import Problem, encode
from clew.checkers.evidence import contradiction, counterexample, explanation
from clew.checkers.evidence.claims import (
    Claim,
    Explained,
    FailedTookEffect,
    ImpossibleTogether,
    ManyTogether,
    NeverSet,
    NoOrder,
    OnlyInitial,
    Replaced,
    SetLast,
)
from clew.checkers.forms import container_form, form_of
from clew.checkers.models import Model, find_model, names
from clew.checkers.monitors import containers
from clew.histories import Event, EventType, History
from tests.checkers.alphabets import ALPHABETS
from tests.checkers.evidence import failing
from tests.checkers.evidence.letting_go import impossible, with_takes
from tests.often import OFTEN

Step = tuple[int, EventType, str, Any, str | None]


class Found:
    """An invalid history of one key, what is claimed about it, and what a test asks about its operations."""

    def __init__(self, history: History, model: Model, problem: Problem, decision: Decision) -> None:
        self.history, self.model, self.problem, self.decision = history, model, problem, decision
        self.operations = history.operations
        form = form_of(problem, model)
        assert decision.stuck is not None
        self.counterexample = counterexample.find_counterexample(problem, form, model, decision.stuck, Deadline(60))
        self.contradiction = contradiction.find_contradiction(
            problem, form, model, self.counterexample, decision.stuck, Deadline(60)
        )
        self.claims = explanation.find_claims(
            history, model, problem, form, decision, self.counterexample, self.contradiction, Deadline(60)
        )
        self.stuck = int(problem.number[problem.event_op[decision.stuck]])

    def outcome(self, number: int) -> str:
        """ok, info, mismatch or fail."""
        outcome = ("invoke", "ok", "fail", "info")[self.operations.outcome[number]]
        mismatch = outcome == "fail" and self.history.errors[self.operations.error[number]] == "mismatch"
        return "mismatch" if mismatch else outcome

    def value(self, code: int) -> Any:
        """A value of the history; of kv, a missing string is an empty one."""
        value = self.history.values[code]
        return "" if value is None and self.model.name == "kv" else value

    def sets(self, number: int) -> list[Any]:
        """The values that an operation of a register sets, if it happens: one or none."""
        f, argument = self.history.fs[self.operations.f[number]], self.value(self.operations.argument[number])
        if f == "cas":
            return [argument[1]] if argument[0] != argument[1] else []
        return [argument] if f in ("write", "put") else [""] if f == "delete" else []

    def observed(self, number: int) -> list[Any]:
        """The values that the register certainly held right after an operation: one or none."""
        if self.outcome(number) != "ok":
            return []
        if self.history.fs[self.operations.f[number]] in ("read", "get"):
            return [self.value(self.operations.result[number])]
        argument = self.history.values[self.operations.argument[number]]
        return self.sets(number) or [argument[1]]

    def setters(self, read: int, value: Any) -> tuple[list[int], list[int]]:
        """The operations that set a value and were invoked before `read` returned: those that may have, and failed."""
        numbers = range(len(self.operations))
        begun = [number for number in numbers if self.operations.start[number] <= self.operations.end[read]]
        failed = [number for number in begun if self.outcome(number) in ("fail", "mismatch")]
        return (
            [number for number in begun if number not in failed and self.sets(number) == [value]],
            [number for number in failed if self.sets(number) == [value] or self.appends(number)],
        )

    def appends(self, number: int) -> bool:
        """Whether an operation appends something, and so may set many values."""
        return self.history.fs[self.operations.f[number]] == "append"

    def explained_with(self, happened: set[int]) -> bool:
        """Whether an order explains everything up to the violation if these failed operations may have happened."""
        completed = {int(self.operations.completed[number]) for number in happened}
        events = [
            replace(event, type="info", error=None) if row in completed else event
            for row, event in enumerate(self.history.events())
        ]
        (problem,) = encode(History.of(events), self.model)
        (at,) = np.flatnonzero(problem.number == self.stuck)
        return exhaustive.linearize(problem, self.model, int(problem.ret[at]) + 1) is not None


def check_claim(found: Found, claim: Claim) -> None:
    """Assert that a claim is true, by brute force and without the code that made it."""
    operations = found.operations
    match claim:
        case NoOrder(operation):
            assert operation == found.stuck
            assert exhaustive.stuck(found.problem, found.model) == found.decision.stuck
        case FailedTookEffect(those, until):
            assert until == found.stuck
            assert all(found.outcome(number) == "fail" for number in those)
            assert found.explained_with(set(those))
            assert not any(found.explained_with(set(those) - {number}) for number in those)
        case NeverSet(read, value, failed):
            assert_needs(found, read, value)
            assert found.setters(read, normal(found, value)) == ([], list(failed))
            assert normal(found, value) != normal(found, None)
        case Replaced(read, value, by):
            assert_needs(found, read, value)
            assert operations.end[by] < operations.start[read]
            (other,) = found.observed(by)
            assert other != normal(found, value)
        case SetLast(read, value, setter, by, failed):
            those, lied = found.setters(read, normal(found, value))
            assert setter in those
            assert all(operations.end[number] <= operations.end[setter] for number in those)
            assert operations.end[setter] < operations.start[by]
            assert list(failed) == [number for number in lied if operations.end[number] >= operations.start[by]]
        case OnlyInitial(read, value, failed):
            assert normal(found, value) == normal(found, None)
            assert found.setters(read, normal(found, value)) == ([], list(failed))
        case ImpossibleTogether(those, rest, elements, failed):
            assert failed == any(isinstance(claim, FailedTookEffect) for claim in found.claims)
            assert [int(found.problem.number[op]) for op in found.contradiction] == list(those)
            assert found.problem.number[found.counterexample].tolist() == sorted(those + rest)
            assert_impossible(found, elements)
        case ManyTogether(count):
            assert count == len(found.counterexample)
        case Explained(last, state, _, count, all_before):
            replayed, numbers = found.model.initial, found.problem.number[found.decision.order].tolist()
            for op in found.decision.order:
                replayed = found.model.step(replayed, found.problem.classes[found.problem.cls[op]])
            assert (last, state, count) == (numbers[-1], replayed, len(numbers))
            before = found.problem.number[found.problem.ret < found.decision.stuck].tolist()
            assert all_before == (set(before) <= set(numbers))


def normal(found: Found, value: Any) -> Any:
    """A value as `Found.value` has it."""
    return "" if value is None and found.model.name == "kv" else value


def assert_needs(found: Found, read: int, value: Any) -> None:
    """A read returned the value, or a compare-and-set that succeeded expected it."""
    assert found.outcome(read) == "ok"
    f = found.history.fs[found.operations.f[read]]
    argument = found.history.values[found.operations.argument[read]]
    needs = argument[0] if f == "cas" else found.value(found.operations.result[read])
    assert normal(found, needs) == normal(found, value)


def assert_impossible(found: Found, elements: bool) -> None:
    """The contradiction is not linearizable, whatever the others did: with any results, or not at all."""
    problem, model, needed = found.problem, found.model, found.contradiction
    form = container_form(problem, model)
    if elements and form is not None and containers.explain(form, (found.decision.stuck or 0) + 1)[0] == "invalid":
        part = with_takes(problem, model, found.counterexample)
        assert impossible(part, model, np.searchsorted(part.number, problem.number[needed]).tolist())
        return
    assert impossible(problem, model, needed)


@OFTEN
@pytest.mark.parametrize("name", [name for name in names() if name != "mutex"])
def test_every_claim_is_true_and_a_failure_that_explains_all_is_the_first(name: str, times: int) -> None:
    """Of a mutex nothing is claimed but what is claimed of all, and its owners are processes."""
    model, rng, claimed = find_model(name), random.Random(f"claims/{name}"), Counter[str]()
    while claimed["NoOrder"] < 20 * times:
        history = failing.history(model, ALPHABETS[name], rng.randrange(2, 8), rng, lying=rng.choice((0.0, 0.5, 1.0)))
        for problem in encode(history, model):
            stuck = exhaustive.stuck(problem, model)
            if stuck is None:
                continue
            order = exhaustive.linearize(problem, model, stuck) or []
            found = Found(history, model, problem, Decision("invalid", order, stuck))
            for claim in found.claims:
                check_claim(found, claim)
            failed = {number for number in range(len(found.operations)) if found.outcome(number) == "fail"}
            first = found.claims[1]
            assert isinstance(first, FailedTookEffect) == found.explained_with(failed)
            words = explanation.in_words(history, found.claims)
            assert f" by {history.client(found.stuck)} from " in words.partition("\n")[0]
            claimed.update(type(claim).__name__ for claim in found.claims)
    # A campaign that nobody was told of changes nothing that can be known.
    assert claimed["FailedTookEffect"] > 0 or name == "election", claimed


@pytest.mark.parametrize("name", ["register", "cas-register", "kv"])
def test_every_kind_of_claim_about_a_value_occurs(name: str) -> None:
    """There are three, each with and without failed operations. Only `delete` can fail to set the initial value."""
    model, rng, claimed = find_model(name), random.Random(f"values/{name}/3"), set[tuple[str, bool]]()
    kinds = 6 if name == "kv" else 5
    for _ in range(20_000):
        history = failing.history(model, ALPHABETS[name], rng.randrange(2, 9), rng, lying=0.3)
        for problem in encode(history, model):
            stuck = exhaustive.stuck(problem, model)
            if stuck is not None:
                found = Found(history, model, problem, Decision("invalid", [], stuck))
                for claim in found.claims:
                    check_claim(found, claim)
                    if isinstance(claim, NeverSet | SetLast | OnlyInitial):
                        claimed.add((type(claim).__name__, bool(claim.failed)))
        if len(claimed) == kinds:
            return
    assert len(claimed) == kinds, claimed


def told(model: str, *steps: Step) -> list[str]:
    """The lines of the explanation of a history of these (process, type, f, value, error), one a second."""
    events = [
        Event(i, i * 1_000_000_000, process, kind, f, None, value, error)
        for i, (process, kind, f, value, error) in enumerate(steps)
    ]
    verdict = check(History.of(events), model)
    assert verdict.explanation is not None
    return verdict.explanation.splitlines()


def test_a_cas_that_failed_but_was_seen_is_the_first_thing_said() -> None:
    lines = told(
        "cas-register",
        (0, "invoke", "cas", [None, 1], None),
        (0, "fail", "cas", [None, 1], "no quorum"),
        (1, "invoke", "read", None, None),
        (1, "ok", "read", 1, None),
    )
    assert lines[1] == (
        "An operation that failed seems to have taken effect: cas [null, 1] by client 0 from 0 s to 1 s "
        "failed (no quorum). If it did, an order explains everything up to here."
    )
    assert lines[2] == "It needs 1, and no operation that did not fail had begun to set 1 by then."
    assert "no operation had begun" not in "\n".join(lines)


def test_moments_whose_order_matters_are_told_apart_in_an_explanation() -> None:
    """The write ends 2 us before the read begins, in a run of seconds; the reads begin together, but for 1 ns."""
    events = [
        Event(0, 1_000_000_000, 0, "invoke", "write", None, 1), Event(1, 2_500_001_000, 0, "ok", "write", None, 1),
        Event(2, 2_500_003_000, 1, "invoke", "read", None, None),
        Event(3, 2_500_003_001, 2, "invoke", "read", None, None),
        Event(4, 9_000_000_000, 1, "ok", "read", None, None), Event(5, 9_100_000_000, 2, "ok", "read", None, None),
    ]  # fmt: skip
    words = check(History.of(events), "register").explanation
    assert words is not None
    assert "to 2.500001 s" in words
    assert "from 2.500003 s" in words
    longer = [replace(event, time=event.time + 5_000_000 * (event.index > 1)) for event in events]
    words = check(History.of(longer), "register").explanation
    assert words is not None
    assert "to 2.500 s" in words
    assert "from 2.505 s" in words


def test_a_cas_that_is_still_open_when_its_effect_is_seen_and_fails_later_counts_too() -> None:
    lines = told(
        "cas-register",
        (0, "invoke", "cas", [None, 1], None),
        (1, "invoke", "read", None, None),
        (1, "ok", "read", 1, None),
        (0, "fail", "cas", [None, 1], None),
    )
    assert "failed seems to have taken effect: cas [null, 1]" in lines[1]


def test_an_element_that_was_taken_though_its_put_failed_is_told_by_the_put() -> None:
    lines = told(
        "fifo-queue",
        (0, "invoke", "enqueue", 7, None),
        (0, "fail", "enqueue", 7, None),
        (1, "invoke", "dequeue", None, None),
        (1, "ok", "dequeue", 7, None),
    )
    assert "failed seems to have taken effect: enqueue 7 by client 0" in lines[1]


def test_two_failures_that_are_both_needed_are_both_named() -> None:
    lines = told(
        "append-list",
        *((process, kind, "append", process, None) for process in (1, 2, 3) for kind in ("invoke", "fail")),
        (4, "invoke", "read", None, None),
        (4, "ok", "read", [1, 3], None),
    )
    assert lines[1].startswith("Operations that failed seem to have taken effect.")
    assert [line.strip().split(" by ")[0] for line in lines[2:4]] == ["operation 0: append 1", "operation 2: append 3"]


def test_a_failure_that_explains_nothing_is_not_accused() -> None:
    lines = told(
        "cas-register",
        (0, "invoke", "write", 5, None),
        (0, "fail", "write", 5, None),
        (1, "invoke", "read", None, None),
        (1, "ok", "read", 1, None),
    )
    assert lines[1] == "It needs 1, and no operation had begun to set 1 by then."


def test_a_value_set_last_by_a_failed_operation_is_not_said_to_be_set_last_by_another() -> None:
    lines = told(
        "cas-register",
        (0, "invoke", "write", 1, None),
        (0, "ok", "write", 1, None),
        (0, "invoke", "write", 2, None),
        (0, "ok", "write", 2, None),
        (1, "invoke", "cas", [3, 1], None),
        (1, "fail", "cas", [3, 1], "mismatch"),
        (2, "invoke", "read", None, None),
        (2, "ok", "read", 1, None),
    )
    assert "Of the operations that did not fail, the last to set 1 was over before that one began: write 1" in lines[1]


def test_a_beginning_that_is_not_known_to_be_explained_is_not_said_to_be() -> None:
    """An engine that ran out of time may know an order of less than everything that completed before."""
    model = find_model("register")
    events = [
        Event(i, i, 0, kind, f, None, value)
        for i, (kind, f, value) in enumerate(
            (
                ("invoke", "write", 1),
                ("ok", "write", 1),
                ("invoke", "write", 2),
                ("ok", "write", 2),
                ("invoke", "read", None),
                ("ok", "read", 1),
            )
        )
    ]
    history = History.of(events)  # type: ignore[arg-type]
    (problem,) = encode(history, model)
    found = Found(history, model, problem, Decision("invalid", [0], 5, stuck_is_first=False))
    words = explanation.in_words(history, found.claims)
    assert "A beginning of 1 operations can be explained" in words
    assert "All that completed before" not in words


def test_a_failure_that_took_effect_is_found_in_a_long_history_with_many_failures() -> None:
    rng, events = random.Random(5), list[Event]()
    value: int | None = None
    for number in range(5_000):
        fails = rng.random() < 0.05
        lies = number == 4_500
        kind: EventType = "fail" if fails or lies else "ok"
        f = "write" if fails or lies or rng.random() < 0.5 else "read"
        argument = number if f == "write" else None
        value = number if f == "write" and (kind == "ok" or lies) else value
        process = number % 5
        result = value if f == "read" else argument
        events.append(Event(0, 2 * number, process, "invoke", f, None, argument))
        events.append(Event(0, 2 * number + 1, process, kind, f, None, result, "busy" if kind == "fail" else None))
    history = History.of(replace(event, index=index) for index, event in enumerate(events))
    explained = check(history, "cas-register").explanation
    assert explained is not None
    assert "failed seems to have taken effect: write 4500 by client 0" in explained.splitlines()[1]
