"""A run is a pure function of plan and seed: the same bytes, however and wherever it runs, today and tomorrow."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.harness.runtime.hashes import IN_PROCESSES, SYSTEMS, hashes_of, recorded, runs_of


def assert_as_recorded(runs: list[tuple[str, int]], nodes: str, hash_seed: str, store: Path) -> None:
    listed = recorded()  # It was made inline, under hash seed 0.
    hashes = hashes_of(runs, nodes, hash_seed, store)
    assert len(hashes) == len(runs) > 0
    assert hashes.keys() <= listed.keys(), "run: python -m tests.harness.runtime.hashes"
    assert [run for run in hashes if hashes[run] != listed[run]] == []


@pytest.mark.parametrize("system", SYSTEMS)
def test_a_plan_gives_the_recorded_bytes_under_any_hash_seed(system: str, tmp_path: Path) -> None:
    assert_as_recorded(runs_of(system), "inline", "4242", tmp_path)


def test_nodes_in_processes_give_the_bytes_that_they_give_inline(tmp_path: Path) -> None:
    assert_as_recorded([(plan, 1) for plan in sorted(IN_PROCESSES)], "process", "1", tmp_path)


@pytest.mark.long
@pytest.mark.parametrize("system", SYSTEMS)
def test_nodes_in_processes_give_the_bytes_of_every_plan(system: str, tmp_path: Path) -> None:
    assert_as_recorded(runs_of(system), "process", "1", tmp_path)


def test_seeds_differ(tmp_path: Path) -> None:
    hashes = hashes_of([("caspaxos-happy-path", seed) for seed in range(3)], "inline", "0", tmp_path)
    assert len({each["history.jsonl"] for each in hashes.values()}) == 3
