"""The store as a page: what it lists, what it hands out, what it keeps to itself, how it ends."""

from __future__ import annotations

import http.client
import io
import json
import os
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from harness.browser import browser, missing
from harness.serve.catalogue import Catalogue
from harness.serve.pages import View, render, select
from tests.harness.shown import EVIL

Get = Callable[..., tuple[int, bytes, dict[str, str]]]


def make(store: Path, plan: str, number: int, verdict: str | None = "valid", operations: int = 10) -> Path:
    """The folder of a run, as a run would leave it."""
    folder = store / "".join(c if c.isalnum() else "-" for c in plan) / f"20260101T{number:06d}.000Z-{number}"
    folder.mkdir(parents=True)
    (folder / "plan.yaml").write_text(f"name: {json.dumps(plan)}\nsystem: {{name: caspaxos, variant: odd, nodes: 3}}\n")
    (folder / "history.jsonl").write_text('{"clew-history":1}\n')
    if verdict is not None:
        (folder / "verdict.json").write_text(
            json.dumps(
                {
                    "verdict": verdict,
                    "plan": plan,
                    "seed": number,
                    "checks": {},
                    "operations": operations,
                    "explanation": "",
                    "run": str(folder),
                    "counts": {"operations": {"ok": 3, "info": 1}},
                }
            )
        )
        (folder / "report.html").write_text("<!doctype html><title>a report</title>the report")
    return folder


def fill(path: Path) -> Path:
    """A store of five runs, beside a secret."""
    for number in range(3):
        make(path, "calm", number)
    make(path, "storm", 10, "invalid", 500)
    make(path, EVIL, 20, "unknown")
    (path / "latest").symlink_to("calm")
    (path.parent / "secret.txt").write_text("secret")
    return path


def command(store: Path, port: str = "0") -> list[str]:
    return [
        sys.executable,
        "-c",
        "from harness.cli import main; main()",
        "serve",
        "--store",
        str(store),
        "--port",
        port,
    ]


@contextmanager
def serving(store: Path) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """The address of a server of the store, and its process."""
    process = subprocess.Popen(command(store), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield process.stdout.readline().split()[0], process
    finally:
        process.kill()
        process.communicate()


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return fill(tmp_path / "store")


@pytest.fixture(scope="module")
def common(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The store that one server serves to all who only ask; they may add runs to it."""
    return fill(tmp_path_factory.mktemp("common") / "store")


@pytest.fixture(scope="module")
def address(common: Path) -> Iterator[str]:
    with serving(common) as (found, _):
        yield found


@pytest.fixture
def get(address: str) -> Get:
    """Ask for exactly this path: nothing tidies it up on the way."""
    return lambda path, **headers: ask(address, path, **headers)


def ask(address: str, path: str, **headers: str) -> tuple[int, bytes, dict[str, str]]:
    connection = http.client.HTTPConnection(address.removeprefix("http://").rstrip("/"), timeout=60)
    with closing(connection):
        connection.request("GET", path, headers={name.replace("_", "-"): value for name, value in headers.items()})
        with connection.getresponse() as answer:
            return answer.status, answer.read(), {name.lower(): value for name, value in answer.getheaders()}


def test_runs_are_listed_with_what_they_came_to(get: Get) -> None:
    status, page, _ = get("/")
    assert status == 200
    for words in ("calm", "storm", "invalid", "500", "25.0 %", "caspaxos, odd", "2026-01-01 00:00:10"):
        assert words in page.decode()
    assert EVIL not in page.decode()
    assert "&lt;script&gt;" in page.decode()


def test_a_page_is_asked_for_again_and_sent_only_if_something_changed(get: Get, common: Path) -> None:
    _, _, headers = get("/table")
    status, body, _ = get("/table", If_None_Match=headers["etag"])
    assert (status, body) == (304, b"")
    make(common, "newer", 30, None)
    time.sleep(0.6)
    status, body, _ = get("/table", If_None_Match=headers["etag"])
    assert status == 200
    assert b"running" in body


def test_a_run_gives_its_report_its_files_and_a_zip(get: Get) -> None:
    run = "/runs/storm/20260101T000010.000Z-10"
    assert get(f"{run}/report.html")[1].endswith(b"the report")
    assert b"plan.yaml" in get(f"{run}/")[1]
    status, body, headers = get(f"{run}/plan.yaml")
    assert (status, headers["content-type"]) == (200, "text/plain; charset=utf-8")
    assert body.startswith(b'name: "storm"')
    with zipfile.ZipFile(io.BytesIO(get(f"{run}.zip")[1])) as archive:
        assert "20260101T000010.000Z-10/verdict.json" in archive.namelist()


def test_a_run_without_a_page_gets_one_of_what_there_is(get: Get, common: Path) -> None:
    make(common, "killed", 40, None)
    time.sleep(0.6)
    status, page, _ = get("/runs/killed/20260101T000040.000Z-40/report.html")
    assert status == 200
    assert b"verdict.json" in page


OUTSIDE = [
    "/../secret.txt",
    "/runs/../secret.txt",
    "/runs/%2e%2e/%2e%2e/secret.txt",
    "/runs/..%2f..%2fsecret.txt/x/y",
    "/runs/storm/..%2f..%2f..%2fsecret.txt",
    "/runs/storm/20260101T000010.000Z-10/../../../secret.txt",
    "/runs/storm/20260101T000010.000Z-10/..%2f..%2f..%2fsecret.txt",
    "/runs/storm/20260101T000010.000Z-10//etc/passwd",
    "/runs/storm/20260101T000010.000Z-10/link.txt",
    "/runs/storm/20260101T000010.000Z-10/links/secret.txt",
    "/runs/latest/20260101T000001.000Z-1/report.html",
    "/runs/storm/.zip",
    "/runs/storm/..zip",
]


def test_nothing_outside_the_store_can_be_had(get: Get, common: Path) -> None:
    folder = common / "storm" / "20260101T000010.000Z-10"
    (folder / "link.txt").symlink_to(common.parent / "secret.txt")
    (folder / "links").symlink_to(common.parent)
    for path in OUTSIDE:
        status, body, _ = get(path)
        assert status == 404, path
        assert b"secret" not in body, path
    with zipfile.ZipFile(io.BytesIO(get("/runs/storm/20260101T000010.000Z-10.zip")[1])) as archive:
        assert not [name for name in archive.namelist() if "link" in name]


def test_a_name_that_was_made_to_lead_here_is_refused(get: Get) -> None:
    assert get("/", Host="evil.example")[0] == 400
    assert get("/", Host="localhost:1")[0] == 200


def test_only_this_machine_is_listened_to(address: str) -> None:
    assert address.startswith("http://127.0.0.1:")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_cleanly(store: Path, number: int) -> None:
    with serving(store) as (address, process):
        ask(address, "/")
        os.kill(process.pid, number)
        _, errors = process.communicate(timeout=60)
        assert (process.returncode, errors) == (0, "")


def test_a_port_that_is_taken_is_one_line(address: str, store: Path) -> None:
    taken = command(store, address.rsplit(":", 1)[1].rstrip("/"))
    done = subprocess.run(taken, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 255
    assert done.stderr.count("\n") == 1
    assert "in use" in done.stderr


def test_the_table_is_filtered_sorted_and_grouped(store: Path) -> None:
    catalogue = Catalogue(store)
    catalogue.refresh()
    assert [run.plan for run in select(catalogue, View(words="STORM odd"))] == ["storm"]
    assert {run.verdict for run in select(catalogue, View(verdict="valid"))} == {"valid"}
    assert select(catalogue, View(sort="operations"))[0].plan == "storm"
    assert select(catalogue, View(sort="operations", up=True))[-1].plan == "storm"
    assert [run.seed for run in select(catalogue, View(words="calm"))] == [2, 1, 0]
    assert "3 valid" in render(catalogue, View(grouped=True), whole=False)


def test_thousands_of_runs_are_read_once_and_shown_without_lag(tmp_path: Path) -> None:
    for number in range(3000):
        make(tmp_path, "many", number)
    catalogue = Catalogue(tmp_path)
    catalogue.refresh()
    began = time.process_time()
    catalogue.refresh()
    page = render(catalogue, View(sort="plan"), whole=True)
    assert time.process_time() - began < 1.0
    assert "3,000 of 3,000 runs" in page
    assert len(page) < 200_000


@pytest.mark.skipif(missing() is not None, reason=str(missing()))
def test_the_table_filters_as_one_types_and_opens_a_report(store: Path) -> None:
    with serving(store) as (address, _), browser() as driver:
        driver.get(address)

        def rows() -> list[str]:
            found: list[str] = driver.execute_script(
                "return [...document.querySelectorAll('tbody tr')].map((row) => row.textContent)"
            )
            return found

        def wait(condition: Callable[[], Any]) -> None:
            deadline = time.monotonic() + 10
            while not condition():
                assert time.monotonic() < deadline, rows()
                time.sleep(0.05)

        assert len(rows()) == 5
        make(store, "newest", 59, None)
        wait(lambda: len(rows()) == 6)
        driver.find_element("name", "words").send_keys("storm")
        wait(lambda: len(rows()) == 1)
        driver.find_element("link text", "storm").click()
        wait(lambda: driver.title == "a report")
        assert [entry for entry in driver.get_log("browser") if entry["level"] == "SEVERE"] == []
