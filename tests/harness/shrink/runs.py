"""Plans and runs that several tests of shrinking take, and what they ask of them."""

from __future__ import annotations

from pathlib import Path

import trio

from clew.harness.plan import Plan, PlannedOperation
from clew.harness.run import run, simulate
from clew.harness.shrink.explicit import members_of
from clew.harness.verdict.judge import judge
from clew.harness.verdict.signature import signature
from clew.nemesis import FaultEvent

HIGHEST = "caspaxos-highest-version"
ONE_RESTART = """\
name: one-restart
system: {name: caspaxos, nodes: 3, variant: forgets-promises}
workload:
  kind: cas-register
  clients: 3
  timeout: 1s
  operations:
  - {at: 0s, client: 1, f: write, key: 0, value: 1}
  - {at: 14ms, client: 2, f: read, key: 0}
network: {latency: 5ms}
nemesis:
- crash: {target: [n1], at: [16ms], for: 2ms}
"""
TWO_WAYS_TO_BREAK = """\
name: two-ways
system: {name: echo.py, nodes: 1}
workload:
  kind: cas-register
  clients: 1
  timeout: 1s
  operations:
  - {at: 0s, client: 0, f: write, key: 0, value: 1}
  - {at: 10ms, client: 0, f: read, key: 0}
  - {at: 20ms, client: 0, f: write, key: 0, value: 2}
  - {at: 30ms, client: 0, f: read, key: 0}
"""


def recorded_run(store: Path, plan: Plan) -> Path:
    result = trio.run(lambda: run(plan, nodes="inline", into=store))
    assert result.run is not None
    return Path(result.run)


def broken(plan: Plan) -> str:
    history, outcome = simulate(plan)
    found = signature(judge(plan, history, outcome), history, outcome)
    return "" if found is None else found.broke


def split(plan: Plan) -> tuple[list[PlannedOperation], list[FaultEvent]]:
    members = members_of(plan)
    operations = [member for member in members if isinstance(member, PlannedOperation)]
    return operations, [member for member in members if isinstance(member, FaultEvent)]
