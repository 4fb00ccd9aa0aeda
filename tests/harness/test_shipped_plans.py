"""What the comments of the shipped plans say, on two seeds; in `make fuzz` on every twentieth from 0 to 199."""

from __future__ import annotations

from typing import Any

import pytest

from clew.harness.plan import load, resolve, shipped
from clew.systems import find_protocol
from tests.harness import test_consensus_plans, test_rsl_plans
from tests.harness.plans import BLOCKS, DATABASES, HUNTS, PROMISES, WHICH, assert_promise, run, seeds_named

ELSEWHERE = (*test_rsl_plans.CORRECT, *test_rsl_plans.WITHOUT_MISTAKE, *test_consensus_plans.CORRECT)
HERE = [name for name in PROMISES if name not in ELSEWHERE]
"""The plans of all systems but RSL, which is slower, and those of `test_consensus_plans`."""
HUNTS_HERE = [name for name in HUNTS if name in HERE]


@pytest.mark.parametrize("seeds", BLOCKS, ids=str)
@pytest.mark.parametrize("name", HERE)
def test_a_correct_system_is_valid(name: str, seeds: range) -> None:
    """Also under the plans that find a mistake, without the mistake."""
    for seed in seeds:
        assert_promise(name, seed)


@WHICH
@pytest.mark.parametrize("name", HUNTS_HERE)
def test_the_variant_is_found_on_the_seeds_that_the_plan_names(name: str, which: str) -> None:
    """On each of them the history shows the mistake, and so does an invariant if the system has any."""
    system = resolve(load(name)).system
    invariants = find_protocol(system.name).invariants(system.parameters, system.nodes)
    for seed in seeds_named(name, which):
        result = run(name, seed)
        assert result.checks["linearizable"].verdict == "invalid", seed
        assert not invariants or result.checks["invariants"].verdict == "invalid", seed


def test_every_shipped_plan_is_tested() -> None:
    """Here, in `test_rsl_plans` or in `test_consensus_plans`, and by `make fuzz`."""
    correct = (
        test_a_correct_system_is_valid,
        test_rsl_plans.test_the_correct_system_is_valid_and_what_the_plan_is_for_happens,
        test_rsl_plans.test_the_correct_system_is_valid_under_the_plans_that_find_mistakes,
        test_consensus_plans.test_the_correct_system_is_valid,
    )
    found = (
        test_the_variant_is_found_on_the_seeds_that_the_plan_names,
        test_rsl_plans.test_a_mistake_is_found_by_clients_on_the_seeds_that_its_plan_names,
        test_consensus_plans.test_a_mistake_is_found_by_clients_and_by_a_lemma_on_the_seeds_that_its_plan_names,
    )
    assert plans_of(*correct) == {name for name, _ in shipped()} - set(DATABASES), (
        "add the plan to tests/harness/plans.py"
    )
    assert plans_of(*found) == set(HUNTS)


def plans_of(*tests: Any) -> set[str]:
    """The plans that these tests are run with."""
    marks = [mark for test in tests for mark in test.pytestmark if mark.args[0] == "name"]
    return {name for mark in marks for name in mark.args[1]}


def test_the_storm_storms() -> None:
    counts = run("caspaxos-contention-storm", None).counts
    assert counts["faults"]["partition"] > 5
    assert counts["faults"]["crash"] > 2
    assert counts["messages"]["loss"] > 0.1 * counts["messages"]["sent"]
    assert counts["operations"]["ok"] > 100
    assert counts["operations"]["info"] > 10
