"""However a run ends, no process is left, and the history can be read up to its last whole line."""

from __future__ import annotations

import errno
import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from clew.histories import load
from clew.histories.text import plural
from tests.harness.conftest import Clew
from tests.harness.echo import put

CLEW = [sys.executable, "-c", "from clew.harness.cli.app import main; main()"]


def start(store: Path, *arguments: str) -> subprocess.Popen[bytes]:
    """A storm with nodes as processes, long enough to be interrupted, recognisable by an environment variable."""
    command = [*CLEW, "run", "caspaxos-contention-storm", "--store", str(store), *arguments]
    return subprocess.Popen(
        command, env=environment(store), stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
    )


def environment(store: Path) -> dict[str, str]:
    return {**os.environ, "CLEW_TEST_RUN": str(store)}


def alive(store: Path) -> list[int]:
    """Every process that descends from a run into this store, whoever its parent is by now."""
    marker = f"CLEW_TEST_RUN={store}".encode()
    found = []
    for process in Path("/proc").iterdir():
        if process.name.isdigit():
            try:
                state = (process / "stat").read_text().rsplit(")", 1)[1].split()[0]
                if state != "Z" and marker in (process / "environ").read_bytes().split(b"\0"):
                    found.append(int(process.name))
            except OSError:
                continue
    return found


def wait_for(condition: Callable[[Path], bool], store: Path, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition(store):
            return True
        time.sleep(0.02)
    return condition(store)


def running(store: Path) -> bool:
    history = store / "latest" / "history.jsonl"
    return history.exists() and history.stat().st_size > 2000


def replaying_in(store: Path) -> bool:
    """As `running`; but a replay is not the latest run before it is known to be the same."""
    return any(history.stat().st_size > 2000 for history in store.glob("*/*/history.jsonl"))


def gone(store: Path) -> bool:
    return not alive(store)


@pytest.mark.parametrize("kills", [2, pytest.param(50, marks=pytest.mark.long)])
def test_a_sigkilled_harness_leaves_no_process_and_a_readable_history(tmp_path: Path, kills: int) -> None:
    """At a random time in each of as many equal parts of the first 0.4 s."""
    random = Random(1)
    for again in range(kills):
        store = tmp_path / str(again)
        harness = start(store, "--set", "workload.operations=100000", "--seed", str(again))
        try:
            assert wait_for(running, store, 20), harness.stderr
            time.sleep((again + random.random()) / kills * 0.4)
            assert len(alive(store)) > 3, "the nodes are not processes"
        finally:
            harness.kill()
        harness.communicate()
        assert wait_for(gone, store, 1.0), f"left behind one second later: {alive(store)}"
        whole = (store / "latest" / "history.jsonl").read_bytes()
        history = load(store / "latest" / "history.jsonl")
        assert len(history) == whole.count(b"\n") - 1
        assert len(history.operations) > 10


@pytest.mark.parametrize(
    "kind", [signal.SIGTERM, *(pytest.param(kind, marks=pytest.mark.long) for kind in (signal.SIGINT, signal.SIGHUP))]
)
def test_a_signal_ends_the_run_with_a_verdict(tmp_path: Path, kind: signal.Signals) -> None:
    harness = start(tmp_path, "--json", "--set", "workload.operations=100000")
    assert wait_for(running, tmp_path, 20)
    harness.send_signal(kind)
    output, errors = harness.communicate(timeout=30)
    assert harness.returncode == 2, errors
    assert not alive(tmp_path)
    result = json.loads(output)
    assert result["verdict"] == "unknown"
    assert result["checks"]["linearizable"]["verdict"] == "valid"
    assert result["checks"]["linearizable"]["why"].startswith("until the run was cut short, ")
    assert "cut short" in result["checks"]["liveness"]["why"]
    assert result["checks"]["invariants"]["verdict"] == "unknown"
    assert json.loads((tmp_path / "latest" / "verdict.json").read_text()) == result
    assert not load(tmp_path / "latest" / "history.jsonl").cut


def test_an_interrupted_run_is_replayed_as_far_as_it_came(clew_call: Clew, tmp_path: Path) -> None:
    harness = start(tmp_path, "--set", "workload.operations=300", "--nodes", "process")
    assert wait_for(running, tmp_path, 20)
    harness.send_signal(signal.SIGINT)
    harness.communicate(timeout=30)
    assert harness.returncode == 2
    done = clew_call("replay", tmp_path / "latest", "--nodes", "inline", "--store", tmp_path / "again")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("identical as far as both go")


def test_an_interrupted_replay_counts_as_identical(clew_call: Clew, tmp_path: Path) -> None:
    settings = ["--set", "workload.operations=800", "--nodes", "inline", "--store", str(tmp_path)]
    assert clew_call("run", "caspaxos-contention-storm", *settings).returncode == 0
    again = tmp_path / "again"
    command = [*CLEW, "replay", str(tmp_path / "latest"), "--times", "50", "--json", "--store", str(again)]
    replaying = subprocess.Popen(
        command, env=environment(again), stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
    )
    assert wait_for(replaying_in, again, 30)
    replaying.send_signal(signal.SIGINT)
    output, errors = replaying.communicate(timeout=30)
    assert replaying.returncode == 2, errors
    told = json.loads(output)
    assert told["identical"]
    assert told["times"] == 1
    assert told["verdicts"] == {"unknown": 1}


def test_a_killed_fork_server_is_an_error_and_not_a_verdict(tmp_path: Path) -> None:
    harness = start(tmp_path, "--set", "workload.operations=100000")
    assert wait_for(running, tmp_path, 20)
    (fork_server,) = (
        pid for pid in alive(tmp_path) if f"PPid:\t{harness.pid}\n" in Path(f"/proc/{pid}/status").read_text()
    )
    os.kill(fork_server, signal.SIGKILL)
    _, errors = harness.communicate(timeout=30)
    assert harness.returncode == 255, errors
    assert b"is lost" in errors or b"killed from outside" in errors
    assert wait_for(gone, tmp_path, 1.0)
    assert (tmp_path / "latest" / "verdict.json").exists()


def test_a_second_signal_ends_it_at_once(tmp_path: Path) -> None:
    harness = start(tmp_path, "--set", "workload.operations=100000")
    assert wait_for(running, tmp_path, 20)
    for _ in range(3):
        harness.send_signal(signal.SIGINT)
        time.sleep(0.01)
    harness.communicate(timeout=30)
    assert harness.returncode in (2, 255)
    assert not alive(tmp_path)
    assert (tmp_path / "latest" / "verdict.json").exists()


def limited(store: Path, *arguments: str, size: int = 20000) -> subprocess.CompletedProcess[str]:
    """`clew` with a limit on the size of files: as good as a full disk, and needs no other file system."""
    script = "import resource, signal\n"
    script += "if __name__ == '__main__':\n"
    script += f" resource.setrlimit(resource.RLIMIT_FSIZE, ({size}, {size}))\n"
    script += " signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n from clew.harness.cli.app import main; main()"
    command = [sys.executable, "-c", script, *arguments, "--store", str(store)]
    # Python would leave half of a module that it compiles, and every later process would fail.
    variables = {**environment(store), "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(command, env=variables, capture_output=True, text=True, check=False, timeout=120)


def test_a_full_disk_is_one_clear_error_and_leaves_no_process_and_no_partial_run(
    clew_call: Clew, tmp_path: Path
) -> None:
    before = clew_call("run", "caspaxos-happy-path", "--nodes", "inline", "--store", tmp_path)
    assert before.returncode == 0
    kept = sorted(tmp_path.rglob("*"))
    latest = (tmp_path / "latest").resolve()
    done = limited(tmp_path, "run", "caspaxos-contention-storm")
    assert done.returncode == 255
    assert re.fullmatch(rf"clew: File too large: {tmp_path}/caspaxos-contention-storm/\S+\n", done.stderr)
    # What was recorded until then is judged and told, and has no folder.
    assert done.stdout.startswith("UNKNOWN  caspaxos-contention-storm")
    assert str(tmp_path) not in done.stdout
    assert not alive(tmp_path)
    assert sorted(tmp_path.rglob("*")) == kept
    assert (tmp_path / "latest").resolve() == latest


@pytest.mark.parametrize("form", [(), pytest.param(("--json",), marks=pytest.mark.long)], ids=["words", "json"])
def test_a_page_that_cannot_be_written_is_a_note_and_the_run_is_kept(tmp_path: Path, form: tuple[str, ...]) -> None:
    """A page is larger than everything else of a small run."""
    short = ("--nodes", "inline", "--set", "workload.operations=10")
    done = limited(tmp_path, "run", "caspaxos-happy-path", *short, *form, size=100_000)
    assert done.returncode == 0, done.stderr
    folder = (tmp_path / "latest").resolve()
    assert not (folder / "report.html").exists()
    said = f"the page of the run could not be written: File too large: {folder}/report.html"
    if form:
        assert json.loads(done.stdout) == json.loads((folder / "verdict.json").read_text())
        assert json.loads(done.stdout)["notes"] == [said]
    else:
        assert said in done.stdout
        assert done.stdout.startswith("VALID")


@pytest.mark.parametrize("command", ["run", "replay"])
def test_a_verdict_that_cannot_be_written_is_printed_and_the_history_is_kept(
    clew_call: Clew, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    plan: tuple[str | Path, ...] = ("caspaxos-highest-version",)
    if command == "replay":
        assert clew_call("run", *plan, "--nodes", "inline").returncode == 1
        plan = ((tmp_path / "store" / "latest").resolve(),)

    def full(path: Path, content: bytes) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))

    monkeypatch.setattr("clew.harness.store.folder.write_whole", full)
    done = clew_call(command, *plan, "--nodes", "inline", "--store", "full")
    assert done.returncode == 255
    assert done.stdout.startswith("INVALID  caspaxos-highest-version")
    assert done.stderr.startswith("clew: No space left on device: full/caspaxos-highest-version/")
    (folder,) = (tmp_path / "full" / "caspaxos-highest-version").iterdir()
    assert clew_call("check", folder).returncode == 1


@pytest.mark.parametrize("form", [(), pytest.param(("--json",), marks=pytest.mark.long)], ids=["words", "json"])
def test_a_hunt_on_a_full_disk_prints_what_it_found_and_leaves_no_partial_run(
    tmp_path: Path, form: tuple[str, ...]
) -> None:
    done = limited(tmp_path, "hunt", "caspaxos-forgets-promises", "--until", "all", "--jobs", "1", *form)
    assert done.returncode == 255
    assert done.stderr.startswith("clew: File too large")
    assert done.stderr.count("\n") == 1
    if form:
        found, summary = map(json.loads, done.stdout.splitlines())
        assert [one["seed"] for one in summary["failures"]] == [found["seed"]] == [summary["seeds"] - 1]
        assert found["run"] is None
        assert summary["failures"][0]["run"] is None
        assert "File too large" in summary["error"]
    else:
        first, *_ = done.stdout.splitlines()
        seed = int(first.split()[1])
        assert first.startswith(f"seed {seed} fails: ")
        assert f"\n{plural(seed + 1, 'seed')} in " in done.stdout
        assert "broken off): 1 fail\n" in done.stdout
        assert "\ncoverage " in done.stdout
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]
    assert not alive(tmp_path)


def test_a_shrink_on_a_full_disk_prints_the_plan_and_leaves_no_partial_run(clew_call: Clew, tmp_path: Path) -> None:
    """A real one: a file system of 8 KiB, which any user may mount in a namespace of their own."""
    store, small = tmp_path / "store", tmp_path / "small"
    small.mkdir()
    plan = put(tmp_path, answer="4711")
    assert clew_call("run", plan, "--nodes", "inline", "--store", store).returncode == 1
    mounted = f"mount -t tmpfs -o size=8k tmpfs {small}"
    space = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c"]
    try:
        subprocess.run([*space, mounted], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("this machine allows no namespaces")
    shrink = shlex.join([*CLEW, "shrink", str(store / "latest"), "--store", str(small)])
    script = f"{mounted} && {shrink}; echo exit $?; ls -AR {small}"
    done = subprocess.run([*space, script], capture_output=True, text=True, check=False, timeout=300)
    assert done.stderr.startswith("clew: No space left on device"), done
    assert done.stderr.count("\n") == 1
    shrunk, _, end = done.stdout.partition("\nshrunk to ")
    assert end.endswith(f"candidates\nexit 255\n{small}:\n")
    (tmp_path / "told.yaml").write_text(shrunk)
    assert clew_call("run", "told.yaml", "--nodes", "inline").returncode == 1
