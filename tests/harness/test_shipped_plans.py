"""What the comments of the shipped plans say, on every fourth seed from 0 to 199."""

from __future__ import annotations

import pytest

from clew.harness.plan import shipped
from tests.harness.plans import BLOCKS, HUNTS, PROMISES, assert_promise, run, seeds_named

CASPAXOS = [name for name in PROMISES if name.startswith("caspaxos-")]


@pytest.mark.parametrize("seeds", BLOCKS, ids=str)
@pytest.mark.parametrize("name", CASPAXOS)
def test_a_correct_system_is_valid(name: str, seeds: range) -> None:
    """Also under the plans that find a mistake, without the mistake."""
    for seed in seeds:
        assert_promise(name, seed)


@pytest.mark.parametrize("name", [name for name in HUNTS if name in CASPAXOS])
def test_the_variant_is_found_on_the_seeds_that_the_plan_names(name: str) -> None:
    """On each of them the history and an invariant show the mistake."""
    for seed in seeds_named(name):
        result = run(name, seed)
        assert result.checks["linearizable"].verdict == "invalid", seed
        assert result.checks["invariants"].verdict == "invalid", seed


def test_every_shipped_plan_is_tested() -> None:
    """Here, in `test_rsl_plans` and by `make fuzz`."""
    assert {name for name, _ in shipped()} == set(PROMISES)


def test_the_storm_storms() -> None:
    counts = run("caspaxos-contention-storm", None).counts
    assert counts["faults"]["partition"] > 5
    assert counts["faults"]["crash"] > 2
    assert counts["messages"]["loss"] > 0.1 * counts["messages"]["sent"]
    assert counts["operations"]["ok"] > 100
    assert counts["operations"]["info"] > 10
