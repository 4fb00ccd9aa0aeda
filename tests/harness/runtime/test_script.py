"""What clients are told to do: how much, how fast, for how long, and with which values."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest

from clew.harness.plan import Plan, loads, resolve
from clew.harness.plan.streams import Streams
from clew.harness.runtime.script import Request, scripts
from clew.systems.node import Complete, Operation

PLAN = "name: w\nsystem: {{name: caspaxos, nodes: 3}}\nworkload: {{kind: cas-register, timeout: 1s, {}}}\n"
TRANSACTIONS = PLAN.replace("caspaxos", "two-phase-commit").replace("cas-register", "atomic-commit")
SECOND = 1_000_000_000


def requests(workload: str, *, latency: int = 0, text: str = PLAN) -> list[list[Request]]:
    """What each thread is told to do if every operation takes `latency` (ns) and is ok."""
    plan: Plan = resolve(loads(text.format(workload), "w.yaml", Path()))
    found = []
    for script in scripts(plan.workload, Streams(1)):
        told: list[Request] = []
        now = 0
        while (request := script.next(now)) is not None:
            told.append(request)
            now = request.time + latency
            operation = Operation(len(told), request.f, request.key, request.value)
            script.observe(operation, Complete("ok", request.value, None))
        found.append(told)
    return found


def test_operations_are_dealt_out_evenly() -> None:
    assert [len(told) for told in requests("clients: 3, operations: 11")] == [4, 4, 3]


def test_a_rate_is_that_of_all_clients_together() -> None:
    told = requests("clients: 4, operations: 4000, rate: 200")
    took = max(one[-1].time for one in told) / SECOND
    assert took == pytest.approx(20, rel=0.1)


def test_a_client_that_falls_behind_its_rate_goes_on_at_once() -> None:
    (told,) = requests("clients: 1, operations: 50, rate: 1000", latency=SECOND)
    gaps = [after.time - before.time for before, after in pairwise(told)]
    assert max(gaps) == SECOND + 1


def test_a_duration_ends_the_workload() -> None:
    for one in requests("clients: 2, duration: 3s, think: 10ms"):
        assert 2.9 * SECOND < one[-1].time < 3 * SECOND


def test_unique_values_are_never_written_twice() -> None:
    told = requests("clients: 3, operations: 600, values: unique, mix: {write: 1, cas: 1}")
    new = [request.value if request.f == "write" else request.value[1] for one in told for request in one]
    assert len(set(new)) == len(new)


def test_where_values_are_unique_a_compare_and_set_expects_what_was_seen_last() -> None:
    (told,) = requests("clients: 1, operations: 50, values: unique, mix: {cas: 1}")
    for before, after in pairwise(told):
        assert after.value[0] == before.value[1]


def test_small_values_keys_and_functions_are_drawn_from_all_there_are() -> None:
    told = requests("clients: 2, keys: 4, operations: 4000, values: 3, mix: {read: 1, write: 2, cas: 1}")
    every = [request for one in told for request in one]
    assert Counter(request.key for request in every).keys() == {0, 1, 2, 3}
    assert {request.value for request in every if request.f == "write"} == {0, 1, 2}
    shares = Counter(request.f for request in every)
    assert shares["write"] / len(every) == pytest.approx(0.5, abs=0.05)


@pytest.mark.parametrize(("values", "refusals"), [("unique", {0}), ("1", {0}), ("3", {0, 1, 2})])
def test_transactions_are_refused_by_nobody_or_by_as_many_as_the_plan_says(values: str, refusals: set[int]) -> None:
    told = requests(f"clients: 2, operations: 100, values: {values}", text=TRANSACTIONS)
    assert {request.value for one in told for request in one if request.f == "submit"} == refusals
    assert {request.value for one in told for request in one if request.f == "read"} == {None}
