"""Every invariant reports the message that breaks its rule, and explains it in words."""

from __future__ import annotations

import pytest

from clew.systems.two_phase_commit.messages import ABORTED, COMMITTED, Decision, Fate, Outcome, Prepare, Submit, Vote
from tests.systems.observing import Line, explain, observe


def vote(source: str, yes: bool = True) -> Line:
    return source, "n1", Vote(3, yes)


def says(source: str, fate: Fate, to: str = "n2") -> Line:
    return source, to, Decision(3, fate)


SUBMIT: Line = ("c0", "n1", Submit(1, 3, 0))
PREPARE: Line = ("n1", "n2", Prepare(3, 0))
VOTES = [vote("n1"), vote("n2"), vote("n3")]
NOTHING: Line = ("n1", "c0", Outcome(2, 3, None))
COMMIT = [NOTHING, SUBMIT, PREPARE, *VOTES, says("n1", COMMITTED), ("n1", "c0", Outcome(1, 3, COMMITTED))]
TIMEOUT = [SUBMIT, PREPARE, vote("n1"), vote("n2"), says("n1", ABORTED), vote("n3"), says("n2", ABORTED)]
REFUSED = [SUBMIT, PREPARE, vote("n1"), vote("n2", False), says("n1", ABORTED), says("n3", ABORTED)]
ALONE = [SUBMIT, PREPARE, vote("n2"), says("n3", ABORTED), says("n2", ABORTED), says("n1", ABORTED)]


@pytest.mark.parametrize("lines", [COMMIT, TIMEOUT, REFUSED, ALONE])
def test_transactions_as_in_the_book_break_nothing_nor_do_copies(lines: list[Line]) -> None:
    assert observe("two-phase-commit", *lines) == []
    assert observe("two-phase-commit", *(line for line in lines for _ in range(2))) == []


@pytest.mark.parametrize(
    ("name", "words", "lines"),
    [
        (
            "transactions-are-submitted",
            "n1 begins transaction 3, and no client has submitted it like that",
            [("c0", "n1", Submit(1, 3, 2)), PREPARE],
        ),
        (
            "transactions-are-submitted",
            "n1 begins transaction 3 a second time, as another one",
            [SUBMIT, PREPARE, ("c0", "n1", Submit(1, 3, 2)), ("n1", "n2", Prepare(3, 2))],
        ),
        (
            "transactions-are-submitted",
            "n1 says that transaction 3, which has begun, is not submitted",
            [SUBMIT, PREPARE, NOTHING],
        ),
        ("votes-stay", "n2 voted no on transaction 3, and now votes yes", [vote("n2", False), vote("n2")]),
        (
            "commits-are-unanimous",
            "n1 says that transaction 3 is committed, but 2 of 3 have voted yes",
            [SUBMIT, PREPARE, vote("n1"), vote("n2"), vote("n3", False), says("n1", COMMITTED)],
        ),
        (
            "uncertain-wait",
            "n2 has voted yes on transaction 3, and says that it is aborted, but nobody else has",
            [SUBMIT, PREPARE, *VOTES, says("n2", ABORTED)],
        ),
        (
            "one-decision",
            "n1 said that transaction 3 is committed, and n2 that it is aborted",
            [*COMMIT, ("n2", "c1", Outcome(4, 3, ABORTED))],
        ),
        (
            "decisions-stay",
            "n1 said that transaction 3 is committed, and now says that it is not submitted",
            [*COMMIT, NOTHING],
        ),
    ],
)
def test_a_broken_rule_is_found_and_explained(name: str, words: str, lines: list[Line]) -> None:
    assert words in explain("two-phase-commit", name, *lines)
