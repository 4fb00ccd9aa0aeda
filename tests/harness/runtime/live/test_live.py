"""Our own protocols on real processes and real packets."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import trio

from clew.harness.plan import load, resolve
from clew.harness.run import run
from clew.harness.verdict.result import Result
from clew.histories.journal import entries


def live(store: Path, name: str, *settings: str, network: str = "loopback", seed: int | None = None) -> Result:
    """Run a shipped plan live."""
    plan = resolve(load(name), seed, ["runtime=live", f"live.network={network}", "recovery.after=100ms", *settings])
    return trio.run(partial(run, plan, into=store))


def test_a_shipped_plan_runs_live_and_is_valid(tmp_path: Path) -> None:
    result = live(tmp_path, "caspaxos-happy-path", "workload.operations=20")
    assert result.verdict == "valid"
    assert result.operations == 21
    assert {name: check.verdict for name, check in result.checks.items()} == {
        "linearizable": "valid",
        "invariants": "valid",
        "liveness": "valid",
    }


def test_the_journal_has_what_was_sent_and_received_in_the_order_of_time(tmp_path: Path) -> None:
    result = live(tmp_path, "caspaxos-happy-path", "workload.operations=20", "network=")
    assert result.run is not None
    journal = list(entries(Path(result.run) / "messages.jsonl"))
    sent = {entry.id: entry for entry in journal if entry.event == "send"}
    received = [entry for entry in journal if entry.event == "receive"]
    assert [entry.time for entry in journal] == sorted(entry.time for entry in journal)
    assert list(sent) == list(range(len(sent)))
    assert all(sent[entry.id].time <= entry.time for entry in received)
    # Nothing was lost; what was under way at the end may be missing.
    assert len({entry.id for entry in received}) > len(sent) * 0.9
    assert {entry.src for entry in sent.values()} == {"n1", "n2", "n3", "n4", "n5", "c0"}
