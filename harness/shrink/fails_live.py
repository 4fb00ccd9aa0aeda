"""The question that the shrink of a live run asks about every candidate: does it fail k of n times in the same way?"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import msgspec
import trio

from clew.harness.plan import Plan
from clew.harness.plan.schema import MILLISECOND
from clew.harness.run import simulate, within
from clew.harness.runtime.outcome import Outcome
from clew.harness.shrink.frequency import Rule
from clew.harness.shrink.smallest import Smallest
from clew.harness.verdict.judge import judge
from clew.harness.verdict.result import Result
from clew.harness.verdict.signature import Signature, same_way, signature
from clew.histories import History
from clew.systems import BadParameters, Protocol, find_system

AFTER = 100 * MILLISECOND
"""The rest between healing and the final reads in a compressed plan."""
TIMEOUT = 200 * MILLISECOND
"""How long an operation may take in a compressed plan."""


SEARCH_PART = 2 / 3
"""The part of the time for measuring and searching. The rest is for the runs that confirm the smallest plan."""


class OutOfTime(Exception):
    """The time of the search is over."""


class Count(msgspec.Struct):
    """The runs of one plan."""

    failed: int = 0
    runs: int = 0
    moment: int | None = None
    """The latest moment (ns) at which a failure was complete: what began later is not to blame. None if unknown."""

    def __str__(self) -> str:
        return f"{self.failed} of {self.runs}"


class Search(msgspec.Struct):
    """How far a shrink of a live run is, for the line of progress."""

    began: float
    """When it began, by `time.monotonic()`."""
    seconds: float
    """Its budget, for everything: measuring, searching and confirming."""
    candidates: int = 0
    """Plans that were tried."""
    runs: int = 0
    """Live runs that it has made."""
    rule: Rule | None = None
    """How often a candidate must fail; None while the original's frequency is measured."""
    count: Count = msgspec.field(default_factory=Count)
    """The runs of the current candidate."""
    best: Plan | None = None
    """The smallest plan so far."""

    @property
    def spent(self) -> float:
        """Seconds since it began."""
        return time.monotonic() - self.began

    @property
    def left(self) -> float:
        """Seconds that are left of the budget."""
        return self.seconds - self.spent

    @property
    def left_to_search(self) -> float:
        """Seconds that are left for measuring and searching."""
        return self.seconds * SEARCH_PART - self.spent


class FailsLive:
    """Call it with a plan: the answer is the plan, if it fails as often as the rule asks and in the same way, or None.

    A plan gets no more runs than it takes to decide. What is known of a plan is remembered, so the same question has
    the same answer. Raises `OutOfTime` when the time to search is over: no run begins then, and one under way is
    cancelled.
    """

    def __init__(
        self,
        wanted: Signature,
        search: Search,
        any_failure: bool = False,
        watch: Callable[[Search], None] = lambda search: None,
    ) -> None:
        self.wanted = wanted
        self.search = search
        self.best: Smallest | None = None
        """The smallest plan that failed; None until one has."""
        self.accepted: list[Plan] = []
        """The plans that were the smallest when they failed, in this order."""
        self._any = any_failure
        self._watch = watch
        self._known: dict[str, Count] = {}

    def __call__(self, plan: Plan) -> Plan | None:
        rule = self.search.rule
        assert rule is not None, "the frequency is measured first"
        if not _can_run(plan):
            return None
        if repr(plan) not in self._known:
            self.search.candidates += 1
            count = self._known[repr(plan)] = Count()
            try:
                while count.failed < rule.needed and count.runs - count.failed <= rule.runs - rule.needed:
                    self.once(plan, count)
            except BaseException:
                # Nothing is known of a candidate whose runs were cut short.
                del self._known[repr(plan)]
                raise
        if self._known[repr(plan)].failed < rule.needed:
            return None
        if self.best is None:
            self.best = Smallest(plan, self.accepted.append)
            self.accepted.append(plan)
        self.best.offer(plan)
        self.search.best = self.best.plan
        return plan

    def once(self, plan: Plan, count: Count) -> tuple[Result, History, Outcome]:
        """Run a plan once and count it. Raises `OutOfTime` if the time is over before it has an answer."""
        if self.search.left_to_search <= 0:
            raise OutOfTime
        self.search.count = count
        self._watch(self.search)
        try:
            history, outcome = simulate(plan, self.search.left_to_search)
        except trio.TooSlowError:
            raise OutOfTime from None
        result = judge(within(plan, self.search.left_to_search), history, outcome)
        failed = self.matches(signature(result, history, outcome))
        if not failed and self.search.left_to_search <= 0:
            # The checker had no time for an answer.
            raise OutOfTime
        self.search.runs += 1
        count.runs += 1
        if failed:
            count.failed += 1
            moment = _moment(self.wanted, result, history, outcome)
            count.moment = None if moment is None else max(moment, count.moment or 0)
        self._watch(self.search)
        return result, history, outcome

    def matches(self, found: Signature | None) -> bool:
        """Whether this is the failure that is shrunk."""
        return found is not None and (self._any or same_way(found, self.wanted))

    def moment(self, plan: Plan) -> int | None:
        """When (ns) the failure of this plan was complete, at the latest. None: unknown."""
        count = self._known.get(repr(plan))
        return None if count is None else count.moment


def stopped_early(plan: Plan, wanted: Signature) -> Plan:
    """The plan, whose runs end as soon as they have failed, if that can be seen while they go on."""
    return msgspec.structs.replace(plan, stop="first-violation") if wanted.broke == "linearizable" else plan


def compressed(plan: Plan) -> list[Plan]:
    """The plan with less waiting in it, the least first: each may fail or not."""
    recovery = msgspec.structs.replace(plan.recovery, after=min(plan.recovery.after, AFTER))
    soon = msgspec.structs.replace(plan, recovery=recovery)
    workload = msgspec.structs.replace(plan.workload, timeout=min(plan.workload.timeout, TIMEOUT))
    both = msgspec.structs.replace(soon, workload=workload)
    return [one for one in (both, soon) if one != plan]


def _can_run(plan: Plan) -> bool:
    if not plan.workload.operations:
        # A plan has one operation at least.
        return False
    system = find_system(plan.system.name)
    if isinstance(system, Protocol):
        try:
            system.validate(plan.system.parameters, plan.system.nodes)
        except BadParameters:
            return False
    return True


def _moment(wanted: Signature, result: Result, history: History, outcome: Outcome) -> int | None:
    if wanted.broke == "invariants":
        return outcome.violations[0].time if outcome.violations else None
    check = result.checks.get("linearizable")
    if wanted.broke != "linearizable" or check is None:
        return None
    evidence: list[dict[str, Any]] = check.evidence or []
    stuck = {key["stuck"] for key in evidence if key.get("stuck") is not None}
    times = history.time[[int(index) in stuck for index in history.index]]
    return int(times.min()) if len(times) else None
