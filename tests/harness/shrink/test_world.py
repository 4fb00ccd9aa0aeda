"""The plain networks in which a failure is looked for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from clew.harness.plan import Plan, loads, resolve
from clew.harness.shrink.world import is_plain, worlds
from tests.harness.shrink.runs import ONE_RESTART


@pytest.mark.parametrize(
    ("run_of", "found", "tried"),
    [
        (lambda plan: plan.seed, [3, 5], [0, 1, 2, 3, 4, 5]),
        (lambda plan: "the same", [3], [0, 1, 2, 3, 4, 5]),
    ],
    ids=["nodes draw numbers", "nodes draw nothing"],
)
def test_a_second_network_in_which_the_same_happens_is_no_start_of_its_own(
    tmp_path: Path, run_of: Callable[[Plan], object], found: list[int], tried: list[int]
) -> None:
    """It fails with each odd seed from 3 on."""
    asked: list[int] = []

    def fails(plan: Plan) -> Plan | None:
        assert is_plain(plan)
        asked.append(plan.seed)
        return plan if plan.seed >= 3 and plan.seed % 2 else None

    plan = resolve(loads(ONE_RESTART, "plan.yaml", tmp_path))
    assert [start.seed for start in worlds(plan, fails, run_of)] == found
    assert asked == tried
