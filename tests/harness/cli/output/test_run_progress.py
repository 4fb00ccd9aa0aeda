"""The line that a terminal shows while a run goes on."""

from __future__ import annotations

import pytest

from clew.harness.cli.output.run_progress import RunProgress
from clew.harness.plan import load, resolve
from clew.harness.runtime.outcome import Progress


@pytest.mark.parametrize(
    ("ended", "said"),
    [(7, "7/100 operations"), (100, "100/100 operations"), (105, "100/100, 5 final reads operations")],
)
def test_the_final_reads_are_not_operations_of_the_workload(ended: int, said: str) -> None:
    progress = Progress()
    progress.outcomes["ok"] = ended
    assert said in RunProgress(resolve(load("caspaxos-happy-path")), quiet=True)._line(progress, 1.0)


def test_only_a_simulation_counts_events() -> None:
    lines = {}
    for runtime in ("simulation", "live"):
        plan = resolve(load("caspaxos-happy-path"), 0, [f"runtime={runtime}"])
        lines[runtime] = RunProgress(plan, quiet=True)._line(Progress(), 1.0)
    assert "0 events/s" in lines["simulation"]
    assert "events" not in lines["live"]
