"""What the invariants forget below the horizon, and what they still notice then."""

from __future__ import annotations

import pytest

from clew.systems.caspaxos.ballot import NEVER, Ballot
from clew.systems.caspaxos.change import Add, Versioned
from clew.systems.caspaxos.invariants import horizon
from clew.systems.caspaxos.messages import Accept, Accepted, Promise, Remove, Reply, Request, Turned
from clew.systems.caspaxos.parameters import Parameters
from tests.systems.observing import Line, broken, observe

ALL = ("n1", "n2", "n3")
ROUNDS = 12
FORGOTTEN = Ballot(3, "n1")
"""A ballot far below the last one of `story`."""


@pytest.fixture(autouse=True)
def _keep_few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(horizon, "KEPT", 2)


def value(round: int, uuid: str = "") -> Versioned:
    return Versioned(round, uuid or f"uuid-{round}", round)


def step(round: int, base: int, made: Versioned, *voters: str) -> list[Line]:
    """A round of n1: a promise of everybody, a proposal that builds on round `base`, and these votes for it."""
    ballot, below = Ballot(round, "n1"), Ballot(base, "n1") if base else NEVER
    lines: list[Line] = [(name, "n1", Promise(0, ballot, NEVER, value(0))) for name in ALL if not base]
    lines += [(name, "n1", Promise(0, ballot, below, value(base))) for name in ALL if base]
    return [
        *lines,
        ("n1", "n2", Accept(0, ballot, below, made, ballot)),
        *((name, "n1", Accepted(0, ballot, ballot)) for name in voters),
    ]


def story(*voters: str) -> list[Line]:
    """Twelve rounds in which these acceptors vote."""
    return [line for round in range(1, ROUNDS + 1) for line in step(round, round - 1, value(round), *voters)]


def late(ballot: Ballot = FORGOTTEN) -> list[Line]:
    """An acceptor reports a vote for something that was never proposed."""
    return [("n3", "n1", Promise(0, Ballot(ROUNDS + 1, "n1"), ballot, value(99, "other")))]


def test_a_report_of_a_ballot_that_all_acceptors_have_left_behind_is_not_compared() -> None:
    assert broken("caspaxos", *story(*ALL), *late()) == {"votes-are-reported"}
    assert broken("caspaxos", *story(*ALL), *late(Ballot(ROUNDS, "n1"))) == {"one-value-per-ballot"}


def test_nothing_is_forgotten_that_an_acceptor_may_still_report() -> None:
    voted = [*step(1, 0, value(1), *ALL), *(line for line in story("n1", "n2") if line[2].ballot.round > 1)]
    assert broken("caspaxos", *voted, *late(Ballot(1, "n1"))) == {"one-value-per-ballot"}


def test_an_acceptor_that_is_off_does_not_keep_anything_in_memory() -> None:
    off: Line = ("n3", "n1", Turned(1, False))
    assert broken("caspaxos", *story("n1", "n2"), *late()) == {"one-value-per-ballot"}
    assert broken("caspaxos", off, *story("n1", "n2"), *late()) == set()


def test_an_acceptor_that_is_on_again_may_report_anything_until_it_votes() -> None:
    on: list[Line] = [("n3", "n1", Turned(1, False)), ("n3", "n1", Turned(2, True))]
    assert broken("caspaxos", *on, *story("n1", "n2"), *late()) == {"one-value-per-ballot"}


def test_nothing_more_is_forgotten_while_an_acceptor_has_no_vote_because_it_was_told_to_remove_the_register() -> None:
    lines = story(*ALL)
    place = next(place for place, line in enumerate(lines) if line[2].ballot.round == 9)
    told: Line = ("n1", "n3", Remove(0, Ballot(8, "n1")))
    silent = [line for line in lines[place:] if line[0] != "n3" or type(line[2]) is Promise]
    assert broken("caspaxos", *lines[:place], told, *silent, *late(Ballot(5, "n1"))) == {"one-value-per-ballot"}
    assert "one-value-per-ballot" not in broken("caspaxos", *lines[:place], *silent, *late(Ballot(5, "n1")))


def test_a_value_that_was_proposed_again_on_what_is_forgotten_may_be_old() -> None:
    first: Line = ("c0", "n1", Request(1, 0, Add(1)))
    answered: list[Line] = [*story(*ALL), ("n1", "c0", Reply(1, "ok", 1))]
    asked: Line = ("c0", "n1", Request(2, 0, Add(1)))
    failed: Line = ("n1", "c0", Reply(2, "fail", None))
    for base, seen in ((FORGOTTEN, False), (Ballot(ROUNDS, "n1"), True)):
        again: Line = ("n1", "n2", Accept(0, Ballot(ROUNDS + 1, "n1"), base, value(3, "old"), NEVER))
        found = broken("caspaxos", first, *answered, asked, again, failed)
        assert ("failures-change-nothing" in found) is seen


def test_a_late_vote_and_a_late_proposal_below_the_line_break_nothing_more() -> None:
    """Whoever sends them has broken its promise, or nobody votes for them: that is all there is to say."""
    again: list[Line] = [
        ("n1", "n2", Accept(0, FORGOTTEN, Ballot(2, "n1"), value(3), FORGOTTEN)),
        ("n2", "n1", Accepted(0, FORGOTTEN, FORGOTTEN)),
    ]
    assert broken("caspaxos", *story(*ALL), *again) == {"promises-are-kept"}


def test_a_proposal_that_builds_on_what_is_forgotten_is_compared_with_what_is_chosen_since() -> None:
    found = broken("caspaxos", *story(*ALL), *step(ROUNDS + 1, 3, value(4, "other"), *ALL))
    assert found == {"nothing-chosen-between", "chosen-version-is-final", "votes-are-reported"}


def test_the_highest_ballot_that_is_chosen_is_remembered_however_old_it_is() -> None:
    voters = {**dict.fromkeys(range(1, 7), ALL), 10: ("n1",), 11: ("n2",), 12: ("n3",)}
    lines = [line for round in range(1, 20) for line in step(round, round - 1, value(round), *voters.get(round, ()))]
    [between] = [
        one.explanation
        for one in observe("caspaxos", *lines, *step(20, 0, value(1, "other")))
        if one.invariant == "nothing-chosen-between"
    ]
    assert "builds on ballot never, but ballot 6/n1, in between, is chosen" in between


def test_a_version_that_is_forgotten_is_not_chosen_again() -> None:
    wrong = step(ROUNDS + 1, 0, value(1, "other"), "n1", "n2")
    said = [one.explanation for one in observe("caspaxos", *story(*ALL), *wrong)]
    assert "version 1 = 1 (other) of key 0 is chosen at ballot 13/n1, after version 8 at 8/n1" in said


def test_a_request_without_an_answer_is_forgotten_in_the_end() -> None:
    asked: list[Line] = [("c0", "n1", Request(1, 0, Add(1))), ("c1", "n1", Request(2, 0, Add(1)))]
    reply: list[Line] = [("n1", "c0", Reply(1, "ok", 1))]
    later: list[Line] = [*story(*ALL), ("c1", "n1", Request(3, 0, Add(1)))]
    assert broken("caspaxos", *asked, *reply) == {"answers-are-chosen"}
    quick = Parameters(give_up_after=10)
    assert broken("caspaxos", *asked, *later, *reply, parameters=quick) == set()
    assert broken("caspaxos", *asked, *later, *reply) == {"answers-are-chosen"}
