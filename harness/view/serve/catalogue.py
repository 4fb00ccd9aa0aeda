"""The runs in the store, kept in memory: a store of thousands of runs is read once.

A finished run never changes, so it is read once. A run without a verdict is read again each time. It is "running"
while its files grow, and "unfinished" if they have not grown for a while: its harness was killed.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from clew.harness.store.folder import is_run_folder
from clew.harness.verdict.result import Answer
from clew.histories.event import MALFORMED

QUIET_SECONDS = 90.0
"""A run without a verdict counts as unfinished after this long without a new byte. Checking may take a while."""
_STARTED = re.compile(r"(\d{8}T\d{6})\.?(\d{0,3})Z-(\d+)")
_SYSTEM = re.compile(r"^system:(.*?)(?=^\S|\Z)", re.MULTILINE | re.DOTALL)


class Run(msgspec.Struct, frozen=True):
    """One run as a row of the table."""

    group: str
    """The folder of its plan."""
    name: str
    plan: str
    system: str
    seed: int | None
    """None if neither the verdict nor the name of the folder says it."""
    verdict: str
    """valid, invalid or unknown; running, unfinished or unreadable."""
    operations: int
    unknown: float
    """The share of operations of unknown outcome, 0 to 1."""
    seconds: float
    """How long the run took, in the time of its cluster."""
    when: float
    """When it was started, in seconds since 1970."""
    campaign: str = ""
    """The hunt that made this run, named by when it began; empty if no hunt did."""

    @property
    def started(self) -> str:
        """When it was started (UTC), as text."""
        return f"{datetime.fromtimestamp(self.when, UTC):%Y-%m-%d %H:%M:%S}"


class _Verdict(msgspec.Struct):
    """The few fields of a `verdict.json` that a row shows. The rest, such as the evidence, is not decoded."""

    verdict: Answer
    plan: str | None = None
    seed: int | None = None
    operations: int = 0
    seconds: float = 0.0
    counts: dict[str, dict[str, int]] = {}
    campaign: str | None = None


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
        self._finished: dict[tuple[str, str], Run] = {}
        self._growing: dict[tuple[str, str], _Growing] = {}
        self._rows: dict[tuple[str, str], Run] = {}

    @property
    def runs(self) -> list[Run]:
        """All runs, in no particular order."""
        return list(self._rows.values())

    def folder(self, group: str, name: str) -> Path | None:
        """The folder of a run; None if the run is not in the catalogue."""
        return self.store / group / name if (group, name) in self._rows else None

    def refresh(self) -> None:
        """Read the store again. Costs a listing of its folders, and reading the files of unfinished runs."""
        rows = {}
        for group, name, path in self._folders():
            try:
                rows[group, name] = self._finished.get((group, name)) or self._read(group, name, path)
            except FileNotFoundError:
                # The run was removed in the meantime.
                continue
        if rows != self._rows:
            self._rows = rows
            self.version += 1
        for lost in self._finished.keys() - rows.keys():
            del self._finished[lost]

    def _folders(self) -> Iterator[tuple[str, str, Path]]:
        for group in _directories(self.store):
            for path in _directories(group):
                if (group.name, path.name) in self._finished or _is_run(path):
                    yield group.name, path.name, path

    def _read(self, group: str, name: str, path: Path) -> Run:
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
        )
        self._growing.pop((group, name), None)
        self._finished[group, name] = run
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


def _directories(path: Path) -> list[Path]:
    """The folders in a folder, without links and without hidden folders (runs that are being written)."""
    try:
        entries = [entry for entry in path.iterdir() if not entry.name.startswith(".")]
        return [entry for entry in entries if not entry.is_symlink() and entry.is_dir()]
    except OSError:
        return []


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
    name = re.search(r"name: *([^,}\n]+)", section[1])
    variant = re.search(r"variant: *([^,}\n]+)", section[1])
    words = [_scalar(found[1]) for found in (name, variant) if found is not None]
    return ", ".join(word for word in words if word not in ("none", "null"))


def _scalar(text: str) -> str:
    return text.strip().strip("'\"")
