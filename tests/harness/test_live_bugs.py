"""The table of known bugs that live runs find."""

from __future__ import annotations

from pathlib import Path

import pytest

from clew.harness.bench import live_bugs
from clew.harness.bench.live_bugs import Correct, LiveBug, drawn, noticed, plans, rewritten, slower
from clew.harness.hunt import Trial
from clew.harness.plan import Plan, resolve
from clew.harness.verdict.signature import Signature
from clew.nemesis.latency import Constant
from clew.nemesis.schedule import AtTimes

PAGE = Path(__file__).parents[2] / "docs" / "live-bugs.md"
BUG = ("caspaxos", "dirty-reads")


def trials(monkeypatch: pytest.MonkeyPatch, *signatures: Signature | None) -> list[Plan]:
    """Live runs end like this, one after the other. Returns the list of plans that were run."""
    coming, run = iter(signatures), list[Plan]()

    def trial(plan: Plan) -> Trial:
        run.append(plan)
        return Trial(plan.seed, "valid", next(coming), {})

    monkeypatch.setattr(live_bugs, "trial", trial)
    return run


def test_a_variant_is_run_until_a_client_sees_it(monkeypatch: pytest.MonkeyPatch) -> None:
    run = trials(monkeypatch, None, Signature("invariants", "a lemma"), Signature("linearizable", "a lemma"))
    assert live_bugs.measure(BUG) == LiveBug(*BUG, "caspaxos-dirty-reads", (), "wrong answers", 3, 2)
    assert [plan.seed for plan in run] == [0, 1, 2]
    assert all(plan.runtime == "live" and plan.system.variant == "dirty-reads" for plan in run)


def test_after_twenty_runs_it_counts_as_not_found(monkeypatch: pytest.MonkeyPatch) -> None:
    run = trials(monkeypatch, *[None] * 20)
    assert live_bugs.measure(BUG) == LiveBug(*BUG, "caspaxos-dirty-reads", (), None, 20, None)
    assert len(run) == 20


def test_what_fails_in_a_correct_system_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    run = trials(monkeypatch, *[None] * 19, Signature("liveness"))
    found = live_bugs.measure_correct(BUG)
    assert found == Correct("caspaxos", "caspaxos-dirty-reads", (), 20, ("seed 19: liveness",), 0)
    assert all(plan.system.variant is None for plan in run)


def test_in_a_slower_plan_everything_takes_longer() -> None:
    slow, fast = resolve(slower("rsl-takes-any-1b", 4)), resolve(slower("rsl-takes-any-1b", 1))
    assert slow.workload.timeout == 4 * fast.workload.timeout
    assert slow.workload.duration == 4 * (fast.workload.duration or 0)
    assert slow.network.nodes.latency == Constant(40_000_000)
    assert [when.times for when in starts(slow)] == [tuple(4 * at for at in when.times) for when in starts(fast)]


def starts(plan: Plan) -> list[AtTimes]:
    """When the faults of a plan begin."""
    return [entry.when for entry in plan.nemesis if isinstance(entry.when, AtTimes)]


def test_each_plan_is_run_once_with_the_correct_system() -> None:
    drawn_plans = [repr(drawn(bug, 0, broken=False)) for bug in plans()]
    assert len(set(drawn_plans)) == len(drawn_plans)
    assert {repr(drawn(bug, 0, broken=False)) for bug in noticed()} == set(drawn_plans)


def test_the_page_has_a_row_for_each_variant_that_clients_can_notice() -> None:
    rows = [tuple(cell.strip() for cell in line.split("|")[1:3]) for line in PAGE.read_text().splitlines()]
    known = noticed()
    assert [row for row in rows if row in known] == known


def test_new_tables_take_the_place_of_the_old_ones() -> None:
    assert rewritten("head\n| a |\n\n| b |\ntail\n", "| c |\n") == "head\n| c |\ntail\n"
    assert rewritten("head\n", "| c |\n") == "head\n| c |\n"
