"""The test that a candidate must fail: its simulation breaks the same way as the run that is being shrunk."""

from __future__ import annotations

from contextlib import suppress

import msgspec

from clew.harness.plan import Plan
from clew.harness.plan.schema import Check
from clew.harness.run import simulate
from clew.harness.runtime.failure import SystemFailure
from clew.harness.shrink.smallest import Smallest
from clew.harness.shrink.world import is_plain
from clew.harness.verdict.signature import Signature, last_line
from clew.histories import History, HistoryError
from clew.systems import BadParameters, find_system

EVENTS_MOST = 1_200_000
"""Simulated events that one descent may spend: some thirty seconds, and unlike seconds the same on every machine."""
EVENTS_MOST_PLAIN = 500_000
"""The same in a plain network, where hardly anything is tried in vain."""
EVENTS_MOST_WORLDS = 300_000
"""The same for looking for the failure of a whole run in plain networks, where most of it is in vain."""
EVENTS_MOST_TOTAL = 1_800_000
"""All descents together: some forty seconds."""
EVENTS_MOST_ARRANGED = 1_000_000
"""The same for arranging the smallest plans anew, where candidates are many and small: some ten seconds."""
EVENTS_OVERHEAD = 150
"""What a candidate costs however little happens in it, for Hypothesis and the checker, in events."""
EVENTS_EACH = 3000
"""Simulated events after which no further seed is tried with a candidate; a minimal plan has a few hundred."""
SEEDS_MOST = 16
SECONDS_MOST = 10.0
"""What the checker may take for one candidate; it takes milliseconds, and what it cannot decide does not count."""


class OutOfEvents(Exception):
    """The events allowed for this shrink are used up."""


class SameFailure:
    """Whether plans fail as the given failure did; `any_failure` lets any failure count.

    Where the network is drawn, whatever is left out changes what is drawn for the rest. So a small plan is given other
    seeds to fail with too: as many as cost about as much as one run of a large plan.

    `best` is the smallest plan that failed so far. Remembers what it has seen, counts what it simulates, and raises
    `OutOfEvents` when enough is enough.
    """

    def __init__(self, signature: Signature, best: Smallest, any_failure: bool = False) -> None:
        self.signature = signature
        self.best = best
        self.events = 0
        self.candidates = 0
        self._any = any_failure
        self._most = EVENTS_MOST
        self._seen: dict[str, Plan | None] = {}
        self._moments: dict[str, int] = {}

    def __call__(self, plan: Plan) -> Plan | None:
        """The plan, perhaps with another seed, if it fails the same way; None if it does not."""
        key = repr(plan)
        if key not in self._seen:
            self._seen[key] = self._try(plan)
        return self._seen[key]

    def begin(self, plan: Plan, events: int | None = None) -> None:
        """Another descent begins, from this plan; `events` it may spend, if not what is usual."""
        usual = EVENTS_MOST_PLAIN if is_plain(plan) else EVENTS_MOST
        self._most = min(self.events + (events or usual), EVENTS_MOST_TOTAL)

    def _try(self, plan: Plan) -> Plan | None:
        before = self.events
        for again in range(SEEDS_MOST):
            if self.events > self._most:
                raise OutOfEvents
            candidate = plan if not again else msgspec.structs.replace(plan, seed=again - 1)
            if self._fails(candidate):
                self.best.offer(candidate)
                return candidate
            if self.events - before > EVENTS_EACH or is_plain(plan):
                break
        return None

    def _fails(self, plan: Plan) -> bool:
        if not plan.workload.operations:
            # The final reads alone may fail, but a plan has an operation at least.
            return False
        system = find_system(plan.system.name)
        try:
            system.validate(plan.system.parameters, plan.system.nodes)
        except BadParameters:
            return False
        checks: tuple[Check, ...] = plan.checks if self._any else self._checks(plan)
        history, outcome = simulate(msgspec.structs.replace(plan, checks=checks))
        self.events += outcome.progress.events + EVENTS_OVERHEAD
        self.candidates += 1
        if self.signature.error is not None or self._any:
            broke = outcome.failure
            if broke is not None and (self._any or self._same_part(broke)):
                return True
            if not self._any:
                return False
        if "liveness" in checks and outcome.unanswered:
            return True
        if "invariants" in checks and outcome.violations:
            self._moments[repr(plan)] = outcome.violations[0].time
            return self._any or outcome.violations[0].invariant == self.signature.invariant
        return "linearizable" in checks and self._violated(plan, history)

    def _same_part(self, failure: SystemFailure) -> bool:
        return (failure.part, last_line(failure)) == (self.signature.broke, self.signature.error)

    def moment(self, plan: Plan) -> int | None:
        """When (ns) it was too late in the run of a failing plan: what began later is not to blame. None: unknown."""
        return self._moments.get(repr(plan))

    def _violated(self, plan: Plan, history: History) -> bool:
        from clew.checkers import Budget, check

        budget = Budget(SECONDS_MOST, plan.budget.memory)
        with suppress(HistoryError):
            found = check(history, find_system(plan.system.name).model_of(plan.system.parameters), budget=budget)
            stuck = {part.stuck for part in found.keys if part.stuck is not None}
            times = history.time[[int(index) in stuck for index in history.index]]
            if len(times):
                self._moments[repr(plan)] = int(times.min())
            return found.verdict == "invalid"
        return False

    def _checks(self, plan: Plan) -> tuple[Check, ...]:
        """Only the check in question: the others cost time and change nothing of the run."""
        wanted: tuple[Check, ...] = tuple(check for check in plan.checks if check == self.signature.broke)
        return wanted or plan.checks
