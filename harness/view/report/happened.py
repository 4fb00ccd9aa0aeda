"""The first sentence of a page: what happened."""

from __future__ import annotations

from clew.harness.store.record import Record
from clew.histories.text import printable

VALID = "Nothing went wrong: an order of the operations explains every answer."
"""For a valid run with a check of linearizability."""


def happened(run: Record) -> str:
    """What happened in a run, in one sentence."""
    result = run.result
    if result is None:
        return "Nothing was checked: the history does not say what it is a history of."
    if result.happened:
        return printable(result.happened)
    if result.verdict == "valid":
        return VALID if "linearizable" in result.checks else "Nothing went wrong."
    if result.in_part:
        return result.in_part
    # Nothing is known to have gone wrong, or an older clew wrote the verdict.
    reasons = [check.why for check in result.checks.values() if check.verdict == result.verdict]
    first = (reasons or [result.explanation])[0].splitlines() or [""]
    return printable(first[0][:1].upper() + first[0][1:])
