"""The store as a web page: what it lists, which files it serves, which it refuses, how the server ends."""

from __future__ import annotations

import errno
import http.client
import io
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
import trio

from clew.harness.errors import UserError
from clew.harness.view.browser import missing
from clew.harness.view.plan_text import system_and_variant
from clew.harness.view.serve import names, serve, serve_until_stopped
from clew.harness.view.serve.added import with_added
from clew.harness.view.serve.catalogue import Catalogue
from clew.harness.view.serve.links import links_of
from clew.harness.view.serve.pages import RUNS_PER_PAGE, View, groups, runs_page, select
from clew.harness.view.serve.run import Run
from clew.histories.journal import Journal
from tests.harness.shown import EVIL, IMAGE, STALE, history_file

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


def command(store: Path, port: str = "0", *more: str) -> list[str]:
    return [
        sys.executable,
        "-c",
        "from clew.harness.cli.app import main; main()",
        "serve",
        "--store",
        str(store),
        "--port",
        port,
        *more,
    ]


@contextmanager
def serving(store: Path, *more: str) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """The address of a server of the store, and its process."""
    process = subprocess.Popen(command(store, "0", *more), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
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


def told(page: bytes) -> dict[str, Any]:
    """What the server added to a report."""
    found = re.search(rb'id="served">(.*?)</script>', page, re.DOTALL)
    assert found is not None
    added: dict[str, Any] = json.loads(found[1])
    return added


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


def test_messages_are_for_the_page_of_their_run_alone(get: Get, common: Path) -> None:
    places = []
    for number in (90, 91):
        folder = make(common, "talk", number)
        with (folder / "messages.jsonl").open("wb") as stream:
            journal = Journal(stream)
            for id in range(3):
                journal.send(id, id * 1_000_000_000, "c0", "n1", b'{"type":"tcp","bytes":%d}' % number)
                journal.receive(id, id * 1_000_000_000 + 5)
            journal.flush()
        places.append(f"/runs/talk/{folder.name}")
    time.sleep(0.6)
    _, page, headers = get(f"{places[0]}/report.html")
    asked = told(page)["messages"]
    assert asked.startswith(f"{places[0]}/messages?token=")
    policy = headers["content-security-policy"]
    assert "sandbox allow-scripts;" in policy
    assert re.search(rf"connect-src http://[^ ;]*{re.escape(places[0])}/messages;", policy)
    lanes = urlencode({"places": "client 0\nn1"})
    status, body, headers = get(f"{asked}&start=0.5&end=1.5&{lanes}")
    assert (status, headers["access-control-allow-origin"]) == (200, "null")
    found = json.loads(body)
    assert (found["messages"]["id"], found["left_out"]) == ([1], 0)
    assert json.loads(found["messages"]["body"][0]) == {"type": "tcp", "bytes": 90}
    # Without the token, with that of another run, or with nonsense.
    token = asked.partition("?")[2]
    assert get(f"{places[0]}/messages?start=0&end=1&{lanes}")[0] == 403
    assert get(f"{places[1]}/messages?{token}&start=0&end=1&{lanes}")[0] == 403
    for wrong in ("start=x&end=1", "start=2&end=1", "start=0&end=inf", "start=nan&end=nan", "start=-1&end=1", ""):
        assert get(f"{asked}&{wrong}&{lanes}")[0] in (400, 404), wrong
    assert "messages" not in told(get("/runs/calm/20260101T000001.000Z-1/report.html")[1]), "it has no journal"


def test_what_is_added_to_a_page_stays_data() -> None:
    page = with_added(b"<html></html>", [(f"</script>{EVIL}", "/")], None)
    assert page.count(b"</script>") == 1
    assert told(page) == {"links": [[f"</script>{EVIL}", "/"]]}


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


def test_no_file_outside_the_store_is_served(get: Get, common: Path) -> None:
    folder = common / "storm" / "20260101T000010.000Z-10"
    (folder / "link.txt").symlink_to(common.parent / "secret.txt")
    (folder / "links").symlink_to(common.parent)
    for path in OUTSIDE:
        status, body, _ = get(path)
        assert status == 404, path
        assert b"secret" not in body, path
    with zipfile.ZipFile(io.BytesIO(get("/runs/storm/20260101T000010.000Z-10.zip")[1])) as archive:
        assert not [name for name in archive.namelist() if "link" in name]


def test_a_foreign_host_name_is_refused(get: Get) -> None:
    assert get("/", Host="evil.example")[0] == 400
    assert get("/", Host="localhost:1")[0] == 200


def test_a_public_server_answers_to_addresses_and_its_own_name_only() -> None:
    here = socket.gethostname().lower()
    assert {here, "localhost", "0.0.0.0"} <= names("0.0.0.0")
    assert here not in names("127.0.0.1") - {"localhost"}
    with tempfile.TemporaryDirectory() as store, serving(Path(store), "--host", "0.0.0.0") as (address, _):
        address = address.replace("0.0.0.0", "127.0.0.1")
        for known in (f"{here.upper()}:80", "10.1.2.3:8080", "[fe80::1]:80", "localhost"):
            assert ask(address, "/", Host=known)[0] == 200, known
        for stranger in ("evil.example", "evil.example:80", "127.0.0.1.evil.example", "", "[evil]"):
            status, body, _ = ask(address, "/", Host=stranger)
            assert (status, b"not called" in body) == (400, True), stranger


def test_only_this_machine_can_connect(address: str) -> None:
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
    assert done.returncode == 254
    assert done.stderr.count("\n") == 1
    assert "in use" in done.stderr


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


@pytest.mark.skipif(missing() is not None, reason=str(missing()))
def test_the_table_filters_as_one_types_and_opens_a_report(store: Path, chromium: Any) -> None:
    driver = chromium
    with serving(store) as (address, _):
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
        # A choice that a browser tells of by `change` alone.
        choose = (
            "const v = document.getElementsByName('verdict')[0]; v.value = arguments[0];"
            "v.dispatchEvent(new Event('change', { bubbles: true }))"
        )
        driver.execute_script(choose, "valid")
        wait(lambda: len(rows()) == 3)
        driver.execute_script(choose, "")
        wait(lambda: len(rows()) == 6)
        driver.find_element("name", "words").send_keys("storm")
        wait(lambda: len(rows()) == 1)
        driver.find_element("link text", "storm").click()
        wait(lambda: driver.title == "a report")
        assert [entry for entry in driver.get_log("browser") if entry["level"] == "SEVERE"] == []

        # Names that would be elements if anything were left unescaped, as the page comes and as it renews itself.
        make(store, IMAGE, 57, "valid")
        for place in (address, f"{address}?grouped=1"):
            driver.get(place)
            wait(lambda: IMAGE in driver.find_element("id", "table").text)
            assert EVIL in driver.find_element("id", "table").text
            # What is typed makes the page fetch its table anew.
            driver.execute_script("document.getElementById('table').replaceChildren()")
            driver.find_element("name", "words").send_keys("2026")
            wait(lambda: IMAGE in driver.find_element("id", "table").text)
            made = "return document.querySelectorAll('main img, main script').length"
            assert driver.execute_script(made) == 0
            assert driver.title != "owned"

        # A report from elsewhere may run what it likes, and gets at nothing.
        folder = make(store, "foreign", 58, "valid")
        (folder / "report.html").write_text(
            "<!doctype html><title>it runs</title><script>fetch('/table').then((answer) => answer.text())"
            ".then((text) => { document.title = `read ${text}`; }, () => { document.title = `kept out ${origin}`; });"
            "</script>"
        )
        time.sleep(0.6)
        driver.get(f"{address}runs/foreign/{folder.name}/report.html")
        wait(lambda: driver.title not in ("", "it runs"))
        assert driver.title == "kept out null"


@pytest.mark.skipif(missing() is not None, reason=str(missing()))
def test_a_served_report_is_drawn(tmp_path: Path, chromium: Any) -> None:
    folder = make(tmp_path, "killed", 40, None)
    history_file(folder / "history.jsonl", STALE, model="cas-register")
    driver = chromium
    with serving(tmp_path) as (address, _):
        driver.get(f"{address}runs/killed/{folder.name}/report.html")
        deadline = time.monotonic() + 30
        while (drawn := driver.execute_script("return document.documentElement.dataset.drawn")) is None:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        assert drawn == "yes"
        assert [entry for entry in driver.get_log("browser") if entry["level"] == "SEVERE"] == []


@pytest.mark.skipif(missing() is not None, reason=str(missing()))
def test_a_served_report_has_all_messages_and_links_to_other_runs(tmp_path: Path, failing: Path, chromium: Any) -> None:
    before = make(tmp_path, "caspaxos-forgets-promises", 1)
    shutil.copytree(failing, before.parent / "20260101T010000.000Z-2")
    driver = chromium

    def wait(condition: Callable[[], Any]) -> None:
        deadline = time.monotonic() + 30
        while not condition():
            assert time.monotonic() < deadline, driver.get_log("browser")
            time.sleep(0.05)

    with serving(tmp_path) as (address, _):
        driver.get(f"{address}runs/{before.parent.name}/20260101T010000.000Z-2/report.html#op-3")
        wait(lambda: driver.execute_script("return document.documentElement.dataset.drawn") == "yes")
        wait(lambda: driver.find_element("id", "details").text.startswith("Operation 3 "))
        whole = "return clew.data.moments.some((moment) => moment.start <= arguments[0] && moment.end >= arguments[1])"
        at = next(at / 10 for at in range(1, 100) if not driver.execute_script(whole, at / 10, at / 10 + 0.05))
        inside = (
            "return ['delivered', 'dropped', 'delayed'].flatMap((fate) => clew.sources[fate].data.sent)"
            f".filter((time) => time > {at} && time < {at + 0.05}).length"
        )
        assert driver.execute_script(inside) == 0
        driver.execute_script(f"clew.go({at}, {at + 0.05})")
        wait(lambda: driver.execute_script(inside) > 0)
        assert driver.find_element("id", "elsewhere").text == ""
        assert [entry for entry in driver.get_log("browser") if entry["level"] == "SEVERE"] == []
        driver.find_element("link text", "diff with the run before").click()
        wait(lambda: driver.title.startswith("clew: caspaxos-forgets-promises/"))
        assert "Two runs compared" in driver.find_element("tag name", "h1").text
        # In the table, two ticks are needed.
        driver.get(address)
        button = driver.find_element("css selector", "#compare button")
        wait(lambda: not button.is_enabled())
        for box in driver.find_elements("name", "run"):
            box.click()
        # A new run renews the table, and the ticks stay.
        make(tmp_path, "another", 3)
        wait(lambda: len(driver.find_elements("name", "run")) == 3)
        assert button.is_enabled()
        button.click()
        wait(lambda: driver.title.startswith("clew: caspaxos-forgets-promises/"))


def test_a_port_that_is_taken_and_a_store_that_is_not_there_are_named(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(UserError, match=f"127.0.0.1 port {port} cannot be used"):
            serve(tmp_path, port=port)
    with pytest.raises(UserError, match="there is no such folder"):
        serve(tmp_path / "none")
