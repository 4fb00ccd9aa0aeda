"""What the comments of the shipped plans say, on every seed from 0 to 199."""

from __future__ import annotations

import re

import pytest

from harness.judge import judge
from harness.plan import load, resolve, shipped
from harness.result import Result
from harness.run import simulate

CORRECT = ("caspaxos-happy-path", "caspaxos-minority-failure", "caspaxos-contention-storm")
WRONG = ("caspaxos-forgets-promises", "caspaxos-highest-version", "caspaxos-dirty-reads")
BLOCKS = [range(first, first + 25) for first in range(0, 200, 25)]


def run(name: str, seed: int | None, *settings: str) -> Result:
    plan = resolve(load(name), seed, settings)
    return judge(plan, *simulate(plan))


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
    comment = " ".join(dict(shipped())[name].split())
    named = re.search(r"Found by clients, .*on seeds ([\d, ]+)", comment)
    assert named is not None, comment
    seeds = [int(seed) for seed in re.findall(r"\d+", named[1])]
    assert seeds
    assert all(seed < 200 for seed in seeds)
    assert resolve(load(name)).seed == seeds[0]
    for seed in seeds:
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
