"""From a run to its page: the columns are gathered, packed beside the plotting library, and framed in words."""

from __future__ import annotations

import base64
import gzip
import shlex
from dataclasses import replace
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from clew.harness.store.record import Record
from clew.harness.view.report import cluster, operations
from clew.harness.view.report.data import Data, Table
from clew.harness.view.templates import hashed, render
from clew.histories import HistoryError
from clew.histories.journal_search import cut
from clew.histories.statistics import statistics
from clew.histories.text import printable

HERE = Path(__file__).parent
FAULTS = 500
"""Faults that are listed with their numbers."""
DRAWING = ("frame.js", "timeline.js", "curves.js", "cluster.js", "legends.js", "lanes.js", "moving.js", "page.js")
"""The script of a page, in this order."""
LIBRARY = ("bokeh.min.js", "bokeh-api.min.js")


def report(run: Record) -> str:
    """The page for a run, or for as much of one as there is.

    Raises `HistoryError` for a broken history.
    """
    if not run.history.clock:
        # An event takes the place of a second: all pictures are drawn on the scale of the numbers of events.
        run = replace(run, history=replace(run.history, time=run.history.time * 1_000_000_000))
    data = gather(run)
    numbers = statistics(run.history, [(w.kind, w.start, w.end) for w in run.fault_windows])
    script = "\n".join(['"use strict";', *((HERE / "drawing" / name).read_text(encoding="utf-8") for name in DRAWING)])
    system, variant = _system(run.plan)
    return render(
        HERE / "page.html",
        run=run,
        data=data,
        title=title(run),
        system=system,
        variant=variant,
        counterexample=[_row(data.operations, number) for part in run.keys[:1] for number in part.counterexample or ()],
        statistics=numbers.rows(),
        faults=[(part.start / 1e9, part.end / 1e9, part.numbers) for part in numbers.by_window[:FAULTS]],
        words=data.windows["words"],
        again=_again(run),
        script=script,
        scripts=f"{hashed(script)} {_library()[1]}",
        library=_library()[0],
        when=lambda time: f"{time:.6f} s" if data.clock else f"event {time:.0f}",
        packed=pack(msgspec.json.encode(data)),
    )


def _again(run: Record) -> list[str]:
    """The commands that make it again, as a shell takes them."""
    place = shlex.quote(str(run.shown_path))
    if run.folder is not None and _system(run.plan)[0] is not None:
        return [f"clew replay {place}", "clew run ./plan.yaml"]
    header = run.history.header
    itself = run.model is None or (header is not None and header.model == run.model)
    return [f"clew check {place}" + ("" if itself else f" --model {shlex.quote(str(run.model))}")]


def title(run: Record) -> str:
    """Plan and seed, or else the name of the file."""
    name = None if run.result is None else run.result.plan
    header = run.history.header
    if name is None and header is not None:
        name = header.plan
    if name is None:
        return printable(run.path.name)
    seed = run.result.seed if run.result is not None else header.seed if header is not None else None
    return printable(name if seed is None else f"{name}, seed {seed}")


def gather(run: Record) -> Data:
    """Everything that the pictures of a run show. A journal that cannot be read is as good as none, and said to be."""
    try:
        return _gathered(run)
    except HistoryError as error:
        if run.journal is None:
            raise
        why = printable(str(error).replace(f"{run.journal}:", "").strip())
        missing = (*run.missing, f"{run.journal.name} (unreadable: {why})")
        return _gathered(replace(run, journal=None, missing=missing))


def _gathered(run: Record) -> Data:
    names, lane = operations.lane_names(run)
    rows = operations.held(run)
    nodes, lives = cluster.life_table(run)
    whole = cluster.marks_in_reach(run)
    marks = cluster.protocol_marks(run, nodes, [])
    moments = cluster.moments(run, marks)
    found, left_out = cluster.messages(run, moments)
    if not whole:
        marks = cluster.protocol_marks(run, nodes, found)
    places = cluster.places(found, nodes)
    windows = run.fault_windows
    return Data(
        end=max(run.last, 1) / 1e9,
        lanes=names,
        operations=operations.table(run, rows, lane),
        evidence=np.flatnonzero(operations.evidence(run)[rows]).tolist() if len(rows) > operations.DRAWN else [],
        drawn=operations.DRAWN,
        keys=operations.keys(run, rows, moments),
        moments=moments,
        windows={
            "start": [window.start / 1e9 for window in windows],
            "end": [window.end / 1e9 for window in windows],
            "kind": [window.kind for window in windows],
            "words": [window.words if window.ended else f"{window.words}, until the end" for window in windows],
        },
        rates=operations.rates(run),
        quantiles=operations.latency_quantiles(run),
        places=places,
        messages=cluster.message_table(found, places, run.last / 1e9),
        nodes=nodes,
        lives=lives,
        marks=marks,
        clock=run.history.clock,
        notes=list(_notes(run, len(rows), whole, len(found), left_out)),
    )


def _notes(run: Record, held: int, whole: bool, messages: int, left_out: int) -> list[str]:
    notes = []
    total = len(run.history.operations)
    if held < total:
        notes.append(
            f"{held:,} of {total:,} operations are on this page: all around a violation, then those of unknown "
            "outcome, then an even choice of the others. Zooming in shows no more of them; clew show has all, with "
            "--around, --from and --to. Rates, quantiles and the table of numbers count all."
        )
    if run.missing:
        notes.append(f"Missing from the run's folder: {', '.join(run.missing)}.")
    if run.history.cut:
        notes.append("The history ends in the middle of a line: the run was killed.")
    if not run.history.clock:
        notes.append("The history has no times: its events are numbered, and there are no latencies and no rates.")
    if run.journal is None:
        notes.append("There is no message journal, so there are no messages and no lives of nodes to be seen.")
    elif messages:
        notes.append(
            f"{messages:,} messages are drawn: those around the moments listed above the timeline."
            + (f" {left_out:,} more of these stretches of time are left out." if left_out else "")
        )
        if not whole:
            notes.append("The journal is long: marks of the protocol are shown only around those moments.")
    if run.journal is not None and cut(run.journal):
        notes.append("The message journal ends in the middle of a line: messages after that are not there.")
    if run.plan is None:
        notes.append("There is no plan.")
    elif _system(run.plan)[0] is None:
        notes.append("The plan of the run's folder cannot be read: it cannot be run again.")
    return notes


def _system(plan: str | None) -> tuple[str | None, str | None]:
    import yaml

    try:
        tree = yaml.safe_load(plan or "")
        system = tree["system"]
        if isinstance(system, str):
            return system, None
        variant = system.get("variant")
        return str(system["name"]), None if variant in (None, "none") else str(variant)
    except (yaml.YAMLError, KeyError, TypeError, AttributeError):
        return None, None


def _row(table: Table, number: int) -> dict[str, Any]:
    at = table["number"].index(number)
    return {name: column[at] for name, column in table.items()}


@cache
def _library() -> tuple[str, str]:
    """BokehJS, packed, and what names it to a browser. Bokeh is not imported: that takes longer than all the rest."""
    spec = find_spec("bokeh")
    assert spec is not None
    assert spec.origin is not None
    folder = Path(spec.origin).parent / "server" / "static" / "js"
    whole = b"\n;\n".join((folder / name).read_bytes() for name in LIBRARY)
    return pack(whole), hashed(whole.decode())


def pack(content: bytes) -> str:
    """Compressed, in characters that may stand in a page: every browser since 2023 unpacks it by itself."""
    return base64.b64encode(gzip.compress(content, 6, mtime=0)).decode()
