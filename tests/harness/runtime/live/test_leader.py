"""Which node of a program leads: what `leader` says, and what becomes of an answer that is none."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import trio

from clew.harness.plan import loads, resolve
from clew.harness.run import run
from clew.harness.verdict.result import Result
from clew.histories import load

REGISTER = Path(__file__).parents[3] / "systems" / "tcp_register.py"
PLAN = """\
name: p
system: {name: led.py, nodes: 2}
live: {network: loopback}
recovery: {after: 0s}
workload: {kind: cas-register, operations: [{at: 2s, client: 0, f: read}]}
nemesis: [{crash: {target: leader, at: 1s, for: 100ms}}]
"""


def run_led(folder: Path, leader: str) -> Result:
    """Run the plan on a program whose `leader` has this body."""
    source = REGISTER.read_text()
    source += f"\n\nfrom dataclasses import replace\n\nsystem = replace(system, leader=lambda cluster: {leader})\n"
    (folder / "led.py").write_text(source)
    return trio.run(partial(run, resolve(loads(PLAN, "p.yaml", folder)), into=folder / "store"))


def test_a_fault_hits_the_node_that_the_program_says_leads(tmp_path: Path) -> None:
    result = run_led(tmp_path, "'n2'")
    assert (result.verdict, result.error) == ("valid", None)
    assert result.run is not None
    history = load(Path(result.run) / "history.jsonl")
    crash = next(event for event in history.events() if event.f == "start-crash")
    assert "n2" in str(crash.value)
    assert "n1" not in str(crash.value)


def test_a_leader_that_is_no_node_ends_the_run(tmp_path: Path) -> None:
    result = run_led(tmp_path, "'n3'")
    assert result.verdict == "unknown"
    assert result.error is not None
    assert "every node returned 'n3' from `leader`; expected None or one of n1, n2" in result.error


def test_a_leader_that_raises_ends_the_run(tmp_path: Path) -> None:
    result = run_led(tmp_path, "cluster.leader")
    assert result.error is not None
    assert "every node raised in `leader` AttributeError" in result.error
