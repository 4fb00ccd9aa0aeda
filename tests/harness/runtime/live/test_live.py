"""Our own protocols on real processes and real packets."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import signal
from functools import partial
from pathlib import Path

import pytest
import trio

from clew.harness.plan import load, loads, resolve
from clew.harness.run import run
from clew.harness.runtime.live import data_folder
from clew.harness.runtime.live.protocols.hosts import Host
from clew.harness.runtime.live.protocols.node_disk import NodeDisk
from clew.harness.runtime.live.protocols.node_wire import READY
from clew.harness.runtime.live.protocols.protocol_cluster import ProtocolCluster
from clew.harness.runtime.thread import Thread
from clew.harness.store.folder import NotKept
from clew.harness.verdict.result import Result
from clew.histories import load as load_history
from clew.histories.journal import entries
from clew.systems import Operation


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


def test_a_node_that_ends_in_the_moment_in_which_it_is_ready_is_reported_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    heed = ProtocolCluster._heed

    def kill_when_ready(self: ProtocolCluster, host: Host, kind: int, body: bytes) -> None:
        heed(self, host, kind, body)
        if kind == READY:
            os.kill(host.pid, signal.SIGKILL)
            host.control.setblocking(True)
            with contextlib.suppress(ConnectionResetError):
                while host.control.recv(1 << 16):
                    pass

    # So the end of each node is read in the same round as that it is ready.
    monkeypatch.setattr(ProtocolCluster, "_heed", kill_when_ready)
    result = live(tmp_path, "caspaxos-happy-path", "workload.operations=2", "recovery.within=1s")
    assert result.error is not None
    assert re.search(r"node n\d was killed by SIGKILL", result.error)


def test_an_error_of_the_machine_is_not_taken_for_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    invoke = ProtocolCluster.invoke

    def fail_late(self: ProtocolCluster, thread: Thread, operation: Operation) -> None:
        if operation.id > 5:
            raise OSError(errno.EMFILE, "too many open files")
        invoke(self, thread, operation)

    monkeypatch.setattr(ProtocolCluster, "invoke", fail_late)
    with pytest.raises(OSError, match="too many open files") as caught:
        live(tmp_path, "caspaxos-happy-path", "workload.operations=20")
    assert not isinstance(caught.value, NotKept)
    (history,) = tmp_path.glob("caspaxos-happy-path/*/history.jsonl")
    assert len(list(load_history(history).events())) >= 6


def test_the_data_of_nodes_are_gone_after_the_run_unless_they_are_to_be_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "memory").mkdir()
    monkeypatch.setattr(data_folder, "MEMORY", tmp_path / "memory")
    result = live(tmp_path, "caspaxos-happy-path", "workload.operations=2", "live.keep_data=true")
    assert result.run is not None
    kept = NodeDisk(Path(result.run) / "data" / "n1.disk")
    assert kept.contents
    again = live(tmp_path, "caspaxos-happy-path", "workload.operations=2")
    assert again.run is not None
    assert not (Path(again.run) / "data").exists()
    assert not list((tmp_path / "memory").iterdir())


LARGE = """
import msgspec
from clew.systems import Protocol

class Ask(msgspec.Struct, frozen=True, tag="ask"):
    id: int

class Large(msgspec.Struct, frozen=True, tag="large"):
    id: int
    text: str

class Answer(msgspec.Struct, frozen=True, tag="answer"):
    id: int
    length: int

class Node:
    def start(self, ctx):
        self.asking = {}
    def receive(self, ctx, source, message):
        if type(message) is Ask:
            self.asking[message.id] = source
            ctx.send("n2", Large(message.id, "x" * 300_000))
        elif type(message) is Large:
            ctx.send("n1", Answer(message.id, len(message.text)))
        else:
            ctx.send(self.asking[message.id], message)

class Client:
    def invoke(self, ctx, operation):
        self.id = operation.id
        ctx.send("n1", Ask(operation.id))
    def receive(self, ctx, source, message):
        if message.id == self.id:
            assert message.length == 300_000
            ctx.complete("ok")

system = Protocol(
    name="large", summary="", messages=Ask | Large | Answer, node=lambda p: Node(), client=lambda p: Client(),
    model="register", functions=("read", "write"),
)
"""


@pytest.mark.parametrize("network", ["loopback", "tun"])
def test_a_message_that_is_larger_than_a_datagram_arrives(
    tmp_path: Path, network: str, request: pytest.FixtureRequest
) -> None:
    if network == "tun":
        request.getfixturevalue("namespaces")
    (tmp_path / "large.py").write_text(LARGE)
    text = "name: large\nsystem: {name: large.py, nodes: 2}\nruntime: live\nrecovery: {after: 10ms}\n"
    text += "workload: {kind: cas-register, clients: 2, operations: 20, mix: {write: 1}}\n"
    plan = resolve(loads(text, "plan", tmp_path), None, [f"live.network={network}"])
    result = trio.run(partial(run, plan, into=tmp_path / "store"))
    assert result.counts["operations"]["ok"] == result.operations, result
    assert result.error is None
