"""Every invariant reports the message that breaks its lemma, and explains it in words."""

from __future__ import annotations

import pytest

from clew.systems.paxos.messages import NEVER, Accept, Accepted, Ballot, Decision, Promise, Request
from tests.systems.observing import Line, broken, explain

ONE, TWO = (Ballot(round, "n1") for round in (1, 2))


def ask(value: int) -> Line:
    return "c0", "n1", Request(value, 0, value)


def promise(acceptor: str, ballot: Ballot, accepted: Ballot = NEVER, value: int | None = None) -> Line:
    return acceptor, "n1", Promise(0, ballot, accepted, value)


def accept(ballot: Ballot, value: int) -> Line:
    return "n1", "n2", Accept(0, ballot, value)


def vote(acceptor: str, ballot: Ballot, value: int) -> Line:
    return acceptor, "n1", Accepted(0, ballot, value)


CHOSEN: list[Line] = [
    *(ask(7), promise("n1", ONE), promise("n2", ONE), accept(ONE, 7), vote("n1", ONE, 7), vote("n2", ONE, 7)),
    ("n1", "c0", Decision(7, 0, 7)),
]
RIGHT = [*CHOSEN, ask(8), promise("n2", TWO, ONE, 7), promise("n3", TWO), accept(TWO, 7), vote("n3", TWO, 7)]


@pytest.mark.parametrize(
    ("name", "words", "lines"),
    [
        (
            "promises-are-kept",
            "n2 had promised to accept nothing below ballot 2/n1 for key 0, and now takes part in ballot 1/n1",
            [promise("n2", TWO), vote("n2", ONE, 7)],
        ),
        (
            "votes-are-reported",
            "n2 voted at ballot 1/n1 for key 0, but in its promise for ballot 2/n1 reports its last vote at never",
            [vote("n2", ONE, 7), promise("n2", TWO)],
        ),
        ("proposals-are-from-clients", "n1 proposes 7 for key 0, and no client has", [accept(ONE, 7)]),
        ("one-value-per-ballot", "ballot 1/n1 for key 0 stands for 7 and for 8", [accept(ONE, 7), vote("n2", ONE, 8)]),
        (
            "proposals-are-safe",
            "n1 proposes 8 at ballot 2/n1 for key 0, but no majority of promises for this ballot allows that value",
            [*CHOSEN, ask(8), promise("n2", TWO, ONE, 7), promise("n3", TWO), accept(TWO, 8)],
        ),
        (
            "chosen-value-stays",
            "7 is chosen for key 0 at ballot 1/n1, but 8 is proposed at ballot 2/n1",
            [*CHOSEN, accept(TWO, 8)],
        ),
        (
            "decisions-are-chosen",
            "n1 says that 8 is decided for key 0, but 7 is chosen",
            [*CHOSEN, ("n1", "c0", Decision(8, 0, 8))],
        ),
        (
            "decisions-are-chosen",
            "n1 says that 7 is decided for key 0, but nothing is chosen",
            [vote("n1", ONE, 7), ("n1", "c0", Decision(7, 0, 7))],
        ),
    ],
)
def test_a_broken_lemma_is_found_and_explained(name: str, words: str, lines: list[Line]) -> None:
    assert words in explain("paxos", name, *lines)


def test_an_old_proposal_is_compared_with_what_clients_ask_for_until_a_client_knows_what_is_decided() -> None:
    """Before and after a client is told that 7 is decided, n1 proposes 9 below the ballot that was chosen."""
    stray = [promise("n1", ONE), promise("n2", ONE), accept(ONE, 9)]
    chosen = [ask(7), promise("n2", TWO), promise("n3", TWO), accept(TWO, 7), vote("n2", TWO, 7), vote("n3", TWO, 7)]
    told: list[Line] = [("n1", "c0", Decision(7, 0, 7))]
    assert "proposals-are-from-clients" in broken("paxos", *chosen, *stray)
    assert "proposals-are-from-clients" not in broken("paxos", *chosen, *told, *stray)
    nothing: list[Line] = [("n1", "c1", Decision(8, 0, None))]
    assert "proposals-are-from-clients" in broken("paxos", *nothing, *stray)
