"""Where runs are kept: `store/<plan>/<UTC time>-<seed>/`, a folder with everything about one run.

plan.yaml      the plan as it was resolved: with it anybody can run the same again
history.jsonl  what the clients saw and what the nemesis did, written as it happened
messages.jsonl the message journal
nodes/n1.log   what a node logged and printed
clew.log       where and when it ran, with which versions
verdict.json   the verdict; a folder without one is a run that was killed
report.html    the run as a page, made when all the rest is there
"""

from __future__ import annotations

import contextlib
import os
import platform
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import IO

import msgspec

from harness.plan import Plan, dump
from harness.result import Result
from histories import Recorder
from histories.journal import Journal

LATEST = "latest"


class NoRun(LookupError):
    """No run folder there; the message says what was looked for."""


class RunFolder:
    """The folder of one run."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.plan = path / "plan.yaml"
        self.history = path / "history.jsonl"
        self.messages = path / "messages.jsonl"
        self.verdict = path / "verdict.json"
        self.report = path / "report.html"
        self.log = path / "clew.log"
        self.nodes = path / "nodes"

    def keep(self, result: Result) -> None:
        """Put the verdict in place, whole or not at all."""
        _put(self.verdict, msgspec.json.format(msgspec.json.encode(result), indent=2) + b"\n")

    def finish(self, result: Result, page: str | None) -> None:
        """The last that happens to a folder: its page, if one could be made, and what the result says of that."""
        if page is not None:
            _put(self.report, page.encode())
        self.keep(result)
        for line in result.notes:
            self.note(f"note: {line}")
        self.note(f"verdict: {result.verdict}" + (f"; {result.error.splitlines()[0]}" if result.error else ""))

    def read_result(self) -> Result | None:
        """The verdict, or None for a run that was killed before it had one.

        Raises `NoRun` for one that this version did not write.
        """
        if not self.verdict.exists():
            return None
        try:
            return msgspec.json.decode(self.verdict.read_bytes(), type=Result)
        except (msgspec.DecodeError, IsADirectoryError) as error:
            raise NoRun(f"{self.verdict}: expected the verdict of a run of this version: {error}") from None

    def note(self, line: str) -> None:
        """Add a line to `clew.log`, with the wall clock's time."""
        with self.log.open("a", encoding="utf-8") as stream:
            stream.write(f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%fZ} {line}\n")


def _put(path: Path, content: bytes) -> None:
    aside = path.with_suffix(".tmp")
    try:
        aside.write_bytes(content)
        aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)


@contextlib.contextmanager
def writing(folder: RunFolder, recorder: Recorder) -> Iterator[tuple[Journal, Callable[[str, str], None]]]:
    """Have the recorder write the folder's history; gives the journal and the function that logs a line of a node."""
    with contextlib.ExitStack() as files:
        recorder.write_to(files.enter_context(folder.history.open("wb", buffering=0)))
        journal = Journal(files.enter_context(folder.messages.open("wb", buffering=0)))
        files.callback(journal.flush)
        logs: dict[str, IO[str]] = {}

        def log(node: str, line: str) -> None:
            if node not in logs:
                # A node in a process of its own appends to the same file: what it prints stands between these lines.
                logs[node] = files.enter_context(
                    (folder.nodes / f"{node}.log").open("a", buffering=1, encoding="utf-8")
                )
            logs[node].write(line + "\n")

        yield journal, log


def create(store: Path, plan: Plan, nodes: str) -> RunFolder:
    """A new folder for a run of this plan, with the plan in it; `store/latest` points to it from now on.

    Raises `NoRun` for a store that cannot be, `OSError` if the disk is full.
    """
    home = store / slug(plan.name)
    try:
        home.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise NoRun(f"--store {store}: no runs can be kept there: {error.strerror}") from None
    started = datetime.now(UTC)
    stem = f"{started:%Y%m%dT%H%M%S.%f}"[:-3] + f"Z-{plan.seed}"
    path = home / stem
    for again in range(1, 1000):
        with contextlib.suppress(FileExistsError):
            path.mkdir()
            break
        path = home / f"{stem}.{again}"
    folder = RunFolder(path)
    folder.nodes.mkdir()
    folder.plan.write_text(dump(plan), encoding="utf-8")
    folder.note(f"plan {plan.name}, seed {plan.seed}, nodes {nodes}")
    packages = ", ".join(f"{name} {version(name)}" for name in ("clew", "trio", "numba", "numpy", "msgspec"))
    folder.note(f"{platform.python_implementation()} {platform.python_version()} on {platform.platform()}; {packages}")
    link = store / f".{LATEST}-{os.getpid()}"
    link.unlink(missing_ok=True)
    link.symlink_to(path.relative_to(store))
    link.replace(store / LATEST)
    return folder


def find(run: Path) -> RunFolder:
    """The run folder at `run` (or of the file in it); raises `NoRun` if there is none."""
    if run.is_file():
        run = run.parent
    if not run.is_dir():
        raise NoRun(f"there is no run folder or history {run}")
    folder = RunFolder(run.resolve())
    if not any(file.exists() for file in (folder.plan, folder.history, folder.messages, folder.verdict)):
        raise NoRun(f"{run} is no run folder: it has neither plan.yaml nor history.jsonl")
    return folder


def slug(name: str) -> str:
    """A plan's name as the name of a folder: nothing in it can lead out of the store."""
    safe = re.sub(r"[^A-Za-z0-9_-]+", "-", name).strip("-")[:80] or "plan"
    return safe if safe != LATEST else f"{LATEST}-"
