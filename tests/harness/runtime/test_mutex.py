"""What clients do with locks: they acquire and release in turn, and at the end each of them gets each lock once."""

from __future__ import annotations

from pathlib import Path

import pytest

from clew.harness.plan import Plan, dump, loads, resolve
from clew.harness.plan.error import PlanError
from clew.harness.plan.streams import Streams
from clew.harness.runtime.final_reads import FinalReads
from clew.harness.runtime.script import Request, Script, scripts
from clew.harness.runtime.thread import Thread
from clew.systems.node import Complete, Operation

TEXT = """
name: locks
system: {name: etcd, nodes: 3, object: mutex}
runtime: live
workload: {kind: mutex, clients: 1, keys: 3, operations: 100}
"""


def plan(text: str = TEXT) -> Plan:
    return resolve(loads(text, "locks.yaml", Path()))


def does(script: Script, *ends: str) -> list[tuple[str, int]]:
    """What a client does if its operations end like this."""
    told = []
    for number, end in enumerate(ends):
        request = script.next(number)
        assert request is not None
        told.append((request.f, request.key))
        operation = Operation(number, request.f, request.key, None)
        script.observe(operation, Complete(end, None, None))  # type: ignore[arg-type]
    return told


def test_a_client_releases_what_it_has_acquired_before_it_acquires_another() -> None:
    (script,) = scripts(plan().workload, Streams(1))
    told = does(script, "fail", "ok", "fail", "ok", "ok", "info", "ok")
    assert [f for f, _ in told] == ["acquire", "acquire", "release", "release", "acquire", "release", "acquire"]
    # It releases the lock that it has.
    assert told[1][1] == told[2][1] == told[3][1]
    assert told[4][1] == told[5][1]


def test_after_an_unknown_outcome_another_process_has_no_lock() -> None:
    (script,) = scripts(plan().workload, Streams(1))
    assert [f for f, _ in does(script, "info", "ok", "info", "ok")] == ["acquire", "acquire", "release", "acquire"]


def final(*ends: str) -> list[tuple[str, int]]:
    """The final operations of a client until all locks were had, if they end like this."""
    reads = FinalReads(plan(), 1)
    thread = Thread(0, scripts(plan().workload, Streams(1))[0])
    told = []
    request: Request | None = reads.next(thread, 0)
    for end in ends:
        assert request is not None
        told.append((request.f, request.key))
        thread.request = request
        request = reads.answered(thread, Complete(end, None, None), 0)  # type: ignore[arg-type]
    assert (request is None) == reads.all_answered
    return told


def test_at_the_end_each_lock_is_acquired_and_released_once() -> None:
    locks = [(f, key) for key in range(3) for f in ("acquire", "release")]
    assert final(*["ok"] * 6) == locks


def test_a_client_that_still_has_a_lock_of_the_workload_releases_it_first() -> None:
    told = final("fail", "ok", "ok", "ok", "ok")
    assert [f for f, _ in told] == ["acquire", "release", "acquire", "release", "acquire"]
    assert [key for _, key in told] == [0, 0, 0, 0, 1]


def test_a_mutex_has_no_mix_and_comes_back_from_its_yaml() -> None:
    with pytest.raises(PlanError, match="in turn; mix has no meaning for a mutex"):
        plan(TEXT.replace("keys: 3", "keys: 3, mix: {acquire: 1}"))
    assert plan(dump(plan())) == plan()
