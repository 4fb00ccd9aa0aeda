"""A run becomes an explicit plan, which lists its operations and faults and has the same history."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from clew.harness.plan import dump, load, loads, resolve, shipped
from clew.harness.run import simulate
from clew.harness.shrink import explicit
from clew.harness.shrink.explicit import members_of
from clew.histories import History
from clew.histories import dump as dump_history
from tests.harness.plans import DATABASES


def written(history: History) -> bytes:
    stream = io.BytesIO()
    dump_history(history, stream)
    return stream.getvalue()


ALL = [name for name, _ in shipped() if name not in DATABASES]
SHORT = {
    "caspaxos-reuses-ballots",
    "caspaxos-versions",
    "disco-storm",
    "mapreduce-storm",
    "multipaxos-votes-without-promising",
    "paxos-votes-without-promising",
    "raft-changes-too-early",
    "raft-elections",
    "raft-membership",
    "rsl-forgets-promises",
    "rsl-heavy-weather",
    "two-phase-commit-storm",
}
"""The plans that the suite runs. They have every system, kind of workload and kind of fault; `make fuzz` runs all."""


def kinds(name: str) -> set[str]:
    """What a plan has that becomes explicit: its system, operations and faults."""
    plan = resolve(load(name), 0)
    work = plan.workload
    given = "listed" if isinstance(work.operations, tuple) else "counted" if work.operations else "timed"
    faults = {f"{entry.fault}, {type(entry.when).__name__}" for entry in plan.nemesis}
    return {plan.system.name, work.kind, given, *faults}


def test_the_plans_that_the_suite_runs_have_every_kind_of_workload_and_fault() -> None:
    assert set().union(*map(kinds, SHORT)) == set().union(*map(kinds, ALL))


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.long) for seed in (1, 2))])
@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[] if name in SHORT else [pytest.mark.long]) for name in ALL]
)
def test_a_run_as_an_explicit_plan_is_the_same_run_byte_for_byte(name: str, seed: int) -> None:
    plan = resolve(load(name), seed)
    history, outcome = simulate(plan)
    spelled = explicit(plan, history, outcome.rested)
    assert isinstance(spelled.workload.operations, tuple)
    assert resolve(loads(dump(spelled), "plan.yaml", Path())) == spelled
    again, repeated = simulate(spelled)
    assert written(again) == written(history)
    assert repeated.violations == outcome.violations
    assert explicit(spelled, again, repeated.rested) == spelled


def test_an_explicit_plan_has_all_faults_with_their_times_and_none_that_never_began() -> None:
    plan = resolve(load("caspaxos-contention-storm"), 3, ["workload.operations=300"])
    history, outcome = simulate(plan)
    spelled = explicit(plan, history, outcome.rested)
    assert len(spelled.nemesis) == outcome.progress.faults.total() > 0
    assert all(member.at <= (outcome.rested or 0) for member in members_of(spelled))
    assert len(members_of(spelled)) == len(spelled.nemesis) + 300
