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
import errno
import fcntl
import os
import platform
import re
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from tempfile import mkdtemp
from typing import IO

import msgspec

from clew.harness.plan import Plan, dump
from clew.harness.verdict.result import Result
from clew.histories import Recorder
from clew.histories.event import MALFORMED
from clew.histories.journal import Journal

LATEST = "latest"
ASIDE = re.compile(r"\.\d{8}T\d{6}\.\d{3}Z-\d+(\.\d+)?")
"""The folder of a run that is written aside."""


class NoRun(LookupError):
    """No run folder there; the message says what was looked for."""


class RunFolder:
    """The folder of one run.

    `place` is where it is to be once it is whole; until then, a run that is kept only whole is written aside.
    `campaign` is the hunt that it is of, if it is of one.
    """

    def __init__(self, path: Path, place: Path | None = None) -> None:
        self.path = path
        self.place = place or path
        self.campaign: str | None = None
        self._held: int | None = None
        self.plan = path / "plan.yaml"
        self.history = path / "history.jsonl"
        self.messages = path / "messages.jsonl"
        self.verdict = path / "verdict.json"
        self.report = path / "report.html"
        self.log = path / "clew.log"
        self.nodes = path / "nodes"

    def hold(self) -> None:
        """Let others see that this folder is being written, until `release` or the death of this process.

        Raises `BlockingIOError` if somebody holds it, `FileNotFoundError` if it is gone, `OSError` if nothing can be
        held there.
        """
        held = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if not os.path.samestat(os.fstat(held), self.path.stat()):
                raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(self.path))
        except OSError:
            os.close(held)
            raise
        self._held = held

    def release(self) -> None:
        """The folder is whole, or gone."""
        if self._held is not None:
            os.close(self._held)
            self._held = None

    def keep(self, result: Result) -> None:
        """Put the verdict in place, whole or not at all."""
        put(self.verdict, msgspec.json.format(msgspec.json.encode(result), indent=2) + b"\n")

    def finish(self, result: Result, page: str | None) -> None:
        """The last that happens to a folder: its page, if one could be made, and what the result says of that."""
        if page is not None:
            put(self.report, page.encode())
        self.keep(result)
        for line in result.notes:
            self.note(f"note: {line}")
        self.note(f"verdict: {result.verdict}" + (f"; {result.error.splitlines()[0]}" if result.error else ""))
        if self.path != self.place:
            self.path.replace(self.place)
            self.release()
            self.become_latest()

    def become_latest(self) -> None:
        """Have `latest` in the store point to this run."""
        store = self.place.parent.parent
        link = store / f".{LATEST}-{os.getpid()}"
        link.unlink(missing_ok=True)
        link.symlink_to(self.place.relative_to(store))
        link.replace(store / LATEST)

    def discard(self) -> None:
        """Leave nothing of it, for it cannot be whole; the newest of the other runs is the latest again."""
        shutil.rmtree(self.path, ignore_errors=True)
        self.release()
        group, store = self.path.parent, self.path.parent.parent
        link = store / LATEST
        with contextlib.suppress(OSError):
            if link.is_symlink() and not link.exists():
                link.unlink()
                others = [path for path in store.glob("*/*/verdict.json") if not path.parent.name.startswith(".")]
                if others:
                    RunFolder(max(others, key=lambda path: (path.parent.name, path.parent)).parent).become_latest()
        with contextlib.suppress(OSError):
            group.rmdir()

    def read_result(self) -> Result | None:
        """The verdict, or None for a run that was killed before it had one.

        Raises `NoRun` for one that this version did not write.
        """
        if not self.verdict.exists():
            return None
        try:
            return msgspec.json.decode(self.verdict.read_bytes(), type=Result)
        except (*MALFORMED, IsADirectoryError) as error:
            raise NoRun(f"{self.verdict}: expected the verdict of a run of this version: {error}") from None

    def note(self, line: str) -> None:
        """Add a line to `clew.log`, with the wall clock's time."""
        with self.log.open("a", encoding="utf-8") as stream:
            stream.write(f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%fZ} {line}\n")


def put(path: Path, content: bytes) -> None:
    """Write a file whole or not at all. Raises `OSError`, and then leaves what was there before."""
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


def create(
    store: Path, plan: Plan, nodes: str, *, aside: bool = False, latest: bool = True, comment: str = ""
) -> RunFolder:
    """A new folder for a run of this plan, with the plan in it below the comment; if `latest`, `store/latest` points
    to it.

    One written `aside` is hidden, and comes to its place, and to be the latest, when it is finished. What killed
    processes have left of such runs in this store is removed. Raises `NoRun` for a store that cannot be, `OSError` if
    the disk is full.
    """
    usable(store)
    group = store / slug(plan.name)
    _sweep(store)
    try:
        group.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _unusable(store, error) from None
    folder = _made(group, f"{stamp()}-{plan.seed}", aside)
    try:
        folder.nodes.mkdir()
        folder.plan.write_text(comment + dump(plan), encoding="utf-8")
        folder.note(f"plan {plan.name}, seed {plan.seed}, nodes {nodes}")
        packages = ", ".join(f"{name} {version(name)}" for name in ("clew", "trio", "numba", "numpy", "msgspec"))
        python = f"{platform.python_implementation()} {platform.python_version()}"
        folder.note(f"{python} on {platform.platform()}; {packages}")
        if latest and not aside:
            folder.become_latest()
    except BaseException:
        folder.discard()
        raise
    return folder


def stamp() -> str:
    """Now, by the wall clock, as the names of runs and campaigns have it."""
    return f"{datetime.now(UTC):%Y%m%dT%H%M%S.%f}"[:-3] + "Z"


def _made(group: Path, stem: str, aside: bool) -> RunFolder:
    """An empty folder of a name that no other run has, however many begin in the same millisecond."""
    for again in range(1000):
        place = group / (f"{stem}.{again}" if again else stem)
        path = group / f".{place.name}" if aside else place
        with contextlib.suppress(FileExistsError):
            # Whoever sweeps may have found the group empty.
            path.mkdir(parents=True)
            folder = RunFolder(path, place)
            if path == place:
                return folder
            if place.exists():
                path.rmdir()
                continue
            try:
                folder.hold()
            except (FileNotFoundError, BlockingIOError):
                # Swept away before it was held.
                continue
            except OSError:
                # A file system on which nobody can hold anything, and so nobody sweeps.
                pass
            return folder
    raise FileExistsError(errno.EEXIST, "a thousand runs of this millisecond are there", str(group / stem))


def _sweep(store: Path) -> None:
    """Remove what processes that were killed have left of the runs that they wrote aside."""
    for path in store.glob("*/.*"):
        if ASIDE.fullmatch(path.name):
            left = RunFolder(path)
            # Whoever still writes it holds it; and where nothing can be held, nothing is known to be left.
            with contextlib.suppress(OSError):
                left.hold()
                left.discard()


def usable(store: Path) -> None:
    """Raise `NoRun` for a store in which no run can be kept, `OSError` if its disk is full; better said before the run
    than after it."""
    there = next(path for path in (store, *store.absolute().parents) if os.path.lexists(path))
    try:
        # Whether a folder can be made there is known by making one: /proc is writable, and keeps nothing.
        os.rmdir(mkdtemp(prefix=".clew-", dir=there))
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise _unusable(store, error) from None


def _unusable(store: Path, error: OSError) -> NoRun:
    return NoRun(f"--store {store}: no runs can be kept there: {error.strerror}")


def find_run(run: Path) -> RunFolder:
    """The run folder at `run` (or of the file in it); raises `NoRun` if there is none."""
    if run.is_file():
        run = run.parent
    if not run.is_dir():
        raise NoRun(f"there is no run folder or history {run}")
    folder = RunFolder(run.resolve())
    if not is_run(folder.path):
        raise NoRun(f"{run} is no run folder: it has neither plan.yaml nor history.jsonl")
    return folder


FILES = ("plan.yaml", "history.jsonl", "messages.jsonl", "verdict.json")
"""What a finished run has in any case; one of them makes a folder that of a run."""


def is_run(folder: Path) -> bool:
    """Whether there is anything of a run in this folder."""
    return any((folder / name).exists() for name in FILES)


def slug(name: str) -> str:
    """A plan's name as the name of a folder: nothing in it can lead out of the store."""
    safe = re.sub(r"[^A-Za-z0-9_-]+", "-", name).strip("-")[:80] or "plan"
    return safe if safe != LATEST else f"{LATEST}-"
