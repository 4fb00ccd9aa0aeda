"""The page of a run: its words from a template, and beside them the script, the library and the data it draws."""

from __future__ import annotations

import base64
import gzip
import os
import re
import shlex
from dataclasses import replace
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import msgspec

from clew.harness.store.folder import slug
from clew.harness.store.record import Record
from clew.harness.view.plan_text import is_live, original_of, system_and_variant
from clew.harness.view.report.gather import gather
from clew.harness.view.report.happened import happened
from clew.harness.view.report.page_data import Table
from clew.harness.view.templates import render, script_hash
from clew.histories.rounding import rounding
from clew.histories.statistics import statistics
from clew.histories.text import printable

HERE = Path(__file__).parent
STATISTICS_MIN = 10
"""A run of fewer operations has no statistics worth a table."""
LOGS_MAX = 20
"""How many logs of nodes are linked."""
FAULTS_MAX = 500
"""How many faults are listed with their statistics."""
SCRIPT = (
    "frame.js",
    "timeline.js",
    "curves.js",
    "elsewhere.js",
    "cluster.js",
    "legends.js",
    "lanes.js",
    "details.js",
    "moving.js",
    "page.js",
)
"""The files of the page's script, in this order."""
LIBRARY = ("bokeh.min.js", "bokeh-api.min.js")
"""The files of BokehJS that the script needs."""


def report(run: Record, beside: Path | None = None) -> str:
    """The page of a run, as HTML. Raises `HistoryError` for a broken history.

    `beside` is the folder that the page will be in, for links to the files of the run; by default the run's own.
    """
    if not run.history.clock:
        # Without times, count events: one event per second.
        run = replace(run, history=replace(run.history, time=run.history.time * 1_000_000_000))
    data = gather(run)
    numbers = statistics(run.history, [(w.kind, w.start, w.end) for w in run.fault_windows])
    script = "\n".join(['"use strict";', *((HERE / "drawing" / name).read_text(encoding="utf-8") for name in SCRIPT)])
    library, library_hash = _library()
    system, variant = system_and_variant(run.plan)
    return render(
        HERE / "page.html",
        run=run,
        data=data,
        title=_title(run),
        happened=happened(run),
        system=system,
        variant=variant,
        counterexample=[_row(data.operations, number) for key in run.keys[:1] for number in key.counterexample or ()],
        statistics=numbers.rows(),
        counted=len(run.history.operations) >= STATISTICS_MIN,
        faults=[(part.start / 1e9, part.end / 1e9, part.numbers) for part in numbers.by_window[:FAULTS_MAX]],
        words=data.windows["words"],
        commands=_commands(run),
        live=is_live(run.plan),
        script=script,
        scripts=f"{script_hash(script)} {library_hash}",
        library=library,
        when=lambda time: f"{time:.6f} s" if data.clock else f"event {time:.0f}",
        brief=lambda time: brief_time(time, data.end) if data.clock else f"event {time:.0f}",
        linked=linked,
        links=file_links(run, run.folder.final_path if run.folder is not None and beside is None else beside),
        original=original_link(run, run.folder.final_path if run.folder is not None and beside is None else beside),
        packed=_packed(msgspec.json.encode(data)),
    )


def brief_time(seconds: float, end: float) -> str:
    """A time (s) rounded to what matters in a run that ends at `end` (s)."""
    return rounding(round(end * 1e9)).text(round(seconds * 1e9))


def linked(text: str) -> list[tuple[str, int | None]]:
    """A text in parts: each "operation 143" with its number, and what stands between with None."""
    parts = re.split(r"\b(operation \d+)\b", text)
    return [(part, int(part.split()[1]) if place % 2 else None) for place, part in enumerate(parts) if part]


def file_links(run: Record, beside: Path | None) -> list[tuple[str, str]]:
    """The files of a run, as words and addresses relative to the folder that the page is in."""
    if run.folder is None or beside is None:
        return []
    folder = run.folder
    to = Path(os.path.relpath(folder.final_path, beside))
    logs = [folder.log, folder.path / "clients.log", *sorted(folder.nodes.glob("*.log"))[:LOGS_MAX]]
    files = [folder.plan, folder.history, folder.messages, folder.path / "packets.pcap", *logs]
    # The log of clients that had nothing to say is empty.
    names = [file.relative_to(folder.path) for file in files if file.exists() and file.stat().st_size]
    return [(str(name), (to / name).as_posix()) for name in names]


def original_link(run: Record, beside: Path | None) -> tuple[str, str] | None:
    """For a shrunk run that lies beside its original in a store: words, and the address of the original's page.

    Of several runs of this plan and seed it is the last before this one.
    """
    found = original_of(run.plan or "")
    if run.folder is None or beside is None or found is None:
        return None
    name, seed = found
    mine = run.folder.final_path
    group = mine.parent.parent / slug(name)
    # A run is named after its time and its seed, and those of one millisecond are numbered.
    of_seed = (path for path in group.glob("*Z-*") if path.name.partition("Z-")[2].partition(".")[0] == str(seed))
    others = [path for path in of_seed if path.name < mine.name]
    if not others:
        return None
    page = Path(os.path.relpath(max(others) / "report.html", beside))
    return f"{name}, seed {seed}", page.as_posix()


def _commands(run: Record) -> list[str]:
    """The commands that repeat the run, or the check of a history, quoted for a shell."""
    path = shlex.quote(str(run.shown_path))
    if run.folder is not None and system_and_variant(run.plan)[0] is not None:
        return [f"clew replay {path}{' --times 20' * is_live(run.plan)}", "clew run ./plan.yaml"]
    header = run.history.header
    names_model = run.model is None or (header is not None and header.model == run.model)
    options = [*(() if names_model else ("--model", str(run.model))), *run.read_with]
    return [" ".join([f"clew check {path}", *map(shlex.quote, options)])]


def _title(run: Record) -> str:
    """The plan and its seed; without a plan, the name of the file."""
    name = None if run.result is None else run.result.plan
    header = run.history.header
    if name is None and header is not None:
        name = header.plan
    if name is None:
        return printable(run.path.name)
    seed = run.result.seed if run.result is not None else header.seed if header is not None else None
    return printable(name if seed is None else f"{name}, seed {seed}")


def _row(table: Table, number: int) -> dict[str, Any]:
    at = table["number"].index(number)
    return {name: column[at] for name, column in table.items()}


@cache
def _library() -> tuple[str, str]:
    """BokehJS, packed, and its hash. Bokeh itself is not imported: that takes longer than everything else here."""
    spec = find_spec("bokeh")
    assert spec is not None
    assert spec.origin is not None
    folder = Path(spec.origin).parent / "server" / "static" / "js"
    whole = b"\n;\n".join((folder / name).read_bytes() for name in LIBRARY)
    return _packed(whole), script_hash(whole.decode())


def _packed(content: bytes) -> str:
    """The content, compressed and base64-encoded. Every browser since 2023 can unpack it."""
    return base64.b64encode(gzip.compress(content, 6, mtime=0)).decode()
