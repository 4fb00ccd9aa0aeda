"""A run is a pure function of plan and seed: the same bytes, however and wherever it runs, today and tomorrow."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.harness.runtime.hashes import PLANS, SEEDS, hashes_of, recorded


@pytest.mark.parametrize("plan", PLANS)
def test_a_plan_gives_the_recorded_bytes_inline_and_in_processes_under_any_hash_seed(plan: str, tmp_path: Path) -> None:
    listed = recorded()
    for seed in SEEDS.get(plan, (1,)):
        assert f"{plan} {seed}" in listed, "run: python -m tests.harness.runtime.hashes"
        for nodes, hash_seed in (("inline", "0"), ("process", "1"), ("inline", "4242")):
            hashes = hashes_of(plan, seed, nodes, hash_seed, tmp_path)
            assert hashes == listed[f"{plan} {seed}"], (seed, nodes, hash_seed)


def test_seeds_differ(tmp_path: Path) -> None:
    hashes = [hashes_of("caspaxos-contention-storm", seed, "inline", "0", tmp_path) for seed in range(3)]
    assert len({each["history.jsonl"] for each in hashes}) == 3
