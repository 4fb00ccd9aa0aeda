"""A learner decides, an executor runs and answers, and a replica that lags gets the state of another."""

from __future__ import annotations

import pytest

from clew.systems.rsl.application import Add, AppReply, Cas, Counter, Delete, Get, KeyValue, Put, Read
from clew.systems.rsl.executor import Executor
from clew.systems.rsl.learner import Learner
from clew.systems.rsl.messages import AppStateRequest, AppStateSupply, Message2b, ReplyMessage, StartingPhase2
from clew.systems.rsl.types import Request, RequestBatch
from tests.systems.rsl.single_roles import FIRST, SECOND, batch, broadcast, constants, context, sent


def run(executor: Executor, *batches: RequestBatch) -> list[tuple[str, int, object]]:
    """Execute these batches. Returns (client, number, value) of each reply."""
    ctx = context()
    for each in batches:
        executor.get_decision(FIRST, each)
        executor.execute(ctx)
    return [(to, m.seqno_reply, m.reply.value) for to, m in sent(ctx)]


def test_a_quorum_of_votes_of_one_ballot_decides() -> None:
    learner = Learner(constants())
    learner.process_2b("n1", Message2b(FIRST, 0, batch(1)))
    learner.process_2b("n1", Message2b(FIRST, 0, batch(1)))
    assert learner.decision(0) is None
    learner.process_2b("n2", Message2b(SECOND, 0, batch(2)))
    assert learner.decision(0) is None
    learner.process_2b("n3", Message2b(FIRST, 0, batch(1)))
    assert learner.decision(0) is None
    learner.process_2b("n3", Message2b(SECOND, 0, batch(2)))
    assert learner.decision(0) == batch(2)


def test_a_request_runs_once_however_often_it_is_decided() -> None:
    executor = Executor(constants())
    assert run(executor, batch(1), batch(2), batch(2), batch(1)) == [("c0", 1, 1), ("c0", 2, 2), ("c0", 2, 2)]
    assert run(executor, batch(3)) == [("c0", 3, 3)]
    assert executor.ops_complete == 5


def test_a_satisfied_request_is_answered_from_the_cache() -> None:
    executor, ctx = Executor(constants()), context()
    run(executor, batch(4))
    assert executor.satisfied("c0", 4)
    assert executor.satisfied("c0", 3)
    assert not executor.satisfied("c0", 5)
    assert not executor.satisfied("c1", 1)
    executor.process_request(ctx, "c0", 3)
    assert sent(ctx) == [("c0", ReplyMessage(4, AppReply(1), 0, 0))]


def test_a_replica_that_lags_asks_all_replicas() -> None:
    executor, ctx = Executor(constants()), context()
    executor.process_starting_phase_2(ctx, StartingPhase2(FIRST, 0))
    assert sent(ctx) == []
    executor.process_starting_phase_2(ctx, StartingPhase2(FIRST, 1))
    assert sent(ctx) == broadcast(AppStateRequest(FIRST, 1))


def test_a_replica_that_took_over_a_state_runs_no_request_of_it_again() -> None:
    ahead, behind, ctx = Executor(constants()), Executor(constants(2)), context()
    run(ahead, batch(1), batch(2), batch(1, client="c1"))
    ahead.process_app_state_request(ctx, "n3", AppStateRequest(SECOND, 2))
    ((to, supply),) = sent(ctx)
    assert to == "n3"
    assert behind.process_app_state_supply(ctx, supply)
    assert (behind.ops_complete, behind.max_bal_reflected) == (3, FIRST)
    assert run(behind, batch(2), batch(3)) == [("c0", 2, 2), ("c0", 3, 4)]
    assert not behind.process_app_state_supply(ctx, supply)


@pytest.mark.parametrize("asked", [AppStateRequest(SECOND, 4), AppStateRequest(FIRST._replace(seqno=0), 1)])
def test_a_state_is_supplied_only_if_it_is_far_enough_and_not_ahead_of_the_view(
    asked: AppStateRequest,
) -> None:
    executor, ctx = Executor(constants()), context()
    run(executor, batch(1), batch(2), batch(3))
    executor.process_app_state_request(ctx, "n3", asked)
    assert sent(ctx) == []


def test_a_text_that_is_no_state_is_refused() -> None:
    executor, ctx = Executor(constants()), context()
    assert not executor.process_app_state_supply(ctx, AppStateSupply(FIRST, 9, "[[0", {}))
    assert executor.ops_complete == 0


def test_a_recovered_executor_goes_on_from_its_checkpoint() -> None:
    disk: dict[str, bytes] = {}
    executor = Executor(constants())
    run(executor, batch(1), batch(2))
    executor.checkpoint(context(disk=disk))
    run(executor, batch(3))
    again = Executor(constants())
    again.recover(context(disk=disk))
    assert again.ops_complete == 2
    # A request that the checkpoint contains does not run again. Its reply is in the reply cache of the checkpoint.
    assert run(again, batch(2)) == [("c0", 2, 2)]
    assert run(again, batch(3), batch(2), batch(4)) == [("c0", 3, 3), ("c0", 4, 4)]


def test_the_counter_counts() -> None:
    counter = Counter.initialize()
    assert counter.handle_request(Add(0, 2)) == AppReply(2)
    assert counter.handle_request(Add(1, 1)) == AppReply(1)
    assert counter.handle_request(Add(0, -1)) == AppReply(1)
    assert Counter.deserialize(counter.serialize()).handle_request(Read(0)) == AppReply(1)


def test_the_store_stores() -> None:
    store = KeyValue.initialize()
    assert store.handle_request(Get("k")) == AppReply(None)
    assert store.handle_request(Cas("k", None, "a")) == AppReply((None, "a"))
    assert store.handle_request(Cas("k", "b", "c")) == AppReply(error="mismatch")
    assert store.handle_request(Put(1, "x")) == AppReply("x")
    again = KeyValue.deserialize(store.serialize())
    assert again.handle_request(Get("k")) == AppReply("a")
    assert again.handle_request(Get(1)) == AppReply("x")
    assert again.handle_request(Delete("k")) == AppReply()
    assert again.handle_request(Get("k")) == AppReply(None)


@pytest.mark.parametrize("text", ["", "{}", "[[0]]", '[[0,"x"]]', "null"])
def test_a_text_that_no_counter_wrote_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        Counter.deserialize(text)


def test_requests_of_all_clients_keep_their_order() -> None:
    executor = Executor(constants())
    mixed = tuple(Request(client, 1, Add(0, 1)) for client in ("c2", "c0", "c1"))
    assert run(executor, mixed) == [("c2", 1, 1), ("c0", 1, 2), ("c1", 1, 3)]
