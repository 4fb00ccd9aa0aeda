"""What the nemesis does in a live run: processes are killed and stopped for real, links are cut, and all of it ends."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import msgspec
import pytest
import trio

from clew.harness.plan import load, loads, resolve
from clew.harness.run import run
from clew.harness.verdict.result import Result
from clew.histories import load as load_history
from clew.histories.journal import Entry, entries

PLAN = """
name: live-faults
system: {name: caspaxos, nodes: 3}
runtime: live
workload: {kind: cas-register, clients: 3, rate: 100, duration: 1s, timeout: 300ms}
recovery: {after: 100ms}
"""
MS = 1_000_000


@pytest.fixture(params=["loopback", "tun"])
def network(request: pytest.FixtureRequest) -> str:
    if request.param == "tun":
        request.getfixturevalue("namespaces")
    return str(request.param)


one_network = pytest.mark.parametrize(
    "network", ["loopback", pytest.param("tun", marks=pytest.mark.long)], indirect=True
)
"""What happens to processes is the same on both networks: the suite tries it on one, `make fuzz` on both."""


def hit(store: Path, network: str, fault: str, *settings: str) -> tuple[Result, list[Entry]]:
    """Run the plan with one fault. Returns the result and the journal."""
    plan = resolve(loads(PLAN, "plan", Path()), None, [f"live.network={network}", f"nemesis=[{fault}]", *settings])
    result = trio.run(partial(run, plan, into=store))
    assert result.run is not None
    return result, list(entries(Path(result.run) / "messages.jsonl"))


def between(journal: list[Entry], start: int, end: int) -> Iterator[tuple[Entry, Entry]]:
    """The messages that were received between two times (ms), each with its arrival."""
    sent = {entry.id: entry for entry in journal if entry.event == "send"}
    for entry in journal:
        if entry.event == "receive" and start * MS < entry.time < end * MS:
            yield sent[entry.id], entry


@one_network
def test_a_crash_kills_the_process_and_its_next_life_goes_on_from_its_disk(tmp_path: Path, network: str) -> None:
    result, journal = hit(tmp_path, network, "{crash: {target: [n2], at: 300ms, for: 300ms}}")
    assert result.verdict == "valid"
    lives = [(entry.event, entry.life) for entry in journal if entry.node == "n2"]
    assert lives == [("start", 0), ("crash", 0), ("start", 1)]
    crashed, started = (entry.time for entry in journal if entry.node == "n2" and entry.time)
    steps = [entry for entry in journal if entry.event == "send" and entry.src == "n2"]
    assert not [entry for entry in steps if crashed < entry.time < started]
    assert [entry for entry in steps if entry.time > started], "it answers again"
    assert any(entry.event == "drop" and entry.why == "down" for entry in journal)
    assert result.run is not None
    assert "--- life 2, " in (Path(result.run) / "nodes" / "n2.log").read_text()


@one_network
def test_a_paused_node_stands_still_and_then_goes_on_with_what_has_waited(tmp_path: Path, network: str) -> None:
    for _ in range(3):
        result, journal = hit(tmp_path, network, "{pause: {target: [n2], at: 300ms, for: 400ms}}")
        assert result.verdict == "valid"
        assert result.run is not None
        events = load_history(Path(result.run) / "history.jsonl").events()
        start, stop = (event.time / MS for event in events if event.f in ("start-pause", "stop-pause"))
        if start < 350:
            break  # otherwise the machine stood still when the pause was due
    # The processes are stopped within a moment, not at the nanosecond.
    sent_at = [entry.time / MS for entry in journal if entry.event == "send" and entry.src == "n2"]
    assert not [time for time in sent_at if start + 100 < time < stop - 10]
    waited = [arrival.time - sent.time for sent, arrival in between(journal, 690, 2000) if sent.dest == "n2"]
    assert max(waited) > 100 * MS
    assert [entry.event for entry in journal if entry.node == "n2"] == ["start"], "it is one life"


def test_a_partition_takes_every_message_on_the_links_that_it_cuts(tmp_path: Path, network: str) -> None:
    grudge = "{partition: {grudge: {n1: [n2], c0: [n1, n2, n3]}, at: 300ms, for: 400ms}}"
    result, journal = hit(tmp_path, network, grudge, "workload.timeout=100ms")
    assert result.verdict == "valid"
    sent = {entry.id: entry for entry in journal if entry.event == "send"}
    lost, arrived = (
        [sent[entry.id] for entry in journal if (entry.event, entry.why) == what]
        for what in (("drop", "partition"), ("receive", ""))
    )
    links = {(one.src, one.dest) for one in lost}
    assert links - {("n1", "c0"), ("n2", "c0"), ("n3", "c0")} == {("n2", "n1")}, "one direction, and not the other"
    # A busy machine cuts links late, and then a client may lose nothing. From the first message that a cut takes to the
    # last one, it takes all.
    for link in links:
        cut, through = ([one.time for one in which if (one.src, one.dest) == link] for which in (lost, arrived))
        assert not [time for time in through if min(cut) < time < max(cut)], link
    assert [one for one in arrived if (one.src, one.dest) == ("n2", "n1") and one.time > lost[-1].time], "it heals"
    assert result.counts["messages"]["partition"] >= len(lost)


def test_a_bad_network_delays_and_loses_messages(tmp_path: Path, network: str) -> None:
    _, journal = hit(tmp_path, network, "{network: {delay: 50ms, drop: 0.3, at: 100ms, for: 700ms}}")
    sent = {entry.id: entry for entry in journal if entry.event == "send"}
    lost = [sent[entry.id] for entry in journal if entry.event == "drop" and entry.why == "loss"]
    assert {one.src[0] + one.dest[0] for one in lost} == {"nn"}, "links to clients stay as they are"
    arrived = [(sent[entry.id], entry.time - sent[entry.id].time) for entry in journal if entry.event == "receive"]
    # A busy machine begins late. From the first message that a node loses, to the last one, it delays all others.
    delays = []
    for node in ("n1", "n2", "n3"):
        begins, *_, ends = [one.time for one in lost if one.src == node]
        during = [(one, took) for one, took in arrived if begins < one.time < ends]
        delays += [took for one, took in during if one.src == node and one.dest[0] == "n" and one.dest != node]
        assert min(took for one, took in during if one.src[0] == "c") < 50 * MS
    assert min(delays) >= 50 * MS


@one_network
def test_a_fault_that_hits_the_leader_hits_whoever_leads_then(tmp_path: Path, network: str) -> None:
    faults = "nemesis=[{crash: {target: leader, every: 700ms, for: 600ms}}]"
    settings = ["runtime=live", f"live.network={network}", "workload.duration=4s", "recovery.after=200ms", faults]
    result = trio.run(partial(run, resolve(load("rsl-leader-loss"), None, settings), into=tmp_path))
    assert result.verdict == "valid"
    assert result.run is not None
    history = load_history(Path(result.run) / "history.jsonl")
    crashes = [event.value for event in history.events() if event.f == "start-crash"]
    assert len({str(crash["fault"]["nodes"]) for crash in crashes}) > 1, crashes


@one_network
def test_members_leave_and_join_as_each_node_is_told_again_in_its_next_life(tmp_path: Path, network: str) -> None:
    faults = "{membership: {node: n3, at: 200ms, for: 500ms}}, {crash: {target: [n2], at: 300ms, for: 100ms}}"
    system = "system={name: raft, nodes: 3, pre_vote: true, election_timeout: 100ms, heartbeat_period: 25ms}"
    result, journal = hit(tmp_path, network, faults, system, "workload.kind=kv", "checks=[invariants, liveness]")
    assert result.verdict == "valid"
    assert result.counts["protocol"]["membership changes"] >= 2
    sent = [(entry.src, msgspec.json.decode(entry.body)) for entry in journal if entry.event == "send"]
    numbers = sorted((node, body["number"]) for node, body in sent if body["type"] == "reconfigure")
    assert numbers == [("n1", 1), ("n1", 2), ("n2", 1), ("n2", 1), ("n2", 2), ("n3", 1), ("n3", 2)]


@one_network
@pytest.mark.parametrize("moment", [0.7, *(pytest.param(moment, marks=pytest.mark.long) for moment in (0.0, 1.5))])
def test_ctrl_c_ends_a_run_at_any_moment_and_what_was_recorded_is_judged(
    tmp_path: Path, network: str, moment: float
) -> None:
    (tmp_path / "plan.yaml").write_text(PLAN)
    command = [sys.executable, "-P", "-c", "from clew.harness.cli.app import main; main()", "run"]
    command += [str(tmp_path / "plan.yaml"), "--store", str(tmp_path / "store"), "--json"]
    command += ["--set", f"live.network={network}", "--set", "workload.duration=60s"]
    marked = {**os.environ, "CLEW_TEST": str(tmp_path)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=marked) as process:
        while not list(tmp_path.glob("store/*/*/history.jsonl")):
            assert process.poll() is None
            time.sleep(0.01)
        time.sleep(moment)
        if moment > 1:
            # On a busy machine the nodes may take longer.
            while not any("host_server" in process for process in processes_with(str(tmp_path))):
                assert process.poll() is None
                time.sleep(0.1)
        os.kill(process.pid, signal.SIGINT)
        out, error = process.communicate(timeout=30)
    result = json.loads(out)
    assert (result["verdict"], result["finished"]) == ("unknown", False), error
    assert process.returncode == 2
    assert not list(processes_with(str(tmp_path)))


def processes_with(mark: str) -> Iterator[str]:
    """The processes that have this in their environment."""
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if mark.encode() in (folder / "environ").read_bytes():
                yield (folder / "cmdline").read_bytes().decode()
