"""The store as a web page: what it lists, what a run gives, how the server ends."""

from __future__ import annotations

import io
import os
import signal
import socket
import subprocess
import time
import zipfile
from pathlib import Path

import pytest
import trio

from clew.harness.errors import UserError
from clew.harness.view.serve import serve, serve_until_stopped
from clew.harness.view.serve.catalogue import Catalogue
from tests.harness.shown import EVIL, STALE, history_file
from tests.harness.view.stores import Get, ask, command, make, serving


def test_runs_are_listed_with_their_verdicts(get: Get) -> None:
    status, page, _ = get("/")
    assert status == 200
    for words in ("calm", "storm", "invalid", "500", "25.0 %", "caspaxos, odd", "2026-01-01 00:00:10"):
        assert words in page.decode()
    assert EVIL not in page.decode()
    assert "&lt;script&gt;" in page.decode()


def test_a_table_is_sent_again_only_if_it_changed(get: Get, common: Path) -> None:
    _, _, headers = get("/table")
    status, body, _ = get("/table", If_None_Match=headers["etag"])
    assert (status, body) == (304, b"")
    make(common, "newer", 30, None)
    time.sleep(0.6)
    status, body, _ = get("/table", If_None_Match=headers["etag"])
    assert status == 200
    assert b"running" in body


def test_a_new_server_does_not_trust_the_tag_of_another(get: Get, common: Path) -> None:
    with serving(common) as (other, _):
        tag = get("/table")[2]["etag"]
        assert get("/table", If_None_Match=tag)[0] == 304
        assert ask(other, "/table", If_None_Match=tag)[0] == 200


def test_a_running_run_grows(store: Path) -> None:
    history = make(store, "growing", 50, None) / "history.jsonl"
    catalogue = Catalogue(store)

    def row() -> tuple[str, int, float, float]:
        catalogue.refresh()
        (run,) = [run for run in catalogue.runs if run.plan == "growing"]
        return run.verdict, run.operations, run.unknown, run.seconds

    def events(*kinds: str) -> str:
        event = '{{"index":0,"time":{}000000000,"process":0,"type":"{}","f":"read"}}\n'
        return "".join(event.format(second, kind) for second, kind in enumerate(kinds, start=1))

    assert row() == ("running", 0, 0.0, 0.0)
    with history.open("a") as stream:
        stream.write(events("invoke", "ok", "invoke") + '{"index":3,"ti')
    assert row() == ("running", 2, 0.0, 3.0)
    version = catalogue.version
    with history.open("a") as stream:
        stream.write('me":4000000000,"process":0,"type":"info","f":"read"}\n' + events("invoke", "invoke"))
    assert row() == ("running", 4, 0.25, 2.0)
    assert catalogue.version > version
    old = time.time() - 1000
    for file in history.parent.iterdir():
        os.utime(file, (old, old))
    catalogue = Catalogue(store)
    assert row()[0] == "unfinished"


def test_errors_of_the_server_go_to_stderr(
    store: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def broken(*arguments: object, **names: object) -> str:
        raise RuntimeError("out of chalk")

    async def main() -> None:
        addresses: list[str] = []
        async with trio.open_nursery() as nursery:
            nursery.start_soon(serve_until_stopped, store, "127.0.0.1", 0, addresses.append)
            while not addresses:
                await trio.sleep(0.01)
            status, _, _ = await trio.to_thread.run_sync(ask, addresses[0], "/")
            assert status == 500
            # The answer is sent before the reason is told.
            with trio.move_on_after(10):
                while "out of chalk" not in told[-1]:
                    told.append(told[-1] + capfd.readouterr().err)
                    await trio.sleep(0.01)
            nursery.cancel_scope.cancel()

    monkeypatch.setattr("clew.harness.view.serve.application.runs_page", broken)
    told = [""]
    trio.run(main)
    assert "out of chalk" in told[-1]


def test_the_loopback_of_ipv6_is_served_too(store: Path) -> None:
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as probe:
            probe.bind(("::1", 0))
    except OSError:
        pytest.skip("no IPv6 here")
    with serving(store, "--host", "::1") as (address, _):
        assert address.startswith("http://[::1]:")
        assert ask(address, "/")[0] == 200
        assert ask(address, "/", Host="evil.example")[0] == 400


def test_a_run_gives_its_report_its_files_and_a_zip(get: Get) -> None:
    run = "/runs/storm/20260101T000010.000Z-10"
    assert b"the report" in get(f"{run}/report.html")[1]
    assert b"plan.yaml" in get(f"{run}/")[1]
    status, body, headers = get(f"{run}/plan.yaml")
    assert (status, headers["content-type"]) == (200, "text/plain; charset=utf-8")
    assert body.startswith(b'name: "storm"')
    with zipfile.ZipFile(io.BytesIO(get(f"{run}.zip")[1])) as archive:
        assert "20260101T000010.000Z-10/verdict.json" in archive.namelist()


def test_a_run_without_a_page_gets_one(get: Get, common: Path) -> None:
    make(common, "killed", 40, None)
    time.sleep(0.6)
    status, page, _ = get("/runs/killed/20260101T000040.000Z-40/report.html")
    assert status == 200
    assert b"verdict.json" in page


def test_two_ticked_runs_are_compared(get: Get, common: Path) -> None:
    for name, value in (("first", 1), ("second", 2)):
        folder = make(common, name, 70 + value)
        history_file(folder / "history.jsonl", [*STALE[:2], (2, 0, "invoke", "write", EVIL, value)])
    time.sleep(0.6)
    status, page, _ = get("/diff?run=first/20260101T000071.000Z-71&run=second/20260101T000072.000Z-72")
    assert status == 200
    assert "event 2 differs in its value." in page.decode()
    assert '"second"' in page.decode().replace("&#34;", '"'), "their plans differ in their names"
    assert EVIL not in page.decode()
    for wrong in (
        "/diff",
        "/diff?run=first/20260101T000071.000Z-71",
        "/diff?run=a/b&run=../x",
        "/diff?run=a&run=b&run=c",
    ):
        assert get(wrong)[0] in (400, 404), wrong


@pytest.mark.parametrize("number", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.long)])
def test_a_signal_ends_it_cleanly(store: Path, number: int) -> None:
    with serving(store) as (address, process):
        ask(address, "/")
        os.kill(process.pid, number)
        _, errors = process.communicate(timeout=60)
        assert (process.returncode, errors) == (0, "")


def test_a_port_that_is_taken_is_one_line(address: str, store: Path) -> None:
    taken = command(store, address.rsplit(":", 1)[1].rstrip("/"))
    done = subprocess.run(taken, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 254
    assert done.stderr.count("\n") == 1
    assert "in use" in done.stderr


def test_a_port_that_is_taken_and_a_store_that_is_not_there_are_named(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(UserError, match=f"127.0.0.1 port {port} cannot be used"):
            serve(tmp_path, port=port)
    with pytest.raises(UserError, match="there is no such folder"):
        serve(tmp_path / "none")
