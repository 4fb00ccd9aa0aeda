"""The runs in the store, kept in memory and in an index on disk: a store of thousands of runs is read once.

A finished run is read again only if its verdict was written anew. A run without a verdict is read again each time. It
is "running" while its files grow, and "unfinished" if they have not grown for a while: its harness was killed.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec

from clew.harness.store.run_files import is_run_folder
from clew.harness.verdict.result import Answer
from clew.harness.view.plan_text import original_of, program_name
from clew.harness.view.serve.index import Finished, Mark, mark_of, read_index, write_index
from clew.harness.view.serve.run import Run
from clew.histories.event import MALFORMED
from clew.histories.text import printable, shortened

HAPPENED_MAX = 300
"""Characters of what happened that a row keeps."""
QUIET_SECONDS = 90.0
"""A run without a verdict counts as unfinished after this long without a new byte. Checking may take a while."""
_STARTED = re.compile(r"(\d{8}T\d{6})\.?(\d{0,3})Z-(\d+)")
_SYSTEM = re.compile(r"^system:(.*?)(?=^\S|\Z)", re.MULTILINE | re.DOTALL)


class _Check(msgspec.Struct):
    verdict: Answer
    why: str = ""


class _Verdict(msgspec.Struct):
    """The few fields of a `verdict.json` that a row shows. The rest, such as the evidence, is not decoded."""

    verdict: Answer
    plan: str | None = None
    seed: int | None = None
    operations: int = 0
    seconds: float = 0.0
    counts: dict[str, dict[str, int]] = {}
    campaign: str | None = None
    happened: str | None = None
    checks: dict[str, _Check] = {}


_decode = msgspec.json.Decoder(_Verdict).decode


@dataclass
class _Growing:
    """How far the history of an unfinished run has been counted."""

    size: int = 0
    operations: int = 0
    unknown: int = 0
    last: bytes = b""
    changed: float = 0.0


class Catalogue:
    """The runs of one store. `refresh` reads what is new; `version` grows with each change."""

    def __init__(self, store: Path) -> None:
        self.store = store
        self.version = 0
        self._finished: Finished = read_index(store)
        self._kept = dict(self._finished)
        self._growing: dict[tuple[str, str], _Growing] = {}
        self._rows: dict[tuple[str, str], Run] = {}

    @property
    def runs(self) -> list[Run]:
        """All runs, in no particular order."""
        return list(self._rows.values())

    def folder(self, group: str, name: str) -> Path | None:
        """The folder of a run; None if the run is not in the catalogue."""
        return self.store / group / name if (group, name) in self._rows else None

    def find(self, group: str, name: str) -> Run | None:
        """A run; None if it is not in the catalogue."""
        return self._rows.get((group, name))

    def refresh(self) -> None:
        """Read the store again, and write the index if it changed.

        Costs a listing of the store's folders, a look at each verdict, and reading the runs that changed.
        """
        rows = {}
        for group, name, path in self._folders():
            mark = mark_of(f"{path}/verdict.json")
            known = self._finished.get((group, name))
            if known is not None and known[0] == mark:
                rows[group, name] = known[1]
                continue
            self._finished.pop((group, name), None)
            try:
                rows[group, name] = self._read(group, name, Path(path), mark)
            except FileNotFoundError:
                # The run was removed in the meantime.
                continue
        if rows != self._rows:
            self._rows = rows
            self.version += 1
        for lost in self._finished.keys() - rows.keys():
            del self._finished[lost]
        if self._finished != self._kept:
            self._kept = dict(self._finished)
            write_index(self.store, self._kept)

    def _folders(self) -> Iterator[tuple[str, str, str]]:
        for group in _directories(str(self.store)):
            for path in _directories(group):
                place = os.path.basename(group), os.path.basename(path)
                if place in self._finished or _is_run(Path(path)):
                    yield *place, path

    def _read(self, group: str, name: str, path: Path, mark: Mark | None) -> Run:
        started = _STARTED.match(name)
        when = None if started is None else _time(started[1], started[2])
        plan = _text(path / "plan.yaml")
        named = re.match(r"^name: *(.*)$", plan, re.MULTILINE)
        row: dict[str, Any] = {
            "group": group,
            "name": name,
            "plan": group if named is None else _scalar(named[1]),
            "system": _system(plan),
            "seed": None if started is None else int(started[3]),
            "when": path.stat().st_mtime if when is None else when,
            "plan_mark": _plan_mark(plan),
            "origin": original_of(plan),
        }
        try:
            found = _decode((path / "verdict.json").read_bytes())
        except FileNotFoundError:
            return self._unfinished(path, (group, name), row)
        except (*MALFORMED, OSError):
            # The rest of the run is shown all the same.
            return msgspec.structs.replace(self._unfinished(path, (group, name), row), verdict="unreadable")
        counts = found.counts.get("operations", {})
        run = Run(
            **{**row, "plan": found.plan or row["plan"], "seed": row["seed"] if found.seed is None else found.seed},
            verdict=found.verdict,
            operations=found.operations,
            unknown=counts.get("info", 0) / max(1, sum(counts.values())),
            seconds=found.seconds,
            campaign=found.campaign or "",
            happened=_happened(found),
        )
        self._growing.pop((group, name), None)
        if mark is not None:
            self._finished[group, name] = mark, run
        return run

    def _unfinished(self, path: Path, place: tuple[str, str], row: dict[str, Any]) -> Run:
        growing = self._growing.setdefault(place, _Growing())
        newest = max((file.stat().st_mtime for file in path.iterdir() if file.is_file()), default=0.0)
        history = path / "history.jsonl"
        if history.is_file() and history.stat().st_size > growing.size:
            with history.open("rb") as stream:
                stream.seek(growing.size)
                new = stream.read()
            whole = new[: new.rfind(b"\n") + 1]
            growing.size += len(whole)
            growing.operations += whole.count(b'"type":"invoke"')
            growing.unknown += whole.count(b'"type":"info"') - whole.count(b'"process":"nemesis"')
            growing.last = whole[whole.rfind(b"\n", 0, -1) + 1 :] or growing.last
        growing.changed = max(growing.changed, newest)
        seen = re.search(rb'"time":(\d+)', growing.last)
        return Run(
            **row,
            verdict="running" if time.time() - growing.changed < QUIET_SECONDS else "unfinished",
            operations=growing.operations,
            unknown=max(0, growing.unknown) / max(1, growing.operations),
            seconds=int(seen[1]) / 1e9 if seen else 0.0,
        )


def _is_run(path: Path) -> bool:
    try:
        return is_run_folder(path)
    except OSError:
        # Somebody else's folder, which cannot be read.
        return False


def _directories(path: str) -> list[str]:
    """The folders in a folder, without links and without hidden folders (runs that are being written)."""
    try:
        with os.scandir(path) as entries:
            return [
                entry.path
                for entry in entries
                if not entry.name.startswith(".") and entry.is_dir(follow_symlinks=False)
            ]
    except OSError:
        return []


def _happened(found: _Verdict) -> str:
    """What went wrong in a run. A verdict of an older clew has no sentence, but reasons."""
    if found.verdict == "valid":
        return ""
    if found.happened:
        return shortened(printable(found.happened), HAPPENED_MAX)
    reasons = [f"{name}: {check.why}" for name, check in found.checks.items() if check.verdict == found.verdict]
    return shortened(printable(reasons[0].splitlines()[0]), HAPPENED_MAX) if reasons else ""


def _plan_mark(plan: str) -> str:
    """A hash of a plan without its comments."""
    lines = [line for line in plan.splitlines() if not line.startswith("#")]
    return sha256("\n".join(lines).encode()).hexdigest()[:16] if lines else ""


def _time(stamp: str, milliseconds: str) -> float | None:
    try:
        whole = datetime.strptime(stamp, "%Y%m%dT%H%M%S").replace(tzinfo=UTC).timestamp()
    except ValueError:
        return None
    return whole + int(milliseconds or 0) / 1000


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _system(plan: str) -> str:
    # Parsing a whole plan as YAML takes milliseconds, and there may be thousands of plans.
    section = _SYSTEM.search(plan)
    if section is None:
        return ""
    name = re.search(r"\bname: *([^,}\n]+)", section[1])
    command = re.search(r"\b(?:command|maelstrom): *\[?([^\]\n]+)", section[1])
    if name is None and command is not None:
        return program_name([_scalar(word) for word in re.split(r",? +", command[1]) if word])
    variant = re.search(r"variant: *([^,}\n]+)", section[1])
    if name is None and ":" not in section[1]:
        return _scalar(section[1])
    words = [_scalar(found[1]) for found in (name, variant) if found is not None]
    return ", ".join(word for word in words if word not in ("none", "null"))


def _scalar(text: str) -> str:
    return text.strip().strip("'\"")
