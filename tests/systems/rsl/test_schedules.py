"""RSL as a whole, under schedules that no network would come up with, with strangers and old messages among them."""

from __future__ import annotations

import random
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clew.systems import find_protocol
from clew.systems.rsl.application import Add, Cas, Delete, Put
from clew.systems.rsl.messages import (
    AppStateRequest,
    AppStateSupply,
    Heartbeat,
    Message1b,
    Message2b,
    RequestMessage,
    StartingPhase2,
)
from clew.systems.rsl.parameters import Parameters
from clew.systems.rsl.types import Ballot
from tests.systems.cluster import Cluster
from tests.systems.rsl.single_roles import batch
from tests.systems.schedules import ACTIONS, Step, follow, steps

RSL = find_protocol("rsl")
MILLISECOND = 1_000_000
IMPATIENT = {
    "max_log_length": 3,
    "max_batch_size": 2,
    "max_batch_delay": MILLISECOND,
    "baseline_view_timeout_period": 20 * MILLISECOND,
    "heartbeat_period": 10 * MILLISECOND,
    "time_before_server_switch": 15 * MILLISECOND,
}
"""Short views and a short log, so that much happens in a few hundred steps."""
ELSEWHERE = 99
"""The key that strangers ask for. The history has another one."""
Noise = tuple[int, int]


def count_up(number: int, serial: int) -> tuple[str, Any]:
    return ("read", None) if number % 4 == 0 else ("add-and-get", 1)


def store(number: int, serial: int) -> tuple[str, Any]:
    return [("get", None), ("put", str(serial)), ("cas", [str(serial - 1), str(serial)]), ("delete", None)][number % 4]


def disturb(cluster: Cluster, kind: int, number: int) -> None:
    """Put a message in flight that no node has just sent: a copy of an old one, or one from a stranger."""
    receiver = cluster.names[number % len(cluster.names)]
    if kind % 2 and cluster.journal:
        echo = cluster.journal[number % len(cluster.journal)]
        cluster.flying.append((echo.id, echo.source, echo.destination, echo.message))
        return
    ballot = Ballot(1 + number % 5, number % 3)
    strangers: list[Any] = [
        Message2b(ballot, number % 9, batch(number % 7)),
        Message1b(ballot, number % 9, {}),
        Heartbeat(ballot, True, number % 99),
        StartingPhase2(ballot, number % 99),
        AppStateSupply(ballot, number % 99, "[]", {}),
        AppStateRequest(ballot, 0),
    ]
    seqno = number % 50
    asks = [Add(ELSEWHERE, seqno), Put(ELSEWHERE, "s"), Cas(ELSEWHERE, None, "s"), Delete(ELSEWHERE)]
    stranger = f"stranger{number % 3}"
    if kind % 4:
        # Whoever sends a request is a client: an invariant knows its requests, and each has a number of its own.
        cluster.send(stranger, receiver, RequestMessage(seqno, asks[seqno % len(asks)]))
    else:
        cluster.flying.append((-1, stranger, receiver, strangers[number % len(strangers)]))


def live(cluster: Cluster, schedule: list[Step], noise: list[Noise]) -> None:
    """Follow the schedule with disturbances. Then restart all nodes, and have each client ask until it is answered."""
    ask, read = (count_up, "read") if cluster.parameters.application == "counter" else (store, "get")
    every = len(schedule) // (len(noise) + 1) + 1
    for turn in range(0, len(schedule), every):
        follow(cluster, schedule[turn : turn + every], operation=ask)
        if noise:
            disturb(cluster, *noise[turn // every % len(noise)])
    for name in cluster.names:
        if not cluster.up(name):
            cluster.restart(name)
    for thread in range(3):
        cluster.invoke(thread, read)
        for _ in range(20_000):
            if not cluster.busy(thread):
                break
            if cluster.flying:
                cluster.deliver(cluster.flying[0])
            else:
                cluster.wake(*cluster.earliest())
        assert not cluster.busy(thread), f"client {thread} is not answered"


def assert_right(cluster: Cluster) -> None:
    assert cluster.violations == []
    verdict = cluster.verdict()
    assert verdict.verdict == "valid", verdict.explanation


numbers = st.integers(0, 4095)


@given(
    st.sampled_from(["counter", "kv"]),
    st.sampled_from([1, 3, 4]),
    st.lists(st.tuples(st.sampled_from(ACTIONS), numbers), max_size=150),
    st.lists(st.tuples(numbers, numbers), max_size=15),
)
@settings(max_examples=16)
def test_any_schedule_is_linearizable_keeps_the_lemmas_and_recovers(
    application: Any, nodes: int, schedule: list[Step], noise: list[Noise]
) -> None:
    cluster = Cluster(RSL, Parameters(application=application, **IMPATIENT), nodes=nodes)
    live(cluster, schedule, noise)
    assert_right(cluster)


def lived(seed: int, application: Any = "counter", variant: str | None = None) -> Cluster:
    """A cluster after a long random schedule."""
    rng = random.Random(seed)
    cluster = Cluster(RSL, Parameters(application=application, **IMPATIENT), nodes=3, variant=variant)
    live(cluster, steps(seed, 2000), [(rng.randrange(4096), rng.randrange(4096)) for _ in range(100)])
    return cluster


@pytest.mark.parametrize("application", ["counter", "kv"])
def test_long_schedules_are_linearizable_keep_the_lemmas_and_recover(application: Any) -> None:
    bodies, views = set(), set()
    for seed in range(12):
        cluster = lived(seed, application)
        assert_right(cluster)
        bodies |= {type(sent.message) for sent in cluster.journal}
        views |= {(seed, sent.message.bal_2) for sent in cluster.journal if isinstance(sent.message, StartingPhase2)}
    assert bodies == set(get_args(RSL.messages))
    assert len(views) > 4 * 12


@pytest.mark.parametrize(
    "variant", ["forgets-promises", "ignores-promises", "votes-without-promising", "counts-duplicates", "amnesia"]
)
def test_long_schedules_break_a_lemma_of_these_variants(variant: str) -> None:
    assert any(lived(seed, variant=variant).violations for seed in range(12))
