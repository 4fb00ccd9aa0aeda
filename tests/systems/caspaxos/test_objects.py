"""What clients take a register for, and to which proposers they send what they ask."""

from __future__ import annotations

from pathlib import Path

import pytest

from clew.harness.plan import loads, resolve
from clew.harness.run import simulate
from clew.harness.verdict.judge import judge
from clew.systems import find_protocol
from clew.systems.caspaxos.messages import Request
from clew.systems.caspaxos.parameters import Parameters
from tests.systems.cluster import Cluster

CASPAXOS = find_protocol("caspaxos")


def ends(object: str, *asked: tuple[str, object]) -> list[object]:
    """What clients are told, one after the other: the value of an `ok`, the error of a `fail`."""
    cluster = Cluster(CASPAXOS, Parameters(object=object, change_proposer=True), nodes=3)  # type: ignore[arg-type]
    numbers = []
    for f, value in asked:
        numbers.append(cluster.invoke(0, f, value))
        cluster.settle()
    assert cluster.violations == []
    assert cluster.verdict().verdict == "valid"
    return [cluster.completed[number].error or cluster.completed[number].value for number in numbers]


def test_a_versioned_register_is_initialized_once_and_updated_by_version() -> None:
    asked = [("read", None), ("init", 7), ("init", 8), ("cas", [0, 9]), ("cas", [0, 1]), ("read", None)]
    assert ends("versioned", *asked) == [None, [0, 7], [0, 7], [1, 9], "mismatch", [1, 9]]


def test_a_deleted_register_can_be_initialized_again() -> None:
    asked = [("init", 7), ("cas", [0, 8]), ("delete", None), ("read", None), ("init", 9)]
    assert ends("versioned", *asked) == [[0, 7], [1, 8], None, None, [0, 9]]


def test_a_counter_tells_the_sum() -> None:
    assert ends("counter", ("read", None), ("add-and-get", 1), ("add-and-get", 2), ("read", None)) == [0, 1, 3, 3]


def test_an_absent_text_of_a_kv_is_empty() -> None:
    asked = [("get", None), ("put", "a"), ("delete", None), ("cas", ["", "b"]), ("get", None)]
    assert ends("kv", *asked) == [None, "a", None, ["", "b"], "b"]


@pytest.mark.parametrize(("proposers", "asked"), [(None, {"n1", "n2", "n3"}), (2, {"n1", "n2"})])
def test_clients_may_change_the_proposer_and_use_only_some(proposers: int | None, asked: set[str]) -> None:
    for change, expected in ((True, asked), (False, {"n2"})):
        cluster = Cluster(CASPAXOS, Parameters(proposers=proposers, change_proposer=change), nodes=3)
        for _ in range(6):
            cluster.invoke(1, "read")
            cluster.settle()
        assert {sent.destination for sent in cluster.journal if isinstance(sent.message, Request)} == expected


OWN = """
from clew.systems import caspaxos

def add(state, amount):
    return {sum}

system = caspaxos.with_functions("adding", functions={{"add-and-get": add}})
"""
PLAN = """
name: adding
system: {name: adding.py, nodes: 3, object: counter}
workload: {kind: counter, clients: 2, operations: 20, mix: {add-and-get: 1}}
"""


@pytest.mark.parametrize(
    ("sum", "verdict"), [("(state or 0) + amount", "valid"), ("min((state or 0) + amount, 15)", "invalid")]
)
def test_a_system_has_change_functions_of_its_own(tmp_path: Path, sum: str, verdict: str) -> None:
    (tmp_path / "adding.py").write_text(OWN.format(sum=sum))
    plan = resolve(loads(PLAN, "plan.yaml", tmp_path))
    result = judge(plan, *simulate(plan))
    assert result.checks["linearizable"].verdict == verdict
    assert result.checks["invariants"].verdict == "valid"
