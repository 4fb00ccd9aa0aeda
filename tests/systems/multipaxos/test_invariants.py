"""Every invariant reports the message that breaks its lemma, and explains it in words."""

from __future__ import annotations

from typing import Any

import pytest

from clew.systems.multipaxos.messages import Answer, Request
from clew.systems.paxos.messages import NEVER, Accept, Accepted, Ballot, Promise
from tests.systems.observing import Line, explain

ONE, TWO = (Ballot(round, "n1") for round in (1, 2))
PUT, GET = ["c0", 1, "put", 0, "a"], ["c1", 2, "get", 0, None]


def decided(instance: int, *batch: list[Any], ballot: Ballot = ONE) -> list[Line]:
    return [
        *((node, "n1", Promise(instance, ballot, NEVER, None)) for node in ("n1", "n2")),
        ("n1", "n2", Accept(instance, ballot, list(batch))),
        *((node, "n3", Accepted(instance, ballot, list(batch))) for node in ("n1", "n2")),
    ]


def answer(id: int, value: Any, error: str | None = None) -> Line:
    return "n1", f"c{id - 1}", Answer(id, value, error)


ASK: list[Line] = [("c0", "n1", Request(1, "put", 0, "a")), ("c1", "n1", Request(2, "get", 0, None))]
RIGHT = [*ASK, *decided(1, PUT), answer(1, "a"), *decided(2, GET), answer(2, "a"), *decided(3, PUT), answer(1, "a")]


@pytest.mark.parametrize(
    ("name", "words", "lines"),
    [
        (
            "promises-are-kept",
            "n2 had promised to accept nothing below ballot 2/n1 for instance 1, and now takes part in ballot 1/n1",
            [*ASK, ("n2", "n1", Promise(1, TWO, NEVER, None)), ("n2", "n1", Accepted(1, ONE, [PUT]))],
        ),
        (
            "commands-are-from-clients",
            "n1 proposes request 1 of c0, who has not asked for that",
            [*ASK, *decided(1, ["c0", 1, "put", 0, "b"])],
        ),
        (
            "answers-are-of-the-log",
            "n1 answers request 2 with None, but the log says 'a'",
            [*ASK, *decided(1, PUT), *decided(2, GET), answer(2, None)],
        ),
        (
            "answers-are-of-the-log",
            "n1 answers request 2 with 'a', but the log is decided without it",
            [*ASK, *decided(1, PUT), *decided(3, GET), answer(2, "a")],
        ),
    ],
)
def test_a_broken_lemma_is_found_and_explained(name: str, words: str, lines: list[Line]) -> None:
    assert words in explain("multipaxos", name, *lines)
