"""Monitors know no more after five times as many operations, if all nodes keep up. Nor do most nodes."""

from __future__ import annotations

import pytest

from tests.systems.growing import at_the_end, size

LENGTHS = {
    "caspaxos-contention-storm": ("workload.operations=100", "workload.operations=500"),
    "raft-membership": ("workload.duration=3s", "workload.duration=15s"),
    "paxos-duel": ("workload.operations=100", "workload.operations=500"),
    "multipaxos-duel": ("workload.operations=80", "workload.operations=400"),
    "two-phase-commit-storm": ("workload.operations=300", "workload.operations=1500"),
    "disco-storm": ("workload.operations=200", "workload.operations=1000"),
    "mapreduce-storm": ("workload.operations=100", "workload.operations=500"),
}
"""For each plan: a run, and one that is five times as long on the same keys."""
SETTINGS = {
    "multipaxos-duel": ("network.drop=0.02",),  # Instances take fewer rounds, and the test less time.
    "mapreduce-storm": ("workload.mix={append: 1, count: 60}",),  # Jobs are about inputs that hardly grow.
}
KEEP_ALL = {"multipaxos-duel", "mapreduce-storm"}
"""Plans of systems whose nodes keep everything: the log, the files of all jobs."""


LONG = {"mapreduce-storm"}
"""`tests/systems/mapreduce/test_invariants.py` has what is forgotten there."""


@pytest.mark.parametrize("plan", [pytest.param(plan, marks=[pytest.mark.long] * (plan in LONG)) for plan in LENGTHS])
def test_nodes_and_invariants_do_not_grow_with_the_length_of_the_run(plan: str) -> None:
    (nodes, invariants), (nodes_later, invariants_later) = (
        at_the_end(plan, (length, *SETTINGS.get(plan, ()))) for length in LENGTHS[plan]
    )
    node, node_later = (max(size(vars(one)) for one in made) for made in (nodes, nodes_later))
    assert plan in KEEP_ALL or 1_000 < node_later < 2 * node
    assert 10_000 < size(invariants_later) < 2 * size(invariants)
