"""A run is a pure function of plan and seed: the same bytes, however and wherever it runs, today and tomorrow."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.harness.runtime.hashes import SYSTEMS, hashes_of, recorded, runs_of


@pytest.mark.parametrize(("nodes", "hash_seed"), [("inline", "4242"), ("process", "1")])
@pytest.mark.parametrize("system", SYSTEMS)
def test_a_plan_gives_the_recorded_bytes_inline_and_in_processes_under_any_hash_seed(
    system: str, nodes: str, hash_seed: str, tmp_path: Path
) -> None:
    listed = recorded()  # It was made inline, under hash seed 0.
    hashes = hashes_of(runs_of(system), nodes, hash_seed, tmp_path)
    assert hashes.keys() <= listed.keys(), "run: python -m tests.harness.runtime.hashes"
    assert [run for run in hashes if hashes[run] != listed[run]] == []


def test_seeds_differ(tmp_path: Path) -> None:
    hashes = hashes_of([("caspaxos-contention-storm", seed) for seed in range(3)], "inline", "0", tmp_path)
    assert len({each["history.jsonl"] for each in hashes.values()}) == 3
