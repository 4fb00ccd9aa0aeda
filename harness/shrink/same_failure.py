"""The question that a shrink asks about every candidate: does it fail in the same way as the run that is shrunk?"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from hashlib import sha256

import msgspec

from clew.harness.plan import Plan
from clew.harness.plan.schema import Check
from clew.harness.run import simulate
from clew.harness.runtime.outcome import Outcome
from clew.harness.shrink.budget import OVERHEAD, EventBudget
from clew.harness.shrink.smallest import Smallest
from clew.harness.shrink.world import is_plain
from clew.harness.verdict.result import NOTICED
from clew.harness.verdict.signature import Signature, last_line
from clew.harness.verdict.weaker import FAMILIES, weaker_checks
from clew.histories import History, HistoryError
from clew.systems import BadParameters, find_system

SEEDS_MOST = 16
"""Seeds that a small candidate is tried with."""
EVENTS_EACH = 3000
"""Events after which a candidate gets no further seed. The run of a minimal plan has a few hundred."""
SECONDS_MOST = 10.0
"""Seconds that the checker may take for one candidate. It takes milliseconds; an undecided candidate does not count."""


class Attempt(msgspec.Struct, frozen=True):
    """One simulated candidate, with one seed."""

    fails: bool
    """Whether it fails in the same way."""
    events: int
    """What it cost."""
    moment: int | None
    """When (ns) the failure was complete: what began later is not to blame. None if that is unknown."""


class SameFailure:
    """Call it with a plan: the answer is the plan, perhaps with another seed, if it fails in the same way, or None.

    "The same way" means that the same check is the first that breaks; for violated invariants, also the same first
    invariant; for a part that broke, also the same part and the same last line. With `any_failure` any failure counts.

    Where the network draws random numbers, whatever is left out of a plan changes what is drawn for the rest. So a
    small plan may fail with one of several seeds.

    Raises `OutOfEvents` when the budget is spent. An answer that is known is not simulated again, but costs its events
    again: so the answers and the budget of a round depend on nothing but the plan that the round began with.
    """

    signature: Signature
    """What broke in the run that is shrunk."""
    best: Smallest
    """The smallest plan of this round that failed."""
    candidates: int
    """Plans that were simulated, each seed counted."""

    def __init__(
        self, signature: Signature, plan: Plan, any_failure: bool = False, watch: Callable[[Plan], None] | None = None
    ) -> None:
        self.signature = signature
        self.best = Smallest(plan, watch)
        self.candidates = 0
        self._watch = watch
        self._any = any_failure
        self._budget = EventBudget()
        self._known: dict[tuple[bytes, int], Attempt] = {}

    def __call__(self, plan: Plan) -> Plan | None:
        before = self._budget.spent
        for again in range(SEEDS_MOST):
            self._budget.check()
            candidate = plan if not again else msgspec.structs.replace(plan, seed=again - 1)
            attempt = self._attempt(candidate)
            self._budget.spent += attempt.events
            if attempt.fails:
                self.best.offer(candidate)
                return candidate
            if self._budget.spent - before > EVENTS_EACH or is_plain(plan):
                break
        return None

    def begin_round(self, plan: Plan) -> None:
        """Begin a round: `plan` fails, and is the best so far; the budget is that of a round."""
        self.best = Smallest(plan, self._watch)
        self._budget.begin_round(self._attempt(plan).events)

    def begin(self, plan: Plan, events: int | None = None) -> None:
        """Begin a descent from this plan; `events` is its budget, if not the usual one."""
        self._budget.begin(is_plain(plan), events)

    def moment(self, plan: Plan) -> int | None:
        """When (ns) the failure of this plan's run was complete: what began later is not to blame. None: unknown."""
        known = self._known.get(_key(plan))
        return None if known is None else known.moment

    def run_of(self, plan: Plan) -> Attempt | None:
        """What is known of this plan's run. Two seeds of which the same is known have most likely the same run."""
        return self._known.get(_key(plan))

    def _attempt(self, plan: Plan) -> Attempt:
        key = _key(plan)
        if key not in self._known:
            self._known[key] = self._simulated(plan)
        return self._known[key]

    def _simulated(self, plan: Plan) -> Attempt:
        if not plan.workload.operations:
            # The final reads alone may fail, but a plan has one operation at least.
            return Attempt(False, 0, None)
        system = find_system(plan.system.name)
        try:
            system.validate(plan.system.parameters, plan.system.nodes)
        except BadParameters:
            return Attempt(False, 0, None)
        history, outcome = simulate(msgspec.structs.replace(plan, checks=self._checks(plan)))
        self.candidates += 1
        fails, moment = self._fails(plan, history, outcome)
        return Attempt(fails, outcome.progress.events + OVERHEAD, moment)

    def _fails(self, plan: Plan, history: History, outcome: Outcome) -> tuple[bool, int | None]:
        """Whether this run failed in the same way, and the moment of its failure."""
        checks = self._checks(plan)
        failure, wanted = outcome.failure, self.signature
        violation = outcome.violations[0] if outcome.violations and "invariants" in checks else None
        moment = None if violation is None else violation.time
        if self._any:
            if failure is not None or violation is not None or ("liveness" in checks and outcome.unanswered):
                return True, moment
            return self._not_linearizable(plan, history) if "linearizable" in checks else (False, None)
        if wanted.broke == "linearizable":
            return self._not_linearizable(plan, history)
        if wanted.broke in FAMILIES:
            return self._breaks(wanted.broke, plan, history), None
        if wanted.broke == "liveness":
            same = bool(outcome.unanswered)
        elif wanted.broke == "invariants":
            same = violation is not None and violation.invariant == wanted.invariant and not self._stalls(outcome, plan)
        else:
            same = failure is not None and (failure.part, last_line(failure)) == (wanted.broke, wanted.error)
            same = same and violation is None and not self._stalls(outcome, plan)
        # What a user would notice sooner must not break: it would be another failure.
        if same and "linearizable" in plan.checks and self._not_linearizable(plan, history)[0]:
            same = False
        return same, moment

    def _stalls(self, outcome: Outcome, plan: Plan) -> bool:
        return "liveness" in plan.checks and bool(outcome.unanswered)

    def _breaks(self, check: str, plan: Plan, history: History) -> bool:
        """Whether the check of a weaker promise fails."""
        model = find_system(plan.system.name).model_of(plan.system.parameters)
        with suppress(HistoryError):
            return (
                weaker_checks(history, model, (check,), SECONDS_MOST, plan.budget.memory)[0][check].verdict == "invalid"
            )
        return False

    def _not_linearizable(self, plan: Plan, history: History) -> tuple[bool, int | None]:
        """Whether the history is not linearizable, and when (ns) the first key was stuck."""
        from clew.checkers import Budget, check

        budget = Budget(SECONDS_MOST, plan.budget.memory)
        with suppress(HistoryError):
            found = check(history, find_system(plan.system.name).model_of(plan.system.parameters), budget=budget)
            stuck = {key.stuck for key in found.keys if key.stuck is not None}
            times = history.time[[int(index) in stuck for index in history.index]]
            return found.verdict == "invalid", int(times.min()) if len(times) else None
        return False, None

    def _checks(self, plan: Plan) -> tuple[Check, ...]:
        """The checks whose monitors the run needs: only the one in question, for the others cost time."""
        wanted = tuple(check for check in plan.checks if check == self.signature.broke)
        return plan.checks if self._any or self.signature.broke not in NOTICED else wanted


def _key(plan: Plan) -> tuple[bytes, int]:
    """A plan as a key of a dictionary; the text of a large plan has a hundred thousand characters."""
    return sha256(repr(msgspec.structs.replace(plan, seed=0)).encode()).digest(), plan.seed
