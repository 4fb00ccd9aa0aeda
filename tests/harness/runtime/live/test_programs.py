"""Programs on real processes: what a good one gives, and what becomes of a program or a client that misbehaves."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import trio

from clew.harness.plan import loads, resolve
from clew.harness.run import run
from clew.harness.runtime.live.logs import Logs
from clew.harness.runtime.live.programs.clients import HostedClients
from clew.harness.testing import Broken, assert_holds
from clew.harness.verdict.result import Result
from clew.histories import load
from clew.histories.journal import entries
from clew.histories.text import plural
from tests.harness.conftest import Clew
from tests.harness.runtime.live.worlds import as_nobody

PROGRAMS = Path(__file__).with_name("programs")
PLAN = f"""\
name: program
system:
  command: {sys.executable} server.py well {{host}} {{port}} {{data}}
  client: client.py
  folder: {PROGRAMS}
  nodes: 1
  functions: [read, write]
workload: {{kind: cas-register, clients: 2, operations: 30, timeout: 5s}}
live: {{network: loopback}}
recovery: {{after: 50ms, within: 20s}}
"""
NODE_CLIENT = "system.client=node client.js"
both_clients = pytest.mark.parametrize("client", ["system.client=client.py", NODE_CLIENT])
one_client = pytest.mark.parametrize(
    "client", ["system.client=client.py", pytest.param(NODE_CLIENT, marks=pytest.mark.long)]
)
"""The suite runs these tests with clients in Python, `make fuzz` with both."""
pytestmark = pytest.mark.usefixtures("node_js")


def behaviour(name: str) -> str:
    """The setting with which the server behaves like this."""
    return f"system.command.2={name}"


def plan_text(folder: Path) -> str:
    """The plan with a command that is a list, so that a setting can change one word; and a mark on its processes."""
    words = [sys.executable, "server.py", "well", "{host}", "{port}", "{data}", str(folder)]
    return PLAN.replace(PLAN.splitlines()[2], f"  command: {json.dumps(words)}")


def run_live(folder: Path, *settings: str) -> Result:
    """Run the plan with these settings."""
    plan = resolve(loads(plan_text(folder), "p.yaml", folder), None, settings)
    return trio.run(partial(run, plan, into=folder / "store"))


def left_of(folder: Path) -> list[str]:
    """The processes that are left of a run in this folder."""
    listed = subprocess.run(["ps", "-eo", "pid,args", "-ww"], capture_output=True, text=True, check=True).stdout
    return [line for line in listed.splitlines() if str(folder) in line]


@pytest.fixture
def clew_plan(clew_call: Clew, tmp_path: Path) -> Any:
    """Run `clew run` on the plan with these settings. Nothing of the run may be left afterwards."""
    (tmp_path / "p.yaml").write_text(plan_text(tmp_path))

    def call(*settings: str) -> subprocess.CompletedProcess[str]:
        done = clew_call("run", "p.yaml", *(word for setting in settings for word in ("--set", setting)))
        assert left_of(tmp_path) == []
        assert "bug in clew" not in done.stderr
        return done

    return call


@both_clients
def test_a_program_with_clients_in_python_or_on_json_lines_is_valid(tmp_path: Path, client: str) -> None:
    result = run_live(tmp_path, client)
    assert (result.verdict, result.error) == ("valid", None)
    assert result.operations == 32
    assert result.counts["operations"]["ok"] == 32


@one_client
def test_a_stale_read_is_found(tmp_path: Path, client: str) -> None:
    assert run_live(tmp_path, client, behaviour("stale")).verdict == "invalid"


def test_a_write_whose_result_is_not_told_has_its_argument_as_result(tmp_path: Path) -> None:
    result = run_live(tmp_path)
    assert result.run is not None
    history = load(Path(result.run) / "history.jsonl")
    writes = [event for event in history.events() if event.f == "write" and event.type == "ok"]
    assert writes
    assert all(event.value is not None for event in writes)


def test_a_crashed_node_starts_again_on_its_data_and_its_log_goes_on(tmp_path: Path) -> None:
    faults = "nemesis=[{crash: {target: [n1], at: [200ms, 600ms], for: 200ms}}]"
    result = run_live(tmp_path, faults, "workload.operations=", "workload.duration=1s", "workload.think=5ms")
    assert (result.verdict, result.error, result.counts["faults"]) == ("valid", None, {"crash": 2})
    assert result.run is not None
    log = [line.split(",")[0] for line in (Path(result.run) / "nodes" / "n1.log").read_text().splitlines()]
    assert [line for line in log if line != "serving on 8000"] == ["--- life 2", "--- life 3"]
    # On a busy machine the second life may end before it serves.
    assert log[0] == log[-1] == "serving on 8000"


def test_a_node_that_ends_in_the_moment_in_which_it_is_ready_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ready, last_words = HostedClients.ready, Logs.last_words

    async def die_when_ready(self: HostedClients, node: str) -> None:
        await ready(self, node)
        for line in left_of(tmp_path):
            if "server.py" in line:
                os.kill(int(line.split()[0]), signal.SIGKILL)
        await trio.sleep(0.2)

    async def take_long(self: Logs, name: str) -> str:
        await trio.sleep(0.4)
        return await last_words(self, name)

    # So `ready` says yes when the end of the node is known, and its last words are not read yet.
    monkeypatch.setattr(HostedClients, "ready", die_when_ready)
    monkeypatch.setattr(Logs, "last_words", take_long)
    result = run_live(tmp_path, "recovery.within=1s", "workload.timeout=1s")
    assert result.error is not None
    assert "node n1 was ended by SIGKILL" in result.error


@pytest.mark.usefixtures("namespaces")
def test_packets_are_the_messages_of_a_program(tmp_path: Path) -> None:
    result = run_live(tmp_path, "live.network=tun", "workload.operations=4")
    assert result.run is not None
    journal = list(entries(Path(result.run) / "messages.jsonl"))
    sent = [entry for entry in journal if entry.event == "send"]
    assert {(entry.src, entry.dest) for entry in sent} == {("c0", "n1"), ("n1", "c0"), ("c1", "n1"), ("n1", "c1")}
    assert all(entry.content(Path())["type"] == "tcp" for entry in sent)


@pytest.mark.usefixtures("namespaces")
@one_client
def test_a_cut_between_a_client_and_its_node_is_seen_by_that_client_alone(tmp_path: Path, client: str) -> None:
    result = run_live(
        tmp_path,
        client,
        "live.network=tun",
        "nemesis=[{partition: {grudge: {n1: [c0]}, at: 0s}}]",
        "workload.operations=[{at: 50ms, client: 0, f: read}, {at: 50ms, client: 1, f: read}]",
        "workload.timeout=3s",
    )
    assert result.run is not None
    history = load(Path(result.run) / "history.jsonl")
    ended = {event.process: event.type for event in history.events() if event.type in ("ok", "fail", "info")}
    assert ended[1] == "ok"
    assert ended[0] in ("fail", "info")


# Programs that misbehave


@pytest.mark.parametrize("command", ["/nowhere/kvd", "./nowhere", "nowhere-at-all", "./client.js"])
def test_a_command_that_cannot_be_started_is_the_users_mistake(clew_plan: Any, tmp_path: Path, command: str) -> None:
    done = clew_plan(f"system.command={command}")
    assert done.returncode == 254
    assert done.stderr.startswith("clew: program: system.command: ")
    assert command in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not list(tmp_path.glob("store/program/*"))


def test_a_client_that_cannot_be_started_is_the_users_mistake(clew_plan: Any) -> None:
    done = clew_plan("system.client=./nowhere --x")
    assert done.returncode == 254
    assert done.stderr.startswith("clew: program: system.client: ")
    assert len(done.stderr.splitlines()) == 1


def test_a_program_that_exits_at_once_says_how_and_with_which_words(clew_plan: Any) -> None:
    done = clew_plan(behaviour("exits"))
    assert done.returncode == 255
    assert "node n1 exited with status 3 before it was ready" in done.stderr
    assert "no configuration" in done.stderr


def test_a_program_that_leaves_the_foreground_is_told_to_stay(clew_plan: Any) -> None:
    done = clew_plan(behaviour("leaves"))
    assert done.returncode == 255
    assert "node n1 exited with status 0 before it was ready; it must stay in the foreground\n" in done.stderr


def test_a_program_that_exits_later_says_how_and_with_which_words(clew_plan: Any) -> None:
    done = clew_plan(behaviour("late"))
    assert done.returncode == 255
    assert "node n1 exited with status 7" in done.stderr
    assert "the tenth request is too much" in done.stderr


def test_a_program_that_never_gets_ready_is_given_up(clew_plan: Any) -> None:
    done = clew_plan(behaviour("never"), "live.ready=500ms")
    assert done.returncode == 255
    assert "node n1 does not serve 0.5 s after its start" in done.stderr


@pytest.mark.usefixtures("namespaces")
@pytest.mark.parametrize(("name", "where"), [("never", "no port"), ("elsewhere", "10.77.0.1:8001")])
def test_a_program_that_listens_elsewhere_is_told_where(clew_plan: Any, name: str, where: str) -> None:
    done = clew_plan(behaviour(name), "live.ready=2s", "live.network=tun")
    assert done.returncode == 255
    assert f"it listens on {where}; expected 10.77.0.1:8000" in done.stderr


@pytest.mark.parametrize(
    ("ready", "said"),
    [("{http: /health}", "expected an answer to GET http://127."), ("{log: elected}", "expected 'elected' in its log")],
)
def test_a_program_that_serves_but_is_never_ready_is_told_what_was_expected(
    clew_plan: Any, ready: str, said: str
) -> None:
    done = clew_plan(f"system.ready={ready}", "live.ready=1s")
    assert done.returncode == 255
    assert "node n1 does not serve 1 s after its start" in done.stderr
    assert said in done.stderr


def test_a_program_that_floods_its_log_is_not_held_up_and_the_log_has_a_bound(tmp_path: Path) -> None:
    result = run_live(tmp_path, behaviour("floods"))
    assert (result.verdict, result.error) == ("valid", None)
    assert result.run is not None
    log = Path(result.run) / "nodes" / "n1.log"
    assert 16 << 20 <= log.stat().st_size < 17 << 20
    assert b"bytes are left out here: the log is full" in log.read_bytes()[-20_000:]


@pytest.mark.usefixtures("namespaces")
def test_the_daemons_of_a_program_die_with_it(clew_plan: Any) -> None:
    done = clew_plan(behaviour("daemon"), "live.network=tun", "nemesis=[{crash: {target: [n1], at: 0s, for: 100ms}}]")
    assert done.returncode == 0, done.stderr


# Clients that misbehave


@both_clients
def test_a_client_that_hangs_ends_by_the_timeout_and_is_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, client: str
) -> None:
    monkeypatch.setenv("BEHAVIOUR", "hangs")
    monkeypatch.setattr("clew.harness.runtime.live.programs.clients.HANGS_AFTER", 0.0)
    result = run_live(tmp_path, client, "workload.timeout=1s")
    assert (result.verdict, result.error) == ("valid", None)
    assert result.counts["operations"]["info"] > 0
    assert result.run is not None
    history = load(Path(result.run) / "history.jsonl")
    unknown = [event for event in history.events() if event.type == "info" and event.f == "write"]
    assert {event.error for event in unknown} == {"timeout"}
    assert all(event.value % 5 == 0 for event in unknown)
    # A program is killed when it is given up, so it cannot come back.
    hung = f"{plural(len(unknown), 'client')} had been given up and had not come back"
    told = [note.partition(" at the end")[0] for note in result.notes if "hang" in note]
    assert told == ([] if client == NODE_CLIENT else [hung])


@both_clients
def test_clients_that_all_hang_end_the_run_and_not_the_nodes_are_blamed(
    clew_plan: Any, monkeypatch: pytest.MonkeyPatch, client: str
) -> None:
    monkeypatch.setenv("BEHAVIOUR", "stuck")
    done = clew_plan(client, "workload.operations=2", "workload.timeout=100ms", "recovery.within=300ms")
    assert done.returncode == 255
    assert done.stderr.startswith("clew: every client hangs: none has come back from any of ")
    assert "operations; expected a client to give up by itself, within 0.1 s" in done.stderr
    assert done.stdout.startswith("UNKNOWN")
    assert "liveness     unknown" in done.stdout


def test_what_a_replaced_client_still_says_is_dropped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BEHAVIOUR", "late")
    result = run_live(tmp_path, "workload.timeout=600ms", "recovery.after=1s")
    assert (result.verdict, result.error) == ("valid", None)
    assert result.counts["operations"]["info"] > 0


def test_a_second_answer_to_an_operation_is_dropped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BEHAVIOUR", "repeats")
    result = run_live(tmp_path, NODE_CLIENT)
    assert (result.verdict, result.error) == ("valid", None)


@pytest.mark.parametrize(
    ("client", "name", "said", "detail"),
    [
        ("client.py", "exits", "client c0 raised SystemExit: I have had enough", "sys.exit"),
        ("client.py", "dies", "every client ended: their process exited with status 9", "about to die"),
        ("client.py", "boasts", "client c0 returned 20,971,522 bytes from read; expected at most 8,388,608", ""),
        ("client.py", "wrong", "client c0 raised AttributeError: 'Client' object has no attribute", "self.undefined"),
        ("node client.js", "dies", "client c0 exited with status 9", "about to die"),
        ("node client.js", "garbage", "client c0 printed 'about to write'; expected a line such as {", ""),
        ("node client.js", "stranger", "it was never asked for an operation 4711", 'client c0 printed \'{"id":4711,'),
        ("node client.js", "denies", "ok and the value false; expected no value, or the type fail", "answered write "),
        ("node client.js", "endless", "client c0 printed a line without an end; expected a line such as {", ""),
    ],
)
def test_a_client_that_breaks_ends_the_run_with_its_name(
    clew_plan: Any, monkeypatch: pytest.MonkeyPatch, client: str, name: str, said: str, detail: str
) -> None:
    monkeypatch.setenv("BEHAVIOUR", name)
    done = clew_plan(f"system.client={client}", "workload.clients=1", "workload.mix={write: 1}")
    assert done.returncode == 255
    assert said in done.stderr
    assert detail in done.stderr


def test_an_ok_to_a_read_without_a_value_ends_the_run(clew_plan: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BEHAVIOUR", "silent")
    done = clew_plan(NODE_CLIENT, "workload.clients=1", "workload.mix={read: 1}")
    assert done.returncode == 255
    assert "client c0 answered read 0 with ok and no value; expected one, null for a key that holds" in done.stderr


@pytest.mark.parametrize(
    ("source", "said", "place"),
    [
        ("import nowhere_at_all", "raised ModuleNotFoundError: No module named 'nowhere_at_all'", 'broken.py", line 1'),
        ("def broken(:", "raised SyntaxError: ", 'broken.py", line 1'),
        ("import also", "raised SyntaxError: ", 'also.py", line 1'),
        ("class Other: ...", "broken.py defines no class Client", ""),
        ("class Client:\n    def __init__(self, *_): undefined", "raised NameError: ", 'broken.py", line 2'),
    ],
)
def test_a_client_file_that_cannot_be_used_ends_the_run_and_only_its_own_lines_are_shown(
    clew_plan: Any, tmp_path: Path, source: str, said: str, place: str
) -> None:
    (tmp_path / "broken.py").write_text(f"{source}\n")
    (tmp_path / "also.py").write_text("def broken(:\n")
    done = clew_plan(f"system.client={tmp_path}/broken.py")
    assert done.returncode == 255
    assert said in done.stderr
    assert place in done.stderr
    for ours in ("client_host.py", "frozen importlib", "command.py", "registry.py", "program.py"):
        assert ours not in done.stderr


def test_a_fault_of_packets_is_refused_on_the_loopback_device(clew_plan: Any) -> None:
    done = clew_plan("system.nodes=3", "nemesis=[{partition: {kind: one, at: 1s}}]")
    assert done.returncode == 254
    assert "program: nemesis.0.partition: the packets of programs on the loopback device do not pass" in done.stderr


def test_a_python_file_may_define_the_program(tmp_path: Path) -> None:
    shutil.copy(Path(__file__).parents[3] / "systems" / "tcp_register.py", tmp_path)
    text = "name: p\nsystem: {name: tcp_register.py, nodes: 1}\nworkload: {kind: cas-register, operations: 10}\n"
    settings = ["live.network=loopback", "recovery.after=0s"]
    result = trio.run(partial(run, resolve(loads(text, "p.yaml", tmp_path), None, settings), into=tmp_path / "store"))
    assert (result.verdict, result.error) == ("valid", None)


def test_an_assertion_about_a_live_plan_says_what_broke_and_prints_the_plan(tmp_path: Path) -> None:
    assert_holds(resolve(loads(plan_text(tmp_path), "p.yaml", tmp_path)))
    with pytest.raises(Broken) as caught:
        assert_holds(resolve(loads(plan_text(tmp_path), "p.yaml", tmp_path), None, [behaviour("stale")]))
    said, plan = str(caught.value).split("\nname: program\n")
    assert said.startswith("program, seed 0: linearizable")
    assert "no order of the operations explains this" in said
    assert resolve(loads(f"name: program\n{plan}", "printed", Path("/"))) == caught.value.plan
    assert left_of(tmp_path) == []


@pytest.mark.usefixtures("namespaces")
def test_a_user_without_rights_can_run_a_program_too() -> None:
    """The client host may enter the networks of the clients without being root."""
    main = as_nobody("-c", "from clew.harness.cli.app import main; main()")
    with TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o777)
        environment = {**os.environ, "HOME": name, "NUMBA_CACHE_DIR": f"{name}/numba"}
        for words in (["init", "mine"], ["run", "mine/plan.yaml", "--set", "workload.duration=1500ms"]):
            done = subprocess.run(
                [*main, *words], cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=300
            )
            assert done.returncode == 0, done.stdout + done.stderr
        assert "partition" in done.stdout
