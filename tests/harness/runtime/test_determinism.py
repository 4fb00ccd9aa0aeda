"""A run is a pure function of plan and seed: the same bytes, however and wherever it runs, today and tomorrow."""

from __future__ import annotations

from pathlib import Path

import pytest

from clew.harness.plan import load, resolve
from clew.harness.run import simulate
from tests.harness.runtime.hashes import IN_SUITE, SYSTEMS, hashes_of, recorded, runs_of


def assert_as_recorded(runs: list[tuple[str, int]], nodes: str, hash_seed: str, store: Path) -> None:
    listed = recorded()  # It was made inline, under hash seed 0.
    hashes = hashes_of(runs, nodes, hash_seed, store)
    assert len(hashes) == len(runs) > 0
    assert hashes.keys() <= listed.keys(), "run: python -m tests.harness.runtime.hashes"
    assert [run for run in hashes if hashes[run] != listed[run]] == []


def test_a_plan_gives_the_recorded_bytes_under_any_hash_seed(tmp_path: Path) -> None:
    assert_as_recorded([(plan, 1) for plan in sorted(IN_SUITE)], "inline", "4242", tmp_path)


@pytest.mark.long
@pytest.mark.parametrize("system", SYSTEMS)
def test_every_plan_gives_the_recorded_bytes_under_any_hash_seed(system: str, tmp_path: Path) -> None:
    assert_as_recorded(runs_of(system), "inline", "4242", tmp_path)


def test_nodes_in_processes_give_the_bytes_that_they_give_inline(tmp_path: Path) -> None:
    assert_as_recorded([(plan, 1) for plan in sorted(IN_SUITE)], "process", "1", tmp_path)


@pytest.mark.long
@pytest.mark.parametrize("system", SYSTEMS)
def test_nodes_in_processes_give_the_bytes_of_every_plan(system: str, tmp_path: Path) -> None:
    assert_as_recorded(runs_of(system), "process", "1", tmp_path)


def test_seeds_differ() -> None:
    histories = [simulate(resolve(load("caspaxos-happy-path"), seed))[0] for seed in range(3)]
    assert len({str(list(history.events())) for history in histories}) == 3
