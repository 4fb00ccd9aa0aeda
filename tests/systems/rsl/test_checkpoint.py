"""What an executor has on disk leads to the state that it has announced, and costs what was executed."""

from __future__ import annotations

import random

import pytest

from clew.systems import Context, UnreadableDisk
from clew.systems.node import Write
from clew.systems.rsl.application import Get, Put
from clew.systems.rsl.checkpoint import LOG, STATE
from clew.systems.rsl.executor import Executor
from clew.systems.rsl.messages import AppStateSupply
from clew.systems.rsl.parameters import Constants, Parameters
from clew.systems.rsl.types import Ballot, Request

NODES = ("n1", "n2", "n3")
CONSTANTS = Constants(0, NODES, Parameters(application="kv"), 2)


def context(disk: dict[str, bytes]) -> Context:
    return Context("n1", NODES, random.Random(0), disk)


def run(executor: Executor, ctx: Context, *puts: tuple[int, str]) -> None:
    """Execute one batch for each put. Every one is a request of its own of the same client."""
    for key, value in puts:
        number = executor.ops_complete
        executor.get_decision(Ballot(1 + number // 50, 0), (Request("c0", number + 1, Put(key, value)),))
        executor.execute(ctx)


def written(executor: Executor, ctx: Context) -> dict[str, int]:
    """The bytes that a checkpoint writes, by key."""
    ctx.take()
    executor.checkpoint(ctx)
    return {effect.key: len(effect.value) for effect in ctx.take() if isinstance(effect, Write)}


def known(executor: Executor) -> tuple[object, ...]:
    """All that an executor knows."""
    replies = list(executor.reply_cache.items())
    return executor.ops_complete, executor.max_bal_reflected, executor.app.serialize(), replies


def recovered(disk: dict[str, bytes]) -> Executor:
    executor = Executor(CONSTANTS)
    executor.recover(context(dict(disk)))
    return executor


@pytest.mark.parametrize("keys", [100, 10_000])
def test_a_checkpoint_costs_what_was_executed_however_large_the_state_is(keys: int) -> None:
    executor, ctx = Executor(CONSTANTS), context({})
    run(executor, ctx, *((key, "x" * 20) for key in range(keys)))
    assert written(executor, ctx)[STATE] > 20 * keys
    for _ in range(3):
        run(executor, ctx, (7, "y" * 20), (8, "z" * 20))
        (cost,) = written(executor, ctx).values()
        assert cost < 250


def test_what_is_recovered_is_what_was_announced_wherever_checkpoints_and_crashes_come() -> None:
    rng = random.Random(0)
    kinds = set()
    for _ in range(20):
        disk: dict[str, bytes] = {}
        executor, ctx = Executor(CONSTANTS), context(disk)
        for _ in range(60):
            run(executor, ctx, *((rng.randrange(40), "v" * rng.randrange(30)) for _ in range(rng.randrange(4))))
            kinds |= {key.partition("/")[2][:3] for key in written(executor, ctx)}
            announced = known(executor)
            run(executor, ctx, (0, "not written"))
            assert known(recovered(disk)) == announced
            if rng.random() < 0.1:
                executor = recovered(disk)
    assert kinds == {"che", "log"}


def test_the_log_never_grows_larger_than_the_state() -> None:
    disk: dict[str, bytes] = {}
    executor, ctx = Executor(CONSTANTS), context(disk)
    for number in range(2_000):
        run(executor, ctx, (number % 50, "x" * 20))
        executor.checkpoint(ctx)
        log = sum(len(data) for key, data in disk.items() if key.startswith(LOG))
        assert log <= len(disk[STATE])
    assert len(disk) < 100


def test_a_crash_in_the_middle_of_a_checkpoint_leaves_the_last_or_this_one() -> None:
    disk: dict[str, bytes] = {}
    executor, ctx = Executor(CONSTANTS), context(disk)
    run(executor, ctx, *((key, "x") for key in range(20)))
    executor.checkpoint(ctx)
    cut = 0
    while cut < 2:
        before, last = dict(disk), known(executor)
        run(executor, ctx, (3, "y"))
        ctx.take()
        executor.checkpoint(ctx)
        writes = [effect for effect in ctx.take() if isinstance(effect, Write)]
        cut += len(writes) > 1
        for kept in range(len(writes) + 1):
            found = context(dict(before))
            for effect in writes[:kept]:
                found.disk.write(effect.key, None if bytes(effect.value) == b"null" else effect.value)
            again = Executor(CONSTANTS)
            again.recover(found)
            assert known(again) == (known(executor) if kept else last)


def test_after_a_supplied_state_the_log_begins_anew() -> None:
    disk: dict[str, bytes] = {}
    executor, ctx = Executor(CONSTANTS), context(disk)
    run(executor, ctx, *((key, "x") for key in range(50)))
    executor.checkpoint(ctx)
    supplied = Executor(CONSTANTS)
    run(supplied, context({}), *((key, "other") for key in range(70)))
    state = AppStateSupply(Ballot(9, 0), 70, supplied.app.serialize(), supplied.reply_cache)
    run(executor, ctx, (1, "executed before, and not written"))
    assert executor.process_app_state_supply(ctx, state)
    run(executor, ctx, (2, "after"))
    assert list(written(executor, ctx)) == [STATE]
    assert known(recovered(disk)) == known(executor)
    assert recovered(disk).app.handle_request(Get(60)).value == "other"


def test_a_log_with_a_hole_is_unreadable() -> None:
    disk: dict[str, bytes] = {}
    executor, ctx = Executor(CONSTANTS), context(disk)
    run(executor, ctx, *((key, "x") for key in range(50)))
    for _ in range(3):
        executor.checkpoint(ctx)
        run(executor, ctx, (1, "y"))
    del disk[f"{LOG}50"]
    with pytest.raises(UnreadableDisk, match="there is nothing just before it"):
        recovered(disk)
