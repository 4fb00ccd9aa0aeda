"""CASPaxos as a whole, under schedules that no network would come up with."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clew.systems import find_protocol
from clew.systems.caspaxos.parameters import Parameters
from tests.systems.cluster import Cluster
from tests.systems.schedules import ACTIONS, Step, follow, recover, steps

CASPAXOS = find_protocol("caspaxos")
CLUSTERS = [
    (3, Parameters()),
    (3, Parameters(one_round_trip=True)),
    (1, Parameters(one_round_trip=True)),
    (5, Parameters(prepare_quorum=4, accept_quorum=2)),
    (4, Parameters(prepare_quorum=2, accept_quorum=3, one_round_trip=True)),
]


def assert_right(cluster: Cluster, reads: list[int]) -> None:
    assert cluster.violations == []
    verdict = cluster.verdict()
    assert verdict.verdict == "valid", verdict.explanation
    assert {cluster.completed[read].type for read in reads} == {"ok"}


@given(
    st.sampled_from(CLUSTERS),
    st.lists(st.tuples(st.sampled_from(ACTIONS), st.integers(0, 4095)), max_size=120),
)
@settings(max_examples=24)
def test_any_schedule_is_linearizable_keeps_the_lemmas_and_recovers(
    shape: tuple[int, Parameters], schedule: list[Step]
) -> None:
    nodes, parameters = shape
    cluster = Cluster(CASPAXOS, parameters, nodes=nodes)
    follow(cluster, schedule)
    assert_right(cluster, recover(cluster))


@pytest.mark.parametrize(("nodes", "parameters"), CLUSTERS)
def test_long_schedules_are_linearizable_keep_the_lemmas_and_recover(nodes: int, parameters: Parameters) -> None:
    for seed in range(12):
        cluster = Cluster(CASPAXOS, parameters, nodes=nodes)
        follow(cluster, steps(seed, 1000), keys=2)
        assert_right(cluster, recover(cluster, keys=2))


def test_schedules_meet_every_outcome_and_every_message() -> None:
    ends, bodies = set(), set()
    for seed in range(60):
        cluster = Cluster(CASPAXOS, Parameters(give_up_after=150_000_000), nodes=3)
        follow(cluster, steps(seed, 1500))
        ends |= {(end.type, end.error) for end in cluster.completed.values()}
        bodies |= {type(sent.message).__name__ for sent in cluster.journal}
    assert bodies == {"Request", "Reply", "Prepare", "Promise", "Accept", "Accepted", "Conflict"}
    assert ends == {
        ("ok", None),
        ("fail", "mismatch"),
        ("fail", "no quorum"),
        ("info", "accept round failed"),
        ("info", "overtaken after a failed accept round"),
        ("info", "timeout"),
    }


def journal_digest() -> str:
    cluster = Cluster(CASPAXOS, Parameters(one_round_trip=True), nodes=5)
    follow(cluster, steps(0, 1000))
    return hashlib.sha256(msgspec.json.encode(cluster.journal)).hexdigest()


def test_a_schedule_determines_every_message_whatever_the_hash_seed() -> None:
    program = "from tests.systems.caspaxos.test_schedules import journal_digest; print(journal_digest())"
    root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
    digests = {
        subprocess.run(
            [sys.executable, "-c", program],
            cwd=root,
            env={**os.environ, "PYTHONHASHSEED": seed},
            check=True,
            capture_output=True,
            text=True,
        ).stdout.strip()
        for seed in ("1", "2")
    }
    assert digests == {journal_digest()}
