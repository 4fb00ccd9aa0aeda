"""What the comments of the plans of Raft, of both Paxos, two-phase commit, MapReduce and Disco say, on some seeds."""

from __future__ import annotations

import pytest

from tests.harness.plans import HUNTS, PROMISES, WHICH, assert_promise, run, seeds_named

SYSTEMS = ("raft-", "paxos-", "multipaxos-", "two-phase-commit-", "mapreduce-", "disco-")
CORRECT = [name for name in PROMISES if name.startswith(SYSTEMS)]
WRONG = [name for name in HUNTS if name.startswith(SYSTEMS)]


@pytest.mark.parametrize("seed", [0, pytest.param(100, marks=pytest.mark.long)])
@pytest.mark.parametrize("name", CORRECT)
def test_the_correct_system_is_valid(name: str, seed: int) -> None:
    """Also under the plans that find a mistake, without the mistake."""
    assert_promise(name, seed)


@WHICH
@pytest.mark.parametrize("name", WRONG)
def test_a_mistake_is_found_by_clients_and_by_a_lemma_on_the_seeds_that_its_plan_names(name: str, which: str) -> None:
    for seed in seeds_named(name, which):
        result = run(name, seed)
        assert result.checks["linearizable"].verdict == "invalid", seed
        assert result.checks["invariants"].verdict == "invalid", seed
