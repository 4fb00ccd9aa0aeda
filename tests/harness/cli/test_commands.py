"""The commands as a user types them: what they print, which files they leave, their exit codes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from clew.harness.plan import shipped
from clew.histories import load
from tests.harness.conftest import PLAN, Clew

PROGRAM = Path(__file__).parents[2] / "systems" / "tcp_register.py"
"""A system that no runtime can start yet."""


def test_a_run_leaves_all_its_files(clew_call: Clew, recorded: Path) -> None:
    assert recorded.parent.name == "small"
    assert recorded.name.endswith("Z-5")
    names = {path.name for path in recorded.iterdir()}
    assert names == {
        "plan.yaml",
        "history.jsonl",
        "messages.jsonl",
        "verdict.json",
        "report.html",
        "nodes",
        "clew.log",
    }
    verdict = json.loads((recorded / "verdict.json").read_text())
    assert {"verdict", "plan", "seed", "checks", "operations", "explanation", "run"} <= set(verdict)
    assert (verdict["verdict"], verdict["plan"], verdict["seed"]) == ("valid", "small", 5)
    assert set(verdict["checks"]) == {"linearizable", "invariants", "liveness"}
    history = load(recorded / "history.jsonl")
    assert verdict["operations"] == len(history.operations) >= 20
    faults = [event.f for event in history.events() if event.process == "nemesis"]
    assert faults == ["start-crash", "stop-crash", "start-partition", "stop-partition"]
    assert "numba" in (recorded / "clew.log").read_text()


def test_json_is_the_verdict_and_nothing_else(clew: Clew, tmp_path: Path) -> None:
    (tmp_path / "small.yaml").write_text(PLAN)
    done = clew("run", "small.yaml", "--json")
    assert done.returncode == 0
    assert json.loads(done.stdout) == json.loads((tmp_path / "store" / "latest" / "verdict.json").read_text())


def test_seed_and_settings_change_the_run(clew_call: Clew, tmp_path: Path) -> None:
    (tmp_path / "small.yaml").write_text(PLAN)
    done = clew_call(
        "run", "small.yaml", "--seed", "9", "--set", "workload.operations=7", "--nodes", "inline", "--json"
    )
    result = json.loads(done.stdout)
    assert result["seed"] == 9
    assert result["operations"] == 7 + 2, "and a final read for each client"


def test_replay_is_identical_whatever_the_nodes_are(clew_call: Clew, recorded: Path) -> None:
    for nodes in ("process", "inline"):
        done = clew_call("replay", recorded, "--nodes", nodes)
        assert done.returncode == 0, done.stderr
        assert done.stdout.startswith("identical: sha256 ")


def test_replay_of_a_killed_run_is_identical_as_far_as_it_came(clew_call: Clew, recorded: Path) -> None:
    (recorded / "verdict.json").unlink()
    history = recorded / "history.jsonl"
    history.write_bytes(history.read_bytes()[:-150])
    assert load(history).cut
    done = clew_call("check", recorded)
    assert done.returncode == 254
    line = history.read_bytes().count(b"\n") + 1
    assert f"history.jsonl:{line}: the file is cut in the middle of this line" in done.stderr
    assert clew_call("check", recorded, "--cut").returncode == 0
    assert "cut in the middle of a line" in clew_call("show", recorded).stdout
    done = clew_call("replay", recorded, "--nodes", "inline")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("identical as far as both go")


def test_replay_says_when_it_differs(clew_call: Clew, recorded: Path) -> None:
    history = recorded / "history.jsonl"
    history.write_bytes(history.read_bytes().replace(b'"write"', b'"wrote"'))
    done = clew_call("replay", recorded, "--nodes", "inline")
    assert done.returncode == 255
    assert "the replay differs" in done.stderr


def test_a_finished_run_must_be_replayed_whole(clew_call: Clew, recorded: Path) -> None:
    history = recorded / "history.jsonl"
    history.write_bytes(b"".join(history.read_bytes().splitlines(keepends=True)[:-2]))
    done = clew_call("replay", recorded, "--nodes", "inline")
    assert done.returncode == 255
    assert "the replay differs" in done.stderr


def test_check_judges_a_run_and_a_bare_history(clew_call: Clew, recorded: Path, tmp_path: Path) -> None:
    assert clew_call("check", recorded).returncode == 0
    assert clew_call("check", recorded / "history.jsonl", "--model", "cas-register").returncode == 0
    events = [
        '{"clew-history":1}',
        '{"index":0,"time":1,"process":0,"type":"invoke","f":"write","value":1}',
        '{"index":1,"time":2,"process":0,"type":"ok","f":"write","value":1}',
        '{"index":2,"time":3,"process":1,"type":"invoke","f":"read"}',
        '{"index":3,"time":4,"process":1,"type":"ok","f":"read","value":2}',
    ]
    (tmp_path / "bad.jsonl").write_text("\n".join(events) + "\n")
    done = clew_call("check", "bad.jsonl", "--model", "cas-register")
    assert done.returncode == 1
    assert "INVALID" in done.stdout
    done = clew_call("check", "bad.jsonl")
    assert done.returncode == 254
    assert "--model" in done.stderr


def test_show_prints_the_verdict_and_the_diagram(clew_call: Clew, tmp_path: Path) -> None:
    assert clew_call("run", "caspaxos-highest-version", "--nodes", "inline").returncode == 1
    done = clew_call("show", tmp_path / "store" / "latest")
    assert done.returncode == 0, done.stderr
    for word in ("verdict    invalid", "partition n", "┏ cas [", "\n ✗ "):
        assert word in done.stdout


def test_plans_and_systems_are_listed(clew_call: Clew) -> None:
    listed = clew_call("plans").stdout
    for name, _ in shipped():
        assert name in listed
    listed = clew_call("systems").stdout
    for name in ("caspaxos", "forgets-promises", "highest-version", "dirty-reads"):
        assert name in listed


def test_a_command_that_has_another_name_is_told(clew_call: Clew) -> None:
    done = clew_call("explain", "history.jsonl")
    assert done.returncode == 254
    assert done.stderr.startswith("clew: No such command 'explain': clew check says why")


def test_an_option_for_seconds_is_called_budget(clew_call: Clew) -> None:
    done = clew_call("check", "--seconds", "5", "h.jsonl")
    assert done.returncode == 254
    assert done.stderr == "clew: No such option: --seconds (Possible options: --budget, such as --budget 10s,1GiB)\n"
    # A command that has no such option does not propose it.
    assert "--budget" not in clew_call("run", "--seconds", "5", "caspaxos-happy-path").stderr


def test_a_process_reports_a_mistake_in_one_line(clew: Clew) -> None:
    done = clew("run", "nowhere.yaml")
    assert (done.returncode, done.stdout, done.stderr) == (254, "", "clew: nowhere.yaml: there is no such file\n")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("run", "nowhere.yaml"), "nowhere.yaml: there is no such file"),
        (("run", "caspaxos-happy"), "did you mean caspaxos-happy-path"),
        (("run", "."), "expected"),
        (("run", "small.yaml", "--set", "workload.cleints=3"), "workload.cleints"),
        (("run", "small.yaml", "--set", "workload.clients=-1"), "workload.clients"),
        (("run", "small.yaml", "--set", "system.variant=nope"), "forgets-promises"),
        (("run", "small.yaml", "--set", "system.prepare_quorum=9"), "system.prepare_quorum"),
        (("run", "small.yaml", "--set", "nemesis.0.crash.target=[n9]"), "n9"),
        (
            ("run", "small.yaml", "--set", f"system.name={PROGRAM}", "--set", "runtime=simulation"),
            "small: system.name: the runtime simulation cannot run a system of ordinary programs",
        ),
        (
            ("hunt", "small.yaml", "--jobs", "1", "--set", f"system.name={PROGRAM}", "--set", "runtime=simulation"),
            "small: system.name: the runtime simulation cannot run a system of ordinary programs",
        ),
        (("run", "small.yaml", "--seed", "many"), "--seed"),
        (("run", "small.yaml", "--nodes", "threads"), "threads"),
        (("run", "small.yaml", "--bogus"), "--bogus"),
        (("frobnicate",), "frobnicate"),
        (("replay", "nowhere"), "nowhere"),
        (("show", "nowhere"), "nowhere"),
        (("show", "small.yaml"), "small.yaml"),
        (("check", "nowhere"), "nowhere"),
        (("check", "small.yaml"), "small.yaml:1"),
        (("check", ".."), "no run folder"),
        (("check", "history.jsonl", "--model", "cas-registre"), "cas-register"),
    ],
)
def test_a_mistake_is_one_clear_line_and_254(clew_call: Clew, tmp_path: Path, arguments: tuple[str], said: str) -> None:
    (tmp_path / "small.yaml").write_text(PLAN)
    (tmp_path / "history.jsonl").write_text('{"clew-history":1}\n')
    done = clew_call(*arguments)
    assert done.returncode == 254, done.stdout + done.stderr
    assert said in done.stderr
    assert done.stderr.count("\n") == 1, done.stderr
    assert not (tmp_path / "store").exists()


def test_a_folder_of_another_version_is_refused_with_its_line(clew_call: Clew, recorded: Path) -> None:
    history = recorded / "history.jsonl"
    history.write_bytes(history.read_bytes().replace(b'"clew-history":1', b'"clew-history":7', 1))
    for command in ("check", "show", "replay"):
        done = clew_call(command, recorded)
        # What is left of a folder is shown, and what of it cannot be read is named.
        assert done.returncode == (0 if command == "show" else 254), done.stderr
        assert "this is a history of format version 7" in (done.stdout if command == "show" else done.stderr)
    verdict = recorded / "verdict.json"
    history.write_bytes(history.read_bytes().replace(b'"clew-history":7', b'"clew-history":1', 1))
    verdict.write_text('{"verdict": "fine"}')
    done = clew_call("show", recorded)
    assert done.returncode == 0, done.stderr
    assert "verdict.json" in done.stdout
    (recorded / "plan.yaml").write_text("name: small\nsystem: {name: caspaxos, nodes: 3}\nworkload_v2: {}\n")
    done = clew_call("replay", recorded)
    assert done.returncode == 254
    assert "plan.yaml:3:1: workload_v2" in done.stderr


def test_a_run_folder_that_lacks_files_says_so(clew_call: Clew, recorded: Path) -> None:
    (recorded / "verdict.json").unlink()
    (recorded / "messages.jsonl").unlink()
    done = clew_call("show", recorded)
    assert done.returncode == 0
    assert "missing    messages.jsonl, verdict.json" in done.stdout
    (recorded / "plan.yaml").unlink()
    done = clew_call("replay", recorded)
    assert done.returncode == 254
    assert "plan.yaml is missing" in done.stderr


def test_a_plan_called_latest_does_not_take_the_link_for_its_folder(clew_call: Clew, tmp_path: Path) -> None:
    (tmp_path / "small.yaml").write_text(PLAN.replace("name: small", "name: latest"))
    for _ in range(2):
        assert clew_call("run", "small.yaml", "--nodes", "inline").returncode == 0
        assert (tmp_path / "store" / "latest" / "verdict.json").exists()
    assert {path.name for path in (tmp_path / "store").iterdir()} == {"latest", "latest-"}


def test_an_error_message_cannot_control_the_terminal(clew_call: Clew) -> None:
    done = clew_call("run", "caspaxos-happy-path", "--set", "\x1b]0;pwned\x07=1")
    assert done.returncode == 254
    assert "\x1b" not in done.stderr


def test_nothing_from_a_plan_leaves_the_store_or_enters_the_page_unescaped(clew_call: Clew, tmp_path: Path) -> None:
    evil = '"../../<script>alert(1)</script>"'
    (tmp_path / "evil.yaml").write_text(PLAN.replace("name: small", f"name: {evil}"))
    done = clew_call("run", "evil.yaml", "--nodes", "inline")
    assert done.returncode == 0, done.stderr
    (folder,) = (path for path in (tmp_path / "store").iterdir() if path.name != "latest")
    (run,) = folder.iterdir()
    page = (run / "report.html").read_text()
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_a_command_whose_reader_has_left_ends_by_sigpipe(recorded: Path) -> None:
    for arguments in (["check"], ["show", "--json"], ["show"]):
        command = [sys.executable, "-c", "from clew.harness.cli.app import main; main()", *arguments, str(recorded)]
        reader, writer = os.pipe()
        os.close(reader)
        done = subprocess.run(command, stdout=writer, stderr=subprocess.PIPE, text=True, check=False)
        os.close(writer)
        assert (done.returncode, done.stderr) == (-signal.SIGPIPE, ""), arguments


def test_show_and_report_read_other_names_as_check_does(clew_call: Clew, tmp_path: Path) -> None:
    (tmp_path / "load.jsonl").write_text(
        '{"ts":1,"op":"get","client":"b","phase":"invoke"}\n{"ts":2,"op":"get","client":"b","phase":"ok","value":4}\n'
    )
    names = ("--model", "register", "--fields", "time=ts*1000,f=op,process=client,type=phase", "--words", "get=read")
    shown = clew_call("show", "load.jsonl", *names)
    assert shown.returncode == 0
    assert "A read returned 4, which nobody had written." in shown.stdout
    assert clew_call("report", "load.jsonl", *names).stdout == "load.html\n"
    page = (tmp_path / "load.html").read_text()
    assert "clew check load.jsonl --model register --fields &#39;time=ts*1000,f=op" in page, (
        "the command that repeats it"
    )
    for command in ("show", "report", "diff"):
        refused = clew_call(command, "load.jsonl", *["load.jsonl"] * (command == "diff"))
        assert refused.returncode == 254
        assert "--fields process=... says what it is called here: clew check, show, report and export" in refused.stderr


def test_a_history_that_names_a_plan_and_no_seed_has_no_seed(clew_call: Clew, tmp_path: Path) -> None:
    (tmp_path / "h.jsonl").write_text(
        '{"clew-history":1,"model":"register","plan":"mine"}\n'
        '{"index":0,"time":1,"process":0,"type":"invoke","f":"read"}\n'
        '{"index":1,"time":2,"process":0,"type":"ok","f":"read","value":4}\n'
    )
    told = [clew_call(command, "h.jsonl").stdout for command in ("check", "show", "report")]
    told += [clew_call("diff", "h.jsonl", "h.jsonl").stdout]
    title = (tmp_path / "h.html").read_text().partition("<title>")[2].partition("</title>")[0]
    assert told[0].startswith("INVALID  mine\n")
    assert "mine" in title
    for text in (*told, title):
        assert "seed" not in text
        assert "None" not in text
