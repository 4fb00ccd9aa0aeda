"""A sentence about a counter is about the answers that are listed below it."""

from __future__ import annotations

from clew.checkers import check
from clew.checkers.verdict import KeyVerdict
from clew.histories import Event, History

Step = tuple[int, str, str, int | None]


def verdict(*steps: Step) -> KeyVerdict:
    """The verdict on a counter. Each step is a process, the type of the event, the function and the value."""
    events = [Event(at, at, process, kind, f, None, value) for at, (process, kind, f, value) in enumerate(steps)]
    (key,) = check(History.of(events), "counter").keys
    return key


def test_a_sum_that_is_too_small_is_told_with_the_answer_that_shows_it() -> None:
    """All adds before the read come to 7 too. But the list holds the last answer, which is enough."""
    key = verdict(
        (0, "invoke", "add", 3), (0, "ok", "add", 3), (0, "invoke", "add-and-get", 4), (0, "ok", "add-and-get", 7),
        (1, "invoke", "read", None), (1, "ok", "read", 3),
    )  # fmt: skip
    assert key.contradiction == (1, 2)
    assert key.happened == (
        "A read returned 3 after an add-and-get of 4 had returned 7, and nothing was subtracted since."
    )


def test_an_answer_that_came_after_the_violation_is_told_with_the_other_that_is_listed() -> None:
    key = verdict(
        (1, "invoke", "add-and-get", 1), (0, "invoke", "add", 3), (0, "ok", "add", 3),
        (0, "invoke", "add-and-get", 2), (1, "info", "add-and-get", 1), (2, "invoke", "add", 1), (2, "ok", "add", 1),
        (2, "invoke", "add", 2), (2, "ok", "add", 2), (2, "invoke", "add-and-get", 2), (0, "ok", "add-and-get", 10),
        (2, "ok", "add-and-get", 6),
    )  # fmt: skip
    assert key.contradiction == (2, 5)
    assert key.happened == (
        "An add-and-get of 2 returned 6 and another 10, but all adds that can have made the difference come to at "
        "most 3."
    )
