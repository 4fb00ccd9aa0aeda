"""Words of a text that are counted: decided by one pass, and explained by the appends that a count missed or found."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

import pytest

from clew.checkers import Budget, Verdict, check, verify_witness, wgl
from clew.checkers.deadline import Deadline
from clew.checkers.models import find_model
from clew.checkers.monitors.first_unexplained import decide_beginnings
from clew.histories import Event, EventType, History
from clew.histories.history import INFO, OK
from tests.checkers import small
from tests.checkers.alphabets import ALPHABETS
from tests.checkers.engines import assert_explains, competing

Wrong = dict[int, int]
"""For some words how much more of them a count finds than there is."""


def written(count: int, rng: random.Random, wrong: Wrong, *, words: int = 5, clients: int = 10) -> History:
    """So many operations of a few clients on one text, each at a point inside its interval; some appends are of unknown
    outcome. A count after all others is wrong.
    """
    text = Counter[int]()
    events: list[tuple[int, EventType, str, Any, int]] = []
    for number in range(count):
        client, point, last = number % clients, 100 * number, number == count - 1
        f, word = ("count", None) if last or rng.random() < 0.3 else ("append", rng.randrange(words))
        unknown = f == "append" and rng.random() < 0.05
        if f == "append" and (not unknown or rng.random() < 0.5):
            text[word] += 1
        told = text + Counter(wrong) if last else text
        result = sorted([one, often] for one, often in told.items() if often) if f == "count" else word
        point += 80 * clients * last
        events.append((point - rng.randrange(40 * clients), "invoke", f, word, client))
        events.append((point + rng.randrange(40 * clients), "info" if unknown else "ok", f, result, client))
    lanes, whole = {client: client for client in range(clients)}, []
    for index, (time, kind, f, value, client) in enumerate(sorted(events, key=lambda event: event[0])):
        whole.append(Event(index, time + 10_000, lanes[client], kind, f, None, value))
        lanes[client] += clients if kind == "info" else 0
    return History.of(whole)


def test_one_pass_and_the_search_agree_on_longer_histories() -> None:
    model, rng, answers = find_model("word-count"), random.Random(1), Counter[str]()
    for _ in range(150):
        problem = small.lived(model, ALPHABETS["word-count"], rng.randrange(9, 15), rng)
        searched = decide_beginnings(
            lambda part: wgl.decide(part, model, Budget(), Deadline(60), steps=20_000), problem
        )
        if searched.answer == "unknown":
            continue
        decided = competing(problem, model, Budget(), Deadline(60))
        assert (decided.answer, decided.stuck, decided.engine) == (searched.answer, searched.stuck, "monitors")
        until = len(problem.event_op) if decided.stuck is None else decided.stuck
        assert_explains(problem, model, decided.order, until)
        answers[decided.answer] += 1
    assert min(answers["valid"], answers["invalid"]) > 20


@pytest.mark.parametrize(("clients", "words"), [(3, 2), (30, 5), (30, 1_000)])
def test_a_text_of_a_thousand_operations_is_decided_without_a_search(clients: int, words: int) -> None:
    history = written(1_000, random.Random(2), {}, words=words, clients=clients)
    verdict = check(history, "word-count")
    assert (verdict.verdict, verdict.keys[0].engine) == ("valid", "monitors")
    verify_witness(history, "word-count", verdict)


def listed(history: History, verdict: Verdict) -> Counter[tuple[str, Any]]:
    """The functions of the counterexample with their arguments, and how often each is in it."""
    operations = history.operations
    return Counter(
        (history.fs[operations.f[one]], history.values[operations.argument[one]])
        for one in verdict.keys[0].counterexample or ()
    )


def appends(history: History, word: int, *outcomes: int) -> int:
    """How many appends of a word ended like this."""
    operations, code = history.operations, history.values.find(word)
    ended = zip(operations.argument.tolist(), operations.outcome.tolist(), strict=True)
    return sum(argument == code and outcome in outcomes for argument, outcome in ended)


def test_a_count_that_found_too_much_is_shown_with_all_that_had_begun() -> None:
    history = written(60, random.Random(3), {2: 9}, words=12, clients=4)
    verdict = check(history, "word-count")
    begun = appends(history, 2, OK, INFO)
    assert f"but only {begun} appends of it had begun by then" in str(verdict.happened)
    assert "Word 2 " in str(verdict.happened)
    assert listed(history, verdict) == {("count", None): 1, ("append", 2): begun}
    assert len(verdict.keys[0].contradiction or ()) == 1
    assert "This is impossible" in str(verdict.explanation)


def test_a_count_that_found_far_too_much_does_not_list_what_had_begun() -> None:
    history = written(60, random.Random(3), {1: 9}, words=2, clients=4)
    verdict = check(history, "word-count")
    assert appends(history, 1, OK, INFO) > 10
    assert listed(history, verdict) == {("count", None): 1}


def test_a_count_that_found_less_than_an_earlier_one_is_shown_with_that() -> None:
    history = written(60, random.Random(4), {3: -2}, words=5, clients=4)
    verdict = check(history, "word-count")
    assert verdict.happened == "Word 3 was counted 5 times, after it had been counted 7 times."
    assert listed(history, verdict) == {("count", None): 2}


def steps(*operations: tuple[str, Any, Any]) -> History:
    """Operations one after the other, as (function, argument, result)."""
    events = [(f, value, kind) for f, *both in operations for value, kind in zip(both, ("invoke", "ok"), strict=True)]
    return History.of(Event(at, at, 0, kind, f, None, value) for at, (f, value, kind) in enumerate(events))  # type: ignore[arg-type]


def test_a_count_that_found_too_little_is_shown_with_as_many_appends_as_its_sentence_says() -> None:
    appended = [("append", word, word) for word in (3, 4, 3, 3, 5, 3, 3)]
    history = steps(*appended, ("count", None, [[3, 2], [4, 1], [5, 1]]))
    verdict = check(history, "word-count")
    assert verdict.happened == "Word 3 was counted twice, but 3 appends of it had returned before that count began."
    assert listed(history, verdict) == {("count", None): 1, ("append", 3): 3}
    assert verdict.keys[0].contradiction == verdict.keys[0].counterexample


def test_a_count_that_found_a_later_word_and_not_an_earlier_one_is_shown_with_both() -> None:
    appended = [(1, kind, "append", word) for word in (5, 6, 7, 8) for kind in ("invoke", "ok")]
    events = [(9, "invoke", "count", None), *appended, (9, "ok", "count", [[5, 1], [6, 1], [8, 1]])]
    history = History.of(Event(at, at, p, kind, f, None, value) for at, (p, kind, f, value) in enumerate(events))  # type: ignore[arg-type]
    verdict = check(history, "word-count")
    assert verdict.happened == (
        "One count has word 8 once, and word 7 never, but 1 append of word 7 had returned before 1 append of word 8 "
        "had begun."
    )
    assert listed(history, verdict) == {("count", None): 1, ("append", 7): 1, ("append", 8): 1}
