"""From what a run recorded to its verdict: every check of the plan, each with its reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from clew.harness.plan import Plan
from clew.harness.verdict.result import CheckResult, Result, worst
from clew.histories import Event, History
from clew.systems import find_system

if TYPE_CHECKING:
    from clew.checkers import Stuck, Verdict
    from clew.harness.runtime.outcome import Outcome


def judge(plan: Plan, history: History, outcome: Outcome, run: Path | None = None) -> Result:
    """All checks of the plan on a recorded run. The checker keeps the plan's budget."""
    checks: dict[str, CheckResult] = {}
    if "linearizable" in plan.checks:
        checks["linearizable"] = linearizable(
            history,
            find_system(plan.system.name).model_of(plan.system.parameters),
            plan.budget.time / 1e9,
            plan.budget.memory,
            outcome.stuck,
        )
    if "invariants" in plan.checks:
        checks["invariants"] = invariants(outcome)
    if "liveness" in plan.checks:
        checks["liveness"] = liveness(outcome)
    progress = outcome.progress
    answer = worst([check.verdict for check in checks.values()])
    error = None
    if outcome.failure is not None:
        error = f"{outcome.failure}\n{outcome.failure.detail}".strip()
        answer = "invalid" if answer == "invalid" else "unknown"
    reasons = [f"{name}: {check.why}" for name, check in checks.items() if check.verdict == answer or answer == "valid"]
    return Result(
        verdict=answer,
        plan=plan.name,
        seed=plan.seed,
        checks=checks,
        operations=len(history.operations),
        explanation="\n".join(reasons),
        run=None if run is None else str(run),
        error=error,
        finished=outcome.finished or outcome.stopped,
        notes=notes(plan, outcome),
        counts={
            "operations": dict(progress.outcomes),
            "faults": dict(progress.faults),
            "messages": dict(progress.messages),
            "protocol": dict(progress.protocol),
            "simulation": {"events": progress.events},
        },
        seconds=progress.now / 1e9,
    )


def notes(plan: Plan, outcome: Outcome) -> tuple[str, ...]:
    """What makes a verdict worth less than it seems."""
    found = []
    if not outcome.answered:
        found.append("no operation of the workload was ok: a cluster that does nothing does nothing wrong")
    if plan.nemesis and not outcome.progress.faults:
        found.append(
            f"no fault began: the workload was over after {outcome.progress.now / 1e9:.1f} s, recovery included"
        )
    return tuple(found)


def linearizable(history: History, model: str, seconds: float, memory: int, stuck: Stuck | None = None) -> CheckResult:
    """The checker's verdict on a history; the witness of a valid one is replayed, for no engine is to be trusted.

    If the run was stopped because it was `stuck`, it is invalid, whatever the budget suffices for.

    Raises `checkers.WitnessError` if it does not show what it should, which is a mistake in clew.
    """
    # Imported here: a run that is not to be checked, and all of the command line's help, do without numba.
    from clew.checkers import Budget, check, verdict_on, verify_witness

    budget = Budget(seconds, memory)
    verdict = (
        check(history, model, budget=budget) if stuck is None else verdict_on(history, model, stuck, budget=budget)
    )
    if verdict.verdict == "valid":
        verify_witness(history, model, verdict)
    return check_result(verdict)


class FirstViolation(Exception):
    """A running history that cannot be explained any more, whatever comes."""

    def __init__(self, stuck: Stuck) -> None:
        super().__init__(stuck)
        self.stuck = stuck


def watch_for_violation(model: str) -> Callable[[Event], None]:
    """Looks at the events of a run as they happen; raises `FirstViolation` at the one that no order explains.

    What it lets pass is no less wrong for that: the whole history is judged in any case.
    """
    from clew.checkers import Online

    online = Online(model)

    def look(event: Event) -> None:
        stuck = online.watch(event)
        if stuck is not None:
            raise FirstViolation(stuck)

    return look


def check_result(verdict: Verdict) -> CheckResult:
    """A checker's verdict as the result of a check."""
    if verdict.verdict == "valid":
        why = "there is an order of the operations that explains every answer"
    else:
        why = verdict.explanation or "no order of the operations explains every answer"
    if len(verdict.keys) > 1 and verdict.verdict != "valid":
        wrong = [part for part in verdict.keys if part.verdict == "invalid"]
        why = "\n".join([why, *((part.explanation or "").partition("\n")[0] for part in wrong[1:])])
        keys = Counter("not looked at" if part.why == "stopped" else part.verdict for part in verdict.keys)
        why += f"\nOf {len(verdict.keys)} keys: {', '.join(f'{keys[what]} {what}' for what in sorted(keys))}."
    evidence: Any = [msgspec.to_builtins(partition) for partition in verdict.keys]
    return CheckResult(verdict.verdict, why, evidence)


def invariants(outcome: Outcome) -> CheckResult:
    """What the monitors over the messages saw."""
    if outcome.violations:
        first = outcome.violations[0]
        more = [f"also broken: {other.invariant} at {other.time / 1e9:.6f} s" for other in outcome.violations[1:]]
        why = "; ".join([f"{first.invariant} at {first.time / 1e9:.6f} s: {first.explanation}", *more])
        return CheckResult("invalid", why, [msgspec.to_builtins(violation) for violation in outcome.violations])
    if not outcome.finished:
        return CheckResult("unknown", "none broke until the run was cut short")
    return CheckResult("valid", "none broke")


def liveness(outcome: Outcome) -> CheckResult:
    """Whether the cluster answered again after everything was healed."""
    if outcome.unanswered:
        return CheckResult("invalid", "; ".join(outcome.unanswered))
    if outcome.stopped:
        return CheckResult("unknown", "the run was stopped at the first violation, before the final reads")
    if not outcome.finished:
        return CheckResult("unknown", "the run was cut short before the final reads")
    return CheckResult("valid", "after healing, every final read was answered")
