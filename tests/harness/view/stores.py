"""A store of runs as files, and a server of it."""

from __future__ import annotations

import http.client
import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

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


def ask(address: str, path: str, **headers: str) -> tuple[int, bytes, dict[str, str]]:
    connection = http.client.HTTPConnection(address.removeprefix("http://").rstrip("/"), timeout=60)
    with closing(connection):
        connection.request("GET", path, headers={name.replace("_", "-"): value for name, value in headers.items()})
        with connection.getresponse() as answer:
            return answer.status, answer.read(), {name.lower(): value for name, value in answer.getheaders()}


def told(page: bytes) -> dict[str, Any]:
    """What the server added to a report."""
    found = re.search(rb'id="served">(.*?)</script>', page, re.DOTALL)
    assert found is not None
    added: dict[str, Any] = json.loads(found[1])
    return added
