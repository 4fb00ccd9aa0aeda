"""What broke in a run, in few enough words that two runs which broke the same way have the same."""

from __future__ import annotations

from typing import Any

import msgspec

from clew.harness.runtime.simulation import NodeFailure, Outcome
from clew.harness.verdict.result import Result
from clew.histories import FAIL, INFO, OK, History

LARGEST_SHAPE = 8
"""Operations in a counterexample that is told apart by what they are; of larger ones hardly two look the same."""
OUTCOMES = {OK: "ok", FAIL: "fail", INFO: "info"}


class Failure(msgspec.Struct, frozen=True):
    """What broke: the check by which a user would notice first, the first invariant that fell, the shape of the
    counterexample.

    `check` is `linearizable`, `liveness`, `invariants`, or `node` for a node that broke by itself (then `invariant` is
    the last line of what it left). `counterexample` are the operations that together are impossible, each by what it
    was and how it ended, in the order of their invocation.
    """

    check: str
    invariant: str | None = None
    counterexample: tuple[str, ...] = ()

    def __str__(self) -> str:
        said = self.check if self.invariant is None else f"{self.check}: {self.invariant}"
        return f"{said} ({', '.join(self.counterexample)})" if self.counterexample else said


def failure(result: Result, history: History, outcome: Outcome) -> Failure | None:
    """What broke in this run; None if nothing did, or nothing is known to have."""
    broken = [check for check in ("linearizable", "liveness", "invariants") if _invalid(result, check)]
    first = outcome.violations[0].invariant if outcome.violations else None
    if broken:
        return Failure(broken[0], first, _shape(result, history) if broken[0] == "linearizable" else ())
    return None if outcome.failure is None else Failure("node", last_words(outcome.failure))


def last_words(failure: NodeFailure) -> str:
    """The last line of what a broken node left on stderr; what befell it, if it left nothing."""
    lines = failure.detail.strip().splitlines()
    return lines[-1] if lines else str(failure)


def _invalid(result: Result, check: str) -> bool:
    found = result.checks.get(check)
    return found is not None and found.verdict == "invalid"


def _shape(result: Result, history: History) -> tuple[str, ...]:
    evidence: list[dict[str, Any]] = result.checks["linearizable"].evidence
    counterexample = next(
        (part["counterexample"] for part in evidence if part["verdict"] == "invalid" and part.get("counterexample")), ()
    )
    operations = history.operations
    if len(counterexample) > LARGEST_SHAPE:
        return (f"{len(counterexample)} operations",)
    return tuple(
        f"{history.fs[operations.f[i]]} {OUTCOMES[int(operations.outcome[i])]}" for i in sorted(counterexample)
    )
