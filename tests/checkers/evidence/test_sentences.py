"""The one sentence about a violation is true, and what it says is impossible."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from typing import Any

import msgspec
import numpy as np
import pytest
from msgspec.structs import replace

from clew.checkers import check, exhaustive
from clew.checkers.deadline import Deadline
from clew.checkers.encoding import Problem, encode
from clew.checkers.evidence.counterexample import find_counterexample
from clew.checkers.evidence.sentences.past import Past, Said
from clew.checkers.evidence.sentences.phrases import phrase
from clew.checkers.evidence.sentences.sentence import choose, first_said
from clew.checkers.forms import form_of
from clew.checkers.models import Model, find_model, names
from clew.histories import Event, EventType, History
from tests.checkers import small
from tests.checkers.alphabets import ALPHABETS, SYMMETRIC
from tests.checkers.evidence import failing
from tests.checkers.evidence.facts import Facts
from tests.checkers.evidence.known_sentences import CLAIMS
from tests.checkers.evidence.letting_go import impossible
from tests.checkers.objects import object_history
from tests.often import OFTEN

FALLBACK = "No order explains"


def history_of(problem: Problem) -> History:
    """The events of a problem whose operations have the numbers 0, 1, ..., each by a process of its own."""
    events = []
    for at, (op, over) in enumerate(zip(problem.event_op.tolist(), problem.event_return.tolist(), strict=True)):
        did = problem.classes[problem.cls[op]]
        kind: EventType = "invoke" if not over else "ok" if did.outcome == "ok" else "fail"
        value = did.result if kind == "ok" else did.argument
        events.append(Event(at, at, op, kind, did.f, None, value, "mismatch" if kind == "fail" else None))
    return History.of(events)


def past_of(problem: Problem, model: Model, core: list[int] | None = None) -> Past:
    """What the rules see of a problem. The core is everything, unless it is given."""
    problem = replace(problem, number=np.arange(len(problem)))
    return Past(history_of(problem), model, problem, list(range(len(problem))) if core is None else core)


def invalid_histories(name: str, step: int) -> Iterator[Problem]:
    """The invalid ones among one of `step` of all histories of up to three operations of a model."""
    model = find_model(name)
    for count in (1, 2, 3):
        for problem in small.every(model, ALPHABETS[name], count, symmetric=name in SYMMETRIC, step=step):
            if exhaustive.linearize(problem, model) is None:
                yield problem


def assert_true(past: Past, said: Said) -> None:
    """What a sentence is about is impossible, by the exhaustive checker; and what it says is true, by the history."""
    if said.needs_all:
        # The sentence counts operations that it does not name: adds, or puts and takes. Observers count for nothing.
        named = set(said.operations)
        kept = [op for op in range(len(past.call)) if op in named or not past.model.observes(past.operation(op))]
        mask = np.zeros(len(past.call), np.bool_)
        mask[kept] = True
        assert exhaustive.linearize(past.problem.only(mask), past.model) is None, said
    else:
        assert impossible(past.problem, past.model, list(said.operations))
    if said.text.startswith(FALLBACK):
        return
    claims = [(found, holds) for pattern, holds in CLAIMS.items() if (found := re.fullmatch(pattern, said.text))]
    assert len(claims) == 1, f"{said.text!r} is none of the known sentences, or of two kinds"
    (found, holds), facts = claims[0], Facts(past, said)
    assert holds(facts, *found.groups()), (said.text, [past.operation(op) for op in range(len(past.call))])


@pytest.mark.parametrize("step", [41, pytest.param(1, marks=pytest.mark.long)], ids=["one of forty-one", "all"])
@pytest.mark.parametrize("name", names())
def test_every_invalid_history_of_three_operations_gets_a_true_sentence(name: str, step: int) -> None:
    model, fallback, seen = find_model(name), 0, 0
    for problem in invalid_histories(name, step):
        past = past_of(problem, model)
        said = choose(past)
        seen += 1
        fallback += said.text.startswith(FALLBACK)
        assert_true(past, said)
    assert fallback < seen / 10, f"{fallback} of {seen} sentences say no more than that no order explains them"


@OFTEN
@pytest.mark.parametrize("name", names())
def test_sentences_from_counterexamples_of_longer_histories_are_true(name: str, times: int) -> None:
    model, rng, looked = find_model(name), random.Random(f"sentences/{name}"), 0
    for round_ in range(60 * times):
        make = small.UNIQUE.get(name)
        if make is not None and round_ % 2:
            problem = make(model, 6, rng)
        else:
            problem = small.lived(model, ALPHABETS[name], 6, rng)
        stuck = exhaustive.stuck(problem, model)
        if stuck is None:
            continue
        core = find_counterexample(problem, form_of(problem, model), model, stuck, Deadline(60))
        past = past_of(problem, model, core)
        said = choose(past)
        if not said.text.startswith(FALLBACK):
            assert_true(past, said)
        looked += 1
    assert looked > 3 * times


def told(model: str, *steps: tuple[int, EventType, str, Any, str | None]) -> str:
    """The sentence about a history of these (process, type, f, value, error)."""
    events = [Event(at, at, process, kind, f, None, value, error)
              for at, (process, kind, f, value, error) in enumerate(steps)]  # fmt: skip
    happened = check(History.of(events), model).happened
    assert happened is not None
    return happened


def done(process: int, kind: EventType, f: str, argument: Any, result: Any = None, error: str | None = None) -> Any:
    """An operation and its end, one after the other."""
    return (process, "invoke", f, argument, None), (process, kind, f, argument if result is None else result, error)


@pytest.mark.parametrize(
    ("model", "operations", "sentence"),
    [
        (
            "cas-register",
            (done(0, "fail", "cas", [None, 1], error="no quorum"), done(1, "ok", "read", None, 1)),
            "A read returned 1, but the only swap to 1 failed.",
        ),
        (
            "register",
            (done(0, "ok", "write", 1), done(0, "ok", "write", 2), done(2, "fail", "write", 1),
             done(1, "ok", "read", None, 1)),
            "A read returned 1 after 2 was acknowledged, though no write of 1 but one that failed can have come later.",
        ),
        (
            "fifo-queue",
            (done(0, "fail", "enqueue", 7), done(1, "ok", "dequeue", None, 7)),
            "7 was dequeued, but the only enqueue of it failed.",
        ),
        (
            "fifo-queue",
            (done(0, "ok", "enqueue", 7), done(1, "fail", "dequeue", None), done(2, "ok", "dequeue", None)),
            "A dequeue found nothing, but 7 was still there, unless an operation that failed took effect, "
            "client 1: dequeue.",
        ),
        (
            "append-list",
            (done(0, "fail", "append", 7), done(1, "ok", "read", None, [7])),
            "A read returned 7, but the only append of it failed.",
        ),
        (
            "set",
            (done(0, "ok", "add", 7), done(1, "fail", "remove", 7), done(2, "ok", "contains", 7, False)),
            "The acknowledged add of 7 is gone: a later contains did not find it, and only a remove of it that "
            "failed can explain that.",
        ),
        (
            "counter",
            (done(0, "fail", "add", 2), done(1, "ok", "read", None, 2)),
            "A read returned 2, but nothing had been added by then, apart from adds that failed.",
        ),
        (
            "cas-by-version",
            (done(0, "fail", "init", 7), done(1, "ok", "read", None, [0, 7])),
            "A read returned 7 at version 0, which nobody had set, unless an operation that failed took effect, "
            "client 0: init 7.",
        ),
    ],
)  # fmt: skip
def test_a_sentence_does_not_hide_what_failed_and_may_have_happened(
    model: str, operations: tuple[Any, ...], sentence: str
) -> None:
    assert told(model, *(step for both in operations for step in both)) == sentence


@pytest.mark.parametrize(
    ("model", "operations", "sentence"),
    [
        (
            "register",
            (done(0, "ok", "write", 1), done(0, "info", "write", 2), done(1, "ok", "read", None, 2),
             done(2, "ok", "read", None, 1)),
            "A read returned 1 after another read had returned 2, and nobody wrote 1 in between.",
        ),
        (
            "kv",
            (done(0, "ok", "delete", None), done(0, "info", "put", "b"), done(1, "ok", "get", None, "b"),
             done(2, "ok", "get", None)),
            'A get returned nothing after another get had returned "b", and nobody deleted it in between.',
        ),
    ],
)  # fmt: skip
def test_two_reads_are_a_violation_only_since_nobody_wrote_in_between(
    model: str, operations: tuple[Any, ...], sentence: str
) -> None:
    assert told(model, *(step for both in operations for step in both)) == sentence


def test_a_version_that_is_too_small_is_told_with_as_many_changes_as_it_takes() -> None:
    steps = [(5, "invoke", "write", 7, None)]
    steps += [step for value in (7, 8, 9) for step in done(0, "ok", "write", value, [value - 6, value])]
    steps += done(1, "ok", "read", None, [1, 7])
    assert told("versioned-register", *steps) == (
        "A read returned version 1, but at least 2 changes were acknowledged before it."
    )


def test_a_value_that_came_back_is_told_since_another_was_there() -> None:
    steps = [*done(0, "ok", "write", 2), *done(0, "ok", "write", 0), (5, "invoke", "write", 2, None)]
    steps += [(6, "invoke", "write", 3, None), *done(1, "ok", "read", None, 2), *done(1, "ok", "read", None, 3)]
    steps += [*done(1, "ok", "read", None, 2), (5, "ok", "write", 2, None), (6, "ok", "write", 3, None)]
    sentence = "The value was 0, then 2, then 3, then 2 again, but 2 was written only once since it was 0."
    assert told("register", *steps) == sentence
    events = [Event(at, at, p, kind, f, None, value, error) for at, (p, kind, f, value, error) in enumerate(steps)]
    problem, model = encode(History.of(events), find_model("register"))[0], find_model("register")
    assert_true(past_of(problem, model), choose(past_of(problem, model)))


def test_a_value_that_came_back_may_have_been_written_by_what_overlaps_the_value_before_it() -> None:
    """1 was written twice since 9 was found: the first write began while that read was open."""
    times = [("write", 9, 0, 1), ("write", 1, 5, 20), ("read", 9, 10, 30), ("read", 1, 40, 41), ("write", 2, 42, 43),
             ("read", 2, 50, 51), ("write", 1, 52, 53), ("read", 1, 60, 61)]  # fmt: skip
    events = [
        Event(0, time, process, kind, f, None, value if kind == "ok" or f == "write" else None)
        for process, (f, value, start, end) in enumerate(times)
        for kind, time in (("invoke", start), ("ok", end))
    ]
    events.sort(key=lambda event: event.time)
    history = History.of(msgspec.structs.replace(event, index=index) for index, event in enumerate(events))
    problem, model = encode(history, find_model("register"))[0], find_model("register")
    assert exhaustive.linearize(problem, model) is not None
    assert first_said(Past(history, model, problem, list(range(len(problem))))) is None


@pytest.mark.parametrize(
    ("version", "sentence"),
    [
        (3, "A read returned 7 at version 3 after version 1 was acknowledged, and nobody wrote 7 in between."),
        (0, "A read returned 7 at version 3 after version 1 was acknowledged, and everybody who wrote 7 in between got "
            "another version."),
    ],
)  # fmt: skip
def test_a_version_that_nobody_can_have_got_with_this_value(version: int, sentence: str) -> None:
    steps = [*done(0, "ok", "write", 7, [1, 7])]
    if not version:
        steps += [(5, "invoke", "write", 7, None), *done(0, "ok", "read", None, [1, 7])]
    steps += [*done(1, "ok", "read", None, [3, 7])]
    if not version:
        steps += [(5, "ok", "write", [4, 7], None)]
    assert told("versioned-register", *steps) == sentence


def test_the_last_resort_names_what_the_verdict_names_among_all_of_them() -> None:
    problem = encode(object_history("kv", 120, 10, False, 0.0, 1), find_model("kv"))[0]
    past = past_of(problem, find_model("kv"))
    ops = list(range(len(problem)))
    last, stuck = ops[int(np.argmax(problem.ret))], ops[int(np.argsort(problem.ret)[-3])]
    for named, op in ((None, last), (stuck, stuck)):
        words = f"No order explains these {len(ops)} operations together; in one of them, {phrase(past, op)}"
        assert choose(past, stuck=named).text == words


def test_a_swap_that_never_returned_is_told_by_what_it_set() -> None:
    steps = [*done(0, "ok", "write", 38), *done(0, "ok", "write", 44), *done(1, "info", "cas", [38, 46])]
    steps += done(2, "ok", "read", None, 46)
    assert told("cas-register", *steps) == (
        "A read returned 46, but only a swap from 38 can have set 46, and that began after 44 was acknowledged."
    )


@OFTEN
@pytest.mark.parametrize("name", names())
def test_whenever_what_failed_explains_a_history_its_sentence_says_so(name: str, times: int) -> None:
    model, rng, suspected = find_model(name), random.Random(f"failing/{name}"), 0
    for _ in range(100 * times):
        history = failing.history(model, ALPHABETS[name], 6, rng, lying=0.6)
        verdict = check(history, model)
        if not verdict.valid and "seem" in str(verdict.explanation):
            suspected += 1
            assert "failed" in str(verdict.happened), verdict.explanation
    # These histories have each operation by a process of its own, so nobody ever releases a lock. Nobody needs to have
    # asked for an election.
    assert suspected >= times or name in ("mutex", "election")


def test_the_last_resort_says_that_a_cas_expects_a_version() -> None:
    steps: list[tuple[int, EventType, str, Any, str | None]] = [
        (0, "invoke", "init", 1, None),
        (0, "ok", "init", [0, 1], None),
        (1, "invoke", "cas", [0, 2], None),
        (2, "invoke", "cas", [0, 3], None),
        (2, "fail", "cas", [0, 3], "mismatch"),
        (3, "invoke", "read", None, None),
        (3, "ok", "read", [0, 1], None),
    ]
    assert told("cas-by-version", *steps) == (
        "No order explains: client 2 found another version than 0, client 0 (process 3) read [0, 1]."
    )


def test_a_key_is_named_if_there_are_several() -> None:
    events = [(0, "invoke", "write", 0, 1), (0, "ok", "write", 0, 1), (0, "invoke", "read", 1, None),
              (0, "ok", "read", 1, 3)]  # fmt: skip
    history = History.of(Event(at, at, p, kind, f, key, value) for at, (p, kind, f, key, value) in enumerate(events))  # type: ignore[arg-type]
    assert check(history, "register").happened == "A read returned 3, which nobody had written (key 1)."


def test_a_client_is_named_by_its_lane_with_the_process_beside_it() -> None:
    """Two clients: process 2 takes the place of process 0, whose first operation never ended."""
    steps = [(0, "invoke", "acquire"), (1, "invoke", "acquire"), (0, "info", "acquire"), (1, "ok", "acquire"),
             (2, "invoke", "release"), (2, "ok", "release")]  # fmt: skip
    history = History.of(Event(at, at, process, kind, f) for at, (process, kind, f) in enumerate(steps))  # type: ignore[arg-type]
    assert check(history, "mutex").happened == "Client 0 (process 2) released a lock that it had never acquired."


def test_large_histories_get_their_sentence_in_time_that_grows_with_them() -> None:
    """A stale read at the end of 20,000 writes: rules look at arrays, not at pairs of all operations."""
    events = [
        event
        for at in range(20_000)
        for event in (
            Event(2 * at, 2 * at, 0, "invoke", "write", None, at),
            Event(2 * at + 1, 2 * at + 1, 0, "ok", "write", None, at),
        )
    ]
    events += [Event(40_000, 40_000, 1, "invoke", "read"), Event(40_001, 40_001, 1, "ok", "read", None, 7)]
    happened = check(History.of(events), "register").happened
    assert re.fullmatch(r"A read returned 7 after \d+ was acknowledged\.", str(happened))
