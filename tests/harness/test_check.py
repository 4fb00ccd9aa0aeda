"""`clew check` and `clew export`: histories from anywhere, one or many."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest

from clew.checkers import Budget, Verdict, check
from clew.harness.check import budget_of, check_file, exit_code, expand
from clew.harness.errors import UserError
from clew.histories import Event, History, codecs, load
from clew.histories.codecs import read
from tests.benchmarks.grid import Cell, history
from tests.harness.conftest import Clew

LOG = """\
INFO  jepsen.util - 0\t:invoke\t:write\t1
INFO  jepsen.util - 0\t:ok\t:write\t1
INFO  jepsen.util - 1\t:invoke\t:read\tnil
INFO  jepsen.util - 1\t:ok\t:read\t{}
"""


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    """A valid history, an invalid one, and a file that is no history."""
    (tmp_path / "a-good.log").write_text(LOG.format(1))
    (tmp_path / "b-bad.log").write_text(LOG.format(2))
    with (tmp_path / "counted.jsonl").open("wb") as stream:
        codecs.write(
            History.of([Event(0, 0, 0, "invoke", "add", None, 1), Event(1, 1, 0, "ok", "add", None, 1)]), stream
        )
    (tmp_path / "broken.txt").write_text("nothing of the kind\n")
    return tmp_path


def test_many_files_are_a_table_with_the_exit_code_of_the_worst(clew_call: Clew, logs: Path) -> None:
    done = clew_call("check", "*.log", "--model", "cas-register")
    assert done.returncode == 1
    rows = done.stdout.splitlines()
    assert rows[0].split() == ["operations", "verdict", "engine", "time", "file"]
    assert [row.split()[1] for row in rows[1:3]] == ["valid", "invalid"]
    assert rows[3:] == [" " * 12 + "A read returned 2, which nobody had written.", "2 files: 1 valid, 1 invalid"]
    done = clew_call("check", "a-good.log", "a-good.log", "--model", "cas-register")
    assert done.returncode == 0


def test_a_file_that_cannot_be_checked_does_not_keep_the_others_from_it(clew_call: Clew, logs: Path) -> None:
    done = clew_call("check", "a-good.log", "broken.txt", "nowhere", "--model", "cas-register")
    assert done.returncode == 254
    assert "a-good.log" in done.stdout
    assert "clew: broken.txt:1: expected a history in one of the formats" in done.stderr
    assert "clew: there is no run folder or history nowhere" in done.stderr


def test_json_is_one_object_for_each_file(clew_call: Clew, logs: Path) -> None:
    done = clew_call("check", "a-good.log", "b-bad.log", "--model", "cas-register", "--json")
    results = [json.loads(line) for line in done.stdout.splitlines()]
    assert [result["verdict"] for result in results] == ["valid", "invalid"]
    assert results[1]["explanation"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("*.nothing",), "no file matches *.nothing"),
        (("a-good.log", "--model", "cas-registre"), 'did you mean "cas-register"'),
        (("a-good.log", "--model", "cas-register", "--engine", "steam"), 'there is no engine "steam"'),
        (
            ("counted.jsonl", "--model", "counter", "--engine", "lazy"),
            "lazy decides registers only, and counter is not a register",
        ),
        (("a-good.log", "--model", "cas-register", "--format", "xml"), 'there is no format "xml"'),
        (("a-good.log", "--model", "cas-register", "--budget", "soon"), '--budget: found "soon"'),
        (("a-good.log", "--model", "cas-register", "--budget", "0s"), '--budget: found "0s"; expected more than 0'),
        (
            ("a-good.log", "--model", "cas-register", "--budget", "9999999h"),
            '--budget: found "9999999h"; expected more',
        ),
        (("a-good.log", "--model", "cas-register", "--budget", "1s,2s"), "which gives seconds twice"),
        (("a-good.log",), "give its model with --model"),
        (("a-good.log", "--format", "jsonl"), "a-good.log:1"),
    ],
)
def test_a_mistake_is_one_clear_line(clew_call: Clew, logs: Path, arguments: tuple[str], said: str) -> None:
    done = clew_call("check", *arguments)
    assert done.returncode == 254
    assert said in done.stderr
    assert done.stderr.count("\n") == 1


def test_the_first_wrong_key_stops_the_others_unless_asked_to_go_on(clew_call: Clew, tmp_path: Path) -> None:
    events = []
    for number, key in enumerate("abcd"):
        read = ("ok", "read", 1 if key == "a" else 2)
        for kind, f, value in (("invoke", "write", 1), ("ok", "write", 1), ("invoke", "read", None), read):
            events.append(Event(len(events), len(events), number, kind, f, key, value))
    with (tmp_path / "keys.jsonl").open("wb") as stream:
        codecs.write(History.of(events), stream)
    once = clew_call("check", "keys.jsonl", "--model", "register")
    assert once.returncode == 1
    assert "Of 4 keys: 1 invalid, 2 not looked at, 1 valid." in once.stdout
    assert once.stdout.count("no order of the operations explains this") == 1
    every = clew_call("check", "keys.jsonl", "--model", "register", "--keep-going")
    assert every.returncode == 1
    assert "Of 4 keys: 3 invalid, 1 valid." in every.stdout
    for key in "bcd":
        assert f'A read returned 2, which nobody had written (key "{key}").' in every.stdout
        assert f'on key "{key}": no order' in every.stdout
    assert every.stdout.count("This is impossible, whichever of the others took effect:") == 3


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        (Cell(60, 30, 0.05), r": an order of \d+ of the \d+ operations explains the beginning"),
        # An order of 8 of about 850 operations explains nothing worth a word.
        (Cell(1_000, 30, 0.02), ""),
    ],
)
def test_undecided_says_what_ran_out_and_how_much_is_explained(
    clew_call: Clew, tmp_path: Path, cell: Cell, said: str
) -> None:
    with (tmp_path / "long.jsonl").open("wb") as stream:
        codecs.write(history(cell, 1), stream)
    done = clew_call("check", "long.jsonl", "--model", "cas-register", "--engine", "linear", "--budget", "1MiB")
    assert done.returncode == 2
    assert re.search(f"undecided, out of memory{said}\n", done.stdout)


BANK = """
from clew.checkers.models import Model

class Bank(Model):
    initial = 10

    def step(self, state, op):
        return state + op.argument

model = Bank()
"""


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("model = Bank()", "", "own.py defines no `model = ...`"),
        ("model = Bank()", "model = Bank", "own.py defines no `model = ...`"),
        ("class Bank(Model)", "class Bank(Model", "own.py:4: the model failed: SyntaxError"),
        ("state + op.argument", "state + op.arguments", "own.py:8: the model failed: AttributeError"),
        ("state + op.argument", "[state]", "own.py: the model failed: TypeError: unhashable type: 'list'"),
        ("return state + op.argument", "raise SystemExit(0)", "own.py:8: the model failed: SystemExit: 0"),
        ("    def step(self", "    def steps(self", "own.py:10: the model failed: TypeError"),
        (
            "from clew.checkers.models",
            "raise SystemExit(3)\nfrom clew.checkers.models",
            "own.py:2: the model failed: SystemExit: 3",
        ),
    ],
)
def test_what_is_wrong_with_a_model_of_ones_own_is_one_clear_line(
    clew_call: Clew, logs: Path, before: str, after: str, said: str
) -> None:
    (logs / "own.py").write_text(BANK.replace(before, after))
    done = clew_call("check", "counted.jsonl", "--model", "own.py")
    assert done.returncode == 254
    assert said in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_model_of_ones_own_judges(clew_call: Clew, logs: Path) -> None:
    (logs / "own.py").write_text(BANK)
    assert clew_call("check", "counted.jsonl", "--model", "own.py").returncode == 0


def test_a_history_does_not_make_anybody_run_a_file(clew_call: Clew, logs: Path) -> None:
    (logs / "own.py").write_text("open('ran', 'w')")
    (logs / "named.jsonl").write_text('{"clew-history":1,"model":"own.py"}\n')
    done = clew_call("check", "named.jsonl")
    assert done.returncode == 254
    assert 'named.jsonl:1: there is no model "own.py"' in done.stderr
    assert not (logs / "ran").exists()


def test_a_mistake_of_clews_is_not_the_models(logs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (logs / "own.py").write_text(BANK)
    # By its entry, for the package has a function of the same name.
    monkeypatch.setattr(sys.modules["clew.checkers.check"], "encode", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        check_file(logs / "counted.jsonl", str(logs / "own.py"))


def test_a_value_nested_too_deeply_has_its_line(clew_call: Clew, logs: Path) -> None:
    with (logs / "counted.jsonl").open("a") as stream:
        value = "[" * 200 + "]" * 200
        stream.write(f'{{"index":2,"time":3,"process":0,"type":"invoke","f":"add","value":{value}}}\n')
    done = clew_call("check", "counted.jsonl", "--model", "counter")
    assert done.returncode == 254
    assert "counted.jsonl:4: a value is nested more than 100 deep" in done.stderr


def test_a_pipe_is_read_once_and_written_to(clew: Clew, logs: Path) -> None:
    os.mkfifo(logs / "pipe")
    with subprocess.Popen(["sh", "-c", "cat b-bad.log > pipe"], cwd=logs):
        done = clew("check", "pipe", "--model", "cas-register")
    assert done.returncode == 1, done.stderr
    with subprocess.Popen(["sh", "-c", "cat pipe > out.jsonl"], cwd=logs):
        assert clew("export", "b-bad.log", "pipe", "--to", "jsonl").returncode == 0
    assert (logs / "pipe").is_fifo()
    assert len(load(logs / "out.jsonl")) == 4
    done = clew("export", "b-bad.log", "nowhere/out.jsonl")
    assert done.returncode == 254
    assert "nowhere/out.jsonl: expected a file to write in an existing folder" in done.stderr


def test_a_budget_is_time_memory_or_both() -> None:
    assert budget_of("10s").seconds == 10
    assert budget_of("512MiB").bytes == 512 << 20
    both = budget_of("1500ms, 2GiB")
    assert (both.seconds, both.bytes) == (1.5, 2 << 30)
    with pytest.raises(UserError):
        budget_of("10s,never")


@pytest.mark.parametrize(("used", "left"), [(4.0, 6.0), (11.0, 0.0)])
def test_what_holds_has_only_what_the_check_left_of_the_budget(
    logs: Path, monkeypatch: pytest.MonkeyPatch, used: float, left: float
) -> None:
    given: list[float] = []

    def checked(*arguments: Any, **options: Any) -> Verdict:
        return msgspec.structs.replace(check(*arguments, **options), seconds=used)

    def weaker(history: Any, model: Any, checks: Any, seconds: float, memory: int, **_: Any) -> Any:
        given.append(seconds)
        return {}, ()

    monkeypatch.setattr("clew.harness.check.check", checked)
    monkeypatch.setattr("clew.harness.check.weaker_checks", weaker)
    check_file(logs / "b-bad.log", "cas-register", budget=Budget(10.0))
    assert given == [left]


def test_a_pattern_is_expanded_in_order(logs: Path) -> None:
    assert [path.name for path in expand([f"{logs}/*.log"])] == ["a-good.log", "b-bad.log"]


def test_export_and_back_is_the_same_history(clew_call: Clew, recorded: Path, tmp_path: Path) -> None:
    assert clew_call("export", recorded, "there.edn").returncode == 0
    assert clew_call("export", "there.edn", "back.jsonl").returncode == 0
    assert list(load(tmp_path / "back.jsonl").events()) == list(load(recorded / "history.jsonl").events())
    assert ":process 0" in (tmp_path / "there.edn").read_text()
    done = clew_call("export", recorded, "there.xml")
    assert done.returncode == 254
    assert "there.xml" in done.stderr
    done = clew_call("export", recorded, "there.log", "--to", "jepsen-log")
    assert done.returncode == 254
    assert not (tmp_path / "there.log").exists()
    assert not list(tmp_path.glob("*.tmp"))


def test_export_and_report_agree_on_a_file_that_cannot_be_written(clew_call: Clew, recorded: Path) -> None:
    for done in (clew_call("export", recorded, "/proc/x.edn"), clew_call("report", recorded, "--out", "/proc/x.html")):
        assert done.returncode == 254
        assert "clew: /proc/x" in done.stderr
        assert "cannot be written" in done.stderr


def test_a_history_of_a_plan_without_a_seed_has_no_seed(clew_call: Clew, tmp_path: Path) -> None:
    (tmp_path / "h.jsonl").write_text('{"clew-history":1,"plan":"mine","model":"register"}\n')
    for command in ("check", "show"):
        assert "None" not in clew_call(command, "h.jsonl").stdout


def test_stop_at_the_first_violation_ends_the_run_there_and_is_repeatable(clew_call: Clew, tmp_path: Path) -> None:
    arguments = ("caspaxos-highest-version", "--set", "stop=first-violation", "--json")
    done = clew_call("run", *arguments, "--nodes", "inline")
    assert done.returncode == 1, done.stderr
    result = json.loads(done.stdout)
    assert result["checks"]["linearizable"]["verdict"] == "invalid"
    assert "stopped at the first violation" in result["checks"]["liveness"]["why"]
    folder = (tmp_path / "store" / "latest").resolve()
    assert json.loads((folder / "verdict.json").read_text())["checks"] == result["checks"]
    history = load(folder / "history.jsonl")
    (stuck,) = [part["stuck"] for part in result["checks"]["linearizable"]["evidence"]]
    assert stuck == len(history) - 1, "not one event after the violation"
    assert clew_call("check", folder / "history.jsonl").returncode == 1
    assert clew_call("replay", folder).returncode == 1
    whole = json.loads(clew_call("run", *arguments, "--set", "stop=end", "--nodes", "inline").stdout)
    assert whole["operations"] > result["operations"]
    # The violation that stopped the run counts even if the checker has no time at all.
    hurried = clew_call("run", *arguments, "--set", "budget.time=1ns", "--nodes", "process")
    assert hurried.returncode == 1, hurried.stderr
    (part,) = json.loads(hurried.stdout)["checks"]["linearizable"]["evidence"]
    assert part["stuck"] == stuck
    assert (tmp_path / "store" / "latest" / "history.jsonl").read_bytes() == (folder / "history.jsonl").read_bytes()


@pytest.mark.skipif("CLEW_HISTORIES" not in os.environ, reason="CLEW_HISTORIES names no folder of recorded histories")
def test_recorded_histories_have_their_known_verdicts() -> None:
    folder = Path(os.environ["CLEW_HISTORIES"])
    expected = json.loads((folder / "expected.json").read_text())
    assert len(expected) > 50
    checked = []
    for name, known in expected.items():
        checked.append(check_file(folder / name, known["model"]))
        result = checked[-1].result
        assert result is not None
        assert (result.verdict == "valid") == known["valid"], name
        assert result.verdict != "unknown"
        assert read(folder / name).source == str(folder / name)
    assert exit_code(checked) == 1
