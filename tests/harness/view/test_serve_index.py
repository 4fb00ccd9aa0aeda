"""What `serve` knows of a store: the index that is kept, what a row says, filters, groups and links."""

from __future__ import annotations

import errno
import json
import shutil
import time
from pathlib import Path
from typing import Any

import pytest

from clew.harness.view.plan_text import system_and_variant
from clew.harness.view.serve.catalogue import Catalogue
from clew.harness.view.serve.links import links_of
from clew.harness.view.serve.pages import RUNS_PER_PAGE, View, groups, runs_page, select
from clew.harness.view.serve.run import Run
from tests.harness.shown import EVIL
from tests.harness.view.stores import make


def test_the_index_spares_a_new_server_the_reading(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = Catalogue(store)
    first.refresh()
    assert (store / ".runs.index").is_file()
    read: list[str] = []

    def counting(self: Catalogue, group: str, name: str, *rest: Any) -> Run:
        read.append(name)
        return original(self, group, name, *rest)

    original = Catalogue._read
    monkeypatch.setattr(Catalogue, "_read", counting)
    again = Catalogue(store)
    again.refresh()
    assert (again.runs, read) == (first.runs, [])

    # One run more, one that changed, one that is gone: those are read, and no other.
    more = make(store, "calm", 30)
    changed = next((store / "storm").iterdir())
    verdict = json.loads((changed / "verdict.json").read_text())
    (changed / "verdict.json").write_text(json.dumps(verdict | {"verdict": "valid", "operations": 7}))
    shutil.rmtree(next((store / "calm").glob("*-1")))
    third = Catalogue(store)
    third.refresh()
    assert sorted(read) == sorted([more.name, changed.name])
    assert {run.seed: run.operations for run in third.runs} == {0: 10, 2: 10, 30: 10, 10: 7, 20: 10}
    assert {run.verdict for run in third.runs if run.plan == "storm"} == {"valid"}
    # A server that goes on sees the same.
    again.refresh()
    assert sorted(again.runs, key=str) == sorted(third.runs, key=str)


@pytest.mark.parametrize("content", [b"", b"\xff\x00 no index", b"\x92\x01\x90", b"{}"])
def test_a_broken_index_is_made_anew(store: Path, content: bytes) -> None:
    first = Catalogue(store)
    first.refresh()
    whole = (store / ".runs.index").read_bytes()
    (store / ".runs.index").write_bytes(whole[: len(whole) // 2] if content == b"" else content)
    again = Catalogue(store)
    again.refresh()
    assert again.runs == first.runs
    assert (store / ".runs.index").read_bytes() == whole


def test_a_store_that_cannot_be_written_has_no_index(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: Path, content: bytes) -> int:
        raise PermissionError(errno.EACCES, "no", str(self))

    monkeypatch.setattr(Path, "write_bytes", refuse)
    catalogue = Catalogue(store)
    catalogue.refresh()
    assert len(catalogue.runs) == 5
    assert not list(store.glob(".runs*"))


def test_the_table_says_what_broke(store: Path) -> None:
    folder = make(store, "broken", 60, "invalid")
    verdict = json.loads((folder / "verdict.json").read_text())
    (folder / "verdict.json").write_text(json.dumps(verdict | {"happened": f"A read of {EVIL} came back."}))
    old = make(store, "old", 61, "invalid")
    checks = {
        "liveness": {"verdict": "valid", "why": "-"},
        "invariants": {"verdict": "invalid", "why": "two leaders\nat 1 s"},
    }
    (old / "verdict.json").write_text(json.dumps(json.loads((old / "verdict.json").read_text()) | {"checks": checks}))
    catalogue = Catalogue(store)
    catalogue.refresh()
    page = runs_page(catalogue, View(), whole=False)
    assert "A read of &lt;script&gt;" in page
    assert "invariants: two leaders" in page
    assert [run.plan for run in select(catalogue, View(words="leaders"))] == ["old"]


def test_a_run_is_linked_with_those_it_belongs_to(tmp_path: Path) -> None:
    def row(number: int, plan: str = "storm", **more: Any) -> Run:
        standard = {"group": plan, "name": f"r{number}", "system": "", "seed": number, "verdict": "invalid"}
        numbers = {"operations": 9, "unknown": 0.0, "seconds": 1.0, "when": float(number)}
        return Run(plan=plan, **{**standard, **numbers, **more})

    before, original = row(1, campaign="h"), row(2, campaign="h", plan_mark="m")
    shrunk = row(3, "storm (shrunk)", origin=("storm", 2))
    replay = row(4, seed=2, plan_mark="m")
    runs = [replay, shrunk, original, before]
    links = dict(links_of(original, runs))
    assert links["its hunt (2 runs)"] == "/?group=storm&campaign=h"
    assert links["the run before"] == "/runs/storm/r1/report.html"
    assert links["diff with the run before"] == "/diff?run=storm%2Fr1&run=storm%2Fr2"
    assert links["shrunk (9 operations)"] == "/runs/storm%20%28shrunk%29/r3/report.html"
    assert links["the same again, 00:00:04"] == "/runs/storm/r4/report.html"
    assert dict(links_of(shrunk, runs))["the original, not shrunk"] == "/runs/storm/r2/report.html"
    assert "the run before" not in dict(links_of(before, runs))


def test_the_origin_of_a_shrunk_run_and_the_plan_of_a_replay_are_recognized(store: Path) -> None:
    shrunk = make(store, "storm (shrunk)", 80)
    plan = (shrunk / "plan.yaml").read_text()
    (shrunk / "plan.yaml").write_text(f"# Shrunk from storm, seed 10: 2 operations are enough.\n#\n{plan}")
    replay = make(store, "storm (shrunk)", 81)
    (replay / "plan.yaml").write_text(plan)
    catalogue = Catalogue(store)
    catalogue.refresh()
    found = {run.seed: run for run in catalogue.runs}
    assert found[80].origin == ("storm", 10)
    assert found[81].origin is None
    assert found[80].plan_mark == found[81].plan_mark != found[10].plan_mark


@pytest.mark.parametrize(
    ("section", "name"),
    [
        ("{name: caspaxos, variant: odd, nodes: 3}", "caspaxos, odd"),
        ("rsl", "rsl"),
        ("{maelstrom: [node, kv.js], nodes: 3}", "node kv.js"),
        ("\n  nodes: 3\n  command: [node, kvd.js, --host, '{host}']", "node kvd.js"),
        ("\n  command: ./raftd {name}", "./raftd"),
    ],
)
def test_a_system_has_a_name_even_if_the_plan_gives_it_none(store: Path, section: str, name: str) -> None:
    folder = make(store, "named", 95)
    plan = f"name: named\nsystem: {section}\nseed: 1\n"
    (folder / "plan.yaml").write_text(plan)
    catalogue = Catalogue(store)
    catalogue.refresh()
    assert [run.system for run in catalogue.runs if run.plan == "named"] == [name]
    assert ", ".join(word for word in system_and_variant(plan) if word) == name


def test_the_table_is_filtered_sorted_and_grouped(store: Path) -> None:
    catalogue = Catalogue(store)
    catalogue.refresh()
    assert [run.plan for run in select(catalogue, View(words="STORM odd"))] == ["storm"]
    assert {run.verdict for run in select(catalogue, View(verdict="valid"))} == {"valid"}
    assert {run.verdict for run in select(catalogue, View(words="valid"))} == {"valid"}
    assert {run.verdict for run in select(catalogue, View(words="inv"))} == {"invalid"}
    assert select(catalogue, View(sort="operations"))[0].plan == "storm"
    assert select(catalogue, View(sort="operations", up=True))[-1].plan == "storm"
    assert [run.seed for run in select(catalogue, View(words="calm"))] == [2, 1, 0]
    assert "3 valid" in runs_page(catalogue, View(grouped=True), whole=False)


def test_more_plans_than_a_page_holds_have_a_next_page(tmp_path: Path) -> None:
    for number in range(RUNS_PER_PAGE + 1):
        make(tmp_path, f"plan-{number:03}", number)
    catalogue = Catalogue(tmp_path)
    catalogue.refresh()
    pages = [runs_page(catalogue, View(grouped=True, page=number), whole=False) for number in (1, 2)]
    assert ["plan-000" in page for page in pages] == [False, True], "the newest come first"
    assert [page.count("<tr>") for page in pages] == [RUNS_PER_PAGE + 1, 2]
    assert ['rel="next"' in page for page in pages] == [True, False]


def test_the_runs_of_a_hunt_are_one_row_and_other_runs_another(tmp_path: Path) -> None:
    for number in range(5):
        verdict = make(tmp_path, "swarm", number, "invalid") / "verdict.json"
        hunt = {0: "20260101T000000.000Z", 1: "20260101T000000.000Z", 2: "20260102T000000.000Z"}.get(number)
        verdict.write_text(json.dumps(json.loads(verdict.read_text()) | ({} if hunt is None else {"campaign": hunt})))
    catalogue = Catalogue(tmp_path)
    catalogue.refresh()
    rows = groups(select(catalogue, View()))
    assert [(row.campaign, row.runs) for row in rows] == [
        ("", 2),
        ("20260102T000000.000Z", 1),
        ("20260101T000000.000Z", 2),
    ]
    mine = View.of({"group": "swarm", "campaign": "20260101T000000.000Z"})
    assert [run.seed for run in select(catalogue, mine)] == [1, 0]
    page = runs_page(catalogue, View(grouped=True), whole=False)
    assert "/?group=swarm&amp;campaign=20260101T000000.000Z" in page
    assert View.of({"campaign": "20260101T000000.000Z"}).address(page=2).count("campaign") == 1


def test_thousands_of_runs_are_read_once_and_shown_without_lag(tmp_path: Path) -> None:
    for number in range(3000):
        make(tmp_path, "many", number)
    catalogue = Catalogue(tmp_path)
    catalogue.refresh()
    began = time.process_time()
    catalogue.refresh()
    page = runs_page(catalogue, View(sort="plan"), whole=True)
    assert time.process_time() - began < 1.0
    assert "3,000 of 3,000 runs" in page
    assert len(page) < 200_000
