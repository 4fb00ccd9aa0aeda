"""The signature of a failing run: what broke, in few words. Runs that broke in the same way have equal signatures."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from clew.harness.runtime.failure import SystemFailure
from clew.harness.runtime.outcome import Outcome
from clew.harness.verdict.result import NOTICED, Result
from clew.histories import FAIL, INFO, OK, History

LISTED_MOST = 8
"""The most operations of a counterexample that are listed one by one. Two longer lists hardly ever agree."""
INSTANT = re.compile(r",? (at )?\d+\.\d+ s of cluster time")
"""A time of the run. Two failures are the same one whenever they happen."""
NUMBER = re.compile(r"0x[0-9a-f]+|\d+")
"""A number, an address or a time of day, as programs write them into their logs."""
OUTCOMES = {OK: "ok", FAIL: "fail", INFO: "info"}


class Signature(msgspec.Struct, frozen=True):
    """What makes two failures the same one. Compare with `==`; `str` gives it in one line."""

    broke: str
    """The check that a user would notice first: `linearizable`, `liveness` or `invariants`. If no check failed, the
    part of the system that broke by itself: `node`, `client` or `invariant`."""
    invariant: str | None = None
    """The first invariant that was violated, whichever check broke."""
    error: str | None = None
    """The last line of what the broken part left, such as `KeyError: 'x'`. None if a check broke."""
    counterexample: tuple[str, ...] = ()
    """The operations that together are impossible, by function and outcome (`write ok`), in the order of their
    invocation. Only for `linearizable`; a long one is just its length (`12 operations`)."""

    def __str__(self) -> str:
        detail = self.error or self.invariant
        line = self.broke if detail is None else f"{self.broke}: {detail}"
        return f"{line} ({', '.join(self.counterexample)})" if self.counterexample else line


def signature(result: Result, history: History, outcome: Outcome) -> Signature | None:
    """The signature of a judged run; None if nothing is known to have broken."""
    broken = [check for check in NOTICED if _invalid(result, check)]
    if broken:
        first = outcome.violations[0].invariant if outcome.violations else None
        counterexample = _counterexample(result, history) if broken[0] == "linearizable" else ()
        return Signature(broken[0], invariant=first, counterexample=counterexample)
    if outcome.failure is not None:
        return Signature(outcome.failure.part, error=last_line(outcome.failure))
    return None


def recorded_signature(result: Result, history: History) -> Signature | None:
    """The signature of a recorded run, from its verdict and its history; None if nothing is known to have broken."""
    broken = [check for check in NOTICED if _invalid(result, check)]
    if broken:
        violations = result.checks["invariants"].evidence if "invariants" in result.checks else None
        counterexample = _counterexample(result, history) if broken[0] == "linearizable" else ()
        return Signature(broken[0], violations[0]["invariant"] if violations else None, None, counterexample)
    if result.error:
        # `every node ...` if all broke at once.
        part = result.error.removeprefix("every ").split()[0]
        said, _, detail = result.error.partition("\n")
        return Signature(part, error=_last_line(part, said, detail))
    return None


def same_way(found: Signature | None, wanted: Signature | None) -> bool:
    """Whether two runs failed in the same way, or both did not fail.

    That is less than equal signatures, because no two live runs are alike: the same check is the first that breaks; for
    violated invariants, also the same first invariant; for a part that broke, also the same last line, except for the
    numbers in it. Counterexamples may differ.
    """
    if found is None or wanted is None:
        return found is wanted
    if (found.broke, _without_numbers(found.error)) != (wanted.broke, _without_numbers(wanted.error)):
        return False
    return wanted.broke != "invariants" or found.invariant == wanted.invariant


def last_line(failure: SystemFailure) -> str:
    """The last line of what a broken part left, or what happened to it if it left nothing. Times are left out."""
    return _last_line(failure.part, str(failure), failure.detail)


def _last_line(part: str, said: str, detail: str) -> str:
    lines = detail.strip().splitlines()
    line = lines[-1] if lines else said.removeprefix(f"{part} ")
    return INSTANT.sub("", line)


def _without_numbers(line: str | None) -> str | None:
    return None if line is None else NUMBER.sub("0", line)


def _invalid(result: Result, check: str) -> bool:
    found = result.checks.get(check)
    return found is not None and found.verdict == "invalid"


def _counterexample(result: Result, history: History) -> tuple[str, ...]:
    evidence: list[dict[str, Any]] = result.checks["linearizable"].evidence
    numbers = next(
        (key["counterexample"] for key in evidence if key["verdict"] == "invalid" and key.get("counterexample")), ()
    )
    if len(numbers) > LISTED_MOST:
        return (f"{len(numbers)} operations",)
    operations = history.operations
    return tuple(f"{history.fs[operations.f[i]]} {OUTCOMES[int(operations.outcome[i])]}" for i in sorted(numbers))
