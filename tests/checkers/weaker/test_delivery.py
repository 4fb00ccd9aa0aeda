"""What a queue promises of its elements: at most once, at least once."""

from __future__ import annotations

import itertools
from collections import Counter
from typing import Any

import pytest

from clew.checkers import check, what_holds
from clew.histories import Event, History

Said = tuple[str, str, Any, Any]
"""How it ended, the function, the key and the value; each operation is over before the next begins."""


def history(*said: Said) -> History:
    events: list[Event] = []
    for number, (end, f, key, value) in enumerate(said):
        argument = value if f == "enqueue" else None
        events.append(Event(2 * number, number * 100, number, "invoke", f, key, argument))
        events.append(Event(2 * number + 1, number * 100 + 50, number, end, f, key, value if end == "ok" else argument))
    return History.of(events)


def kept(*said: Said) -> tuple[str, str]:
    found = what_holds(history(*said), "unordered-queue", ())
    return found["at-most-once delivery"].kept, found["at-least-once delivery"].kept


def test_an_element_that_comes_out_twice_is_not_lost() -> None:
    said: list[Said] = [("ok", "enqueue", 0, 7), ("ok", "dequeue", 0, 7), ("ok", "dequeue", 0, 7)]
    found = what_holds(history(*said, ("ok", "dequeue", 0, None)), "unordered-queue", ())
    assert str(found) == "at-most-once delivery no, at-least-once delivery yes"
    assert found["at-most-once delivery"].operations == (2,)
    assert "operation 2" in found["at-most-once delivery"].why


def test_an_element_that_is_not_there_when_the_queue_is_empty_is_lost() -> None:
    assert kept(("ok", "enqueue", 0, 7), ("ok", "dequeue", 0, None)) == ("yes", "no")
    assert kept(("ok", "enqueue", 0, 7), ("ok", "dequeue", 1, None)) == ("yes", "yes")
    assert kept(("ok", "enqueue", 0, 7)) == ("yes", "unknown")


@pytest.mark.parametrize(("end", "answer"), [("fail", "no"), ("info", "unknown"), ("ok", "yes")])
def test_only_a_dequeue_that_may_have_happened_excuses(end: str, answer: str) -> None:
    value = 7 if end == "ok" else None
    assert kept(("ok", "enqueue", 0, 7), (end, "dequeue", 0, value), ("ok", "dequeue", 0, None)) == ("yes", answer)


def test_more_elements_are_missing_than_one_dequeue_can_have_taken() -> None:
    said: list[Said] = [("ok", "enqueue", 0, 1), ("ok", "enqueue", 0, 2), ("info", "dequeue", 0, None)]
    found = what_holds(history(*said, ("ok", "dequeue", 0, None)), "unordered-queue", ())
    assert found["at-least-once delivery"].why.startswith("lost: at least 1 of 2 elements")
    # The engine says so too, without a look at all that the queue may hold.
    verdict = check(history(*said, ("ok", "dequeue", 0, None)), "unordered-queue")
    assert not verdict.valid


@pytest.mark.parametrize("step", [3, pytest.param(1, marks=pytest.mark.long)], ids=["one of three", "all"])
def test_a_linearizable_queue_keeps_both_and_a_queue_that_breaks_one_is_not_linearizable(step: int) -> None:
    choices: list[Said] = [
        ("ok", "enqueue", 0, 1),
        ("ok", "enqueue", 0, 2),
        ("info", "enqueue", 0, 3),
        ("ok", "dequeue", 0, 1),
        ("ok", "dequeue", 0, 3),
        ("ok", "dequeue", 0, None),
        ("info", "dequeue", 0, None),
        ("fail", "dequeue", 0, None),
    ]
    seen = Counter[tuple[bool, str, str]]()
    for said in itertools.islice(itertools.product(choices, repeat=3), 0, None, step):
        past = [*said, ("ok", "dequeue", 0, None)]
        linearizable, answers = bool(check(history(*past), "unordered-queue").valid), kept(*past)
        seen[linearizable, *answers] += 1
        assert not (linearizable and "no" in answers), past
    assert len(seen) >= 4
