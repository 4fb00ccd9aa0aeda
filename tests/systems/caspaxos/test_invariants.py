"""Every invariant reports the message that breaks its lemma, and explains it in words."""

from __future__ import annotations

from typing import Any

import pytest

from clew.systems.caspaxos.ballot import NEVER, Ballot
from clew.systems.caspaxos.change import EMPTY, Add, Change, CompareAndSet, Delete, Read, Update, Versioned, Write
from clew.systems.caspaxos.messages import Accept, Accepted, Conflict, Prepare, Promise, Reply, Request
from clew.systems.caspaxos.parameters import Parameters
from tests.systems.observing import Line, broken, explain

ONE, TWO, THREE, FOUR = (Ballot(round, "n1") for round in (1, 2, 3, 4))
A, B, C = Versioned(1, "a", 7), Versioned(1, "b", 8), Versioned(2, "c", 9)


def propose(ballot: Ballot, base: Ballot, value: Versioned, key: int = 0) -> Line:
    return "n1", "n2", Accept(key, ballot, base, value, ballot)


def vote(acceptor: str, ballot: Ballot, promised: Ballot | None = None) -> Line:
    return acceptor, "n1", Accepted(0, ballot, promised or ballot)


def promise(acceptor: str, ballot: Ballot, accepted: Ballot = NEVER, value: Versioned = EMPTY) -> Line:
    return acceptor, "n1", Promise(0, ballot, accepted, value)


def chosen(ballot: Ballot, base: Ballot, value: Versioned, *voters: str) -> list[Line]:
    return [propose(ballot, base, value), *(vote(voter, ballot) for voter in voters)]


WRITE: Line = ("c0", "n1", Request(1, 0, Write(7)))
RIGHT = [
    WRITE,
    promise("n1", ONE),
    promise("n2", ONE),
    *chosen(ONE, NEVER, A, "n1", "n2"),
    ("n1", "c0", Reply(1, "ok")),
    promise("n2", TWO, ONE, A),
    promise("n3", TWO),
    ("n1", "n1", Conflict(0, ONE, TWO)),
    *chosen(TWO, ONE, C, "n2", "n3"),
]


def test_a_proposal_may_be_chosen_after_a_higher_one_that_builds_on_it() -> None:
    late = [promise("n1", ONE), promise("n3", ONE), propose(ONE, NEVER, A), vote("n1", ONE)]
    late += [promise("n1", TWO, ONE, A), promise("n2", TWO)]
    assert broken("caspaxos", *late, propose(TWO, ONE, C), vote("n3", ONE), *chosen(TWO, ONE, C, "n1", "n2")) == set()


@pytest.mark.parametrize(
    ("name", "words", "lines"),
    [
        (
            "promises-are-kept",
            "n2 had promised to accept nothing below ballot 2/n1 for key 0, and now takes part in ballot 1/n1",
            [promise("n2", TWO), propose(ONE, NEVER, A), vote("n2", ONE)],
        ),
        (
            "promises-are-kept",
            "n2 accepted ballot 2/n1 for key 0, above its promise 1/n1",
            [propose(TWO, NEVER, A), vote("n2", TWO, promised=ONE)],
        ),
        (
            "promises-are-kept",
            "n2 had promised to accept nothing below ballot 3/n1 for key 0, and now takes part in ballot 2/n1",
            [propose(ONE, NEVER, A), vote("n2", ONE, promised=THREE), promise("n2", TWO, ONE, A)],
        ),
        (
            "votes-are-reported",
            "n2 voted at ballot 1/n1 for key 0, but in its promise for ballot 2/n1 reports its last vote at never",
            [propose(ONE, NEVER, A), vote("n2", ONE), promise("n2", TWO)],
        ),
        (
            "one-value-per-ballot",
            "version 1 = 7 (a) was proposed at ballot 1/n1 for key 0, but n1 proposes version 1 = 8 (b)",
            [propose(ONE, NEVER, A), propose(ONE, NEVER, B)],
        ),
        (
            "one-value-per-ballot",
            "version 1 = 7 (a) was proposed at ballot 1/n1 for key 0, but n2 reports version 1 = 8 (b)",
            [propose(ONE, NEVER, A), promise("n2", TWO, ONE, B)],
        ),
        (
            "one-value-per-ballot",
            "nothing was proposed at ballot 1/n1 for key 0, but n2 reports version 1 = 8 (b)",
            [promise("n2", TWO, ONE, B)],
        ),
        (
            "nothing-chosen-between",
            "the proposal at ballot 3/n1 for key 0 builds on ballot 1/n1, but ballot 2/n1, in between, is chosen",
            [propose(ONE, NEVER, A), *chosen(TWO, ONE, C, "n1", "n2"), propose(THREE, ONE, A)],
        ),
        (
            "nothing-chosen-between",
            "the proposal at ballot 3/n1 for key 0 builds on ballot 1/n1, but ballot 2/n1, in between, is chosen",
            [propose(ONE, NEVER, A), propose(TWO, ONE, C), propose(THREE, ONE, A), vote("n1", TWO), vote("n2", TWO)],
        ),
        (
            "chosen-version-is-final",
            "version 1 of key 0 is chosen twice: version 1 = 7 (a), then version 1 = 8 (b) at ballot 2/n1",
            [*chosen(ONE, NEVER, A, "n1", "n2"), *chosen(TWO, NEVER, B, "n2", "n3")],
        ),
        (
            "versions-grow-by-one",
            "n1 proposes version 2 = 9 (c) at ballot 1/n1 for key 0, but it builds on ballot never, "
            "which is the empty register",
            [propose(ONE, NEVER, C)],
        ),
        (
            "versions-grow-by-one",
            "which is version 1 = 7 (a)",
            [propose(ONE, NEVER, A), propose(TWO, ONE, B)],
        ),
        (
            "versions-grow-by-one",
            "builds on ballot 1/n1, which is nothing that was proposed before",
            [propose(TWO, ONE, B)],
        ),
        (
            "uuids-are-distinct",
            "the same uuid names version 1 = 7 (a) of key 0 and version 1 = 8 (a) of key 0",
            [propose(ONE, NEVER, A), propose(TWO, NEVER, Versioned(1, "a", 8))],
        ),
        (
            "uuids-are-distinct",
            "the same uuid names version 1 = 7 (a) of key 0 and version 1 = 7 (a) of key 1",
            [propose(ONE, NEVER, A), propose(TWO, NEVER, A, key=1)],
        ),
        (
            "answers-are-chosen",
            "n1 answers request 1 on key 0, but since that request nothing that it proposed was chosen",
            [("c0", "n1", Request(1, 0, Read())), propose(ONE, NEVER, EMPTY), ("n1", "c0", Reply(1, "ok"))],
        ),
        (
            "ballots-are-own",
            "n2 prepares ballot 1/n1 for key 0, which is not its own",
            [("n2", "n3", Prepare(0, ONE))],
        ),
        (
            "ballots-are-own",
            "n2 proposes at ballot 1/n1 for key 0, which is not its own",
            [("n2", "n3", Accept(0, ONE, NEVER, A, ONE))],
        ),
        (
            "proposals-are-promised",
            "n1 proposes at ballot 1/n1 for key 0, which n2 promised; a quorum is 2",
            [promise("n2", ONE), promise("n2", ONE), propose(ONE, NEVER, A)],
        ),
        (
            "proposals-are-promised",
            "n1 proposes at ballot 3/n1 for key 0 and builds on ballot 1/n1, but n2 reported a vote at ballot 2/n1",
            [
                *(promise("n1", ONE), promise("n2", ONE), propose(ONE, NEVER, A), vote("n1", ONE)),
                *(promise("n1", TWO, ONE, A), promise("n2", TWO), propose(TWO, ONE, C), vote("n2", TWO)),
                *(promise("n1", THREE, ONE, A), promise("n2", THREE, TWO, C), propose(THREE, ONE, C)),
            ],
        ),
        (
            "votes-were-proposed",
            "n2 votes at ballot 1/n1 for key 0, where nothing was proposed",
            [vote("n2", ONE)],
        ),
        (
            "failures-change-nothing",
            "n1 answers request 1 on key 0 with fail, but it has proposed version 1 = 7 (a) for it, which may be",
            [WRITE, *RIGHT[1:4], ("n1", "c0", Reply(1, "fail", error="accept round failed"))],
        ),
        (
            "answers-are-chosen",
            "n1 answers request 1 on key 0, and tells 8, but version 1 = 7 (a) was chosen",
            [("c0", "n1", Request(1, 0, Read())), *chosen(ONE, NEVER, A, "n1", "n2"), ("n1", "c0", Reply(1, "ok", 8))],
        ),
        (
            "answers-are-chosen",
            "n1 answers request 1",
            [*chosen(ONE, NEVER, A, "n1", "n2"), WRITE, ("n1", "c0", Reply(1, "fail", error="mismatch"))],
        ),
    ],
)
def test_a_broken_lemma_is_found_and_explained(name: str, words: str, lines: list[Line]) -> None:
    assert words in explain("caspaxos", name, *lines)


@pytest.mark.parametrize("outcome", ["fail", "info"])
def test_an_answer_without_a_result_needs_no_chosen_value(outcome: Any) -> None:
    assert broken("caspaxos", WRITE, ("n1", "c0", Reply(1, outcome, error="no quorum"))) == set()


def test_the_accept_quorum_of_the_plan_decides_what_is_chosen() -> None:
    lines = [promise("n1", ONE), promise("n2", ONE), propose(ONE, NEVER, A), vote("n1", ONE)]
    lines += [promise("n2", TWO), promise("n3", TWO), propose(TWO, NEVER, B), vote("n2", TWO)]
    assert broken("caspaxos", *lines) == set()
    flexible = Parameters(prepare_quorum=3, accept_quorum=1)
    assert broken("caspaxos", *lines, parameters=flexible) == {
        "nothing-chosen-between",
        "chosen-version-is-final",
        "proposals-are-promised",
    }


def test_a_vote_with_one_round_trip_promises_the_next_ballot() -> None:
    lines = [promise("n1", ONE), promise("n2", ONE), propose(ONE, NEVER, A)]
    voted = [vote("n1", ONE, promised=TWO), vote("n2", ONE, promised=TWO)]
    assert broken("caspaxos", *lines, *voted, propose(TWO, ONE, C)) == set()
    assert broken("caspaxos", *lines, *voted[:1], propose(TWO, ONE, C)) == {"proposals-are-promised"}


def test_a_proposal_may_build_below_a_vote_that_came_after_its_quorum() -> None:
    lines = [promise("n1", ONE), promise("n2", ONE), propose(ONE, NEVER, A), vote("n3", ONE)]
    promised = [promise("n1", TWO), promise("n2", TWO), promise("n3", TWO, ONE, A)]
    assert broken("caspaxos", *lines, *promised, propose(TWO, NEVER, B)) == set()


def test_a_value_that_was_proposed_before_a_crash_does_not_forbid_a_later_request_to_fail() -> None:
    lines = [WRITE, *RIGHT[1:4], ("c1", "n1", Request(2, 0, Write(8)))]
    failed = ("n1", "c1", Reply(2, "fail", error="no quorum"))
    assert broken("caspaxos", *lines, failed) == {"failures-change-nothing"}
    soon = Parameters(give_up_after=10)
    assert broken("caspaxos", *lines, failed, parameters=soon) == set(), "n1 has had the second request for 10 ns"


@pytest.mark.parametrize(
    ("change", "reply", "right"),
    [
        (Read(), Reply(1, "ok", 7), True),
        (Read(), Reply(1, "ok", 8), False),
        (Read(), Reply(1, "ok", 7.0), False),
        (Write(7), Reply(1, "ok"), True),
        (Write(8), Reply(1, "ok"), False),
        (CompareAndSet(1, 7), Reply(1, "ok"), True),
        (CompareAndSet(7, 8), Reply(1, "fail", error="mismatch"), False),
        (CompareAndSet(8, 9), Reply(1, "fail", error="mismatch"), True),
        (Read(), Reply(1, "fail", error="mismatch"), False),
        (Add(1), Reply(1, "ok", 7), True),
        (Add(1), Reply(1, "ok", 8), False),
        (Delete(), Reply(1, "ok"), False),
        (Update(7, 1), Reply(1, "fail", error="mismatch"), True),
    ],
)
def test_an_answer_tells_of_the_value_that_was_chosen(change: Change, reply: Reply, right: bool) -> None:
    lines = [("c0", "n1", Request(1, 0, change)), *RIGHT[1:3], *chosen(ONE, NEVER, A, "n1", "n2"), ("n1", "c0", reply)]
    assert broken("caspaxos", *lines) == (set() if right else {"answers-are-chosen"})


def test_a_chosen_value_serves_one_answer() -> None:
    two = [WRITE, ("c3", "n1", Request(2, 0, Read()))]
    chose = [*RIGHT[1:3], *chosen(ONE, NEVER, A, "n1", "n2"), ("n1", "c0", Reply(1, "ok"))]
    found = explain("caspaxos", "answers-are-chosen", *two, *chose, ("n1", "c3", Reply(2, "ok", 7)))
    assert found == "n1 answers request 2 on key 0, but since its last answer nothing that it proposed was chosen"
