"""Everything that the pictures of a run show, gathered from its history, verdict and message journal."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from clew.harness.store.record import Record
from clew.harness.view.plan_text import system_and_variant
from clew.harness.view.report import messages, nodes, operations
from clew.harness.view.report.moments import moments
from clew.harness.view.report.page_data import Data
from clew.histories import HistoryError
from clew.histories.journal_search import is_cut
from clew.histories.text import printable

CLIENTS_MAX = 40
"""Of at most this many clients, each has a lane among the messages, even one that sends none around the moments."""


def gather(run: Record) -> Data:
    """Everything that the pictures of a run show.

    A journal that cannot be read is left out, and a note says so. Raises `HistoryError` for a broken history.
    """
    try:
        return _gather(run)
    except HistoryError as error:
        if run.journal is None:
            raise
        why = printable(str(error).replace(f"{run.journal}:", "").strip())
        missing = (*run.missing, f"{run.journal.name} (unreadable: {why})")
        return _gather(replace(run, journal=None, missing=missing))


def _gather(run: Record) -> Data:
    names, lane = operations.lane_names(run)
    rows = operations.on_page(run)
    node_names, states = nodes.node_states(run)
    # The moments depend on the marks. The marks of a long journal come from the messages around the moments.
    marks = nodes.protocol_marks(run, node_names, [])
    found = moments(run, marks)
    drawn, left_out = messages.messages(run, found)
    if not nodes.is_scanned(run):
        marks = nodes.protocol_marks(run, node_names, drawn)
    clients = [f"c{number}" for number in range(len(names))] if len(names) <= CLIENTS_MAX else []
    places = messages.places(drawn, [*clients, *node_names] if run.journal is not None else [], node_names)
    windows = run.fault_windows
    return Data(
        end=max(run.last, 1) / 1e9,
        lanes=names,
        operations=operations.table(run, rows, lane),
        evidence=np.flatnonzero(operations.evidence(run)[rows]).tolist() if len(rows) > operations.DRAWN_MAX else [],
        drawn=operations.DRAWN_MAX,
        keys=operations.keys(run, rows, found),
        moments=found,
        windows={
            "start": [window.start / 1e9 for window in windows],
            "end": [window.end / 1e9 for window in windows],
            "kind": [window.kind for window in windows],
            "words": [window.words if window.ended else f"{window.words}, until the end" for window in windows],
        },
        rates=operations.rates(run),
        quantiles=operations.latency_quantiles(run),
        places=[messages.place_name(place) for place in places],
        messages=messages.message_table(drawn, places, run.last / 1e9),
        nodes=node_names,
        lives=states,
        marks=marks,
        clock=run.history.clock,
        notes=_notes(run, len(rows), len(drawn), left_out),
    )


def _notes(run: Record, on_page: int, drawn: int, left_out: int) -> list[str]:
    """What is missing from the page and why, in sentences."""
    notes = []
    total = len(run.history.operations)
    if on_page < total:
        notes.append(
            f"{on_page:,} of {total:,} operations are on this page: all around a violation, then those of unknown "
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
        notes.append("There is no message journal, so the page shows no messages and no nodes.")
    elif drawn and left_out:
        notes.append(f"{left_out:,} more messages around these moments are left out.")
    if drawn and run.journal is not None and not nodes.is_scanned(run):
        notes.append("The journal is long: new ballots and views are shown only around those moments.")
    if run.journal is not None and is_cut(run.journal):
        notes.append("The message journal ends in the middle of a line: later messages are missing.")
    if run.plan is None:
        notes.append("There is no plan.")
    elif system_and_variant(run.plan)[0] is None:
        notes.append("The plan in the run's folder cannot be read, so the run cannot be replayed.")
    return notes
