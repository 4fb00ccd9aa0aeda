"""A pause in everything that a fault goes through: plans, runs, hunts, shrinking, and what shows a run."""

from __future__ import annotations

import io
import json
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec
import pytest
import trio

from clew.harness.hunt import hunt
from clew.harness.hunt.coverage import coverage
from clew.harness.plan import Plan, dump, loads, resolve
from clew.harness.run import run, simulate
from clew.harness.shrink import explicit
from clew.harness.shrink.arrange import rearranged
from clew.harness.shrink.explicit import members_of
from clew.harness.shrink.members import members, merged
from clew.harness.shrink.shape import shape
from clew.harness.store.record import read_record
from clew.harness.verdict.judge import judge
from clew.harness.view.browser import missing, open_page
from clew.harness.view.report.gather import gather
from clew.histories import History
from clew.histories import dump as dump_history
from clew.nemesis import FaultEvent
from clew.nemesis.pause import Pause
from tests.harness.conftest import Clew

MS = 1_000_000
CASPAXOS = """\
name: pauses
system: {name: caspaxos, nodes: 3}
workload: {kind: cas-register, clients: 2, operations: 30, values: 3, think: 5ms, timeout: 1s}
network: {latency: {exponential: 5ms}}
nemesis:
  - pause: {target: one, at: 50ms, for: 100ms}
  - pause: {target: [n3], at: 250ms, for: 50ms}
seed: 3
"""
RSL = """\
name: leader-pauses
system: {name: rsl, nodes: 3, baseline_view_timeout_period: 100ms, heartbeat_period: 50ms,
         time_before_server_switch: 100ms}
workload: {kind: counter, clients: 4, rate: 40, duration: 3s, timeout: 5s}
network: {latency: {exponential: 2ms}}
nemesis:
  - pause: {target: leader, every: 1s, for: 500ms}
recovery: {within: 60s}
"""


def plan_of(text: str, *settings: str) -> Plan:
    return resolve(loads(text, "plan.yaml", Path()), None, settings)


def written(history: History) -> bytes:
    stream = io.BytesIO()
    dump_history(history, stream)
    return stream.getvalue()


def pauses(plan: Plan) -> list[FaultEvent]:
    return [member for member in members_of(plan) if isinstance(member, FaultEvent)]


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run of CASPAXOS."""
    result = trio.run(partial(run, plan_of(CASPAXOS), nodes="inline", into=tmp_path_factory.mktemp("store")))
    assert result.verdict == "valid"
    assert result.run is not None
    return Path(result.run)


@pytest.mark.parametrize("text", [CASPAXOS, RSL])
def test_a_plan_with_pauses_comes_back_from_its_yaml(text: str) -> None:
    plan = plan_of(text)
    assert resolve(loads(dump(plan), "plan.yaml", Path())) == plan


@pytest.mark.parametrize("text", [CASPAXOS, RSL])
def test_a_run_with_pauses_has_the_same_bytes_inline_and_in_processes(text: str, tmp_path: Path) -> None:
    plan = plan_of(text, "checks=[liveness]")
    found = set()
    for nodes in ("inline", "process"):
        result = trio.run(partial(run, plan, nodes=nodes, into=tmp_path / nodes))
        assert result.run is not None
        assert result.counts["faults"]["pause"] == 2
        files = (Path(result.run) / name for name in ("history.jsonl", "messages.jsonl"))
        found.add(tuple(sha256(file.read_bytes()).hexdigest() for file in files))
    assert len(found) == 1


def test_a_paused_node_hears_nothing_until_it_goes_on_and_has_lost_nothing(recorded: Path) -> None:
    """n3, from 250 to 300 ms."""
    lines = [json.loads(line) for line in (recorded / "messages.jsonl").read_text().splitlines()]
    assert not [line for line in lines if line["event"] in ("crash", "drop")]
    sent = {line["id"]: line for line in lines if line["event"] == "send"}
    heard = [line["time"] for line in lines if line["event"] == "receive" and sent[line["id"]]["dest"] == "n3"]
    assert not [time for time in heard if 250 * MS <= time < 300 * MS]
    assert heard.count(300 * MS) > 1, "what has waited"
    assert not [line for line in sent.values() if line["src"] == "n3" and 250 * MS <= line["time"] < 300 * MS]


def test_others_take_over_from_a_leader_that_stands_still_and_no_answer_is_wrong() -> None:
    plan = plan_of(RSL)
    result = judge(plan, *simulate(plan))
    calm = judge(plan, *simulate(plan_of(RSL, "nemesis=[]")))
    assert result.verdict == calm.verdict == "valid"
    assert result.counts["protocol"]["view changes"] > 0 == calm.counts["protocol"].get("view changes", 0)


def test_a_hunt_counts_pauses_and_those_that_touched_an_operation(tmp_path: Path) -> None:
    with ThreadPoolExecutor(1) as executor:
        found = hunt(loads(CASPAXOS, "plan.yaml", tmp_path), executor, 1, seeds=range(4), until="all", into=None)
    assert found.counts["faults"]["pause"] == 8
    touched = found.counts["touched"]["pause"]
    assert 0 < touched <= 8
    assert ("pause faults", 8, f"{100 * touched / 8:.1f} % touched an operation") in coverage(found.counts, found.seeds)


def test_a_run_with_pauses_as_an_explicit_plan_is_the_same_run() -> None:
    for text in (CASPAXOS, RSL):
        plan = plan_of(text)
        history, outcome = simulate(plan)
        spelled = explicit(plan, history, outcome.rested)
        assert all(isinstance(event.fault, Pause) for event in pauses(spelled))
        assert written(simulate(spelled)[0]) == written(history)
        assert resolve(loads(dump(spelled), "plan.yaml", Path())) == spelled


def test_a_plan_shrinks_to_the_one_pause_and_the_one_node_that_it_needs() -> None:
    plan = plan_of(CASPAXOS)
    history, outcome = simulate(plan)

    def fails(plan: Plan) -> Plan | None:
        return plan if pauses(plan) and plan.workload.operations else None

    small = explicit(plan, history, outcome.rested)
    for step in (members, merged, shape, rearranged):
        small = step(small, fails)
    assert small.system.nodes == 1
    assert [event.fault for event in pauses(small)] == [Pause(("n1",))]
    assert isinstance(small.workload.operations, tuple)
    assert len(small.workload.operations) == 1


def test_a_pause_at_another_moment_is_looked_for() -> None:
    """Two pauses, and a failure that needs one of n2 between 10 and 30 ms."""
    plan = plan_of(CASPAXOS)
    history, outcome = simulate(plan)
    spelled = explicit(plan, history, outcome.rested)
    assert isinstance(spelled.workload.operations, tuple)
    few = msgspec.structs.replace(spelled.workload, operations=spelled.workload.operations[:2])

    def fails(plan: Plan) -> Plan | None:
        return plan if any(10 * MS < e.at < 30 * MS and e.fault == Pause(("n2",)) for e in pauses(plan)) else None

    found = rearranged(msgspec.structs.replace(spelled, workload=few), fails)
    assert [event.fault for event in pauses(found)] == [Pause(("n2",))]


def test_show_says_who_stood_still_and_when(clew_call: Clew, recorded: Path) -> None:
    shown = clew_call("show", recorded).stdout
    assert "pause n3" in shown
    (first, second) = json.loads(clew_call("show", recorded, "--json").stdout)["faults"]
    assert (first["kind"], first["start"], first["end"], first["ended"]) == ("pause", 50 * MS, 150 * MS, True)
    assert (second["kind"], second["words"]) == ("pause", "pause n3")


def test_a_report_draws_the_paused_node_and_offers_its_moment(recorded: Path) -> None:
    data: Any = gather(read_record(recorded))
    rows = [row for row, state in enumerate(data.lives["state"]) if state == "paused"]
    assert [(data.lives["start"][row], data.lives["end"][row]) for row in rows] == [(0.05, 0.15), (0.25, 0.3)]
    assert data.nodes[data.lives["lane"][rows[1]]] == "n3"
    assert data.windows["kind"] == ["pause", "pause"]
    assert "pause n3" in [moment.name for moment in data.moments]


@pytest.mark.long
@pytest.mark.skipif(missing() is not None, reason=str(missing()))
def test_the_legend_of_a_report_names_pauses(chromium: Any, recorded: Path) -> None:
    open_page(chromium, recorded / "report.html")
    assert "paused" in chromium.find_element("css selector", "#lives .legend").text
    assert [entry for entry in chromium.get_log("browser") if entry["level"] == "SEVERE"] == []


def test_diff_says_where_another_pause_made_a_difference(clew_call: Clew, recorded: Path, tmp_path: Path) -> None:
    other = plan_of(CASPAXOS, "nemesis.1.pause.target=[n2]")
    result = trio.run(partial(run, other, nodes="inline", into=tmp_path / "other"))
    assert result.run is not None
    done = clew_call("diff", recorded, result.run)
    assert done.returncode == 1, done.stderr
    assert "pause n3" in done.stdout
    assert "pause n2" in done.stdout
