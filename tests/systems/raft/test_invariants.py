"""Every invariant reports the message that breaks its lemma, and explains it in words."""

from __future__ import annotations

import pytest

from clew.systems.raft.messages import (
    Answer,
    Appended,
    AppendEntries,
    Command,
    Configuration,
    Entry,
    InstallSnapshot,
    Lead,
    Request,
    RequestVote,
    Vote,
)
from tests.systems.observing import Line, explain

PUT = Command("c0", 1, "put", 0, "a")
OTHER = Command("c1", 2, "put", 0, "b")


def elected(leader: str, term: int, voter: str, index: int = 0, last: int = 0) -> list[Line]:
    """A leader whose log ends at a place, and its first entry."""
    return [
        (leader, voter, RequestVote(term, index, last)),
        (voter, leader, Vote(term, True, 0, 0)),
        (leader, voter, Lead(term, index, last, (Entry(term, None),), 0, 0)),
    ]


def acked(follower: str, leader: str, term: int, index: int) -> Line:
    return follower, leader, Appended(term, True, index, 0)


def appended(leader: str, term: int, before: int, last: int, *entries: Entry, commit: int = 0) -> Line:
    return leader, "n2", AppendEntries(term, before, last, entries, commit, 0)


def changed(leader: str, term: int, before: int, last: int, *members: str) -> Line:
    return appended(leader, term, before, last, Entry(term, Configuration(members)))


RIGHT = [
    *elected("n1", 1, "n2"),
    ("c0", "n1", Request(1, "put", 0, "a")),
    appended("n1", 1, 1, 1, Entry(1, PUT)),
    acked("n2", "n1", 1, 2),
    ("n1", "c0", Answer(1, "a", None, 1, 2)),
    ("c1", "n1", Request(2, "get", 0, None)),
    ("n1", "c1", Answer(2, "a", None, 1, 2)),
    *elected("n2", 2, "n3", 2, 1),
]

ASKED: list[Line] = [("c0", "n1", Request(1, "put", 0, "a")), ("c1", "n2", Request(2, "put", 0, "b"))]

CHANGED = [*elected("n1", 1, "n2"), acked("n2", "n1", 1, 1), changed("n1", 1, 1, 1, "n1", "n2")]
"""n3 is removed, but nobody has acknowledged that."""


@pytest.mark.parametrize(
    ("name", "words", "lines"),
    [
        (
            "terms-only-grow",
            "n1 was in term 2, and now sends a message of term 1",
            [("n1", "n2", RequestVote(2, 0, 0)), ("n1", "n2", RequestVote(1, 0, 0))],
        ),
        (
            "votes-once-per-term",
            "in term 1 n3 votes for n1, and then for n2",
            [("n3", "n1", Vote(1, True, 0, 0)), ("n3", "n2", Vote(1, True, 0, 0))],
        ),
        (
            "votes-need-fresh-logs",
            "the log of n3 ends with entry 4 of term 2, and it votes for n1, whose log ends with entry 9 of term 1",
            [("n1", "n3", RequestVote(3, 9, 1)), ("n3", "n1", Vote(3, True, 4, 2))],
        ),
        (
            "leaders-have-a-majority",
            "n1 leads term 1 with the votes of n1 alone",
            [("n1", "n2", Lead(1, 0, 0, (), 0, 0))],
        ),
        ("election-safety", "in term 1 both n1 and n2 lead", [*elected("n1", 1, "n3"), appended("n2", 1, 0, 0)]),
        (
            "leader-append-only",
            "n1 leads term 2. Its entry 1 was of term 1, and is of term 2 now",
            [appended("n1", 2, 0, 0, Entry(1, None)), appended("n1", 2, 0, 0, Entry(2, None))],
        ),
        (
            "log-matching",
            "entry 1 of term 1 has two commands",
            [appended("n1", 1, 0, 0, Entry(1, PUT)), appended("n1", 1, 0, 0, Entry(1, OTHER))],
        ),
        (
            "log-matching",
            "entry 2 of term 2 follows an entry of term 1 in one log, and one of term 2 in the log of n3",
            [appended("n1", 2, 1, 1, Entry(2, None)), appended("n3", 3, 1, 2, Entry(2, None))],
        ),
        (
            "leader-completeness",
            "entry 2 of term 1 is committed, but n3, which leads term 2, has nothing in its place",
            [*RIGHT[:6], *elected("n3", 2, "n2", 1, 1)],
        ),
        (
            "commits-are-committed",
            "says that everything up to entry 2 is committed, but that is so only up to entry 0",
            [*elected("n1", 1, "n2"), appended("n1", 1, 1, 1, Entry(1, PUT), commit=2)],
        ),
        (
            "commits-are-committed",
            "says that everything up to entry 1 is committed, but that is so only up to entry 0",
            [*elected("n1", 2, "n2", 1, 1), acked("n2", "n1", 2, 1), appended("n1", 2, 2, 2, commit=1)],
        ),
        (
            "snapshots-agree",
            "the snapshot of n2 after entry 2 is b, another was a",
            [("n1", "n3", InstallSnapshot(1, 2, 1, "a", 0)), ("n2", "n3", InstallSnapshot(2, 2, 1, "b", 0))],
        ),
        (
            "state-machine-safety",
            "at entry 2, one server ran request 1 with the result 'a', and n2 request 2 with the result 'b'",
            [*ASKED, ("n1", "c0", Answer(1, "a", None, 1, 2)), ("n2", "c1", Answer(2, "b", None, 2, 2))],
        ),
        (
            "state-machine-safety",
            "request 1 ran twice: at entry 2, and at entry 3",
            [*ASKED, ("n1", "c0", Answer(1, "a", None, 1, 2)), ("n2", "c0", Answer(1, "a", None, 2, 3))],
        ),
        (
            "answers-are-committed",
            "n1 answers request 1 from entry 2, but only entry 0 and those before it are committed",
            [*RIGHT[:5], RIGHT[6]],
        ),
        (
            "one-change-at-a-time",
            "n1 begins a change to n1, n2 at entry 2, but no entry of term 1 is committed yet",
            [*elected("n1", 1, "n2"), changed("n1", 1, 1, 1, "n1", "n2")],
        ),
        (
            "one-change-at-a-time",
            "n1 begins a change to n1, n2, n3 at entry 3, but the one at entry 2 is not committed yet",
            [*CHANGED, changed("n1", 1, 2, 1, "n1", "n2", "n3")],
        ),
        (
            "one-change-at-a-time",
            "n1 begins a change to n1 at entry 2, but it adds or removes more than one server",
            [*CHANGED[:4], changed("n1", 1, 1, 1, "n1")],
        ),
        (
            "commits-are-committed",
            "says that everything up to entry 2 is committed, but that is so only up to entry 1",
            [*CHANGED, acked("n3", "n1", 1, 2), appended("n1", 1, 2, 1, commit=2)],
        ),
        (
            "leaders-have-a-majority",
            "n1 leads term 3 with the votes of n1, n3 alone, and the members are n1, n2",
            [*CHANGED, *elected("n1", 3, "n3", 2, 1)],
        ),
        (
            "snapshots-agree",
            "the snapshot of n2 after entry 2 has None, another had Configuration(members=('n1', 'n2'))",
            [
                ("n1", "n3", InstallSnapshot(1, 2, 1, "a", 0, Configuration(("n1", "n2")))),
                ("n2", "n3", InstallSnapshot(2, 2, 1, "a", 0)),
            ],
        ),
        (
            "reads-are-current",
            "a client had been told of entry 2 when request 2 was sent, but n3 answers it with the state after entry 1",
            [*RIGHT[:8], ("n3", "c1", Answer(2, None, None, 1, 1))],
        ),
    ],
)
def test_a_broken_lemma_is_found_and_explained(name: str, words: str, lines: list[Line]) -> None:
    assert words in explain("raft", name, *lines)
