"""Runs written aside are kept whole or not at all: what killed processes leave is removed, and nothing else is."""

from __future__ import annotations

import errno
import fcntl
import re
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from clew.harness.plan import Plan, loads, resolve
from clew.harness.run import simulate
from clew.harness.store.folder import NoRun, RunFolder, create_run_folder, find_run, slug, write_whole
from clew.harness.verdict.judge import judge
from tests.harness.conftest import PLAN, clew_in

KILLED = """
import os, signal, sys, trio
from pathlib import Path
from clew.harness.plan import load, resolve
from clew.harness.run import run
from clew.harness.store.folder import RunFolder

RunFolder.write_verdict = lambda folder, result: os.kill(os.getpid(), signal.SIGKILL)
trio.run(lambda: run(resolve(load("small.yaml"), 7), nodes="inline", into=Path("store"), aside=True))
"""


def hidden(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob(".*"))


@pytest.fixture
def plan() -> Plan:
    return resolve(loads(PLAN, "small.yaml", Path()))


def test_what_a_killed_process_left_of_a_run_is_gone_with_the_next_one(tmp_path: Path) -> None:
    (tmp_path / "small.yaml").write_text(PLAN)
    killed = subprocess.run([sys.executable, "-c", KILLED], cwd=tmp_path, check=False, timeout=60)
    assert killed.returncode == -9
    (left,) = hidden(tmp_path / "store")
    assert left.endswith("Z-7")
    assert list((tmp_path / "store").rglob("history.jsonl")), "there was something to lose"
    # The next run is of another plan, and so in another folder.
    done = clew_in(tmp_path)("run", "caspaxos-happy-path", "--nodes", "inline")
    assert done.returncode == 0, done.stderr
    assert hidden(tmp_path / "store") == []
    assert [path.name for path in (tmp_path / "store").iterdir() if path.name != "latest"] == ["caspaxos-happy-path"]


@pytest.mark.parametrize(
    ("text", "is_a"),
    [
        ('{"clew-history":1}\n', "a history, which clew check, show, report and export take"),
        ("notes", "a file"),
    ],
)
def test_a_file_outside_of_a_run_is_called_what_it_is(tmp_path: Path, plan: Plan, text: str, is_a: str) -> None:
    # The folder of the file holds the runs of a plan, none of which is meant.
    create_run_folder(tmp_path, plan, "inline")
    file = tmp_path / "small" / "mine.jsonl"
    file.write_text(text)
    with pytest.raises(NoRun) as caught:
        find_run(file)
    assert str(caught.value) == f"{file} is {is_a}, and this needs the folder of a run, such as store/latest"


def test_the_folder_of_the_runs_of_a_plan_is_no_run_and_the_error_names_its_latest_run(
    tmp_path: Path, plan: Plan
) -> None:
    create_run_folder(tmp_path, plan, "inline")
    latest = create_run_folder(tmp_path, msgspec.structs.replace(plan, seed=99), "inline").path
    with pytest.raises(NoRun) as caught:
        find_run(tmp_path / "small")
    said = f"it holds the runs of a plan; name one of them, such as {latest}"
    assert str(caught.value) == f"{tmp_path / 'small'} is no run folder: {said}"
    with pytest.raises(NoRun, match="has neither"):
        find_run(tmp_path)


def test_a_run_that_is_still_written_aside_is_left_alone(tmp_path: Path, plan: Plan) -> None:
    ours = create_run_folder(tmp_path, plan, "inline", aside=True)
    (tmp_path / "small" / ".git").mkdir()
    again = create_run_folder(tmp_path, plan, "inline", aside=True)
    assert hidden(tmp_path) == sorted([ours.path.name, again.path.name, ".git"])
    again.discard()
    ours.discard()
    assert hidden(tmp_path) == [".git"]
    ours.unlock()


def test_a_run_that_was_kept_is_held_no_longer_and_stays(tmp_path: Path, plan: Plan) -> None:
    ours = create_run_folder(tmp_path, plan, "inline", aside=True)
    result = msgspec.structs.replace(judge(plan, *simulate(plan)), run=str(ours.final_path))
    ours.finish(result, None)
    kept = RunFolder(ours.final_path)
    kept.lock()
    kept.unlock()
    create_run_folder(tmp_path, plan, "inline")
    assert ours.final_path.is_dir()
    assert kept.read_result() is not None


def test_a_run_that_moves_to_its_place_is_held_until_it_is_there(
    tmp_path: Path, plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process would take it for what a killed one has left, and remove it."""
    ours, held = create_run_folder(tmp_path, plan, "inline", aside=True), []
    replace = Path.replace

    def moving(path: Path, target: Path) -> Path:
        if path == ours.path:
            with pytest.raises(BlockingIOError):
                RunFolder(path).lock()
            held.append(path)
        return replace(path, target)

    monkeypatch.setattr(Path, "replace", moving)
    ours.finish(judge(plan, *simulate(plan)), None)
    assert held == [ours.path]


def test_a_folder_that_another_process_has_put_there_instead_cannot_be_locked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, flock = RunFolder(tmp_path / "run"), fcntl.flock
    folder.path.mkdir()

    def late(lock: int, how: int) -> None:
        folder.path.rename(tmp_path / "removed")
        folder.path.mkdir()
        flock(lock, how)

    monkeypatch.setattr(fcntl, "flock", late)
    with pytest.raises(FileNotFoundError):
        folder.lock()


def test_runs_of_one_millisecond_get_places_of_their_own(
    tmp_path: Path, plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("clew.harness.store.folder.timestamp", lambda: "20260131T235959.123Z")
    runs = [create_run_folder(tmp_path, plan, "inline", aside=aside) for aside in (False, True, True)]
    assert len({run.final_path for run in runs}) == 3
    assert hidden(tmp_path) == sorted(run.path.name for run in runs[1:])
    for run in runs:
        run.discard()


def test_a_disk_that_becomes_full_costs_nothing_that_was_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, write = tmp_path / "verdict.json", Path.write_bytes
    write_whole(path, b"the old one")

    def half(place: Path, content: bytes) -> int:
        write(place, content[: len(content) // 2])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", half)
    with pytest.raises(OSError, match="No space left") as full:
        write_whole(path, b"the new one")
    assert full.value.filename == str(path)
    assert path.read_bytes() == b"the old one"
    assert list(tmp_path.iterdir()) == [path]


def test_the_latest_run_stays_the_latest_when_another_is_removed(tmp_path: Path, plan: Plan) -> None:
    first, second, third = (
        create_run_folder(tmp_path, msgspec.structs.replace(plan, seed=seed), "inline") for seed in range(3)
    )
    latest = tmp_path / "latest"
    second.write_verdict(judge(plan, *simulate(plan)))
    first.discard()
    assert latest.resolve() == third.path
    third.discard()
    assert latest.resolve() == second.path, "the newest of those with a verdict"
    second.discard()
    assert not latest.is_symlink()


def test_a_plan_called_latest_does_not_stand_in_for_the_latest_run(tmp_path: Path, plan: Plan) -> None:
    run = create_run_folder(tmp_path, msgspec.structs.replace(plan, name="latest"), "inline")
    assert run.path.parent != tmp_path / "latest"
    assert (tmp_path / "latest").resolve() == run.path


def test_plans_whose_names_lose_much_share_no_folder() -> None:
    names = ["ä", "ö", "plan", "../a-b", "x" * 80, "x" * 81, "latest", "\ud800"]
    folders = [slug(name) for name in names]
    assert len(set(folders)) == len(names)
    assert "latest" not in folders
    assert all(re.fullmatch("[A-Za-z0-9_-]+", folder) for folder in folders)
    assert slug("caspaxos-happy-path (shrunk)") == "caspaxos-happy-path-shrunk"
