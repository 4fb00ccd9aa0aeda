"""Every invariant reports the message that breaks its rule, and explains it in words."""

from __future__ import annotations

import pytest

from clew.systems.mapreduce.last_jobs import JOBS_KEPT, LastJobs, OfJobs
from clew.systems.mapreduce.messages import (
    Append,
    Appended,
    Attempt,
    Collected,
    Done,
    Fetched,
    Map,
    Read,
    Records,
    Reduced,
    Rename,
    Write,
    Written,
)
from tests.systems.observing import Line, explain, observe


def appended(id: int, word: int, position: int) -> list[Line]:
    return [("c0", "n3", Append(id, 0, word)), ("n3", "c0", Appended(id, 0, position))]


def attempt(task: int, number: int = 1) -> Attempt:
    return Attempt("9.1", task, number)


def reduced(task: int, word: int, often: int, number: int = 1) -> list[Line]:
    """A reduce task whose output is one line."""
    which, file = attempt(task, number), f"9.1/temporary-{task}-{number}"
    return [
        ("n2", "n3", Write(which, file, 0, (word, often))),
        ("n3", "n2", Written(which, 0)),
        ("n2", "n3", Rename(which, file, f"9.1/output-{task}")),
        ("n2", "n1", Reduced(which)),
    ]


INPUT = [*appended(1, 4, 0), *appended(2, 7, 1), *appended(3, 4, 2)]
MAP: Line = ("n1", "n2", Map(attempt(0), 0, 0, 3))
FETCHED = [
    ("n2", "n1", Fetched(attempt(0), attempt(0), ((4, 2),))),
    ("n2", "n1", Fetched(attempt(0), attempt(1), ((7, 1),))),
]
DONE: Line = ("n1", "c0", Done(9, "9.1"))
JOB: list[Line] = [
    *INPUT,
    MAP,
    *FETCHED,
    *reduced(0, 4, 2),
    *reduced(1, 7, 1),
    DONE,
    ("n3", "c0", Collected(9, "9.1", ((4, 2), (7, 1)))),
]
"""The job counts the words 4, 7 and 4, with two reduce tasks."""


def test_a_job_breaks_nothing_nor_does_one_whose_messages_are_copied_or_whose_tasks_are_executed_twice() -> None:
    assert observe("mapreduce", *JOB) == []
    assert observe("mapreduce", *(line for line in JOB for _ in range(2))) == []
    assert observe("mapreduce", *JOB[:-2], *reduced(1, 7, 1, 2), *JOB[-2:]) == []


def test_a_record_that_the_file_system_wrote_before_it_was_killed_is_known_when_it_is_read() -> None:
    """Its answer to the append was never sent."""
    read: list[Line] = [
        ("n2", "n3", Read(attempt(0), 0, 0, 3)),
        ("n3", "n2", Records(attempt(0), (4, 7, 4))),
    ]
    assert observe("mapreduce", *INPUT[:-1], MAP, *read, *JOB[len(INPUT) + 1 :]) == []
    assert observe("mapreduce", *INPUT[:-1], MAP, *JOB[len(INPUT) + 1 :]) != []


@pytest.mark.parametrize(
    ("name", "words", "lines"),
    [
        ("records-stay", "c0 has appended once, and that is record 2 and record 3", [*INPUT, *appended(3, 4, 3)]),
        ("records-stay", "record 2 of input 0 is of c0, and was of c0 before", [*INPUT, *appended(4, 4, 2)]),
        (
            "splits-stay",
            "map task 0 of job 9.1 is about records 0 to 4 of input 0, and was about records 0 to 3 of input 0",
            [*INPUT, MAP, ("n1", "n2", Map(attempt(0), 0, 0, 4))],
        ),
        (
            "one-output-of-a-map",
            "n2 gives [] as the output of map task 0 of job 9.1, but the map function makes [(4, 2)] of its records",
            [*INPUT, MAP, ("n2", "n1", Fetched(attempt(0), attempt(0), ()))],
        ),
        (
            "each-map-counts-once",
            "n2 counts 4 of word 4 in reduce task 0 of job 9.1, whose records have 2",
            [*INPUT, MAP, *reduced(0, 4, 4)],
        ),
        (
            "commits-are-whole",
            "n2 commits reduce task 0 of job 9.1, but 0 of 1 lines are written",
            [*INPUT, MAP, reduced(0, 4, 2)[0], reduced(0, 4, 2)[2]],
        ),
        (
            "one-file-of-a-reduce",
            "reduce task 0 of job 9.1 has two outputs: 9.1/output-0 and 9.1/output-0-2",
            [*JOB, ("n1", "n3", Rename(attempt(0), "9.1/temporary-0-2", "9.1/output-0-2"))],
        ),
        (
            "all-are-reduced",
            "n1 says that job 9.1 is done, but 1 of 2 reduce tasks are",
            [*INPUT, MAP, *reduced(0, 4, 2), *reduced(0, 4, 2, 2), DONE],
        ),
        (
            "results-are-sequential",
            "the output of job 9.1 is [(4, 2)], but its records have [(4, 2), (7, 1)]",
            [*INPUT, MAP, ("n3", "c0", Collected(9, "9.1", ((4, 2),)))],
        ),
    ],
)
def test_a_broken_rule_is_found_and_explained(name: str, words: str, lines: list[Line]) -> None:
    assert words in explain("mapreduce", name, *lines)


def test_late_messages_about_a_job_that_is_forgotten_are_compared_with_nothing() -> None:
    """Job 9 would be counted by half of its map tasks, if its late messages began to be remembered once more."""
    others: list[Line] = [("n1", "n2", Map(Attempt(f"{number}.1", 0, 1), 1, 0, 1)) for number in range(10, 74)]
    late: list[Line] = [
        ("n1", "n2", Map(attempt(1), 0, 0, 1)),
        *FETCHED,
        *reduced(0, 4, 2),
        DONE,
        ("n3", "c0", Collected(9, "9.1", ((4, 2), (7, 1)))),
    ]
    assert observe("mapreduce", *JOB[:-2], *others, *late) == []
    assert observe("mapreduce", *JOB[:-2], *others[1:], *late[:1], ("n3", "c0", Collected(9, "9.1", ()))) != []


def test_jobs_are_remembered_until_as_many_others_have_begun() -> None:
    jobs = LastJobs()
    known = OfJobs[list[str]](jobs, list)
    for number in range(JOBS_KEPT):
        known_of = known.of(f"{number + 5}.1")
        assert known_of is not None
        known_of.append(str(number))
    assert known.of("5.1") == ["0"]
    assert known.of("100.1") == []
    assert known.of("5.1") is None
    assert known.of("6.1") == ["1"]
    assert known.of("4.2") is None, "it may have been forgotten"
    assert known.of("6.2") == []
