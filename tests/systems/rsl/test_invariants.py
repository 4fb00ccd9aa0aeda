"""Each invariant reports messages that break its lemma, and reports none that do not."""

from __future__ import annotations

from typing import Any

import pytest

from clew.systems.rsl.application import Add, AppReply
from clew.systems.rsl.messages import (
    AppStateSupply,
    Heartbeat,
    Message1a,
    Message1b,
    Message2a,
    Message2b,
    ReplyMessage,
    RequestMessage,
    StartingPhase2,
)
from clew.systems.rsl.types import Ballot, Request, Vote
from tests.systems import observing
from tests.systems.observing import Line
from tests.systems.rsl.single_roles import FIRST, SECOND, THIRD, batch

A, B = batch(1), batch(2)
Said = tuple[str, Any] | tuple[str, Any, str]


def lines(*said: Said) -> list[Line]:
    """These messages, after the client has sent requests 1 and 2. They go to n1 unless they name another."""
    asked: list[Said] = [("c0", RequestMessage(seqno, Add(0, 1))) for seqno in (1, 2)]
    return [(source, to[0] if to else "n1", message) for source, message, *to in [*asked, *said]]


def broken(*said: Said) -> set[str]:
    """The invariants that these messages break."""
    return observing.broken("rsl", *lines(*said))


def open_view(view: Ballot, *votes: Any) -> list[Said]:
    """1b's of n1 and n2 for this view."""
    return [
        (source, Message1b(view, 0, reported)) for source, reported in zip(("n1", "n2"), votes or ({}, {}), strict=True)
    ]


def chosen(view: Ballot, opn: int, value: Any, *voters: str) -> list[Said]:
    return [
        (f"n{view.proposer_id + 1}", Message2a(view, opn, value)),
        *((voter, Message2b(view, opn, value)) for voter in voters or ("n1", "n2")),
    ]


def reply(seqno: int, value: int, opn: int = 0) -> ReplyMessage:
    return ReplyMessage(seqno, AppReply(value), opn, 0)


def supply(opn: int, value: int, last: int | None = None) -> AppStateSupply:
    """The state after the first `opn` requests, if `value` and `last` are `opn`."""
    last = opn if last is None else last
    return AppStateSupply(FIRST, opn, f"[[0,{value}]]", {"c0": reply(last, last, last - 1)})


RIGHT = lines(
    *open_view(FIRST),
    *chosen(FIRST, 0, A),
    ("n1", reply(1, 1), "c0"),
    ("n2", reply(1, 1), "c0"),
    *open_view(SECOND, {0: Vote(FIRST, A)}, {0: Vote(FIRST, A)}),
    *chosen(SECOND, 0, A, "n2", "n3"),
    *chosen(SECOND, 1, B, "n2", "n3"),
    ("n3", reply(2, 2, 1), "c0"),
    ("n3", supply(2, 2)),
    ("n1", supply(1, 1)),
)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("every-2b-has-its-2a", [("n1", Message2b(FIRST, 0, A))]),
        ("every-2b-has-its-2a", [*open_view(FIRST), ("n1", Message2a(FIRST, 0, A)), ("n2", Message2b(FIRST, 0, B))]),
        (
            "one-value-per-ballot-and-operation",
            [*open_view(FIRST), ("n1", Message2a(FIRST, 0, A)), ("n1", Message2a(FIRST, 0, B))],
        ),
        (
            "vote-in-1b-is-from-earlier-ballot",
            [*open_view(SECOND), ("n2", Message2a(SECOND, 0, A)), ("n3", Message1b(SECOND, 0, {0: Vote(SECOND, A)}))],
        ),
        ("vote-in-1b-was-a-2a", [("n1", Message1b(SECOND, 0, {0: Vote(FIRST, A)}))]),
        (
            "no-1b-hides-votes",
            [*open_view(FIRST), *chosen(FIRST, 0, A, "n3"), ("n3", Message1b(SECOND, 0, {}))],
        ),
        (
            "promises-are-kept",
            [*open_view(FIRST), ("n1", Message1b(SECOND, 0, {})), *chosen(FIRST, 0, A, "n1")],
        ),
        ("promises-are-kept", [("n1", Message1b(SECOND, 0, {})), ("n1", Message1b(SECOND, 0, {}))]),
        (
            "promises-are-kept",
            [*open_view(FIRST), *chosen(FIRST, 0, A, "n1"), *chosen(SECOND, 0, A, "n3"), *chosen(FIRST, 0, A, "n3")],
        ),
        ("promises-are-kept", [*chosen(SECOND, 0, A, "n3"), ("n3", Message1b(SECOND, 0, {}))]),
        ("quorum-of-1b-permits-2a", [open_view(FIRST)[0], ("n1", Message2a(FIRST, 0, A))]),
        (
            "quorum-of-1b-permits-2a",
            [
                *open_view(FIRST),
                *chosen(FIRST, 0, A, "n1"),
                *open_view(SECOND, {0: Vote(FIRST, A)}, {}),
                ("n2", Message2a(SECOND, 0, B)),
            ],
        ),
        (
            "quorum-of-1b-permits-2a",
            [
                ("n1", Message1b(FIRST, 3, {})),
                ("n2", Message1b(FIRST, 0, {})),
                ("n1", Message2a(FIRST, 2, A)),
            ],
        ),
        (
            "chosen-value-binds-later-2a",
            [*open_view(FIRST), *chosen(FIRST, 0, A), *open_view(SECOND), ("n2", Message2a(SECOND, 0, B))],
        ),
        (
            "chosen-value-binds-later-2a",
            [
                *open_view(FIRST),
                *chosen(FIRST, 0, A, "n1"),
                *open_view(SECOND),
                ("n2", Message2a(SECOND, 0, B)),
                ("n3", Message2b(FIRST, 0, A)),
            ],
        ),
        (
            "chosen-quorums-match",
            [*open_view(FIRST), *chosen(FIRST, 0, A), *open_view(SECOND), *chosen(SECOND, 0, B, "n2", "n3")],
        ),
        (
            "executors-agree",
            [*open_view(FIRST), *chosen(FIRST, 0, A), ("n1", reply(1, 1), "c0"), ("n2", reply(1, 2), "c0")],
        ),
        (
            "executors-agree",
            [*open_view(FIRST), *chosen(FIRST, 0, A), ("n1", reply(1, 1), "c0"), ("n2", reply(2, 1), "c0")],
        ),
        ("replies-are-chosen", [*open_view(FIRST), *chosen(FIRST, 0, A, "n1"), ("n1", reply(1, 1), "c0")]),
        ("replies-are-chosen", [*open_view(FIRST), *chosen(FIRST, 0, A), ("n1", reply(2, 1), "c0")]),
        (
            "requests-run-once",
            [*open_view(FIRST), *chosen(FIRST, 0, A), ("n1", reply(1, 1), "c0"), ("n2", reply(1, 2, 1), "c0")],
        ),
        ("leaders-use-their-own-ballots", [("n1", Message1a(SECOND))]),
        ("leaders-use-their-own-ballots", [*open_view(SECOND), ("n1", Message2a(SECOND, 0, A))]),
        ("leaders-use-their-own-ballots", [("n1", Message1a(Ballot(1, 3)))]),
        ("leaders-have-a-quorum", [*open_view(FIRST)[:1], *open_view(FIRST)[:1], ("n1", StartingPhase2(FIRST, 0))]),
        ("leaders-have-a-quorum", [*open_view(FIRST), ("n2", StartingPhase2(SECOND, 0))]),
        ("requests-are-from-clients", [*open_view(FIRST), ("n1", Message2a(FIRST, 0, batch(3)))]),
        ("requests-are-from-clients", [*open_view(FIRST), ("n1", Message2a(FIRST, 0, batch(1, client="c1")))]),
        (
            "requests-are-from-clients",
            [*open_view(FIRST), ("n1", Message2a(FIRST, 0, (Request("c0", 1, Add(0, 2)),)))],
        ),
        ("supplied-states-are-chosen", [*open_view(FIRST), *chosen(FIRST, 0, A), ("n1", supply(1, 2))]),
        ("supplied-states-are-chosen", [*open_view(FIRST), *chosen(FIRST, 0, A), ("n1", supply(2, 1, 1))]),
        ("supplied-states-are-chosen", [*open_view(FIRST), *chosen(FIRST, 0, A), ("n1", supply(1, 1, 2))]),
        ("supplied-states-are-chosen", [*open_view(FIRST), *chosen(FIRST, 0, A, "n1"), ("n1", supply(1, 1))]),
        ("truncation-is-checkpointed", [("n1", Heartbeat(FIRST, False, 5)), ("n1", Message1b(SECOND, 5, {}))]),
        ("checkpoints-never-fall", [("n1", Heartbeat(FIRST, False, 5)), ("n1", Heartbeat(FIRST, False, 4))]),
    ],
)
def test_an_invariant_reports_what_breaks_its_lemma(name: str, said: list[Said]) -> None:
    assert name in broken(*said)


def test_a_log_that_is_truncated_at_the_checkpoint_of_a_quorum_breaks_nothing() -> None:
    heartbeats: list[Said] = [("n1", Heartbeat(FIRST, False, 5)), ("n3", Heartbeat(FIRST, False, 7))]
    assert broken(*heartbeats, ("n2", Message1b(SECOND, 5, {}))) == set()


def test_a_1b_need_not_report_what_is_truncated() -> None:
    said = [
        *open_view(FIRST),
        *chosen(FIRST, 0, A),
        ("n1", Heartbeat(FIRST, False, 1)),
        ("n2", Heartbeat(FIRST, False, 1)),
        ("n1", Message1b(THIRD, 1, {})),
    ]
    assert broken(*said) == set()


def test_a_retransmitted_request_that_is_decided_twice_counts_once_in_a_supplied_state() -> None:
    said = [*open_view(FIRST), *chosen(FIRST, 0, A), *chosen(FIRST, 1, A), *chosen(FIRST, 2, B)]
    state = AppStateSupply(FIRST, 3, "[[0,2]]", {"c0": reply(2, 2, 2)})
    assert broken(*said, ("n1", state)) == set()
    assert broken(*said, ("n1", AppStateSupply(FIRST, 3, "[[0,3]]", state.reply_cache))) == {
        "supplied-states-are-chosen"
    }


def test_many_states_may_be_supplied_in_any_order() -> None:
    said: list[Said] = [*open_view(FIRST)]
    said += [said for seqno in range(1, 31) for said in chosen(FIRST, seqno - 1, batch(seqno))]
    asked: list[Said] = [("c0", RequestMessage(seqno, Add(0, 1))) for seqno in range(1, 31)]
    supplies: list[Said] = [("n1", supply(opn, opn)) for opn in (*range(10, 31, 2), *range(30, 0, -1))]
    assert broken(*asked, *said, *supplies) == set()
    assert broken(*asked, *said, *supplies, ("n1", supply(7, 8))) == {"supplied-states-are-chosen"}


def settled(*said: Said) -> list[Said]:
    """Requests 1 and 2 run at places 0 and 1, and all replicas announce it. Then these messages come."""
    ran: list[Said] = [
        *open_view(FIRST),
        *chosen(FIRST, 0, A),
        *chosen(FIRST, 1, B),
        ("n1", reply(1, 1), "c0"),
        ("n1", reply(2, 2, 1), "c0"),
    ]
    return [*ran, *((node, Heartbeat(FIRST, False, 2)) for node in ("n1", "n2", "n3")), *said]


@pytest.mark.parametrize(
    ("name", "late"),
    [
        ("executors-agree", ("n2", reply(2, 3, 1), "c0")),
        ("executors-agree", ("n2", reply(1, 1), "c0")),
        ("executors-agree", ("n2", reply(2, 2, 1), "c1")),
        ("requests-run-once", ("n2", reply(2, 2, 2), "c0")),
        ("requests-run-once", ("n2", reply(1, 1, 2), "c0")),
        ("requests-run-once", ("n2", reply(2, 2), "c0")),
        ("replies-are-chosen", ("n2", reply(3, 3, 2), "c0")),
        ("supplied-states-are-chosen", ("n2", supply(1, 1))),
        ("supplied-states-are-chosen", ("n2", supply(2, 1))),
        ("quorum-of-1b-permits-2a", ("n2", Message2a(SECOND, 0, A))),
        ("requests-are-from-clients", ("n1", Message2a(FIRST, 2, batch(3)))),
        ("promises-are-kept", ("n1", Message1b(FIRST, 2, {}))),
    ],
)
def test_an_invariant_that_has_forgotten_what_all_have_executed_still_reports_what_breaks_it(
    name: str, late: Said
) -> None:
    assert broken(*settled(late)) >= {name}


def test_what_comes_late_about_a_place_that_all_have_executed_breaks_nothing() -> None:
    late: list[Said] = [
        ("n2", reply(2, 2, 1), "c0"),
        ("n2", supply(2, 2)),
        ("n1", Message2a(FIRST, 1, B)),
        ("n3", Message2b(FIRST, 1, B)),
        ("n3", Message1b(SECOND, 0, {0: Vote(FIRST, A), 1: Vote(FIRST, B)})),
        ("n1", Message2a(FIRST, 2, A)),  # A request that has run may be decided again.
    ]
    assert broken(*settled(*late)) == set()


def test_a_replica_that_lags_holds_back_what_is_forgotten() -> None:
    said = settled()[:-1]  # n3 has not announced that it has executed place 1.
    for checkpoint in (0, 1):
        late: list[Said] = [("n3", Heartbeat(FIRST, False, checkpoint)), ("n3", reply(1, 1), "c0")]
        assert broken(*said, *late) == set()
    assert broken(*settled(("n3", reply(1, 1), "c0"))) == {"executors-agree"}


def test_a_leader_that_goes_back_to_an_earlier_ballot_has_no_quorum() -> None:
    higher = Ballot(FIRST.seqno + 1, FIRST.proposer_id)
    said: list[Said] = [
        *open_view(FIRST),
        ("n1", Message1a(higher)),
        *open_view(higher),
        ("n1", Message2a(FIRST, 0, A)),
    ]
    assert broken(*said) == {"quorum-of-1b-permits-2a"}
    assert "leaders-have-a-quorum" in broken(*said[:-1], ("n1", StartingPhase2(FIRST, 0)))
