"""Where runs are kept: `store/<plan>/<UTC time>-<seed>/`, a folder with everything about one run.

plan.yaml      the plan with nothing left open: enough to run the same again
history.jsonl  what the clients saw and what the nemesis did, written as it happened
messages.jsonl the message journal
nodes/n1.log   what a node logged and printed
clew.log       where and when it ran, with which versions
verdict.json   the verdict; a folder without one is a run that was killed
report.html    the run as a page, made last
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
from pathlib import Path
from typing import IO, TYPE_CHECKING

import msgspec

from clew.harness.store.run_files import is_run_folder
from clew.harness.verdict.result import Result
from clew.histories import HistoryError, Recorder
from clew.histories.codecs import detect
from clew.histories.event import MALFORMED
from clew.histories.journal import Journal

if TYPE_CHECKING:
    from clew.harness.plan import Plan

LATEST = "latest"
ASIDE = re.compile(r"\.\d{8}T\d{6}\.\d{3}Z-\d+(\.\d+)?")
"""The name of a folder that is written aside: hidden, until it is whole."""


class NoRun(LookupError):
    """There is no run in this folder. The message says what was looked for."""


class NotKept(OSError):
    """A run is judged, but it could not be kept: the disk is full, or fails. It is told, and then this is raised."""

    result: Result
    """What is known of the run. Its `run` is None if no folder is left."""

    def __init__(self, result: Result, error: OSError) -> None:
        super().__init__(error.errno, error.strerror or str(error), error.filename)
        self.result = result


class RunFolder:
    """The folder of one run, and the paths of its files."""

    path: Path
    """Where the folder is now."""
    final_path: Path
    """Where the folder will be once it is whole. Differs from `path` only for a run that is written aside."""
    campaign: str | None
    """The hunt that the run belongs to, named by when that hunt began."""

    def __init__(self, path: Path, final_path: Path | None = None) -> None:
        self.path = path
        self.final_path = final_path or path
        self.campaign = None
        self._lock: int | None = None
        self.plan = path / "plan.yaml"
        self.history = path / "history.jsonl"
        self.messages = path / "messages.jsonl"
        self.verdict = path / "verdict.json"
        self.report = path / "report.html"
        self.log = path / "clew.log"
        self.nodes = path / "nodes"

    def lock(self) -> None:
        """Show other processes that this folder is being written, until `unlock` or the death of this process.

        Raises `BlockingIOError` if another process has locked it, `FileNotFoundError` if the folder is gone, and
        another `OSError` if the file system has no locks.
        """
        lock = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if not os.path.samestat(os.fstat(lock), self.path.stat()):
                raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(self.path))
        except OSError:
            os.close(lock)
            raise
        self._lock = lock

    def unlock(self) -> None:
        """Undo `lock`; without one, do nothing."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def write_verdict(self, result: Result) -> None:
        """Write `verdict.json`, whole or not at all."""
        write_whole(self.verdict, msgspec.json.format(msgspec.json.encode(result), indent=2) + b"\n")

    def finish(self, result: Result, page: str | None) -> Result:
        """Write the page, if one could be made. A folder written aside then moves to its place.

        Call it after `write_verdict`: a disk that is full by now costs the page, and nothing else. Returns the result,
        with a note about a page that could not be written.
        """
        try:
            if page is not None:
                write_whole(self.report, page.encode())
        except OSError as error:
            place = self.final_path / self.report.name
            note = f"the page of the run could not be written: {error.strerror or error}: {place}"
            result = msgspec.structs.replace(result, notes=(*result.notes, note))
        with contextlib.suppress(OSError):
            # The verdict is there already; what is new are notes.
            self.write_verdict(result)
        with contextlib.suppress(OSError):
            for note in result.notes:
                self.append_to_log(f"note: {note}")
            broke = f"; {result.error.splitlines()[0]}" if result.error else ""
            self.append_to_log(f"verdict: {result.verdict}{broke}")
        if self.path != self.final_path:
            self.path.replace(self.final_path)
            self.unlock()
            try:
                self.become_latest()
            except OSError as error:
                note = f"{LATEST} still is the run before: {error.strerror or error}"
                result = msgspec.structs.replace(result, notes=(*result.notes, note))
        return result

    def become_latest(self) -> None:
        """Let `latest` in the store point to this run."""
        store = self.final_path.parent.parent
        link = store / f".{LATEST}-{os.getpid()}"
        link.unlink(missing_ok=True)
        link.symlink_to(self.final_path.relative_to(store))
        link.replace(store / LATEST)

    def discard(self) -> None:
        """Remove the folder. If it was the latest run, the newest of the other runs becomes the latest."""
        shutil.rmtree(self.path, ignore_errors=True)
        self.unlock()
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

    def read_plan(self) -> Plan:
        """The plan of the run. Raises `NoRun` if it is missing, `PlanError` if it cannot be used."""
        from clew.harness.plan import load, resolve

        if not self.plan.exists():
            raise NoRun(f"{self.path} cannot be replayed: its plan.yaml is missing")
        return resolve(load(str(self.plan)))

    def read_result(self) -> Result | None:
        """The verdict; None for a run that was killed before it had one.

        Raises `NoRun` for a verdict that this version of clew did not write.
        """
        if not self.verdict.exists():
            return None
        try:
            return msgspec.json.decode(self.verdict.read_bytes(), type=Result)
        except (*MALFORMED, IsADirectoryError) as error:
            raise NoRun(f"{self.verdict}: expected the verdict of a run of this version: {error}") from None

    def append_to_log(self, line: str) -> None:
        """Add a line to `clew.log`, with the time of day."""
        with self.log.open("a", encoding="utf-8") as stream:
            stream.write(f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%fZ} {line}\n")


def find_run(path: Path) -> RunFolder:
    """The run folder at this path; the path of a file in the folder will do. Raises `NoRun` if there is none."""
    if path.is_file():
        if not is_run_folder(path.parent):
            raise NoRun(f"{path} is {_kind_of_file(path)}, and this needs the folder of a run, such as store/latest")
        path = path.parent
    if not path.is_dir():
        raise NoRun(f"there is no run folder or history {path}")
    folder = RunFolder(path.resolve())
    if not is_run_folder(folder.path):
        if run := _latest_in(path):
            raise NoRun(f"{path} is no run folder: it holds the runs of a plan; name one of them, such as {run}")
        raise NoRun(f"{path} is no run folder: it has neither plan.yaml nor history.jsonl")
    return folder


def _kind_of_file(path: Path) -> str:
    try:
        detect(path)
    except (HistoryError, OSError):
        return "a file"
    return "a history, which clew check, show, report and export take"


def _latest_in(group: Path) -> Path | None:
    """The latest run in the folder of a plan's runs; None if this is no such folder."""
    try:
        inside = [path for path in group.iterdir() if not path.name.startswith(".") and not path.is_symlink()]
        return max((path for path in inside if is_run_folder(path)), default=None)
    except OSError:
        return None


def create_run_folder(
    store: Path, plan: Plan, nodes: str, *, aside: bool = False, latest: bool = True, comment: str = ""
) -> RunFolder:
    """A new folder for a run of this plan; the plan is already in it, below the comment.

    If `latest`, `store/latest` points to the folder. A folder that is written `aside` is hidden; when it is finished
    it moves to its place and becomes the latest. Folders that killed processes left aside in this store are removed.

    Raises `NoRun` for a store that cannot be written, and `OSError` if the disk is full.
    """
    # Imported here: `clew check` looks into folders, and makes none.
    from importlib.metadata import version

    from clew.harness.plan import dump

    check_writable(store)
    group = store / slug(plan.name)
    remove_leftovers(store)
    try:
        group.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _unwritable(store, error) from None
    folder = _new_folder(group, f"{timestamp()}-{plan.seed}", aside)
    try:
        folder.nodes.mkdir()
        folder.plan.write_text(comment + dump(plan), encoding="utf-8")
        folder.append_to_log(f"plan {plan.name}, seed {plan.seed}, nodes {nodes}")
        packages = ", ".join(f"{name} {version(name)}" for name in ("clew", "trio", "numba", "numpy", "msgspec"))
        python = f"{platform.python_implementation()} {platform.python_version()}"
        folder.append_to_log(f"{python} on {platform.platform()}; {packages}")
        if latest and not aside:
            folder.become_latest()
    except BaseException:
        folder.discard()
        raise
    return folder


@contextlib.contextmanager
def open_files(folder: RunFolder, recorder: Recorder) -> Iterator[tuple[Journal, Callable[[str, str], None]]]:
    """Let the recorder write the folder's history. Gives the message journal, and a function that logs a node's line.

    The function takes the name of the node and the line. All files are closed when the block ends.
    """
    with contextlib.ExitStack() as files:
        recorder.write_to(files.enter_context(folder.history.open("wb", buffering=0)))
        journal = Journal(files.enter_context(folder.messages.open("wb", buffering=0)))
        files.callback(journal.flush)
        logs: dict[str, IO[str]] = {}

        def log(node: str, line: str) -> None:
            if node not in logs:
                # A node in its own process appends what it prints to the same file, between these lines.
                path = folder.nodes / f"{node}.log"
                logs[node] = files.enter_context(path.open("a", buffering=1, encoding="utf-8"))
            logs[node].write(line + "\n")

        yield journal, log


def write_whole(path: Path, content: bytes) -> None:
    """Write a file whole or not at all. If that raises `OSError`, which names the path, the old content stays."""
    aside = path.with_suffix(".tmp")
    try:
        aside.write_bytes(content)
        aside.replace(path)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from None
    finally:
        aside.unlink(missing_ok=True)


def timestamp() -> str:
    """The time of day in UTC, as in the names of runs and campaigns: `20260131T235959.123Z`."""
    return f"{datetime.now(UTC):%Y%m%dT%H%M%S.%f}"[:-3] + "Z"


_LONGEST = 80
"""Letters that a folder has of the name of a plan, at most."""


def slug(name: str) -> str:
    """A plan's name as the name of a folder. The result never leads out of the store.

    Where much of a name is lost, because it is long or has letters beyond ASCII, six digits of its hash stand at the
    end. So two plans called `ä` and `ö` share no folder.
    """
    safe = re.sub(r"[^A-Za-z0-9_-]+", "-", name).strip("-")[:_LONGEST] or "plan"
    if safe == LATEST:
        return f"{LATEST}-"
    if name.isascii() and len(name) <= _LONGEST:
        return safe
    # Imported here: `clew check` looks into folders, and names none.
    from hashlib import sha256

    return f"{safe}-{sha256(name.encode(errors='backslashreplace')).hexdigest()[:6]}"


def check_writable(store: Path) -> None:
    """Raise `NoRun` for a store in which no run can be kept, and `OSError` if its disk is full.

    Called before a run, so that the user need not wait for the run to learn it.
    """
    there = next(path for path in (store, *store.absolute().parents) if os.path.lexists(path))
    try:
        # Permissions alone do not tell: /proc looks writable and keeps nothing. So make a folder.
        from tempfile import mkdtemp

        os.rmdir(mkdtemp(prefix=".clew-", dir=there))
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise _unwritable(store, error) from None


def _unwritable(store: Path, error: OSError) -> NoRun:
    return NoRun(f"--store {store}: no runs can be kept there: {error.strerror}")


def _new_folder(group: Path, name: str, aside: bool) -> RunFolder:
    """An empty folder with a name that no other run has. Runs of the same millisecond get numbers."""
    for again in range(1000):
        final_path = group / (f"{name}.{again}" if again else name)
        path = group / f".{final_path.name}" if aside else final_path
        with contextlib.suppress(FileExistsError):
            # `parents`: another process may have just removed the empty group.
            path.mkdir(parents=True)
            folder = RunFolder(path, final_path)
            if path == final_path:
                return folder
            if final_path.exists():
                path.rmdir()
                continue
            try:
                folder.lock()
            except (FileNotFoundError, BlockingIOError):
                # Another process took it for a leftover before it was locked.
                continue
            except OSError:
                # The file system has no locks. Then no process removes leftovers either.
                pass
            return folder
    raise FileExistsError(errno.EEXIST, "a thousand runs of this millisecond exist already", str(group / name))


def remove_leftovers(store: Path) -> None:
    """Remove the folders that killed processes left aside."""
    for path in store.glob("*/.*"):
        if ASIDE.fullmatch(path.name):
            leftover = RunFolder(path)
            # A folder that a process still writes is locked. Without locks nothing is known to be a leftover.
            with contextlib.suppress(OSError):
                leftover.lock()
                leftover.discard()
