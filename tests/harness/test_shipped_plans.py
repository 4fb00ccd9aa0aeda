"""What the comments of the shipped plans say, on every seed from 0 to 199."""

from __future__ import annotations

import pytest

from clew.harness.plan import shipped
from tests.harness.plans import BLOCKS, run, seeds_named

CORRECT = ("caspaxos-happy-path", "caspaxos-minority-failure", "caspaxos-contention-storm")
WRONG = ("caspaxos-forgets-promises", "caspaxos-highest-version", "caspaxos-dirty-reads")


@pytest.mark.parametrize("seeds", BLOCKS, ids=str)
@pytest.mark.parametrize("name", CORRECT)
def test_a_correct_system_is_valid(name: str, seeds: range) -> None:
    for seed in seeds:
        result = run(name, seed)
        assert result.verdict == "valid", (seed, result.explanation)


@pytest.mark.parametrize("seeds", BLOCKS, ids=str)
@pytest.mark.parametrize("name", WRONG)
def test_the_correct_system_passes_the_plan_that_finds_the_variant(name: str, seeds: range) -> None:
    for seed in seeds:
        result = run(name, seed, "system.variant=none")
        assert result.verdict == "valid", (seed, result.explanation)


@pytest.mark.parametrize("name", WRONG)
def test_the_variant_is_found_on_the_seeds_that_the_plan_names(name: str) -> None:
    """By the history and by the invariants, on each of them; and the plan's own seed is the first."""
    for seed in seeds_named(name):
        result = run(name, seed)
        assert result.checks["linearizable"].verdict == "invalid", seed
        assert result.checks["invariants"].verdict == "invalid", seed


def test_every_shipped_plan_is_tested_here() -> None:
    """Those of RSL in `test_rsl_plans`."""
    assert {name for name, _ in shipped() if not name.startswith("rsl-")} == {*CORRECT, *WRONG}


def test_the_storm_storms() -> None:
    counts = run("caspaxos-contention-storm", None).counts
    assert counts["faults"]["partition"] > 5
    assert counts["faults"]["crash"] > 2
    assert counts["messages"]["loss"] > 0.1 * counts["messages"]["sent"]
    assert counts["operations"]["ok"] > 100
    assert counts["operations"]["info"] > 10
