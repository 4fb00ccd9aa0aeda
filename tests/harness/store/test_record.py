"""Everything that shows runs shows what half a run folder has, and says what is missing."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
import trio

from clew.harness.plan import loads, resolve
from clew.harness.run import run
from clew.harness.store.record import read_record
from clew.harness.view.operation_filter import OperationFilter
from clew.harness.view.report import report
from clew.harness.view.serve.catalogue import Catalogue
from clew.harness.view.serve.pages import View, runs_page
from clew.harness.view.show import as_json, lines_of
from clew.histories import Event, History, codecs
from tests.harness.conftest import PLAN, Clew

FILES = ("plan.yaml", "history.jsonl", "messages.jsonl", "verdict.json")


def gone(path: Path) -> None:
    path.unlink()


def halved(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def emptied(path: Path) -> None:
    path.write_bytes(b"")


def alien(path: Path) -> None:
    path.write_text("hello\n")


def folded(path: Path) -> None:
    path.unlink()
    path.mkdir()


def scrambled(path: Path) -> None:
    """Put a byte that is no text in the middle."""
    whole = path.read_bytes()
    middle = len(whole) // 2
    at = whole.find(b'"', middle) + 1 or middle
    path.write_bytes(whole[:at] + b"\xff" + whole[at + 1 :])


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    plan = resolve(loads(PLAN, "plan", Path()))
    result = trio.run(lambda: run(plan, nodes="inline", into=tmp_path_factory.mktemp("store")))
    assert result.run is not None
    return Path(result.run)


@pytest.mark.parametrize("harm", [gone, halved, emptied, alien, folded, scrambled])
@pytest.mark.parametrize("file", FILES)
def test_a_folder_that_lacks_a_file_shows_the_others(
    whole: Path, tmp_path: Path, file: str, harm: Callable[[Path], None]
) -> None:
    folder = tmp_path / "store" / "small" / whole.name
    shutil.copytree(whole, folder)
    (folder / "report.html").unlink()
    harm(folder / file)
    found = read_record(folder)
    text = "\n".join("".join(span.text for span in line) for line in lines_of(found, OperationFilter()))
    page = report(found)
    assert "variant <strong>" not in page, "it is the system as it should be"
    # Half a history or half a journal just ends early. Any text is a plan. An empty journal has no messages.
    readable = {
        ("plan.yaml", halved),
        ("plan.yaml", emptied),
        ("plan.yaml", alien),
        ("plan.yaml", scrambled),
        ("history.jsonl", halved),
        ("messages.jsonl", halved),
        ("messages.jsonl", emptied),
    }
    if (file, harm) not in readable:
        assert file in page.partition("Missing from the run")[2]
        # Only the page reads the journal.
        assert file in text or harm in (alien, scrambled)
    assert ("small" in text) or file == "history.jsonl"
    if file == "verdict.json":
        assert found.result is not None
        # The history names its model, so it is judged again. But nothing says whether the run came to its end.
        assert found.result.verdict == "unknown"
    if file == "history.jsonl" and harm is not halved:
        assert found.result is not None
        assert "linearizable: valid" in text
    assert json.loads(json.dumps(as_json(found, OperationFilter(), True)))["missing"] == list(found.missing)
    catalogue = Catalogue(tmp_path / "store")
    catalogue.refresh()
    assert runs_page(catalogue, View(grouped=True), whole=True)


def test_the_command_says_what_is_missing_and_diff_does_not_compare_with_nothing(
    clew_call: Clew, recorded: Path
) -> None:
    (recorded / "history.jsonl").unlink()
    done = clew_call("show", recorded)
    assert done.returncode == 0, done.stderr
    assert "missing    history.jsonl" in done.stdout
    assert "linearizable: valid" in done.stdout
    done = clew_call("diff", recorded, recorded)
    assert done.returncode == 254
    assert "history.jsonl" in done.stderr


@pytest.mark.parametrize("verdict", ['{"verdict": "splendid"}', '{"verdict": 7}', "[]", "\x00"])
def test_an_odd_verdict_is_unreadable_and_its_neighbours_are_listed(whole: Path, tmp_path: Path, verdict: str) -> None:
    for name in ("20260101T000001.000Z-1", "20260101T000002.000Z-2"):
        shutil.copytree(whole, tmp_path / "small" / name)
    (tmp_path / "small" / "20260101T000001.000Z-1" / "verdict.json").write_text(verdict)
    catalogue = Catalogue(tmp_path)
    catalogue.refresh()
    assert sorted(run.verdict for run in catalogue.runs) == ["unreadable", "valid"]
    assert "1 unreadable" in runs_page(catalogue, View(grouped=True), whole=True)


def test_a_page_that_cannot_be_made_costs_no_verdict(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(found: object) -> str:
        (folder,) = tmp_path.glob("small/*")
        assert json.loads((folder / "verdict.json").read_text())["verdict"] == "valid", "it is kept before the page"
        raise RuntimeError("no ink")

    monkeypatch.setattr("clew.harness.run.report", broken)
    result = trio.run(lambda: run(resolve(loads(PLAN, "plan", Path())), nodes="inline", into=tmp_path))
    (folder,) = tmp_path.glob("small/*")
    assert result.verdict == "valid"
    assert "the page of the run could not be made: RuntimeError: no ink" in result.notes
    assert json.loads((folder / "verdict.json").read_text())["notes"] == list(result.notes)
    assert "no ink" in (folder / "clew.log").read_text()
    assert not (folder / "report.html").exists()


def test_a_run_cancelled_while_its_page_is_made_has_its_verdict(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    began, over = threading.Event(), threading.Event()

    def slow(found: object) -> str:
        began.set()
        over.wait(20)
        return ""

    async def main() -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(lambda: run(resolve(loads(PLAN, "plan", Path())), nodes="inline", into=tmp_path))
            await trio.to_thread.run_sync(began.wait, 20)
            nursery.cancel_scope.cancel()

    monkeypatch.setattr("clew.harness.run.report", slow)
    try:
        trio.run(main)
    finally:
        over.set()
    (verdict,) = tmp_path.glob("small/*/verdict.json")
    assert json.loads(verdict.read_text())["verdict"] == "valid"


def test_another_model_leaves_the_other_checks_of_a_run_as_they_are(whole: Path, tmp_path: Path) -> None:
    folder = tmp_path / whole.name
    shutil.copytree(whole, folder)
    told = json.loads((folder / "verdict.json").read_text())
    told["verdict"] = told["checks"]["liveness"]["verdict"] = "invalid"
    (folder / "verdict.json").write_text(json.dumps(told))
    result = read_record(folder, "cas-register").result
    assert result is not None
    assert (result.verdict, result.checks["linearizable"].verdict) == ("invalid", "valid")
    assert result.counts == told["counts"]


@pytest.mark.parametrize("left", FILES)
def test_a_folder_with_one_file_of_a_run_is_listed_and_says_what_is_missing(
    whole: Path, tmp_path: Path, left: str
) -> None:
    folder = tmp_path / "store" / "small" / "by-hand"
    folder.mkdir(parents=True)
    shutil.copy(whole / left, folder)
    catalogue = Catalogue(tmp_path / "store")
    catalogue.refresh()
    (row,) = catalogue.runs
    assert row.verdict == ("valid" if left == "verdict.json" else "running")
    everything = json.loads((whole / "verdict.json").read_text())["operations"]
    assert row.operations == (everything if left in ("verdict.json", "history.jsonl") else 0)
    assert row.seed == (5 if left == "verdict.json" else None)
    page = report(read_record(folder))
    missing = page.partition("Missing from the run")[2].partition(".</li>")[0]
    assert all((name in missing) == (name != left) for name in FILES)


def test_a_run_without_an_end_is_never_valid(whole: Path, tmp_path: Path) -> None:
    folder = tmp_path / whole.name
    shutil.copytree(whole, folder)
    (folder / "verdict.json").unlink()
    killed = read_record(folder).result
    assert killed is not None
    assert (killed.verdict, killed.checks["linearizable"].verdict) == ("unknown", "unknown")
    assert "did not come to its end" in killed.explanation
    halved(folder / "history.jsonl")
    alone = read_record(shutil.move(folder / "history.jsonl", tmp_path / "h.jsonl")).result
    assert alone is not None
    assert alone.verdict == "unknown", "so is what ends in the middle of a line"


def test_a_run_whose_verdict_cannot_be_read_is_not_valid_and_says_why(whole: Path, tmp_path: Path) -> None:
    folder = tmp_path / whole.name
    shutil.copytree(whole, folder)
    emptied(folder / "verdict.json")
    result = read_record(folder).result
    assert result is not None
    assert result.verdict == "unknown"
    assert "of the verdict of the run nothing can be read" in result.explanation


def test_a_run_without_an_end_in_which_something_was_wrong_is_invalid(tmp_path: Path) -> None:
    steps = [("invoke", "write", 1), ("ok", "write", 1), ("invoke", "read", None), ("ok", "read", 2)]
    history = History.of(Event(at, at, 0, kind, f, None, value) for at, (kind, f, value) in enumerate(steps))  # type: ignore[arg-type]
    folder = tmp_path / "store" / "killed"
    folder.mkdir(parents=True)
    with (folder / "history.jsonl").open("wb") as stream:
        codecs.write(history, stream)
    result = read_record(folder, "register").result
    assert result is not None
    assert (result.verdict, result.checks["linearizable"].verdict) == ("invalid", "invalid")
