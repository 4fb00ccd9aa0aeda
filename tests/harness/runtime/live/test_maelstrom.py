"""Maelstrom programs, written in JavaScript: their pipes are the network."""

from __future__ import annotations

import subprocess
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import trio

from clew.harness.plan import loads, resolve
from clew.harness.run import run
from clew.harness.verdict.result import Result
from clew.histories import History, load
from clew.histories.journal import Entry, entries
from tests.harness.conftest import Clew
from tests.harness.runtime.live.test_programs import left_of

PROGRAMS = Path(__file__).with_name("programs")
PLAN = """\
name: maelstrom
system: {maelstrom: [node, maelstrom.js, BEHAVIOUR, MARK], nodes: NODES, folder: FOLDER}
workload: {kind: cas-register, clients: 2, operations: 30, timeout: 5s}
live: {network: loopback}
recovery: {after: 50ms, within: 20s}
"""

pytestmark = pytest.mark.usefixtures("node_js")


def plan_text(mark: Path, behaviour: str = "well", nodes: int = 1) -> str:
    """The plan. Its processes have a path of the test on their command line."""
    text = PLAN.replace("BEHAVIOUR", behaviour).replace("MARK", str(mark)).replace("FOLDER", str(PROGRAMS))
    return text.replace("NODES", str(nodes))


def run_live(folder: Path, text: str, *settings: str) -> tuple[Result, History, list[Entry]]:
    """Run a plan with these settings: its result, its history and its messages."""
    plan = resolve(loads(text, "p.yaml", folder), None, settings)
    result = trio.run(partial(run, plan, into=folder / "store"))
    assert result.run is not None
    path = Path(result.run)
    return result, load(path / "history.jsonl"), list(entries(path / "messages.jsonl"))


@pytest.fixture
def clew_plan(clew_call: Clew, tmp_path: Path) -> Any:
    """Run `clew run` on a program that behaves like this. Nothing of the run may be left afterwards."""

    def call(behaviour: str, *settings: str) -> subprocess.CompletedProcess[str]:
        (tmp_path / "p.yaml").write_text(plan_text(tmp_path, behaviour))
        done = clew_call("run", "p.yaml", *(word for setting in settings for word in ("--set", setting)))
        assert left_of(tmp_path) == []
        assert "bug in clew" not in done.stderr
        return done

    return call


def test_a_program_is_started_with_init_and_serves(tmp_path: Path) -> None:
    result, _, messages = run_live(tmp_path, plan_text(tmp_path))
    assert (result.verdict, result.error) == ("valid", None)
    assert result.counts["messages"]["sent"] == len([entry for entry in messages if entry.event == "send"]) > 60
    assert result.run is not None
    assert (Path(result.run) / "nodes" / "n1.log").read_text() == "I am n1 of n1\n"


def test_a_mismatch_is_an_observation_and_an_answer_has_its_value(tmp_path: Path) -> None:
    result, history, _ = run_live(
        tmp_path,
        plan_text(tmp_path),
        "workload.clients=1",
        "workload.operations=[{at: 0s, client: 0, f: cas, value: [1, 2]}, {at: 1ms, client: 0, f: write, value: 3},"
        " {at: 2ms, client: 0, f: cas, value: [3, 4]}, {at: 3ms, client: 0, f: cas, value: [3, 5]}]",
    )
    ended = [(event.type, event.value, event.error) for event in history.events() if event.type != "invoke"]
    assert result.verdict == "valid"
    assert ended == [
        ("fail", [1, 2], "mismatch"),
        ("ok", 3, None),
        ("ok", [3, 4], None),
        ("fail", [3, 5], "mismatch"),
        ("ok", 4, None),
    ]


@pytest.mark.parametrize(
    ("behaviour", "type", "error"), [("refuses", "fail", "11 temporarily-unavailable"), ("strange", "info", "1234 ")]
)
def test_a_definite_error_fails_and_any_other_is_unknown(tmp_path: Path, behaviour: str, type: str, error: str) -> None:
    result, history, _ = run_live(tmp_path, plan_text(tmp_path, behaviour), "workload.mix={write: 1}")
    writes = [event for event in history.events() if event.f == "write" and event.type != "invoke"]
    assert result.verdict == "valid"
    assert {(event.type, (event.error or "")[: len(error)]) for event in writes} == {(type, error)}


@pytest.mark.parametrize(("behaviour", "verdict"), [("well", "valid"), ("wrong", "invalid")])
def test_an_echo_is_what_was_sent(tmp_path: Path, behaviour: str, verdict: str) -> None:
    result, _, messages = run_live(tmp_path, plan_text(tmp_path, behaviour, nodes=3), "system.workload=echo")
    assert (result.verdict, result.error) == (verdict, None)
    assert {entry.content(tmp_path)["type"] for entry in messages if entry.event == "send"} == {"echo", "echo_ok"}


def test_nodes_that_ask_the_service_lin_kv_are_linearizable(tmp_path: Path) -> None:
    result, _, messages = run_live(tmp_path, plan_text(tmp_path, "proxy", nodes=3))
    assert (result.verdict, result.error) == ("valid", None)
    links = {(entry.src, entry.dest) for entry in messages if entry.event == "send"}
    assert {("n1", "lin-kv"), ("lin-kv", "n1"), ("n2", "lin-kv")} <= links


def test_nodes_that_do_not_talk_to_each_other_are_not_linearizable(tmp_path: Path) -> None:
    assert run_live(tmp_path, plan_text(tmp_path, nodes=2))[0].verdict == "invalid"


def test_a_node_that_starts_again_begins_empty_with_another_init(tmp_path: Path) -> None:
    result, history, messages = run_live(
        tmp_path,
        plan_text(tmp_path),
        "workload.clients=1",
        "workload.operations=[{at: 0s, client: 0, f: write, value: 3}, {at: 900ms, client: 0, f: read}]",
        "nemesis=[{crash: {target: [n1], at: 100ms, for: 100ms}}]",
    )
    assert result.verdict == "invalid"
    reads = [event.value for event in history.events() if event.f == "read" and event.type == "ok"]
    assert set(reads) == {None}
    assert [(entry.event, entry.life) for entry in messages if entry.event in ("start", "crash")] == [
        ("start", 0),
        ("crash", 0),
        ("start", 1),
    ]
    assert result.run is not None
    log = (Path(result.run) / "nodes" / "n1.log").read_text().splitlines()
    assert [line.split(",")[0] for line in log] == ["I am n1 of n1", "--- life 2", "I am n1 of n1"]


def test_a_message_to_a_node_that_is_down_is_lost(tmp_path: Path) -> None:
    result, history, messages = run_live(
        tmp_path,
        plan_text(tmp_path),
        "workload.clients=1",
        "workload.timeout=100ms",
        "workload.operations=[{at: 100ms, client: 0, f: read}]",
        "nemesis=[{crash: {target: [n1], at: 0s, for: 300ms}}]",
    )
    first = next(event for event in history.events() if event.f == "read" and event.type != "invoke")
    assert (first.type, first.error) == ("info", "timeout")
    assert result.counts["messages"]["down"] > 0
    assert {entry.why for entry in messages if entry.event == "drop"} == {"down"}


def test_a_paused_node_answers_when_it_goes_on(tmp_path: Path) -> None:
    _, history, _ = run_live(
        tmp_path,
        plan_text(tmp_path),
        "workload.clients=1",
        "workload.operations=[{at: 100ms, client: 0, f: read}]",
        "nemesis=[{pause: {target: [n1], at: 0s, for: 300ms}}]",
    )
    read = next(event for event in history.events() if event.f == "read" and event.type == "ok")
    assert read.time >= 300_000_000


def test_a_cut_link_loses_messages_and_a_slow_one_delays_them(tmp_path: Path) -> None:
    result, history, messages = run_live(
        tmp_path,
        plan_text(tmp_path),
        "workload.timeout=400ms",
        "workload.operations=[{at: 50ms, client: 0, f: read}, {at: 50ms, client: 1, f: read}]",
        "network={clients: {latency: 100ms}}",
        "nemesis=[{partition: {grudge: {n1: [c0]}, at: 0s}}]",
    )
    first = {event.process: event for event in reversed(list(history.events())) if event.type in ("ok", "info")}
    assert (first[0].type, first[0].error) == ("info", "timeout")
    assert first[1].type == "ok"
    assert first[1].time >= 250_000_000
    assert [entry.why for entry in messages if entry.event == "drop"] == ["partition"]
    assert result.counts["messages"]["partition"] == 1


def test_a_message_to_nobody_is_lost_and_nothing_else_happens(tmp_path: Path) -> None:
    result, _, messages = run_live(tmp_path, plan_text(tmp_path, "nowhere"))
    assert (result.verdict, result.error) == ("valid", None)
    assert {entry.why for entry in messages if entry.event == "drop"} == {"there is no n9"}


@pytest.mark.parametrize(
    ("behaviour", "said", "detail"),
    [
        ("exits", "node n1 exited with status 3 before it was ready", "no configuration"),
        ("late", "node n1 exited with status 7", "the tenth request is too much"),
        ("silent", "node n1 does not serve 0.5 s after its start", "it has not answered init"),
        ("garbage", "node n1 printed 'hello'; expected a message such as {", "I am n1"),
        ("wrong", "node n1 sent a read_ok without 'value'", ""),
    ],
)
def test_a_program_that_misbehaves_ends_the_run_with_its_name(
    clew_plan: Any, behaviour: str, said: str, detail: str
) -> None:
    done = clew_plan(behaviour, "live.ready=500ms" if behaviour == "silent" else "live.ready=30s")
    assert done.returncode == 255
    assert said in done.stderr
    assert detail in done.stderr


def test_a_program_that_cannot_be_started_is_the_users_mistake(clew_plan: Any) -> None:
    done = clew_plan("well", "system.maelstrom=[nowhere-at-all]")
    assert done.returncode == 254
    assert done.stderr.startswith("clew: maelstrom: system.maelstrom: ")
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("live={pcap: true}", "live.pcap: the network of Maelstrom programs is their pipes"),
        ("network={clients: {duplicate: 0.1}}", "network.clients.duplicate: a Maelstrom node may carry out each copy"),
    ],
)
def test_what_pipes_cannot_do_is_the_users_mistake(clew_plan: Any, setting: str, said: str) -> None:
    done = clew_plan("well", setting)
    assert done.returncode == 254
    assert done.stderr.startswith(f"clew: maelstrom: {said}")
    assert len(done.stderr.splitlines()) == 1
