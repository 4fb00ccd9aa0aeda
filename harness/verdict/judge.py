"""Judge a recorded run: every check of the plan, and the result that they come to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from clew.harness.verdict.result import CheckResult, Result, result_of
from clew.harness.verdict.weaker import weaker_checks
from clew.histories import Event, History
from clew.histories.rounding import rounding

if TYPE_CHECKING:
    from clew.checkers import Promise, Stuck, Verdict
    from clew.checkers.deadline import Deadline
    from clew.harness.plan import Plan
    from clew.harness.runtime.failure import SystemFailure
    from clew.harness.runtime.outcome import Outcome


def judge(
    plan: Plan,
    history: History,
    outcome: Outcome,
    run: Path | None = None,
    *,
    what_holds: bool = True,
    until: Deadline | None = None,
) -> Result:
    """Do all checks of the plan on a recorded run. `run` is its folder. The checker keeps the plan's budget.

    Without `what_holds`, a history that is not linearizable is not asked which weaker promises it keeps: that takes
    longer than the verdict, and a campaign has thousands.

    When `until` passes, the engines end. Stop it if nobody waits for the result any more.
    """
    from clew.systems import find_system

    checks: dict[str, CheckResult] = {}
    if "linearizable" in plan.checks:
        checks["linearizable"] = linearizable(
            history,
            find_system(plan.system.name).model_of(plan.system.parameters),
            plan.budget.time / 1e9,
            plan.budget.memory,
            outcome.stuck,
            until,
        )
    model, seconds = find_system(plan.system.name).model_of(plan.system.parameters), plan.budget.time / 1e9
    broken = checks.get("linearizable") if what_holds else None
    weaker, holds = weaker_checks(
        history, model, plan.checks, seconds, plan.budget.memory, linearizable=broken, until=until
    )
    checks.update(weaker)
    if "invariants" in plan.checks:
        checks["invariants"] = invariants(outcome)
    if "liveness" in plan.checks:
        checks["liveness"] = liveness(outcome)
    if not (outcome.finished or outcome.stopped):
        checks = {name: _until_then(name, check) for name, check in checks.items()}
    failure, progress = outcome.failure, outcome.progress
    return result_of(
        checks,
        plan=plan.name,
        seed=plan.seed,
        operations=len(history.operations),
        run=None if run is None else str(run),
        broke=None if failure is None else _broke(failure),
        error=None if failure is None else f"{failure}\n{failure.detail}".strip(),
        finished=outcome.finished or outcome.stopped,
        notes=notes(plan, outcome),
        counts={
            "operations": {type: progress.outcomes[type] for type in ("ok", "fail", "info") if progress.outcomes[type]},
            "faults": dict(progress.faults),
            "messages": dict(progress.messages),
            "protocol": dict(progress.protocol),
            **({"simulation": {"events": progress.events}} if plan.runtime == "simulation" else {}),
        },
        seconds=progress.now / 1e9,
        holds=holds,
    )


def judge_history(
    history: History, checks: Mapping[str, CheckResult], run: str | None = None, holds: tuple[Promise, ...] = ()
) -> Result:
    """The result for a history of which nothing else is known: what the checker found is all there is.

    `checks` come from `linearizable` or `check_result`, and from `weaker_checks`, as `holds` does; `run` is the path of
    the history.
    """
    header = history.header
    return result_of(
        checks,
        plan=None if header is None else header.plan,
        seed=None if header is None else header.seed,
        operations=len(history.operations),
        run=run,
        holds=holds,
    )


def notes(plan: Plan, outcome: Outcome) -> tuple[str, ...]:
    """What makes a verdict worth less than it seems, a line each."""
    found = [*outcome.notes]
    if not outcome.answered:
        found.append("no operation of the workload was ok: a cluster that does nothing does nothing wrong")
    if plan.nemesis and not outcome.progress.faults:
        found.append(f"no fault began: the run was over after {outcome.progress.now / 1e9:.1f} s, recovery included")
    return tuple(found)


def linearizable(
    history: History,
    model: str,
    seconds: float,
    memory: int,
    stuck: Stuck | None = None,
    until: Deadline | None = None,
) -> CheckResult:
    """Whether a history is linearizable. No engine is trusted: the witness of a valid history is replayed.

    `seconds` and `memory` (bytes) are the checker's budget. `stuck` is the violation at which a run was stopped; such
    a history is invalid even if the budget is too small to show it again. When `until` passes, the engines end.

    Raises `checkers.WitnessError` if the witness does not explain the history. That is a bug in clew.
    """
    # Imported here because it takes time: runs without this check and `clew --help` do without it.
    from clew.checkers import Budget, check, verdict_on, verify_witness

    budget = Budget(seconds, memory)
    verdict = (
        check(history, model, budget=budget, until=until)
        if stuck is None
        else verdict_on(history, model, stuck, budget=budget, until=until)
    )
    if verdict.verdict == "valid":
        verify_witness(history, model, verdict)
    return check_result(verdict)


class FirstViolation(Exception):
    """No order explains the history of a running test any more, whatever comes. `stuck` is where."""

    def __init__(self, stuck: Stuck) -> None:
        super().__init__(stuck)
        self.stuck = stuck


def watch_for_violation(model: str) -> Callable[[Event], None]:
    """A function that is given each event of a run; it raises `FirstViolation` at the first that no order explains.

    It may miss a violation. The whole history is judged after the run in any case.
    """
    from clew.checkers import Online

    online = Online(model)

    def look(event: Event) -> None:
        stuck = online.watch(event)
        if stuck is not None:
            raise FirstViolation(stuck)

    return look


def check_result(verdict: Verdict) -> CheckResult:
    """A checker's verdict as the result of the check `linearizable`."""
    if verdict.verdict == "valid":
        why = "there is an order of the operations that explains every answer"
    else:
        why = verdict.explanation or "no order of the operations explains every answer"
    if len(verdict.keys) > 1 and verdict.verdict != "valid":
        wrong = [key for key in verdict.keys if key.verdict == "invalid"]
        why = "\n".join([why, *(line for key in wrong[1:] for line in (key.happened, key.explanation) if line)])
        counts = Counter("not looked at" if key.why == "stopped" else key.verdict for key in verdict.keys)
        why += f"\nOf {len(verdict.keys)} keys: {', '.join(f'{counts[what]} {what}' for what in sorted(counts))}."
    evidence: Any = [msgspec.to_builtins(key) for key in verdict.keys]
    return CheckResult(verdict.verdict, why, evidence, verdict.happened)


def invariants(outcome: Outcome) -> CheckResult:
    """Whether an invariant of the protocol was violated, as its monitors saw it in the messages."""
    if outcome.violations:
        first = outcome.violations[0]
        when = rounding(outcome.progress.now).text
        more = [f"also broken: {other.invariant} at {when(other.time)}" for other in outcome.violations[1:]]
        why = "; ".join([f"{first.invariant} at {when(first.time)}: {first.explanation}", *more])
        evidence = [msgspec.to_builtins(violation) for violation in outcome.violations]
        return CheckResult("invalid", why, evidence, f"{first.invariant} broke: {first.explanation.rstrip('.')}.")
    if not outcome.finished:
        return CheckResult("unknown", "none broke until the run was cut short")
    return CheckResult("valid", "none broke")


def _until_then(name: str, check: CheckResult) -> CheckResult:
    """A check of a run that did not come to its end. That what was recorded is valid says nothing of the rest."""
    if check.verdict != "valid" or name == "liveness":
        return check
    return msgspec.structs.replace(check, why=f"until the run was cut short, {check.why}")


def _broke(failure: SystemFailure) -> str:
    """What broke by itself, as a sentence."""
    line = str(failure)
    return f"{line[:1].upper()}{line[1:].rstrip('.')}."


def _no_answer(outcome: Outcome) -> str:
    """The first failure of liveness as a sentence, and how many more there are."""
    more = len(outcome.unanswered) - 1
    return f"Even {outcome.unanswered[0].rstrip('.')}{f', and {more} more like this' if more else ''}."


def liveness(outcome: Outcome) -> CheckResult:
    """Whether the cluster answered again after everything was healed."""
    if outcome.unanswered:
        return CheckResult("invalid", "; ".join(outcome.unanswered), happened=_no_answer(outcome))
    if outcome.stopped:
        return CheckResult("unknown", "the run was stopped at the first violation, before the final reads")
    if not outcome.finished:
        when = "before the final reads" if outcome.rested is None else "before every final read was answered"
        return CheckResult("unknown", f"the run was cut short {when}")
    return CheckResult("valid", "after healing, every final read was answered")
