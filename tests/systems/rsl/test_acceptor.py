"""An acceptor promises, votes and truncates its log, and recovers from a crash."""

from __future__ import annotations

import pytest

from clew.systems.node import Send, Write
from clew.systems.rsl.acceptor import Acceptor
from clew.systems.rsl.messages import Heartbeat, Message1a, Message1b, Message2a, Message2b
from clew.systems.rsl.types import Ballot, Vote
from tests.systems.rsl.single_roles import FIRST, SECOND, THIRD, batch, broadcast, constants, context, sent


def test_a_higher_ballot_is_promised_with_all_votes() -> None:
    acceptor, ctx = Acceptor(constants()), context()
    acceptor.process_2a(ctx, Message2a(FIRST, 3, batch(1)))
    sent(ctx)
    acceptor.process_1a(ctx, "n2", Message1a(SECOND))
    assert sent(ctx) == [("n2", Message1b(SECOND, 0, {3: Vote(FIRST, batch(1))}))]


@pytest.mark.parametrize("ballot", [FIRST, SECOND])
def test_a_ballot_that_is_not_higher_is_not_promised(ballot: Ballot) -> None:
    acceptor, ctx = Acceptor(constants()), context()
    acceptor.process_1a(ctx, "n2", Message1a(SECOND))
    sent(ctx)
    acceptor.process_1a(ctx, "n1", Message1a(ballot))
    assert sent(ctx) == []


def test_a_vote_is_sent_to_all_replicas_and_is_a_promise() -> None:
    acceptor, ctx = Acceptor(constants()), context()
    acceptor.process_2a(ctx, Message2a(SECOND, 0, batch(1)))
    assert sent(ctx) == broadcast(Message2b(SECOND, 0, batch(1)))
    assert acceptor.max_bal == SECOND


def test_a_vote_truncates_the_log_to_its_length() -> None:
    acceptor, ctx = Acceptor(constants(max_log_length=3)), context()
    for opn in range(5):
        acceptor.process_2a(ctx, Message2a(FIRST, opn, batch(opn)))
    assert acceptor.log_truncation_point == 2
    assert list(acceptor.votes) == [2, 3, 4]


def test_a_vote_below_the_truncation_point_is_sent_but_not_kept() -> None:
    acceptor, ctx = Acceptor(constants()), context()
    acceptor.truncate_log(ctx, 5)
    acceptor.process_2a(ctx, Message2a(FIRST, 4, batch(1)))
    assert sent(ctx) == broadcast(Message2b(FIRST, 4, batch(1)))
    assert acceptor.votes == {}


def test_checkpoints_never_go_back_and_the_log_is_truncated_at_that_of_a_quorum() -> None:
    acceptor = Acceptor(constants())
    for source, checkpoint in (("n1", 9), ("n2", 4), ("n2", 3), ("n3", 2)):
        acceptor.process_heartbeat(source, Heartbeat(FIRST, False, checkpoint))
    assert acceptor.last_checkpointed_operation == [9, 4, 2]
    assert acceptor.valid_log_truncation_point() == acceptor.checkpointed_by_quorum == 4


def test_without_durability_nothing_is_written() -> None:
    acceptor, ctx = Acceptor(constants(durability="none")), context()
    acceptor.process_1a(ctx, "n2", Message1a(FIRST))
    acceptor.process_2a(ctx, Message2a(FIRST, 0, batch(1)))
    assert {type(effect) for effect in ctx.take()} == {Send}


@pytest.mark.parametrize("length", [1, 2, 3, 7, 2**62])
def test_a_recovered_acceptor_has_every_vote_from_its_truncation_point_on(length: int) -> None:
    disk: dict[str, bytes] = {}
    acceptor, ctx = Acceptor(constants(max_log_length=length)), context(disk=disk)
    ballots = [FIRST, FIRST, SECOND, THIRD]
    for step, opn in enumerate([0, 1, 0, 2, 4, 3, 8, 7, 9, 9, 11]):
        acceptor.process_2a(ctx, Message2a(ballots[min(step // 3, 3)], opn, batch(step)))
        if step == 6:
            acceptor.truncate_log(ctx, 8)
        again = Acceptor(constants(max_log_length=length))
        again.recover(context(disk=disk))
        assert again.max_bal == acceptor.max_bal
        assert again.log_truncation_point <= acceptor.log_truncation_point
        told = {opn: vote for opn, vote in again.votes.items() if opn >= acceptor.log_truncation_point}
        assert told == acceptor.votes


def test_a_crash_between_the_writes_of_a_vote_leaves_its_promise() -> None:
    disk: dict[str, bytes] = {}
    acceptor, ctx = Acceptor(constants()), context()
    acceptor.process_1a(ctx, "n2", Message1a(FIRST))
    ctx.take()
    acceptor.process_2a(ctx, Message2a(SECOND, 0, batch(1)))
    writes = [effect for effect in ctx.take() if isinstance(effect, Write)]
    disk[writes[0].key] = bytes(writes[0].value)
    again = Acceptor(constants())
    again.recover(context(disk=disk))
    assert again.max_bal == SECOND
    assert again.votes == {}
