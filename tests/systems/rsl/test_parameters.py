"""What a plan may set: an odd value works or is refused, and none keeps a replica busy for ever."""

from __future__ import annotations

from typing import Any

import pytest

from clew.harness.plan import load, resolve
from clew.harness.run import simulate
from clew.harness.verdict.judge import judge
from clew.systems import BadParameters
from clew.systems.rsl.parameters import Parameters, validate


@pytest.mark.parametrize(
    "refused",
    [
        {"max_log_length": 0},
        {"max_batch_size": -5},
        {"heartbeat_period": 1},
        {"baseline_view_timeout_period": 0},
        {"time_before_server_switch": 99_999},
        {"max_integer_val": 10**15},
        {"max_integer_val": 2**63},
        {"max_log_length": 2**62, "max_integer_val": 2**62},
    ],
    ids=str,
)
def test_values_that_cannot_work_are_refused(refused: dict[str, Any]) -> None:
    with pytest.raises(BadParameters) as error:
        validate(Parameters(**refused), 3)
    assert error.value.field in refused


@pytest.mark.parametrize(
    "odd",
    [
        ["max_log_length=1"],
        [f"max_log_length={2**63 - 2}", "max_batch_size=1"],
        [f"max_batch_size={2**63 - 1}", "max_batch_delay=0s"],
        ["max_batch_delay=1ns", "max_integer_val=1000000000000001"],
        ["baseline_view_timeout_period=100us"],
        ["heartbeat_period=1ms", "nodes=2"],
        ["nodes=7"],
    ],
    ids=str,
)
def test_a_cluster_with_odd_parameters_is_valid_after_views_have_changed(odd: list[str]) -> None:
    settings = ["workload.rate=30", "workload.duration=4s", *(f"system.{each}" for each in odd)]
    plan = resolve(load("rsl-leader-loss"), None, settings)
    result = judge(plan, *simulate(plan))
    assert result.verdict == "valid", result.explanation
    assert result.counts["faults"]["crash"] >= 1
