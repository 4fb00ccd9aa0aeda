"""What `serve` does not give away, and to whom it does not answer."""

from __future__ import annotations

import io
import json
import re
import socket
import tempfile
import time
import zipfile
from pathlib import Path
from urllib.parse import urlencode

from clew.harness.view.serve import names
from clew.harness.view.serve.added import with_added
from clew.histories.journal import Journal
from tests.harness.shown import EVIL
from tests.harness.view.stores import Get, ask, make, serving, told


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
