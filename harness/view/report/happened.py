"""The first sentence of a page: what happened."""

from __future__ import annotations

from clew.harness.store.record import Record
from clew.histories.text import printable


def happened(run: Record) -> str:
    """What happened in a run, in one sentence."""
    result = run.result
    if result is None:
        return "Nothing was checked: the history does not say what it is a history of."
    said = getattr(result, "sentence", None)
    if said:
        return printable(str(said))
    reasons = [check.why for check in result.checks.values() if check.verdict == result.verdict]
    first = (reasons or [result.explanation])[0].splitlines() or [""]
    return printable(first[0][:1].upper() + first[0][1:])
