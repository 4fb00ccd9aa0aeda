"""The passes, one after the other, until none of them finds anything."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from harness.plan import Plan, PlannedOperation
from harness.shrink import passes
from harness.shrink.test import OutOfEvents, Test, is_plain

ROUNDS_MOST = 6
SMALL = 10
"""Members of a plan that is small enough not to look for the failure in the network as it was."""


class Smallest:
    """The smallest failing plan so far: what there is to keep whenever the search ends."""

    def __init__(self, plan: Plan, watch: Callable[[Plan], None]) -> None:
        self.plan = plan
        self._size = size(plan)
        self._watch = watch

    def offer(self, plan: Plan) -> None:
        """A plan that fails."""
        if (offered := size(plan)) < self._size:
            self.plan, self._size = plan, offered
            self._watch(plan)


def shrink(plan: Plan, fails: Test) -> None:
    """Try ever smaller plans, each of which `fails` is asked about; `plan` is explicit, and fails.

    A function of plan and test. Where the failure shows in a plain network too, some of the ways in which it does are
    shrunk: what can no longer be made smaller is not always the smallest there is.
    """
    fails.begin(plan)
    assert fails(plan) is not None, "only what fails can be shrunk"
    starts: list[Plan] = []
    with suppress(OutOfEvents):
        plan = passes.cut(plan, fails.moment(plan), fails)
        starts = [] if is_plain(plan) else passes.worlds(plan, fails)
    ends: list[Plan] = []
    for start in starts:
        fails.begin(start)
        with suppress(OutOfEvents):
            ends.append(_descend(start, fails))
    if not ends or len(passes.members_of(min(ends, key=size))) > SMALL:
        fails.begin(plan)
        with suppress(OutOfEvents):
            ends.append(_descend(plan, fails))
    best = min(ends, key=size, default=plan)
    fails.begin(best)
    with suppress(OutOfEvents):
        while (smaller := passes.without(best, fails)) != best:
            best = _descend(smaller, fails)


def _descend(plan: Plan, fails: Test) -> Plan:
    """From a plan to one that no pass makes smaller."""
    for _ in range(ROUNDS_MOST):
        before = plan
        plan = passes.cut(plan, fails.moment(plan), fails)
        for step in (passes.members, passes.world, passes.shape, passes.times):
            plan = step(plan, fails)
        if plan == before:
            break
    return plan


def size(plan: Plan) -> tuple[float, ...]:
    """How much there is to read in an explicit plan: operations and faults first, then the cluster, then time."""
    members = passes.members_of(plan)
    operations = sum(isinstance(member, PlannedOperation) for member in members)
    last = max((member.at for member in members), default=0)
    return (
        len(members) + (0 if is_plain(plan) else 1),
        len(members) - operations,
        plan.system.nodes,
        plan.workload.clients,
        plan.workload.keys,
        last,
        sum(len(str(member.at).rstrip("0")) for member in members),
        len(repr(plan)),
    )
